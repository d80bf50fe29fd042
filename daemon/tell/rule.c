/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/rule.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>

#include "judge/drift.h"
#include "tell/condition.h"
#include "text.h"

const struct rule_default rule_defaults[RULE_COUNT] = {
        [RULE_EXPECTED_RESULT_MISSING] =
                {
                        .name = "RetrievalExpectedResultMissing",
                        .severity = "critical",
                        .limit = NAN,
                        .summary = "A canonical query does not find its expected result.",
                        .doc = "The expected record is not among the first `within` answers.",
                },
        [RULE_BAND_CROSSED] =
                {
                        .name = "RetrievalBandCrossed",
                        .severity = "warning",
                        .limit = NAN,
                        .summary = "A canonical query has left its home band for a worse one.",
                        .doc = "The best answer's confirmed distance band (4 of 5 replays, "
                               "hysteresis 0.01) is worse than the query's home band.",
                },
        [RULE_DISTANCE_DRIFT] =
                {
                        .name = "RetrievalDistanceDrift",
                        .severity = "warning",
                        .limit = DRIFT_DISTANCE,
                        .limits_distance = true,
                        .limit_doc = "the distance above the baseline",
                        .summary = "A canonical query answers from farther away than its baseline.",
                        .doc = "The best answer, or the mean of all, is confirmed (4 of 5 replays) "
                               "to lie farther from the baseline than the limit.",
                },
        [RULE_SET_DRIFT] =
                {
                        .name = "RetrievalSetDrift",
                        .severity = "warning",
                        .limit = DRIFT_SHIFT,
                        .limits_distance = true,
                        .limit_doc = "the winsorised mean shift of the whole set",
                        .summary = "The canonical queries as a set have moved from their baseline.",
                        .doc = "The mean shift of all queries is confirmed (4 of 5 replays) above "
                               "the limit, or a tenth of the queries, at least three, has moved "
                               "up, or near-duplicates crowd the answers.",
                },
        [RULE_REPLAY_FAILING] =
                {
                        .name = "RetrievalReplayFailing",
                        .severity = "critical",
                        /* Counted at replays, so that one failed replay never is enough. */
                        .for_usec = 2 * USEC_PER_MINUTE,
                        .limit = NAN,
                        .inhibits_server = true,
                        .summary = "The canonical queries of a collection cannot be replayed.",
                        .doc = "The last replay as a whole failed: the server was not reached, or "
                               "it gave no valid answer.",
                },
        [RULE_INDEX_INCOMPLETE] =
                {
                        .name = "RetrievalIndexIncomplete",
                        .severity = "critical",
                        .limit = INDEX_UNREACHABLE_MAX,
                        .limit_doc = "the share of live records that search cannot reach",
                        .summary = "The index has lost records that the collection still holds.",
                        .doc = "Asked for as many records as the collection counts, search returns "
                               "fewer.",
                },
        [RULE_RECALL_LOW] =
                {
                        .name = "RetrievalRecallLow",
                        .severity = "warning",
                        .limit = 0.9,
                        .limit_doc = "the recall below which it fires",
                        .summary = "Search misses records that a deeper search finds.",
                        .doc = "Of the first answers of a deep search, a normal one returns less "
                               "than the limit.",
                },
        [RULE_COLLECTION_REPLACED] =
                {
                        .name = "RetrievalCollectionReplaced",
                        .severity = "warning",
                        .limit = NAN,
                        .summary = "The collection was deleted and created again.",
                        .doc = "The collection has another id than the baseline's; without a "
                               "baseline, than it had within the last hour.",
                },
        [RULE_CONFIGURATION_CHANGED] =
                {
                        .name = "RetrievalConfigurationChanged",
                        .severity = "critical",
                        .limit = NAN,
                        .summary = "The collection measures or searches in another way.",
                        .doc = "Space, dimension, index parameters or the declared embedding "
                               "function differ from the baseline's; without a baseline, from "
                               "those within the last hour.",
                },
        [RULE_EMBEDDER_CHANGED] =
                {
                        .name = "RetrievalEmbedderChanged",
                        .severity = "critical",
                        .limit = NAN,
                        .summary = "The embedder gives other vectors for the canonical queries.",
                        .doc = "At least half of the fresh vectors, or two of them, differ from "
                               "the pinned ones.",
                },
};

int rule_find(const char *name, enum rule_id *ret)
{
        for (enum rule_id i = 0; i < RULE_COUNT; i++)
                if (streq(rule_defaults[i].name, name)) {
                        *ret = i;
                        return 0;
                }
        return -ENOENT;
}

/* One evaluation under way. */
struct evaluation {
        const struct rule *rules;
        const struct collection_view *collection;
        char *dashboard_url; /* owned; NULL for none */
        const char *runbook_url; /* base; NULL for none */
        size_t allocated; /* of signals->signals */
        struct signals *signals;
};

static int dashboard_url(const char *base, const char *collection, char **ret)
{
        _cleanup_text_ struct text t = {0};
        size_t size = base ? strlen(base) : 0;

        if (size == 0)
                return 0;
        while (size > 0 && base[size - 1] == '/')
                size--;
        text_append_bytes(&t, base, size);
        text_append(&t, "/?collection=");
        for (const unsigned char *p = (const unsigned char *)collection; *p; p++)
                if (*p < 0x80 && (isalnum(*p) || strchr("-._~", *p)))
                        text_append_bytes(&t, p, 1);
                else
                        text_appendf(&t, "%%%02X", *p);
        *ret = text_take(&t, NULL);
        return *ret ? 0 : -ENOMEM;
}

