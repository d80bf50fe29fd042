/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/diagnosis.h"

#include <math.h>

#include "judge/incident.h"
#include "judge/reachability.h"
#include "judge/verdict.h"
#include "show/markup.h"
#include "show/page/frame.h"
#include "show/standing.h"
#include "show/summary.h"
#include "show/words.h"

static void open_fact(struct text *text, const char *name)
{
        text_appendf(text, "<div><dt>%s</dt><dd>", name);
}

static void close_fact(struct text *text)
{
        text_append(text, "</dd></div>");
}

static void append_baseline(struct text *text, const struct collection_view *c, usec_t now)
{
        const struct baseline *b = c->baseline;

        open_fact(text, "Baseline");
        if (b) {
                text_appendf(text, "%u<small>approved ", b->number);
                markup_time(text, b->approved, now);
                text_append(text, " by ");
                markup_excerpt(text, b->approved_by ? b->approved_by : "nobody", 60);
                text_append(text, "</small>");
        } else
                text_append(text, "none<small>nothing is compared</small>");
        close_fact(text);
        if (!b || c->last_error)
                return;
        open_fact(text, "Shift");
        text_append(text, words_shift(c->drift.set_shift).s);
        text_appendf(
                text, "<small>%zu up, %zu down</small>", c->drift.moved_up, c->drift.moved_down);
        close_fact(text);
}

/* While nothing can be asked, what a probe found is not said of now. */
static void append_index(struct text *text, const struct collection_view *c, usec_t now)
{
        const struct index_health *h = &c->health;
        bool current = !c->last_error && h->unreachable >= 0;
        struct interval share = reachability_unreachable(h);

        if (h->at == 0 && !h->error)
                return;
        open_fact(text, "Index");
        if (current)
                text_appendf(text, "%s%lld unreachable", h->sample.looked > 0 ? "about " : "",
                        (long long)h->unreachable);
        else
                text_append(text, h->capped ? "too large to probe" : "unknown");
        text_append(text, "<small>");
        if (!current && h->unreachable >= 0)
                text_appendf(text, "%lld unreachable, ", (long long)h->unreachable);
        if (current && h->sample.looked > 0)
                text_appendf(text, "%.1f to %.1f %% of all, ", 100 * share.low, 100 * share.high);
        if (!isnan(h->recall))
                text_appendf(text, "recall %.3f, ", h->recall);
        text_append(text, "probed ");
        markup_time(text, h->at, now);
        text_append(text, "</small>");
        close_fact(text);
}

static void append_embedder(struct text *text, const struct embedder_view *e, usec_t now)
{
        if (!e->name)
                return;
        open_fact(text, "Embedder");
        markup_excerpt(text, e->name, 60);
        if (e->error)
                text_append(text, "<small>not asked: see below</small>");
        else if (e->at > 0) {
                text_appendf(
                        text, "<small>%zu of %zu vectors moved, asked ", e->moved, e->compared);
                markup_time(text, e->at, now);
                text_append(text, "</small>");
        }
        close_fact(text);
}

void diagnosis_append_facts(struct text *text, const struct collection_view *c, usec_t now)
{
        append_baseline(text, c, now);
        append_index(text, c, now);
        append_embedder(text, &c->embedder, now);
}

static void append_finding(
        struct text *text, const struct collection_view *c, const struct finding *f, usec_t now)
{
        text_append(text, "<li>");
        if (f->query != FINDING_COLLECTION) {
                frame_link_query(text, c->label, c->query_set->queries[f->query].id);
                text_append(text, " ");
        }
        markup_excerpt(text, f->sentence, MARKUP_EXCERPT_MAX);
        if (f->waiting)
                text_append(text, " <b>An ingest is under way: nobody is told yet.</b>");
        if (f->seen < c->judged) {
                text_append(text, " <b>Last seen</b> ");
                markup_time(text, f->seen, now);
        }
        text_append(text, "</li>");
}

/* Those that speak for themselves, or the consequences of these. */
static void append_findings(
        struct text *text, const struct collection_view *c, bool consequences, usec_t now)
{
        size_t n = 0;

        for (size_t i = 0; c->findings && i < c->findings->count; i++) {
                const struct finding *f = &c->findings->findings[i];

                if (f->query != FINDING_COLLECTION || (f->explained != SIZE_MAX) != consequences)
                        continue;
                if (n++ == 0)
                        text_append(text, consequences ? "<p><b>Consequences</b></p><ul>" : "<ul>");
                append_finding(text, c, f, now);
        }
        if (n > 0)
                text_append(text, "</ul>");
}

static void append_worst(struct text *text, const struct collection_view *c, usec_t now)
{
        const struct finding *worst[INCIDENT_WORST];
        size_t count = incident_worst(c, RULE_COUNT, worst);

        if (count == 0)
                return;
        text_append(text, "<p><b>Worst queries</b></p><ul>");
        for (size_t i = 0; i < count; i++)
                append_finding(text, c, worst[i], now);
        text_append(text, "</ul>");
}

