/* SPDX-License-Identifier: Apache-2.0 */
#include "show/lead.h"

#include "judge/attribution.h"
#include "judge/incident.h"
#include "show/summary.h"
#include "show/words.h"

void lead_more(struct document *d, size_t shown, size_t count)
{
        if (shown < count)
                document_say(d, "%zu more are listed in the JSON.", count - shown);
}

/* Of the collection as a whole; those of queries stand with the queries. */
static void append_findings(struct document *d, const struct collection_view *c)
{
        for (size_t i = 0; c->findings && i < c->findings->count; i++) {
                const struct finding *f = &c->findings->findings[i];

                if (f->query == FINDING_COLLECTION)
                        document_note(d,
                                f->effect == EFFECT_FAIL            ? "fail"
                                        : f->effect == EFFECT_DRIFT ? "drift"
                                                                    : "unmeasured",
                                "Finding:", "%s", f->sentence);
        }
}

void lead_verdict(struct document *d, const struct collection_view *c, enum verdict verdict)
{
        struct summary s;

        summary_count(c, &s);
        document_heading(d, 2, "%s: %s", c->label, verdict_name(verdict));
        if (!c->replayed)
                document_note(d, "unmeasured", "Not measured.", "%s",
                        c->last_error ? c->last_error : "No replay has ended yet.");
        else
                document_note(d, verdict_name(verdict), "Last replay:",
                        "%zu of %zu canonical queries measured at %s: %zu pass, %zu drift, %zu "
                        "fail, %zu unmeasured, %zu unjudged.",
                        c->query_set->count - s.outcomes[OUTCOME_UNMEASURED], c->query_set->count,
                        words_time(c->last_finished).s, s.outcomes[OUTCOME_PASS],
                        s.outcomes[OUTCOME_DRIFT], s.outcomes[OUTCOME_FAIL],
                        s.outcomes[OUTCOME_UNMEASURED], s.outcomes[OUTCOME_UNJUDGED]);
        append_findings(d, c);
        if (c->note)
                document_note(d, "unmeasured", "Left unknown:", "%s", c->note);
}

/* What was found although nobody need be told of it. */
static void append_attribution(struct document *d, const struct collection_view *c)
{
        const struct attribution *a = &c->attribution;
        _cleanup_text_ struct text t = {0}, records = {0};

        attribution_describe(a, &t);
        d->text->failed |= text_failed(&t);
        document_say(d, "%s. %s", cause_name(a->cause), cause_meaning(a->cause));
        if (t.size > 0)
                document_say(d, "Evidence: %s.", text_string(&t));
        fates_describe(c->fates, " ", &records);
        d->text->failed |= text_failed(&records);
        if (records.size > 0)
                document_say(d, "Records %s.", text_string(&records));
        if (c->incident_since == 0)
                document_say(d, "What to do: %s", attribution_advise(a, c->fates));
}

static void append_items(struct document *d, const char *lines)
{
        while (*lines) {
                size_t n = strcspn(lines, "\n");

                if (n > 0)
                        document_item(d, "%.*s", (int)n, lines);
                lines += n + (lines[n] == '\n');
        }
}

/* What people are told, with an item for each cause. */
static void append_incident(struct document *d, const struct collection_view *c, const char *why)
{
        const char *step = incident_first_step(c);

        append_items(d, why);
        if (step)
                document_note(d, "drift", "What to do:", "%s", step);
}

void lead_causes(struct document *d, const struct collection_view *c)
{
        _cleanup_text_ struct text why = {0};
        enum cause causes[CAUSE_COUNT];

        document_heading(d, 3, "Probable cause, and what to do");
        if (incident_causes(c, causes) == 0) {
                document_say(d, "Unknown: %s.",
                        c->baseline ? "the evidence could not be had"
                                    : "there is no baseline to compare with");
                return;
        }
        if (c->incident_since > 0)
                incident_reason(c, "\n", &why);
        d->text->failed |= text_failed(&why);
        if (why.size > 0)
                append_incident(d, c, text_string(&why));
        else
                append_attribution(d, c);
        if (c->attributed > 0)
                document_say(d, "Looked into at %s.", words_time(c->attributed).s);
}

void lead_failing(struct document *d, const struct collection_view *c)
{
        static const struct document_column columns[] = {
                {"Query", false}, {"Outcome", false}, {"Why", false}};
        _cleanup_free_ size_t *order = summary_worst_first(c);
        size_t count = c->query_set->count, bad = 0, shown;
        struct summary s;

        if (!order) {
                d->text->failed = true;
                return;
        }
        summary_count(c, &s);
        bad = count - s.outcomes[OUTCOME_PASS];
        if (bad == 0)
                return;
        shown = MIN(bad, (size_t)LEAD_LIST_MAX);
        document_heading(d, 3, "Queries that did not pass");
        document_begin_table(d, "The worst first", columns, ARRAY_SIZE(columns));
        for (size_t k = 0; k < shown; k++) {
                const struct judgement *v = &c->queries[order[k]].judgement;
                _cleanup_text_ struct text remark = {0};

                summary_remark(c, order[k], &remark);
                document_cell(d, "%s", c->query_set->queries[order[k]].id);
                document_cell(d, "%s", outcome_name(v->outcome));
                document_cell(d, "%s", text_string(&remark));
                d->text->failed |= text_failed(&remark);
        }
        document_end_table(d);
        lead_more(d, shown, bad);
}