static int set_text(struct labels *annotations, const char *name, struct text *t)
{
        return text_failed(t) ? -ENOMEM : labels_set(annotations, name, text_string(t));
}

static int set_runbook_url(struct labels *annotations, const char *base, const char *alertname)
{
        _cleanup_text_ struct text t = {0};

        if (!base || !*base)
                return 0;
        text_append(&t, base);
        if (!strchr("/#=", base[strlen(base) - 1]))
                text_append(&t, "/");
        for (const char *p = alertname; *p; p++) {
                char c = (char)tolower((unsigned char)*p);

                text_append_bytes(&t, &c, 1);
        }
        return set_text(annotations, "runbook_url", &t);
}

static int set_labels(const struct evaluation *e, enum rule_id rule, const struct subject *s,
        struct labels *labels)
{
        const char *severity = e->rules[rule].severity;
        int r;

        r = labels_set(labels, "alertname", rule_defaults[rule].name);
        if (r >= 0)
                r = labels_set(
                        labels, "severity", severity ? severity : rule_defaults[rule].severity);
        if (r >= 0)
                r = labels_set(labels, "collection", s->collection->label);
        if (r >= 0)
                r = labels_set(labels, "query", s->query ? s->query->id : NULL);
        return r;
}

static int set_annotations(const struct evaluation *e, enum rule_id rule, const struct subject *s,
        struct labels *annotations)
{
        int r;

        r = labels_set(annotations, "summary", rule_defaults[rule].summary);
        if (r >= 0)
                r = conditions[rule].describe(s, annotations);
        if (r >= 0)
                r = labels_set(annotations, "dashboard_url", e->dashboard_url);
        if (r >= 0)
                r = set_runbook_url(annotations, e->runbook_url, rule_defaults[rule].name);
        return r;
}

static void signal_done(struct signal *s)
{
        labels_done(&s->labels);
        labels_done(&s->annotations);
}

static int emit(struct evaluation *e, enum rule_id rule, const struct subject *s)
{
        _cleanup_(signal_done) struct signal signal = {.rule = rule};
        int r;

        if (e->signals->count == e->allocated) {
                size_t allocated = MAX(e->allocated * 2, (size_t)8);
                struct signal *grown = reallocarray(e->signals->signals, allocated, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                e->signals->signals = grown;
                e->allocated = allocated;
        }
        r = set_labels(e, rule, s, &signal.labels);
        if (r >= 0)
                r = set_annotations(e, rule, s, &signal.annotations);
        if (r < 0)
                return r;
        e->signals->signals[e->signals->count++] = signal;
        signal = (struct signal){0};
        return 0;
}

static double limit_of(const struct evaluation *e, enum rule_id rule)
{
        const struct rule_default *d = &rule_defaults[rule];
        const struct baseline *b = e->collection->baseline;

        return drift_limit(
                e->rules[rule].limit, d->limit, d->limits_distance && b ? b->epoch.space : NULL);
}

static int evaluate(struct evaluation *e, struct subject *s)
{
        int r = 0;

        for (enum rule_id i = 0; i < RULE_COUNT && r >= 0; i++) {
                const struct condition *c = &conditions[i];

                if (!e->rules[i].enabled || c->per_query != (s->query != NULL))
                        continue;
                s->limit = limit_of(e, i);
                if (e->signals->unknown_rules[i])
                        continue;
                if (c->holds(s))
                        r = emit(e, i, s);
        }
        return r;
}

static int evaluate_queries(struct evaluation *e)
{
        const struct collection_view *c = e->collection;
        struct signals *signals = e->signals;

        for (size_t i = 0; i < c->query_set->count; i++) {
                struct subject s = {c, &c->query_set->queries[i], &c->queries[i], NAN};
                int r;

                if (s.state->judgement.outcome == OUTCOME_UNMEASURED) {
                        signals->unknown[signals->unknown_count++] = s.query->id;
                        continue;
                }
                r = evaluate(e, &s);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int compare_ids(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int rules_evaluate(const struct rule rules[RULE_COUNT], const struct collection_view *collection,
        const char *external_url, const char *runbook_url, struct signals *ret)
{
        _cleanup_(signals_done) struct signals signals = {.server_down = !collection->up};
        _cleanup_free_ char *dashboard = NULL;
        struct evaluation e = {.rules = rules,
                .collection = collection,
                .runbook_url = runbook_url,
                .signals = &signals};
        struct subject whole = {.collection = collection};
        int r;

        if (!collection->replayed)
                return -ENODATA;
        signals.unknown = calloc(MAX(collection->query_set->count, (size_t)1), sizeof(char *));
        if (!signals.unknown)
                return -ENOMEM;
        r = strdup_to(&signals.collection, collection->label);
        if (r >= 0)
                r = strdup_to(&signals.server, collection->server);
        if (r >= 0)
                r = dashboard_url(external_url, collection->label, &dashboard);
        e.dashboard_url = dashboard;
        for (enum rule_id i = 0; i < RULE_COUNT; i++)
                signals.unknown_rules[i] = conditions[i].known && !conditions[i].known(collection);
        if (r >= 0)
                r = evaluate(&e, &whole);
        if (r >= 0)
                r = evaluate_queries(&e);
        if (r < 0)
                return r;
        qsort(signals.unknown, signals.unknown_count, sizeof(*signals.unknown), compare_ids);
        *ret = signals;
        signals = (struct signals){0};
        return 0;
}

void signals_done(struct signals *s)
{
        for (size_t i = 0; i < s->count; i++)
                signal_done(&s->signals[i]);
        free(s->signals);
        free(s->unknown);
        free(s->collection);
        free(s->server);
        *s = (struct signals){0};
}
