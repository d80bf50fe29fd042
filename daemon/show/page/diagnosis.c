/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/diagnosis.h"

#include <math.h>

#include "judge/attribution.h"
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
        if (!b)
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

void diagnosis_append_cause(struct text *text, const struct collection_view *c)
{
        const struct attribution *a = &c->attribution;
        _cleanup_text_ struct text t = {0};

        if (c->embedder.error)
                markup_note(
                        text, "unmeasured", "The embedder could not be asked.", c->embedder.error);
        if (c->health.error)
                markup_note(text, "unmeasured", "The index could not be probed.", c->health.error);
        if (a->cause == CAUSE_UNKNOWN || a->cause == CAUSE_NONE || c->last_error)
                return;
        text_appendf(&t, "%s. ", cause_name(a->cause));
        attribution_explain(a, c->fates, &t);
        if (text_failed(&t))
                text->failed = true;
        else
                markup_note(text, "drift", "Probable cause:", text_string(&t));
}

void diagnosis_append_shift(struct text *text, const struct query_drift *q)
{
        if (q->compared && !isnan(q->shift[LEVEL_TOP1]))
                text_appendf(text, "<small>%s</small>", words_shift(q->shift[LEVEL_TOP1]).s);
}
