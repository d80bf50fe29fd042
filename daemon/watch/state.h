/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The inside of a dossier, for the files that are it: dossier.c keeps it and shows it,
 * intake.c takes in what was found out, ingest.c what happened to the collection meanwhile,
 * vectors.c chooses and compares vectors, reasons.c finds out why answers differ. Nobody else
 * includes this. */

#include "judge/band.h"
#include "judge/drift.h"
#include "judge/ingest.h"
#include "judge/investigation.h"
#include "watch/dossier.h"

struct query_state {
        struct band_state band;
        struct history *history;
        struct answer *answer; /* the last valid one */
        unsigned rank; /* of the expected record in it; 0: not found */
        struct answer *missed; /* what search misses of it although it is there; NULL: nothing */
        struct answer *exact; /* `answer` with what is missed, as it is judged */
        struct band_state band_before; /* the last replay was judged */
        struct judgement judgement; /* by the expectation alone; findings are the view's */
        bool same; /* the last answer is the one before */
        struct query_drift drift;
        enum cause cause;
        double embedder_distance, embedder_limit;
        double embedder_length; /* of the fresh vector over that of the pinned; NaN */
        double embedder_noise; /* the most among fresh vectors of a row, while repeating; NaN */
        char *refused; /* why the embedder gave no vector; NULL: it did, or was not asked */
        char *no_vector; /* why there is none to ask with; NULL: there is, or nothing to say */
};

struct dossier {
        const struct collection_config *config;
        size_t query_count; /* of its query set, which may be gone before it */
        struct finding_policy policy;
        struct ingest ingest;
        bool held; /* the last replay was no sample: no state moved */
        char *rebuilt; /* id of a collection that was found to hold the baseline's content; NULL */
        struct query_state *queries;
        struct drift *drift;
        struct baseline *baseline;
        struct bands bands; /* in force */
        struct vector_set *pinned; /* the baseline's and the configured ones; NULL: none */
        struct vector_set *fresh; /* the embedder's; NULL: none */
        struct vector_set *given; /* … with what it gave last for texts that it refuses now */
        struct vector_set *vectors; /* both merged, to replay with; NULL: none */
        bool prefer_fresh; /* the fresh ones win */
        bool repeating; /* fresh ones are compared with those before: their noise */
        struct epoch reference; /* without a baseline: the collection as it was */
        usec_t reference_changed; /* wall clock when it stopped being so; 0: it is so */
        char *sentinels[SURVEY_SENTINELS_MAX];
        size_t sentinel_count;
        struct investigation investigation;
        struct collection_view *view;
};

static inline size_t query_count(const struct dossier *d)
{
        return d->query_count;
}

/* The next view, to be changed before dossier_show(); NULL, and logged, when memory is short: then
 * the old one stays. */
struct collection_view *dossier_next_view(const struct dossier *d);
/* The same where nobody has looked again: its queries are as they were judged. */
struct collection_view *dossier_same_view(const struct dossier *d);
/* Takes the view. */
void dossier_show(struct dossier *d, struct collection_view *v);
/* What the baseline knows of the query, NULL for nothing: of another text it knows another. */
const struct baseline_query *dossier_known(const struct dossier *d, const struct query *q);
/* Ids of queries, borrowed; ascending after names_sort(). */
struct names {
        const char **ids;
        size_t count;
};
static inline void names_done(struct names *names)
{
        free(names->ids);
}
void names_sort(struct names *names);

/* Chooses the bands anew, for a collection whose distances are of `space` (NULL: unknown); where
 * they become others, queries are in no band until they are replayed, and keep their homes by name.
 * -ENOMEM. */
_must_check_ int dossier_choose_bands(struct dossier *d, const char *space);
/* Chooses the vectors anew after one of their sources changed: 1 when a query has one that had
 * none. A vector belongs to the text that it was made of. -ENOMEM. */
_must_check_ int dossier_merge_vectors(struct dossier *d);
/* What is refused now is as it was given last: the fresh vectors, and those before for texts that
 * have none. -ENOMEM. */
_must_check_ int dossier_take_given(struct dossier *d);
/* Takes over what the embedder gave for texts that are still asked for; `changed`: ids of those
 * that have another text. -ENOMEM. */
_must_check_ int dossier_adopt_given(
        struct dossier *d, const struct dossier *old, struct names *changed);
/* Compares the vectors that were given with the pinned ones: of every query that has both, and of
 * the set, whose distance is `space` (NULL: not known yet). */
void dossier_measure_embedder(struct dossier *d);
/* Judges the current view, which is not shared yet, after whatever was taken in. */
void dossier_conclude(struct dossier *d, usec_t now);
void dossier_note_embedder(const struct dossier *d, const char *space, struct embedder_view *e);
/* Compares the fresh vectors with those before. */
void dossier_measure_noise(struct dossier *d, const struct vector_set *before);
void dossier_forget_sentinels(struct dossier *d);

/* Signs of an ingest: what was seen of the collection itself, beside its answers. */
void dossier_note_epoch(struct dossier *d, struct collection_view *v, struct replay_result *result);
/* What changed against the baseline; without one, against how the collection was until an hour ago.
 */
unsigned dossier_compare_reference(struct dossier *d, const struct epoch *now_seen, usec_t now);
void dossier_choose_sentinels(struct dossier *d);
void dossier_note_sentinels(struct dossier *d, uint64_t sentinels);
/* A replay begins with a look, and may see a change in its middle. */
void dossier_note_look(struct dossier *d, const struct replay_result *result, usec_t now);
/* Where the last replay was no sample, the band is confirmed as it was before it. */
void dossier_hold_band(const struct dossier *d, struct query_state *s);
/* Takes a collection that was created again with the baseline's content for the baseline's. */
void dossier_note_rebuilt(struct dossier *d);

/* What search misses is put back at its place: judge/arbiter.h. */
/* Judges the query as exact search would answer it, as far as is known; before that, `judgement`
 * is of the answer as it came. -ENOMEM. */
_must_check_ int dossier_arbitrate(struct dossier *d, size_t query);
/* Takes what a lookup found that search misses, and judges the last replay again. */
void dossier_take_missed(struct dossier *d, const struct attribution_input *input);
/* Another baseline knows other records. */
void dossier_forget_missed(struct dossier *d);
/* Answers as they are judged; of a query that was not measured there is none. NULL when memory is
 * short. */
struct answer **dossier_exact_answers(const struct dossier *d);

/* Why answers differ. The answers of the last replay: of a query that was not measured there is
 * none; NULL when memory is short. */
struct answer **dossier_measured_answers(const struct dossier *d);
/* Judges the cause of the current, not yet shared view; whether to ask for it. */
bool dossier_consider(struct dossier *d, bool news, bool ingested, usec_t now);
/* A replay without answers has its cause already. */
void dossier_note_failure(struct dossier *d, const char *failure, usec_t now);
