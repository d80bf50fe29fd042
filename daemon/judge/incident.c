/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/incident.h"

#include <errno.h>
#include <math.h>

#include "judge/attribution.h"
#include "judge/finding.h"
#include "text.h"

static bool is_open(const struct finding *f)
{
        return !f->waiting && !f->excused;
}

static bool has_open(const struct collection_view *c, enum finding_kind kind)
{
        const struct finding *f = findings_find(c->findings, kind, FINDING_COLLECTION);

        return f && is_open(f);
}

static void add_cause(enum cause *causes, size_t *count, enum cause cause)
{
        for (size_t i = 0; i < *count; i++)
                if (causes[i] == cause)
                        return;
        causes[(*count)++] = cause;
}

/* What a finding of the collection says of the cause, whatever the answers suffer from. */
static const struct {
        enum finding_kind kind;
        enum cause cause;
} causes_of_findings[] = {
        {FINDING_EMBEDDER_CHANGED, CAUSE_EMBEDDER},
        {FINDING_INDEX_INCOMPLETE, CAUSE_INDEX_LOSS},
};

static bool is_fault(enum cause cause)
{
        return cause != CAUSE_UNKNOWN && cause != CAUSE_NONE && cause != CAUSE_GROWTH;
}

size_t incident_causes(const struct collection_view *c, enum cause ret[CAUSE_COUNT])
{
        enum cause main = c->attribution.cause;
        size_t count = 0;

        if (is_fault(main))
                add_cause(ret, &count, main);
        for (enum cause k = CAUSE_NONE; c->fates && k < CAUSE_COUNT; k++)
                if (is_fault(k) && c->fates->cause_queries[k] > 0)
                        add_cause(ret, &count, k);
        for (size_t i = 0; i < ARRAY_SIZE(causes_of_findings); i++)
                if (has_open(c, causes_of_findings[i].kind))
                        add_cause(ret, &count, causes_of_findings[i].cause);
        if (count == 0 && main != CAUSE_UNKNOWN)
                add_cause(ret, &count, main);
        return count;
}

/* How far a finding of a query has gone. */
static double weight(const struct finding *f)
{
        double moved = f->kind == FINDING_DISTANT ? f->value : f->value - f->before;

        return isnan(moved) ? 0 : moved;
}

static bool is_worse(const struct finding *a, const struct finding *b)
{
        return a->kind != b->kind ? a->kind < b->kind : weight(a) > weight(b);
}

/* Keeps the worst findings, one a query, in order. */
static void keep_worst(const struct finding **worst, size_t *count, const struct finding *f)
{
        size_t place = *count;

        for (size_t i = 0; i < *count; i++)
                if (worst[i]->query == f->query)
                        return; /* an earlier kind, which is worse */
        while (place > 0 && is_worse(f, worst[place - 1]))
                place--;
        if (place == INCIDENT_WORST)
                return;
        *count = MIN(*count + 1, (size_t)INCIDENT_WORST);
        memmove(&worst[place + 1], &worst[place], (*count - place - 1) * sizeof(*worst));
        worst[place] = f;
}

size_t incident_worst(const struct collection_view *c, enum rule_id rule,
        const struct finding *ret[INCIDENT_WORST])
{
        size_t count = 0;

        for (size_t i = 0; c->findings && i < c->findings->count; i++) {
                const struct finding *f = &c->findings->findings[i];
                bool wanted = rule == RULE_COUNT
                        ? is_open(f)
                        : finding_types[f->kind].rule == rule && finding_told(f);

                if (wanted && f->query != FINDING_COLLECTION)
                        keep_worst(ret, &count, f);
        }
        return count;
}

static bool read_findings(const struct collection_view *c, struct incident *ret)
{
        const struct finding *worst[INCIDENT_WORST];

        for (size_t i = 0; c->findings && i < c->findings->count; i++) {
                const struct finding *f = &c->findings->findings[i];

                ret->findings += is_open(f);
                if (is_open(f))
                        ret->severity = MAX(ret->severity, finding_types[f->kind].severity);
        }
        ret->worst_count = incident_worst(c, RULE_COUNT, worst);
        for (size_t i = 0; i < ret->worst_count; i++)
                ret->worst[i] = worst[i]->query;
        for (size_t i = 0; i < c->query_set->count; i++) {
                enum outcome o = c->queries[i].judgement.outcome;

                ret->queries += !c->queries[i].excused && (o == OUTCOME_FAIL || o == OUTCOME_DRIFT);
        }
        return ret->findings > 0;
}

