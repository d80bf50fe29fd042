/* SPDX-License-Identifier: Apache-2.0 */
#include "model/finding.h"

#include <errno.h>
#include <stdlib.h>

#include "model/query_set.h"

#define QUERIES \
        (FINDING_BIT(FINDING_MISSING) | FINDING_BIT(FINDING_OUT_OF_RANGE) | \
                FINDING_BIT(FINDING_BAND_CROSSED) | FINDING_BIT(FINDING_DISTANT))
#define SET \
        (FINDING_BIT(FINDING_TOPIC_MOVED) | FINDING_BIT(FINDING_SET_SHIFTED) | \
                FINDING_BIT(FINDING_SET_MOVED) | FINDING_BIT(FINDING_CROWDED) | \
                FINDING_BIT(FINDING_UNFINISHED) | FINDING_BIT(FINDING_NOT_COMPARED))
/* That a record is missing has a rule of its own, which calls more urgently. */
#define DISTANCES (QUERIES & ~FINDING_BIT(FINDING_MISSING))
#define RECALL FINDING_BIT(FINDING_RECALL_LOW)
#define REPLACED (FINDING_BIT(FINDING_REPLACED) | FINDING_BIT(FINDING_REBUILT))
#define BY(cause) (1U << (cause))
#define BY_ANYTHING (~0U)
#define BY_INDEX (BY(CAUSE_INDEX_LOSS) | BY(CAUSE_ANN_RECALL))

const struct finding_type finding_types[FINDING_COUNT] = {
        [FINDING_REPLAY_FAILED] = {"replay-failed", false, SEVERITY_CRITICAL, EFFECT_UNMEASURED,
                RULE_REPLAY_FAILING, 0, 0},
        [FINDING_CONFIGURATION] = {"configuration-changed", false, SEVERITY_CRITICAL, EFFECT_FAIL,
                RULE_CONFIGURATION_CHANGED, SET | QUERIES | RECALL | REPLACED,
                BY(CAUSE_UNKNOWN) | BY(CAUSE_METRIC) | BY(CAUSE_REEMBED) | BY_INDEX},
        [FINDING_EMBEDDER_CHANGED] = {"embedder-changed", false, SEVERITY_CRITICAL, EFFECT_FAIL,
                RULE_EMBEDDER_CHANGED, SET | QUERIES, BY(CAUSE_EMBEDDER)},
        [FINDING_EMBEDDER_UNREACHABLE] = {"embedder-unreachable", false, SEVERITY_WARNING,
                EFFECT_UNMEASURED, RULE_EMBEDDER_UNREACHABLE, 0, 0},
        [FINDING_INDEX_INCOMPLETE] = {"index-incomplete", false, SEVERITY_CRITICAL, EFFECT_FAIL,
                RULE_INDEX_INCOMPLETE, SET | QUERIES | RECALL, BY_INDEX | BY(CAUSE_UNKNOWN)},
        [FINDING_RECALL_LOW] = {"recall-low", false, SEVERITY_WARNING, EFFECT_DRIFT,
                RULE_RECALL_LOW, SET | QUERIES, BY_INDEX},
        [FINDING_REPLACED] = {"collection-replaced", false, SEVERITY_WARNING, EFFECT_DRIFT,
                RULE_COLLECTION_REPLACED, SET | QUERIES, BY_ANYTHING},
        [FINDING_REBUILT] = {"collection-rebuilt", false, SEVERITY_INFO, EFFECT_NONE,
                RULE_COLLECTION_REPLACED, 0, 0},
        [FINDING_BASELINE_UNREADABLE] = {"baseline-unreadable", false, SEVERITY_CRITICAL,
                EFFECT_UNMEASURED, RULE_REPLAY_FAILING, 0, 0},
        [FINDING_NOT_COMPARED] = {"not-compared", false, SEVERITY_WARNING, EFFECT_UNMEASURED,
                RULE_COUNT, 0, 0},
        [FINDING_TOPIC_LOST] = {"topic-lost", false, SEVERITY_CRITICAL, EFFECT_FAIL, RULE_SET_DRIFT,
                FINDING_BIT(FINDING_TOPIC_MOVED) | DISTANCES, BY_ANYTHING},
        [FINDING_TOPIC_MOVED] = {"topic-moved", false, SEVERITY_WARNING, EFFECT_DRIFT,
                RULE_SET_DRIFT,
                FINDING_BIT(FINDING_SET_SHIFTED) | FINDING_BIT(FINDING_SET_MOVED) | QUERIES,
                BY_ANYTHING},
        [FINDING_SET_SHIFTED] = {"set-shifted", false, SEVERITY_WARNING, EFFECT_DRIFT,
                RULE_SET_DRIFT, QUERIES, BY_ANYTHING},
        [FINDING_SET_MOVED] = {"set-moved", false, SEVERITY_WARNING, EFFECT_DRIFT, RULE_SET_DRIFT,
                QUERIES, BY_ANYTHING},
        [FINDING_REPLACED_ANSWERS] = {"answers-replaced", false, SEVERITY_CRITICAL, EFFECT_FAIL,
                RULE_SET_DRIFT, DISTANCES | FINDING_BIT(FINDING_SET_SHIFTED), BY_ANYTHING},
        [FINDING_REKEYED] = {"records-rekeyed", false, SEVERITY_INFO, EFFECT_NONE,
                RULE_COLLECTION_REPLACED, 0, 0},
        [FINDING_UNFINISHED] = {"ingest-unfinished", false, SEVERITY_WARNING, EFFECT_DRIFT,
                RULE_SET_DRIFT, QUERIES, BY(CAUSE_UNFINISHED)},
        [FINDING_CROWDED] = {"answers-crowded", false, SEVERITY_WARNING, EFFECT_DRIFT,
                RULE_SET_DRIFT, QUERIES, BY(CAUSE_FLOOD)},
        [FINDING_MISSING] = {"expected-result-missing", true, SEVERITY_CRITICAL, EFFECT_FAIL,
                RULE_EXPECTED_RESULT_MISSING, QUERIES, BY_ANYTHING},
        [FINDING_OUT_OF_RANGE] = {"distance-out-of-range", true, SEVERITY_WARNING, EFFECT_DRIFT,
                RULE_DISTANCE_DRIFT, QUERIES, BY_ANYTHING},
        [FINDING_BAND_CROSSED] = {"band-crossed", true, SEVERITY_WARNING, EFFECT_DRIFT,
                RULE_BAND_CROSSED, QUERIES, BY_ANYTHING},
        [FINDING_DISTANT] = {"distance-drifted", true, SEVERITY_WARNING, EFFECT_DRIFT,
                RULE_DISTANCE_DRIFT, 0, 0},
};

