/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/rule.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>

#include "http.h"
#include "text.h"

/* A description is read on a telephone: longer query texts are cut. */
#define EXCERPT_MAX 160

const struct rule_default rule_defaults[RULE_COUNT] = {
        [RULE_EXPECTED_RESULT_MISSING] =
                {
                        .name = "RetrievalExpectedResultMissing",
                        .severity = "critical",
                        .summary = "A canonical query does not find its expected result.",
                        .doc = "The expected record is not among the first `within` answers.",
                },
        [RULE_BAND_CROSSED] =
                {
                        .name = "RetrievalBandCrossed",
                        .severity = "warning",
                        .summary = "A canonical query has left its home band for a worse one.",
                        .doc = "The best answer's confirmed distance band (4 of 5 replays, "
                               "hysteresis 0.01) is worse than the query's home band.",
                },
        [RULE_REPLAY_FAILING] =
                {
                        .name = "RetrievalReplayFailing",
                        .severity = "critical",
                        /* Counted at replays, so that one failed replay never is enough. */
                        .for_usec = 2 * USEC_PER_MINUTE,
                        .inhibits_server = true,
                        .summary = "The canonical queries of a collection cannot be replayed.",
                        .doc = "The last replay as a whole failed: the server was not reached, or "
                               "it gave no valid answer.",
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

/* What a rule looks at; query and verdict are NULL for a rule about the whole collection. */
struct subject {
        const struct collection_view *collection;
        const struct query *query;
        const struct verdict *verdict;
};

static bool expected_result_missing(const struct subject *s)
{
        return s->verdict->outcome == OUTCOME_FAIL;
}

static bool band_crossed(const struct subject *s)
{
        return s->verdict->crossed;
}

static bool replay_failing(const struct subject *s)
{
        return s->collection->last_error != NULL;
}

static void append_excerpt(struct text *t, const char *s)
{
        size_t size = strlen(s), end = utf8_prefix(s, EXCERPT_MAX);
        _cleanup_free_ char *excerpt = http_body_excerpt(s, end, end);

        if (!excerpt) {
                t->failed = true;
                return;
        }
        text_append(t, excerpt);
        if (end < size)
                text_append(t, "…");
}

/* With a full stop, unless there is one. */
static void append_sentence(struct text *t, const char *s)
{
        size_t size = strlen(s);

        text_append(t, s);
        if (size == 0 || !strchr(".!?", s[size - 1]))
                text_append(t, ".");
}

static void append_query(struct text *t, const struct subject *s)
{
        text_appendf(t, "Query \"%s\" (", s->query->id);
        append_excerpt(t, s->query->text ? s->query->text : "");
        text_appendf(t, ") of collection %s", s->collection->label);
}

static void append_distance(struct text *t, float distance)
{
        if (isnan(distance))
                text_append(t, "unknown");
        else
                text_append_float(t, distance);
}

static int set_text(struct labels *annotations, const char *name, struct text *t)
{
        return text_failed(t) ? -ENOMEM : labels_set(annotations, name, text_string(t));
}

/* The reason names what was expected. */
static int describe_missing(const struct subject *s, struct labels *annotations)
{
        const struct verdict *v = s->verdict;
        _cleanup_text_ struct text t = {0};

        append_query(&t, s);
        text_append(&t, ": ");
        append_sentence(&t, v->reason ? v->reason : "the expected result was not found");
        if (!isnan(v->home_distance)) {
                text_append(&t, " Its best answer was at distance ");
                append_distance(&t, v->home_distance);
                text_append(&t, " and is at ");
                append_distance(&t, v->distance);
                text_append(&t, " now.");
        }
        return set_text(annotations, "description", &t);
}

static int set_distance(struct labels *annotations, const char *name, float distance)
{
        char number[NUMBER_TEXT_MAX];

        if (isnan(distance))
                return 0;
        (void)float_format(number, distance);
        return labels_set(annotations, name, number);
}

static int describe_crossing(const struct subject *s, struct labels *annotations)
{
        const struct verdict *v = s->verdict;
        const char *band = bands_name(&s->collection->bands, v->confirmed_band);
        const char *home = bands_name(&s->collection->bands, v->home_band);
        _cleanup_text_ struct text t = {0};
        int r;

        append_query(&t, s);
        text_appendf(&t, " has moved from band %s to %s: its best answer was at distance ",
                home ? home : "unknown", band ? band : "unknown");
        append_distance(&t, v->home_distance);
        text_append(&t, " and is at ");
        append_distance(&t, v->distance);
        text_append(&t, " now.");
        r = set_text(annotations, "description", &t);
        if (r >= 0)
                r = set_distance(annotations, "distance", v->distance);
        if (r >= 0)
                r = set_distance(annotations, "previous_distance", v->home_distance);
        if (r >= 0)
                r = labels_set(annotations, "band", band);
        if (r >= 0)
                r = labels_set(annotations, "previous_band", home);
        return r;
}

static int describe_failure(const struct subject *s, struct labels *annotations)
{
        const struct collection_view *c = s->collection;
        _cleanup_text_ struct text t = {0};

        text_appendf(&t, "The replay of collection %s on server %s (%s) failed: ", c->label,
                c->server, c->url ? c->url : "no URL");
        append_sentence(&t, c->last_error);
        return set_text(annotations, "description", &t);
}

static const struct {
        bool per_query; /* evaluated for each measured query, else once a replay */
        bool (*holds)(const struct subject *s);
        int (*describe)(const struct subject *s, struct labels *annotations);
} evaluators[RULE_COUNT] = {
        [RULE_EXPECTED_RESULT_MISSING] = {true, expected_result_missing, describe_missing},
        [RULE_BAND_CROSSED] = {true, band_crossed, describe_crossing},
        [RULE_REPLAY_FAILING] = {false, replay_failing, describe_failure},
};

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
                r = evaluators[rule].describe(s, annotations);
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

static int evaluate(struct evaluation *e, const struct subject *s)
{
        int r = 0;

        for (enum rule_id i = 0; i < RULE_COUNT && r >= 0; i++)
                if (e->rules[i].enabled && evaluators[i].per_query == (s->query != NULL) &&
                        evaluators[i].holds(s))
                        r = emit(e, i, s);
        return r;
}

static int evaluate_queries(struct evaluation *e)
{
        const struct collection_view *c = e->collection;
        struct signals *signals = e->signals;

        for (size_t i = 0; i < c->query_set->count; i++) {
                struct subject s = {c, &c->query_set->queries[i], &c->queries[i].verdict};
                int r;

                if (s.verdict->outcome == OUTCOME_UNMEASURED) {
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
