/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From answers to a baseline that somebody may approve: how far each query's answers lie and how
 * much they vary by themselves. It neither asks for the answers nor stores what it makes; when
 * enough of them were seen is its caller's decision, for which candidate_stable() is the test. */

#include "judge/level.h"
#include "model/query_set.h"

/* Replays that suffice when they are equal, and that it takes to measure noise when they are not.
 */
#define CANDIDATE_EQUAL 3
#define CANDIDATE_NOISY 24

/* What was seen. All borrowed. */
struct candidate_input {
        const char *collection, *name; /* label, and Chroma's */
        const struct query_set *set;
        struct vector_set *vectors; /* asked with; a reference is taken */
        const struct epoch *epoch;
        struct answer *const *const *samples; /* samples[s][i] of query i, NULL: not measured */
        size_t count; /* of samples, oldest first; at least 1 */
        const enum outcome *outcomes; /* of query i in the last one */
        const unsigned *ranks; /* of its expected record there, 0: none */
        unsigned results; /* asked for */
        usec_t recorded; /* wall clock */
};

/* Whether the last CANDIDATE_EQUAL of `count` replays of `queries` queries gave the same answers
 * (within DRIFT_EQUAL). A query that none of them measured does not count; one that some did is not
 * stable. */
bool candidate_stable(struct answer *const *const *samples, size_t count, size_t queries);
/* The unapproved baseline: location and scale of both signals from all samples, answers of the last
 * valid one. Scales within DRIFT_EQUAL are 0. What it cannot know is left as baseline_new() sets
 * it, for the caller to fill: number, unreachable, recall, attribution and embedder noise.
 * -ENOMEM. */
_must_check_ int candidate_new(const struct candidate_input *input, struct baseline **ret);
/* Keeps in `q` which records follow its answer, at most `size` of them, by the answer `deep` to a
 * deeper search, and which of all these `expect` (NULL: none) is met by; `deep` has metadata where
 * that asks for any. Without an answer, or where `deep` does not hold all of it at its distances -
 * the collection is another one by now - nothing is kept. What search missed at first is no record
 * that follows. -ENOMEM. */
_must_check_ int candidate_deepen(struct baseline_query *q, const struct expectation *expect,
        const struct answer *deep, unsigned size);
/* As `approved`, with what only `fresh` knows: the queries of `fresh`, each as `approved` has it if
 * that knows it with the same text. The epoch stays that of `approved`, the time is that of
 * `fresh`, and what candidate_new() leaves is left, too. -EINVAL when they differ in `results` or
 * in the vectors' dimension, so that no query may be taken over; -ENOMEM. */
_must_check_ int candidate_merge(
        const struct baseline *approved, const struct baseline *fresh, struct baseline **ret);
/* Puts back into `b` what `approved` has of queries that have another text and no vector of it yet:
 * with the old text and vector, so that this vector is still known not to be the new one's.
 * -ENOMEM. */
_must_check_ int candidate_keep_unasked(const struct baseline *approved, struct baseline *b);
