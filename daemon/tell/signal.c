/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/signal.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "judge/attribution.h"
#include "judge/finding.h"
#include "judge/incident.h"
#include "judge/sentence.h"
#include "text.h"

/* Signals of one collection under way. */
struct building {
        const struct signal_policy *policy;
        const struct collection_view *c;
        char *dashboard_url; /* owned; NULL for none */
        size_t counts[RULE_COUNT]; /* queries that are told of */
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
        _cleanup_free_ char *shown = utf8_lines(text_string(t), t->size);

        return text_failed(t) || !shown ? -ENOMEM : labels_set(annotations, name, shown);
}

int signal_runbook_base(const char *configured, const char *external_url, char **ret)
{
        const char *base = configured ? configured : external_url;
        size_t size = base ? strlen(base) : 0;
        _cleanup_text_ struct text t = {0};

        if (size == 0) {
                *ret = NULL;
                return 0;
        }
        while (!configured && size > 0 && base[size - 1] == '/')
                size--;
        text_append_bytes(&t, base, size);
        if (!configured)
                text_append(&t, "/runbook/");
        else if (!strchr("/#=", base[size - 1]))
                text_append(&t, "/");
        *ret = text_take(&t, NULL);
        return *ret ? 0 : -ENOMEM;
}

int signal_set_runbook(struct labels *annotations, const char *base, const char *alertname)
{
        _cleanup_text_ struct text t = {0};

        if (!base)
                return 0;
        text_append(&t, base);
        for (const char *p = alertname; *p; p++) {
                char c = (char)tolower((unsigned char)*p);

                text_append_bytes(&t, &c, 1);
        }
        return set_text(annotations, "runbook_url", &t);
}

static const char *severity_of(const struct building *b, const struct finding *f)
{
        const struct rule *rule = &b->policy->rules[finding_types[f->kind].rule];

        if (finding_types[f->kind].severity == SEVERITY_INFO)
                return severity_name(SEVERITY_INFO);
        return rule->severity ? rule->severity
                              : rule_defaults[finding_types[f->kind].rule].severity;
}

/* Together they are one alert: one sentence about all of them says more than fifty. */
static bool together(const struct building *b, enum rule_id rule)
{
        size_t count = b->counts[rule];

        return count > 1 &&
                (count > b->policy->query_alerts_max || count * 10 > b->c->query_set->count);
}

static int set_labels(const struct building *b, const struct finding *f, struct labels *labels)
{
        enum rule_id rule = finding_types[f->kind].rule;
        bool one = f->query != FINDING_COLLECTION && !together(b, rule);
        int r = labels_set(labels, "alertname", rule_defaults[rule].name);

        if (r >= 0)
                r = labels_set(labels, "severity", severity_of(b, f));
        if (r >= 0)
                r = labels_set(labels, "collection", b->c->label);
        if (r >= 0)
                r = labels_set(labels, "incident", b->c->label);
        if (r >= 0)
                r = labels_set(labels, "query", one ? b->c->query_set->queries[f->query].id : NULL);
        return r;
}

static int set_number(struct labels *annotations, const char *name, double value)
{
        char number[NUMBER_TEXT_MAX];

        if (isnan(value))
                return 0;
        (void)float_format(number, (float)value);
        return labels_set(annotations, name, number);
}

/* The figures behind a finding, for templates. */
static int set_numbers(const struct collection_view *c, const struct finding *f, struct labels *to)
{
        static const struct {
                enum finding_kind kind;
                const char *value, *before;
        } names[] = {
                {FINDING_BAND_CROSSED, "distance", "previous_distance"},
                {FINDING_INDEX_INCOMPLETE, "unreachable_records", NULL},
                {FINDING_RECALL_LOW, "recall", NULL},
                {FINDING_SET_SHIFTED, "shift", NULL},
                {FINDING_DISTANT, "shift", "baseline_distance"},
        };
        const struct judgement *j;
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(names) && r >= 0; i++) {
                if (names[i].kind != f->kind)
                        continue;
                r = set_number(to, names[i].value, f->value);
                if (r >= 0 && names[i].before)
                        r = set_number(to, names[i].before, f->before);
        }
        if (r < 0 || f->query == FINDING_COLLECTION)
                return r;
        j = &c->queries[f->query].judgement;
        if (f->kind == FINDING_BAND_CROSSED) {
                r = labels_set(to, "band", bands_name(&c->bands, j->confirmed_band));
                return r < 0 ? r
                             : labels_set(to, "previous_band", bands_name(&c->bands, j->home_band));
        }
        return set_number(to, "distance", j->distance);
}

