/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/timeline.h"

#include "show/markup.h"
#include "show/words.h"

static void append_end(const struct page *p, const struct episode *e, const char *goes_on)
{
        if (e->until == 0)
                text_append(p->text, goes_on);
        else
                text_appendf(p->text, "; over after %s", words_age(e->at, e->until).s);
}

static void append_ingest(const struct page *p, const struct episode *e)
{
        text_append(p->text, "Ingest: ");
        if (e->before != e->after)
                text_appendf(p->text, "%s records became %s", words_count(e->before).s,
                        words_count(e->after).s);
        else
                text_appendf(
                        p->text, "records were written, %s are there", words_count(e->after).s);
        if (e->until > e->at)
                text_appendf(p->text, ", for %s", words_age(e->at, e->until).s);
}

static void append_approval(
        const struct page *p, const struct collection_view *c, const struct episode *e)
{
        const struct baseline *b = c->baseline;

        text_appendf(p->text, "Baseline %lld was approved", (long long)e->after);
        if (!b || b->number != (uint64_t)e->after)
                return;
        text_append(p->text, " by ");
        markup_excerpt(p->text, b->approved_by ? b->approved_by : "nobody", 60);
        text_append(p->text, b->reason && *b->reason ? ": " : "");
        markup_excerpt(p->text, b->reason ? b->reason : "", MARKUP_EXCERPT_MAX);
}

static void append_words(
        const struct page *p, const struct collection_view *c, const struct episode *e)
{
        switch (e->kind) {
        case EPISODE_REPLACED:
                text_append(p->text, "The collection was replaced by one with another id");
                break;
        case EPISODE_CHANGED:
                text_append(p->text, "Answers changed although nothing was ingested");
                break;
        case EPISODE_INGEST:
                append_ingest(p, e);
                break;
        case EPISODE_APPROVED:
                append_approval(p, c, e);
                break;
        case EPISODE_INCIDENT:
                frame_link_incident(p->text, c->label, "An incident began");
                append_end(p, e, "; it is open");
                break;
        case EPISODE_DOWN:
                text_append(p->text, "Replays failed");
                append_end(p, e, ", and still do");
                break;
        case EPISODE_KIND_COUNT:
                break;
        }
}

void timeline_append(const struct page *p, const struct collection_view *c)
{
        text_append(p->text, "<section><h2>Time line</h2>\n");
        sheet_open(p->sheet, "ol", "timeline", "class=\"line-of-time\"");
        for (size_t i = c->episodes.count; i-- > 0;) {
                const struct episode *e = &c->episodes.episodes[i];

                text_appendf(p->text, "<li class=\"%s\">", episode_name(e->kind));
                markup_time(p->text, e->at, p->now);
                text_append(p->text, "<span>");
                append_words(p, c, e);
                text_append(p->text, "</span></li>\n");
        }
        if (c->episodes.count == 0)
                text_append(p->text,
                        "<li class=\"muted\">Nothing was seen since the daemon started.</li>");
        sheet_close(p->sheet, "ol");
        text_append(p->text, "</section>\n");
}
