/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/diagnosis.h"

#include <math.h>

#include "judge/incident.h"
#include "show/markup.h"
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

static void append_index(struct text *text, const struct index_health *h, usec_t now)
{
        if (h->at == 0 && !h->error)
                return;
        open_fact(text, "Index");
        if (h->unreachable >= 0)
                text_appendf(text, "%lld unreachable", (long long)h->unreachable);
        else
                text_append(text, h->capped ? "too large to probe" : "unknown");
        text_append(text, "<small>");
        if (!isnan(h->recall))
                text_appendf(text, "recall %.3f, ", h->recall);
        text_append(text, "probed ");
        markup_time(text, h->at, now);
        text_append(text, "</small>");
        close_fact(text);
}

static void append_embedder(struct text *text, const struct embedder_view *e)
{
        if (!e->name)
                return;
        open_fact(text, "Embedder");
        markup_excerpt(text, e->name, 60);
        if (e->error)
                text_append(text, "<small>not asked: see below</small>");
        else if (e->at > 0)
                text_appendf(
                        text, "<small>%zu of %zu vectors moved</small>", e->moved, e->compared);
        close_fact(text);
}

void diagnosis_append_facts(struct text *text, const struct collection_view *c, usec_t now)
{
        append_baseline(text, c, now);
        append_index(text, &c->health, now);
        append_embedder(text, &c->embedder);
}

/* Of a finding that could not be looked at this time, when it last was. */
static void append_finding(
        struct text *text, const struct collection_view *c, const struct finding *f, usec_t now)
{
        text_appendf(text, "<p class=\"note %s\">",
                f->effect == EFFECT_FAIL            ? "fail"
                        : f->effect == EFFECT_DRIFT ? "drift"
                                                    : "unmeasured");
        markup_excerpt(text, f->sentence, MARKUP_EXCERPT_MAX);
        if (f->waiting)
                text_append(text, " <b>An ingest is under way: nobody is told yet.</b>");
        if (f->seen < c->judged) {
                text_append(text, " <b>Last seen</b> ");
                markup_time(text, f->seen, now);
        }
        text_append(text, "</p>\n");
}

void diagnosis_append_incident(struct text *text, const struct collection_view *c, usec_t now)
{
        _cleanup_text_ struct text why = {0};

        for (size_t i = 0; c->findings && i < c->findings->count; i++)
                if (c->findings->findings[i].query == FINDING_COLLECTION)
                        append_finding(text, c, &c->findings->findings[i], now);
        if (c->embedder.unanswered > 0) {
                text_appendf(&why, "Embedder %s: query \"%s\": %s", c->embedder.name,
                        c->embedder.unanswered_query, c->embedder.unanswered_reason);
                markup_note(text, "unmeasured", "The embedder has no vector for some queries.",
                        text_string(&why));
                text_clear(&why);
        }
        if (c->health.error)
                markup_note(text, "unmeasured", "The index could not be probed.", c->health.error);
        if (c->incident_since == 0)
                return;
        incident_explain(c, &why);
        if (text_failed(&why))
                text->failed = true;
        else if (why.size > 0)
                markup_note(text, "drift", "Why:", text_string(&why));
}

void diagnosis_append_shift(struct text *text, const struct query_drift *q)
{
        if (q->compared && !isnan(q->shift[LEVEL_TOP1]))
                text_appendf(text, "<small>%s</small>", words_shift(q->shift[LEVEL_TOP1]).s);
}