/* In whole sentences, so that they are read as they are told elsewhere. */
static void append_why(struct text *text, const struct collection_view *c)
{
        _cleanup_text_ struct text why = {0};

        incident_explain(c, "\n", &why);
        if (why.size > 0) {
                text_append(text, "<p>");
                markup_text(text, text_string(&why));
                text_append(text, "</p>");
        }
        text->failed |= text_failed(&why);
}

static void append_head(struct text *text, const struct collection_view *c, usec_t now)
{
        _cleanup_text_ struct text summary = {0};

        text_append(text, "<h2>");
        if (c->incident_since > 0) {
                incident_summarise(c, &summary);
                text_append(text, "Incident: ");
                frame_link_incident(text, c->label, text_string(&summary));
                text_append(text, "<small>began ");
                markup_time(text, c->incident_since, now);
                text_append(text, "</small>");
        } else
                text_append(text, "What is known");
        text_append(text, "</h2>");
        text->failed |= text_failed(&summary);
}

/* Nothing is wrong with it, but nobody can say that it is good either. */
static void append_unjudged(struct text *text, const struct collection_view *c)
{
        size_t n = 0;

        for (size_t i = 0; i < c->query_set->count; i++)
                n += c->queries[i].judgement.outcome == OUTCOME_UNJUDGED;
        if (n > 0)
                text_appendf(text,
                        "<p class=\"note unjudged\"><b>%zu quer%s unjudged.</b> Neither an expectation "
                        "nor an approved baseline says what is good: write what they expect, or record "
                        "a baseline with driftwatch baseline propose.</p>\n",
                        n, n == 1 ? "y is" : "ies are");
}

/* Who marked them as known to fail wants to know. */
static void append_passing_again(struct text *text, const struct collection_view *c)
{
        size_t n = 0;

        for (size_t i = 0; i < c->query_set->count; i++) {
                if (!c->queries[i].excused || c->queries[i].judgement.outcome != OUTCOME_PASS)
                        continue;
                if (n++ == INCIDENT_WORST)
                        break;
                text_append(text,
                        n == 1 ? "<p class=\"note pass\"><b>Known to fail, but passes:</b> "
                               : ", ");
                frame_link_query(text, c->label, c->query_set->queries[i].id);
        }
        if (n > 0)
                text_append(text, n > INCIDENT_WORST ? ", …</p>\n" : "</p>\n");
}

static bool speaks(const struct collection_view *c)
{
        for (size_t i = 0; c->findings && i < c->findings->count; i++)
                if (c->findings->findings[i].query == FINDING_COLLECTION)
                        return true;
        return c->incident_since > 0;
}

void diagnosis_append_standing(
        struct text *text, const struct escalation_status *status, usec_t now)
{
        _cleanup_text_ struct text sentence = {0};

        if (!status)
                return;
        standing_describe(status, now, &sentence);
        text_append(text, "<p><b>People:</b> ");
        markup_text(text, text_string(&sentence));
        text_append(text, "</p>");
        text->failed |= text_failed(&sentence);
}

static void append_waiting(struct text *text, const struct collection_view *c)
{
        _cleanup_text_ struct text waiting = {0};

        summary_waiting(c, &waiting);
        if (waiting.size > 0)
                markup_note(text, "drift", "Not told yet:", text_string(&waiting));
        text->failed |= text_failed(&waiting);
}

void diagnosis_append_incident(struct text *text, const struct collection_view *c,
        const struct escalation_status *status, usec_t now)
{
        if (speaks(c)) {
                text_appendf(text, "<div class=\"note incident %s\">",
                        c->verdict == VERDICT_PASS ? "unmeasured" : verdict_name(c->verdict));
                append_head(text, c, now);
                diagnosis_append_standing(text, c->incident_since > 0 ? status : NULL, now);
                append_findings(text, c, false, now);
                if (c->incident_since > 0) {
                        append_why(text, c);
                        append_worst(text, c, now);
                }
                append_findings(text, c, true, now);
                text_append(text, "</div>\n");
        }
        append_waiting(text, c);
        append_unjudged(text, c);
        if (verdict_void(c))
                markup_note(text, "unjudged", "Nothing here is judged.", verdict_void(c));
        append_passing_again(text, c);
        if (c->note)
                markup_note(text, "unmeasured", "The last replay left something unknown.", c->note);
        if (c->health.error)
                markup_note(text, "unmeasured", "The index could not be probed.", c->health.error);
}

void diagnosis_append_shift(struct text *text, const struct query_view *q)
{
        bool known = q->drift.compared && !isnan(q->judgement.distance) &&
                !isnan(q->drift.shift[LEVEL_TOP1]);

        text_append(text, known ? words_shift(q->drift.shift[LEVEL_TOP1]).s : "–");
}