struct findings *findings_new(void)
{
        struct findings *f = calloc(1, sizeof(*f));

        if (f)
                atomic_init(&f->references, 1);
        return f;
}

struct findings *findings_ref(struct findings *f)
{
        if (f)
                atomic_fetch_add_explicit(&f->references, 1, memory_order_relaxed);
        return f;
}

struct findings *findings_unref(struct findings *f)
{
        if (!f || atomic_fetch_sub_explicit(&f->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        for (size_t i = 0; i < f->count; i++)
                free(f->findings[i].sentence);
        free(f->findings);
        free(f);
        return NULL;
}

/* Room grows by doubling: whenever the count is a power of two it is used up. */
static int reserve(struct findings *f)
{
        struct finding *grown;

        if (f->count & (f->count - 1))
                return 0;
        grown = reallocarray(f->findings, MAX(2 * f->count, (size_t)1), sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        f->findings = grown;
        return 0;
}

int findings_add(struct findings *f, const struct finding *finding)
{
        struct finding copy = *finding;
        int r = strdup_to(&copy.sentence, finding->sentence);

        if (r >= 0)
                r = reserve(f);
        if (r < 0) {
                if (copy.sentence != finding->sentence)
                        free(copy.sentence);
                return r;
        }
        f->findings[f->count++] = copy;
        return 0;
}

const struct finding *findings_find(const struct findings *f, enum finding_kind kind, size_t query)
{
        for (size_t i = 0; f && i < f->count; i++)
                if (f->findings[i].kind == kind && f->findings[i].query == query)
                        return &f->findings[i];
        return NULL;
}

/* The finding for another query set; false when nothing is left of what it is about. */
static bool rebase(struct finding *f, const struct query_set *from, const struct query_set *to)
{
        bool of_topics = f->topics.count > 0;
        const struct query *was, *is;

        topic_list_rebase(&f->topics, &from->topics, &to->topics);
        if (f->query == FINDING_COLLECTION)
                return !of_topics || f->topics.count > 0;
        was = &from->queries[f->query];
        is = query_set_find(to, was->id);
        if (!is || !streq(is->text, was->text))
                return false;
        f->query = (size_t)(is - to->queries);
        return true;
}

static int compare_findings(const void *a, const void *b)
{
        const struct finding *x = a, *y = b;

        if (x->kind != y->kind)
                return x->kind < y->kind ? -1 : 1;
        return x->query < y->query ? -1 : x->query > y->query;
}

static size_t rebase_explained(
        const struct findings *from, const struct findings *to, const struct finding *f)
{
        const struct finding *was = &from->findings[f->explained];
        bool whole = was->query == FINDING_COLLECTION;

        was = findings_find(to, was->kind, whole ? FINDING_COLLECTION : f->query);
        return was ? (size_t)(was - to->findings) : SIZE_MAX;
}

struct findings *findings_rebase(
        const struct findings *f, const struct query_set *from, const struct query_set *to)
{
        _cleanup_(findings_unrefp) struct findings *rebased = f ? findings_new() : NULL;

        for (size_t i = 0; rebased && i < f->count; i++) {
                struct finding one = f->findings[i];

                if (!rebase(&one, from, to))
                        continue;
                if (findings_add(rebased, &one) < 0)
                        return NULL;
        }
        if (rebased && rebased->count > 0)
                qsort(rebased->findings, rebased->count, sizeof(*rebased->findings),
                        compare_findings);
        for (size_t i = 0; rebased && i < rebased->count; i++)
                if (rebased->findings[i].explained != SIZE_MAX)
                        rebased->findings[i].explained =
                                rebase_explained(f, rebased, &rebased->findings[i]);
        return take_ptr(rebased);
}

struct findings *findings_jump(const struct findings *f, int64_t by)
{
        _cleanup_(findings_unrefp) struct findings *moved = findings_new();

        for (size_t i = 0; moved && i < f->count; i++) {
                struct finding one = f->findings[i];

                time_jump(&one.since, by);
                time_jump(&one.seen, by);
                time_jump(&one.fading, by);
                if (findings_add(moved, &one) < 0)
                        return NULL;
        }
        return take_ptr(moved);
}

const char *severity_name(enum severity s)
{
        static const char *const names[SEVERITY_COUNT] = {
                [SEVERITY_INFO] = "info",
                [SEVERITY_WARNING] = "warning",
                [SEVERITY_CRITICAL] = "critical",
        };

        return names[s];
}
