/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Why the answers differ from the baseline. First the lists alone are compared
 * (attribution_compare), which also says what has to be looked up in the collection: an inquest.
 * With its findings the label is decided (attribution_decide): a table of conditions in a fixed
 * order, docs/detection.md. It asks nobody itself. */

#include "judge/epoch.h"
#include "model/attribution.h"
#include "model/baseline.h"
#include "model/query_set.h"

/* Bounds of what one inquest asks for. */
#define INQUEST_HOLES 20
#define INQUEST_SELF 10
#define INQUEST_LISTS 16 /* answers whose records are compared with each other for twins */
#define INQUEST_EXPECTED 20 /* failing queries whose expected record is looked up */

/* A baseline record that should have been found. */
struct hole {
        size_t query; /* index in the set */
        const char *id; /* the baseline's */
        float distance; /* recorded */
        const float *vector; /* pinned, of the query */
        /* Findings: */
        bool looked_up, exists, moved; /* moved: stored at another distance from the query now */
        bool self_asked, self_found;
};

/* Twins among one current answer's records. */
struct twin_list {
        size_t query;
        const struct answer *answer; /* current; borrowed */
        const struct answer *before; /* the baseline's: only records that are new count; borrowed */
        size_t looked_up, near_duplicates; /* findings */
};

/* The expected record of a query that failed. */
struct missing {
        size_t query;
        bool looked_up, exists; /* findings */
        char *exists_id; /* of an existing one; owned; NULL */
};

/* A question with room for its answer. Ids and vectors are borrowed from baseline and answers. */
struct inquest {
        struct hole holes[INQUEST_HOLES];
        size_t hole_count;
        struct twin_list lists[INQUEST_LISTS];
        size_t list_count;
        struct missing missing[INQUEST_EXPECTED];
        size_t missing_count;
};
void inquest_done(struct inquest *q);

/* What is compared; all borrowed. */
struct attribution_input {
        const struct query_set *set;
        const struct baseline *baseline; /* NULL: only `missing` is filled, the cause is unknown */
        struct answer *const *answers; /* of query i, NULL when not measured */
        const enum outcome *outcomes; /* of query i */
        struct epoch epoch; /* current, borrowed */
        unsigned results; /* asked for */
        const double *embedder_distances; /* 1 - cos(pinned, fresh) of query i, NaN; or NULL */
        const double *embedder_limits; /* epsilon of query i; or NULL */
};

/* Counts what the lists tell and chooses, evenly over the queries, what to look up. `*ret` needs
 * inquest_done(). -ENOMEM. */
_must_check_ int attribution_compare(
        const struct attribution_input *input, struct evidence *ret, struct inquest *ret_inquest);
/* The label. An inquest whose holes could not be looked up decides without existence checks. */
void attribution_decide(const struct attribution_input *input, const struct inquest *findings,
        const struct evidence *compared, struct attribution *ret);
/* The evidence in one sentence, e.g. "14 of 131 baseline records are missing: 12 of 12 looked up no
 * longer exist". Appends. */
struct text;
void attribution_describe(const struct attribution *a, struct text *text);