static void append_worst(
        const struct building *b, const struct finding *const *worst, size_t count, struct text *t)
{
        for (size_t i = 0; i < count; i++)
                text_appendf(t, "%s\"%s\": %s", i > 0 ? "; " : "",
                        b->c->query_set->queries[worst[i]->query].id, worst[i]->sentence);
        text_append(t, ".");
}

/* All queries of the same rule, the worst ones with what is wrong with them. */
static void append_together(const struct building *b, const struct finding *f, struct text *t)
{
        enum rule_id rule = finding_types[f->kind].rule;
        const struct finding *worst[INCIDENT_WORST];
        size_t count = incident_worst(b->c, rule, worst);

        text_appendf(t,
                "%zu of %zu canonical queries of collection %s %s. The worst: ", b->counts[rule],
                b->c->query_set->count, b->c->label, rule_defaults[rule].together);
        append_worst(b, worst, count, t);
}

/* A finding of the collection with the worst of the queries that suffer from it: they have no
 * alerts of their own. */
static void append_with_consequences(
        const struct building *b, const struct finding *f, struct text *t)
{
        const struct finding *worst[INCIDENT_WORST];
        size_t count = incident_worst(b->c, RULE_COUNT, worst), kept = 0;

        sentence_append(b->c, f, t);
        for (size_t i = 0; i < count; i++)
                if (worst[i]->explained == (size_t)(f - b->c->findings->findings))
                        worst[kept++] = worst[i];
        if (kept == 0)
                return;
        text_append(t, " The worst queries: ");
        append_worst(b, worst, kept, t);
}

static void append_cause(const struct building *b, const struct finding *f, struct text *t)
{
        if (f->query == FINDING_COLLECTION || together(b, finding_types[f->kind].rule) ||
                f->cause == b->c->attribution.cause) {
                incident_explain(b->c, " ", t);
                return;
        }
        if (cause_name(f->cause))
                text_appendf(t, "Probable cause: %s. %s %s", cause_name(f->cause),
                        cause_meaning(f->cause), cause_action(f->cause));
}

/* As much of `from` as there is room for, on one line: escaped, a control character would be six
 * bytes of a notification. */
static void append_cut(struct text *t, const struct text *from, size_t room)
{
        size_t size = utf8_prefix(text_string(from), room);

        _cleanup_free_ char *line = utf8_line(text_string(from), size);

        if (line)
                text_append(t, line);
        t->failed |= !line;
        if (size < from->size)
                text_append(t, "…");
        t->failed |= from->failed;
}

/* Where it is too long, what is wrong gives way to why and what to do. */
static int set_description(const struct building *b, const struct finding *f, struct labels *to)
{
        _cleanup_text_ struct text what = {0}, why = {0}, t = {0};
        size_t room;

        if (f->query == FINDING_COLLECTION)
                append_with_consequences(b, f, &what);
        else if (together(b, finding_types[f->kind].rule))
                append_together(b, f, &what);
        else
                sentence_append(b->c, f, &what);
        append_cause(b, f, &why);
        room = SIGNAL_DESCRIPTION_MAX - MIN(why.size, (size_t)SIGNAL_WHY_MAX) - strlen("… …");
        append_cut(&t, &what, room);
        if (why.size > 0)
                text_append(&t, " ");
        append_cut(&t, &why, SIGNAL_DESCRIPTION_MAX - t.size - strlen("…"));
        return set_text(to, "description", &t);
}

/* Of a finding of one query its own cause, else those of the incident. */
static int set_cause(const struct building *b, const struct finding *f, struct labels *to)
{
        enum cause causes[CAUSE_COUNT] = {f->cause};
        size_t count = f->query != FINDING_COLLECTION && !together(b, finding_types[f->kind].rule)
                ? (cause_name(f->cause) ? 1 : 0)
                : incident_causes(b->c, causes);
        _cleanup_text_ struct text t = {0};

        for (size_t i = 0; i < count; i++)
                text_appendf(&t, "%s%s", i > 0 ? ", " : "", cause_name(causes[i]));
        return count == 0 ? 0 : set_text(to, "cause", &t);
}

