/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The records by which today's answers differ from the baseline's, each once over all queries: what
 * is to be looked up in the collection (ask/lookup.h does), what was found, and the fate that
 * follows for each. It asks nobody and judges no cause: judge/attribution.h. */

#include "model/baseline.h"
#include "model/fate.h"
#include "model/query_set.h"

/* Bounds of what one lookup asks for. */
#define SUSPECTS_PAGE 75 /* records a request, with their vectors */
#define SUSPECTS_VECTORS (2 * SUSPECTS_PAGE) /* records that left, compared by their vectors */
#define SUSPECTS_IDS 300 /* records that left, whose existence is asked for, those included */
#define SUSPECTS_SELF 10 /* records asked for with their own vectors */
#define SUSPECTS_LISTS 48 /* answers whose records are compared with each other for twins */
#define SUSPECTS_EXPECTED 20 /* failing queries whose expected record is looked up */
#define SUSPECTS_WORDS 40 /* bytes of a document by which it is recognised */
/* Of the records that are gone or hold something else, how many may lack an heir where all were
 * renamed: an index misses some by itself. */
#define SUSPECTS_HEIRLESS 0.05
/* Distinct records that are kept apart; of further ones only the numbers are. */
#define SUSPECTS_MAX 20000
/* In place of an index: a record that stands in the answers as it did. */
#define SUSPECTS_THERE UINT32_MAX

/* What a record does in one query's answers. */
enum presence {
        PRESENCE_HOLE, /* left, although nearer than today's last one */
        PRESENCE_DISPLACED, /* left, as far away as today's last one or farther */
        PRESENCE_CHANGED, /* in both, at another distance */
        PRESENCE_ENTERED, /* new, and nearer than the baseline's last one */
};

struct suspect {
        const char *id; /* of an answer that the suspects hold */
        size_t query, queries; /* index of the first one that it concerns, and how many it does */
        bool hole, left, changed, entered; /* somewhere; a hole has left */
        bool filtered; /* it left answers to queries with filters only */
        bool expected; /* by one of those */
        unsigned round; /* the how manieth of its query's holes, or of its displaced ones; least */
        unsigned places, heirs; /* in how many answers it left or changed, and in how many of them
                                   another record has taken its distance */
        /* Of a hole if there is one, to be compared with its stored vector: */
        float distance; /* recorded */
        const float *vector; /* pinned, of the query; NULL: it has none */
        /* Findings: */
        bool looked_up, exists;
        bool compared, moved; /* by its vector: stored at another distance from the query now */
        bool unreadable; /* it exists, but the server fails to read its vector */
        bool self_asked, self_found;
        bool filter_asked,
                filter_left; /* there as it was; behind the filter of its query no more */
        bool twin; /* entered, with a near-duplicate in the answer */
        bool placed; /* its place in the order of addition was looked at */
        bool old; /* entered, but was added before a record that the baseline knows */
        int words; /* of its document against the baseline's: 1 the same, -1 others, 0 unknown */
        bool renamed; /* gone: another record that a query expects has its vector */
        bool sought, recut; /* gone: its first words were looked for in new records; stand there */
        char *excerpt; /* first words of its document; owned; NULL */
        enum fate fate, left_fate; /* by suspects_settle(); in the answers that it left alone */
};

struct place {
        uint32_t suspect; /* index; SUSPECTS_MAX: of one that is not kept apart */
        uint8_t presence; /* enum presence */
        uint16_t rank; /* from 0, in the baseline's answer; of one that entered, in today's */
        bool expected; /* the query expects it */
};

/* An answer of today that a record entered. */
struct twin_list {
        size_t query;
        const struct answer *answer; /* today's */
        const struct answer *before; /* the baseline's: only records that are new count */
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

/* Ids and vectors are borrowed from the baseline and the answers, which are held. */
struct suspects {
        struct baseline *baseline; /* references */
        struct answer **answers; /* query_count, references, NULLs among them */
        size_t query_count;
        unsigned dimension; /* of the vectors */

        struct suspect *records;
        size_t count;
        size_t more[FATE_COUNT]; /* distinct ones that are not kept apart */
        struct place *places; /* those of query i from starts[i] to before starts[i + 1] */
        size_t *starts; /* query_count + 1; NULL: nothing was compared */
        size_t same; /* distinct records that are in both answers to a query */
        uint32_t order[BASELINE_ORDER_MAX]; /* indices of those whose order of addition the baseline
                                               knows, or SUSPECTS_THERE; ascending by that order */
        size_t order_count;

        size_t *wanted; /* indices of those that left, in the order of looking them up: expected
                           ones in whose place nothing stands, then evenly over the queries, holes
                           first, and last those that left filters only */
        size_t wanted_count;
        struct twin_list lists[SUSPECTS_LISTS];
        size_t list_count;
        size_t listed; /* finding: distinct records of those lists */
        struct missing missing[SUSPECTS_EXPECTED];
        size_t missing_count;

        size_t *ordered; /* by suspects_settle(): indices, by fate, then by `queries` descending,
                            then by id */
};

/* Whether another record has its vector, or has taken its distance in most of the answers that it
 * left. */
bool suspect_has_heirs(const struct suspect *r);
/* The fate of records that are not kept apart. */
enum fate suspects_unseen(enum presence presence);
/* The fate of the record at a place. After suspects_settle(). */
enum fate suspects_fate(const struct suspects *s, const struct place *place);

/* Whether the record that left a place is gone or holds something else. After suspects_settle(). */
bool suspects_lost(const struct suspects *s, const struct place *place);

struct attribution_input;
/* Collects them. `*ret` needs suspects_done(). O(queries × results) when little changed. -ENOMEM.
 */
_must_check_ int suspects_collect(const struct attribution_input *input, struct suspects *ret);
void suspects_done(struct suspects *s);
/* Whether there is anything to look up. */
bool suspects_any(const struct suspects *s);
/* Sets each record's fate by what was found, and their order. -ENOMEM. */
_must_check_ int suspects_settle(struct suspects *s);
/* Existing records that people are shown: at most FATES_SHOWN of a fate. After suspects_settle().
 * Fills `ret` with indices and returns how many. */
#define SUSPECTS_SHOWN (FATES_SHOWN * FATE_COUNT)
size_t suspects_shown(const struct suspects *s, size_t ret[SUSPECTS_SHOWN]);
/* What the baseline keeps of a record's document; NULL: nothing. O(queries). */
const char *suspects_known_words(const struct baseline *b, const char *id);
/* The document of an existing record, on one line (NULL: it has none): keeps its first words, and
 * compares them with what the baseline keeps. */
void suspects_take_text(const struct suspects *s, struct suspect *r, const char *text);
/* As they are shown; the queries' causes are left to the caller. After suspects_settle(). -ENOMEM.
 */
_must_check_ int suspects_fates(const struct suspects *s, struct fates **ret);
