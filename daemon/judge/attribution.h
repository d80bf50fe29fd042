/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Why the answers differ from the baseline. First the lists alone are compared
 * (attribution_compare), which also says what has to be looked up in the collection: an inquest.
 * With its findings the label is decided (attribution_decide): a table of conditions in a fixed
 * order, docs/causes.md. It asks nobody itself; ask/inquiry.h does. */

#include "judge/epoch.h"
#include "model/attribution.h"
#include "model/baseline.h"
#include "model/query_set.h"

/* Limits of the decisions. Those that are distances hold for squared L2 of unit vectors; cosine and
 * inner product take half of them, and larger distances than 1 take them relative. */
#define ATTRIBUTION_MOVED 1e-4 /* a pair of query and record has another distance */
#define ATTRIBUTION_TIE 1e-6 /* nearer than this is not nearer */
#define ATTRIBUTION_FIT_RMS 2e-3 /* the new distance is an affine function of the old one */
#define ATTRIBUTION_ROOT_RMS 1e-4 /* the new distance is the root of the old one */
/* Fewer pairs, or a fit that leaves more than this of the change, relate nothing. */
#define ATTRIBUTION_FIT_PAIRS 10
#define ATTRIBUTION_FIT_LEAVES 0.25
#define ATTRIBUTION_UNANSWERED 0.2 /* more than this share without a full answer: TRANSPORT */
#define ATTRIBUTION_CHANGED 0.5 /* this share of the records at another distance: throughout */
#define ATTRIBUTION_SELF 0.5 /* fewer records that find themselves: lost, else missed */
#define ATTRIBUTION_BY_ITSELF 0.1 /* of the queries, one at least, an index changes by itself */
#define ATTRIBUTION_TOPIC 4.0 /* overdispersion beyond which a loss hit few queries hard */
#define ATTRIBUTION_FLOOD 0.05 /* more than this share of new near-duplicates: FLOOD */

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
        const float *vector; /* pinned, of the query; the inquest's dimension */
        /* Findings: */
        bool looked_up, exists, moved; /* moved: stored at another distance from the query now */
        bool unreadable; /* it exists, but the server fails to read its vector */
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
        bool filtered_out; /* it exists, and the query's filter excludes it */
        bool refused; /* the server refused to look it up */
        char *exists_id; /* of an existing one; owned; NULL */
};

/* A question with room for its answer. Ids and vectors are borrowed from baseline and answers. */
struct inquest {
        unsigned dimension; /* of the holes' vectors */
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
        bool ingested; /* an ingest was seen since the last replay */
        bool ingesting; /* records were written meanwhile: what is found is not the last word */
        unsigned results; /* asked for */
        const double *embedder_distances; /* 1 - cos(pinned, fresh) of query i, NaN; or NULL */
        const double *embedder_limits; /* epsilon of query i; or NULL */
};

/* Counts what the lists tell and chooses, evenly over the queries, what to look up. Queries that
 * the baseline does not know, or knew with another text, are passed over. With another number of
 * results than the baseline's the smaller one is compared. `*ret` needs nothing, `*ret_inquest`
 * inquest_done(). O(queries × results²) at worst, O(queries × results) when little changed.
 * -ENOMEM. */
_must_check_ int attribution_compare(
        const struct attribution_input *input, struct evidence *ret, struct inquest *ret_inquest);
/* The label, and the evidence with the findings. An inquest whose holes could not be looked up
 * decides without existence checks: the cause is then unknown unless the lists themselves or a
 * falling number of records tell it. */
void attribution_decide(const struct attribution_input *input, const struct inquest *findings,
        const struct evidence *compared, struct attribution *ret);
/* The evidence behind the label in one sentence without a full stop, e.g. "14 baseline records are
 * missing: 12 of 12 looked up no longer exist". Appends. */
struct text;
void attribution_describe(const struct attribution *a, struct text *text);

/* Whether a record's distance from a query is another one than it was, in a collection of this
 * space (NULL: unknown). More than the servers' own rounding. */
bool attribution_moved(const char *space, double before, double after);