static int set_annotations(const struct building *b, const struct finding *f, struct labels *to)
{
        enum rule_id rule = finding_types[f->kind].rule;
        int r = labels_set(to, "summary", rule_defaults[rule].summary);

        if (r >= 0)
                r = set_description(b, f, to);
        if (r >= 0)
                r = set_cause(b, f, to);
        if (r >= 0 && (f->query == FINDING_COLLECTION || !together(b, rule)))
                r = set_numbers(b->c, f, to);
        if (r >= 0)
                r = labels_set(to, "dashboard_url", b->dashboard_url);
        if (r >= 0)
                r = signal_set_runbook(to, b->policy->runbook_url, rule_defaults[rule].name);
        return r;
}

static void signal_done(struct signal *s)
{
        labels_done(&s->labels);
        labels_done(&s->annotations);
}

static struct signal *signal_add(struct building *b)
{
        struct signals *s = b->signals;

        if (s->count == b->allocated) {
                size_t allocated = MAX(b->allocated * 2, (size_t)8);
                struct signal *grown = reallocarray(s->signals, allocated, sizeof(*grown));

                if (!grown)
                        return NULL;
                s->signals = grown;
                b->allocated = allocated;
        }
        s->signals[s->count] = (struct signal){0};
        return &s->signals[s->count++];
}

/* An alert of the whole collection is raised by the first finding of its rule that is told. */
static bool raised_already(const struct building *b, const struct finding *f)
{
        enum rule_id rule = finding_types[f->kind].rule;

        if (f->query != FINDING_COLLECTION && !together(b, rule))
                return false;
        for (size_t i = 0; i < b->signals->count; i++)
                if (b->signals->signals[i].rule == rule &&
                        !labels_get(&b->signals->signals[i].labels, "query"))
                        return true;
        return false;
}

static bool raises(const struct building *b, const struct finding *f)
{
        enum rule_id rule = finding_types[f->kind].rule;

        return finding_told(f) && rule != RULE_COUNT && b->policy->rules[rule].enabled;
}

static int raise_alert(struct building *b, const struct finding *f)
{
        struct signal *s;
        int r;

        if (raised_already(b, f))
                return 0;
        s = signal_add(b);
        if (!s)
                return -ENOMEM;
        s->rule = finding_types[f->kind].rule;
        s->stale = f->seen < b->c->judged;
        r = set_labels(b, f, &s->labels);
        return r < 0 ? r : set_annotations(b, f, &s->annotations);
}

static int raise_all(struct building *b)
{
        const struct findings *f = b->c->findings;
        int r = 0;

        for (size_t i = 0; f && i < f->count; i++)
                b->counts[finding_types[f->findings[i].kind].rule % RULE_COUNT] +=
                        raises(b, &f->findings[i]) && f->findings[i].query != FINDING_COLLECTION;
        for (size_t i = 0; f && i < f->count && r >= 0; i++)
                if (raises(b, &f->findings[i]))
                        r = raise_alert(b, &f->findings[i]);
        return r;
}

int signals_build(const struct signal_policy *policy, const struct collection_view *collection,
        struct signals *ret)
{
        _cleanup_(signals_done) struct signals signals = {
                .server_down = !collection->up, .failed = collection->last_error};
        struct building b = {.policy = policy, .c = collection, .signals = &signals};
        int r;

        if (!collection->replayed)
                return -ENODATA;
        r = strdup_to(&signals.collection, collection->label);
        if (r >= 0)
                r = strdup_to(&signals.server, collection->server);
        if (r >= 0)
                r = dashboard_url(policy->external_url, collection->label, &b.dashboard_url);
        if (r >= 0)
                r = raise_all(&b);
        free(b.dashboard_url);
        if (r < 0)
                return r;
        *ret = signals;
        signals = (struct signals){0};
        return 0;
}

void signals_done(struct signals *s)
{
        for (size_t i = 0; i < s->count; i++)
                signal_done(&s->signals[i]);
        free(s->signals);
        free(s->collection);
        free(s->server);
        *s = (struct signals){0};
}
