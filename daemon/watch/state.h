/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The inside of a dossier, for the two files that are it: dossier.c keeps it and shows it, intake.c
 * takes in what was found out. Nobody else includes this. */

#include "judge/band.h"
#include "judge/drift.h"
#include "judge/reasoning.h"
#include "watch/dossier.h"

/* What an inquest found about the expected record of a query that fails. */
enum expected_record { EXPECTED_UNKNOWN, EXPECTED_GONE, EXPECTED_UNFOUND };

struct query_state {
        struct band_state band;
        struct history *history;
        struct answer *answer; /* the last valid one */
        struct judgement judgement;
        struct query_drift drift;
        enum expected_record expected;
        double embedder_distance, embedder_limit;
};

struct dossier {
        const struct collection_config *config;
        struct query_state *queries;
        struct drift *drift;
        struct baseline *baseline;
        struct bands bands; /* in force */
        struct vector_set *pinned; /* the baseline's and the configured ones; NULL: none */
        struct vector_set *fresh; /* the embedder's; NULL: none */
        struct vector_set *vectors; /* both merged, to replay with; NULL: none */
        bool prefer_fresh; /* the fresh ones win */
        struct epoch reference; /* without a baseline: the collection as it was */
        usec_t reference_changed; /* wall clock when it stopped being so; 0: it is so */
        char *sentinels[SURVEY_SENTINELS_MAX];
        size_t sentinel_count;
        struct reasoning reasoning;
        struct collection_view *view;
};

static inline size_t query_count(const struct dossier *d)
{
        return d->config->queries->count;
}

/* The next view, to be changed before dossier_show(); NULL, and logged, when memory is short: then
 * the old one stays. */
struct collection_view *dossier_next_view(const struct dossier *d);
/* Takes the view. */
void dossier_show(struct dossier *d, struct collection_view *v);
/* Chooses the bands anew, for a collection whose distances are of `space` (NULL: unknown); where
 * they become others, queries are in no band until they are replayed, and keep their homes by name.
 * -ENOMEM. */
_must_check_ int dossier_choose_bands(struct dossier *d, const char *space);
/* Chooses the vectors anew after one of their sources changed. */
_must_check_ int dossier_merge_vectors(struct dossier *d);
/* Compares the fresh vectors, which there are, with the pinned ones: of every query that has both,
 * and of the set. */
void dossier_measure_embedder(struct dossier *d);
void dossier_note_embedder(const struct dossier *d, struct embedder_view *e);
void dossier_forget_sentinels(struct dossier *d);