bool incident_of(const struct collection_view *c, struct incident *ret)
{
        *ret = (struct incident){.id = c->label, .since = c->incident_since};
        if (!read_findings(c, ret))
                return false;
        ret->cause_count = incident_causes(c, ret->causes);
        return true;
}

void incident_update(struct collection_view *c, usec_t before, usec_t now)
{
        struct incident i;

        c->incident_since = !incident_of(c, &i) ? 0 : before > 0 ? before : now;
}

static void append_count(struct text *t, size_t n, const char *what, const char **separator)
{
        if (n == 0)
                return;
        text_appendf(t, "%s%zu %s", *separator, n, what);
        *separator = ", ";
}

void incident_summarise(const struct collection_view *c, struct text *t)
{
        size_t outcomes[OUTCOME_COUNT] = {0}, known = 0, queries = c->query_set->count;
        const char *separator = "";

        for (size_t i = 0; i < queries; i++) {
                const struct query_view *q = &c->queries[i];

                if (q->excused && q->judgement.outcome != OUTCOME_PASS)
                        known++;
                else
                        outcomes[q->judgement.outcome]++;
        }
        text_appendf(t, "of %zu quer%s ", queries, queries == 1 ? "y" : "ies");
        append_count(t, outcomes[OUTCOME_FAIL], "fail", &separator);
        append_count(t, outcomes[OUTCOME_DRIFT], "drifted", &separator);
        append_count(t, outcomes[OUTCOME_UNMEASURED], "unmeasured", &separator);
        append_count(t, outcomes[OUTCOME_UNJUDGED], "unjudged", &separator);
        append_count(t, known, "known to fail", &separator);
        append_count(t, outcomes[OUTCOME_PASS], "pass", &separator);
}

void incident_reason(const struct collection_view *c, const char *separator, struct text *t)
{
        enum cause causes[CAUSE_COUNT];
        size_t count = incident_causes(c, causes);

        attribution_reason(&c->attribution, c->fates, causes, count, separator, t);
}

const char *incident_first_step(const struct collection_view *c)
{
        enum cause causes[CAUSE_COUNT];
        size_t count = incident_causes(c, causes);

        return attribution_first_step(&c->attribution, c->fates, causes, count);
}

void incident_explain(const struct collection_view *c, const char *separator, struct text *t)
{
        enum cause causes[CAUSE_COUNT];
        size_t count = incident_causes(c, causes);

        attribution_explain(&c->attribution, c->fates, causes, count, separator, t);
}

static int copy_worst(
        const struct collection_view *c, const struct incident *i, struct incident_view *ret)
{
        int r = 0;

        for (size_t k = 0; k < i->worst_count && r >= 0; k++) {
                r = strdup_to(&ret->worst[k], c->query_set->queries[i->worst[k]].id);
                ret->worst_count += r >= 0;
        }
        return r;
}

int incident_show(const struct collection_view *c, struct incident_view *ret)
{
        _cleanup_text_ struct text summary = {0}, explanation = {0};
        struct incident_view view = {0};
        struct incident i;
        int r;

        *ret = view;
        if (!incident_of(c, &i))
                return 0;
        view.since = i.since;
        view.severity = i.severity;
        view.findings = i.findings;
        view.queries = i.queries;
        memcpy(view.causes, i.causes, sizeof(view.causes));
        view.cause_count = i.cause_count;
        incident_summarise(c, &summary);
        incident_explain(c, " ", &explanation);
        view.summary = text_take(&summary, NULL);
        view.explanation = text_take(&explanation, NULL);
        r = view.summary && view.explanation ? strdup_to(&view.id, i.id) : -ENOMEM;
        if (r >= 0)
                r = strdup_to(&view.collection, c->label);
        if (r >= 0)
                r = copy_worst(c, &i, &view);
        if (r < 0) {
                incident_view_done(&view);
                return r;
        }
        *ret = view;
        return 0;
}
