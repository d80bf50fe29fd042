/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/collection.h"

#include "show/markup.h"
#include "show/page/diagnosis.h"
#include "show/page/listing.h"
#include "show/page/timeline.h"
#include "show/summary.h"

void collection_append_title(const struct page *p, const struct collection_view *c)
{
        const char *verdict = verdict_name(c->verdict);

        frame_open_part(p, "title");
        text_append(p->text, "<div class=\"title\"><h1>");
        markup_text(p->text, c->label);
        text_append(p->text, "</h1>");
        frame_badge(p, verdict, verdict);
        if (!c->replayed || !c->up)
                frame_badge(p, c->replayed ? "down" : "unmeasured",
                        c->replayed ? "down" : "not replayed yet");
        if (!streq(c->label, c->name)) {
                text_append(p->text, "<span class=\"muted\">collection ");
                markup_text(p->text, c->name);
                text_append(p->text, "</span>");
        }
        text_append(p->text, "</div>");
        frame_close_part(p);
}

static void append_replays(const struct page *p, const struct collection_view *c)
{
        char buffer[DURATION_TEXT_MAX];

        frame_open_fact(p, "Last replay");
        markup_time(p->text, c->last_finished, p->now);
        if (c->replayed)
                text_appendf(p->text, "<small>took %s</small>",
                        duration_format(buffer, sizeof(buffer), c->last_duration));
        frame_close_fact(p);
        frame_open_fact(p, "Next replay");
        markup_due(p->text, c->next_due, p->now);
        text_appendf(p->text, "<small>every %s</small>",
                duration_format(buffer, sizeof(buffer), c->interval_usec));
        frame_close_fact(p);
        frame_open_fact(p, "Replays");
        text_appendf(p->text, "%llu<small>%llu failed</small>", (unsigned long long)c->replays,
                (unsigned long long)c->failed_replays);
        frame_close_fact(p);
        frame_open_fact(p, "Last success");
        markup_time(p->text, c->last_success, p->now);
        frame_close_fact(p);
}

/* The last number that is known, and when it was. */
static void append_records(const struct page *p, const struct collection_view *c)
{
        frame_open_fact(p, "Records");
        if (c->epoch.records >= 0)
                text_appendf(p->text, "%lld", (long long)c->epoch.records);
        else
                text_append(p->text, "–");
        if (c->epoch.records >= 0 && c->last_error) {
                text_append(p->text, "<small>");
                markup_time(p->text, c->last_success, p->now);
                text_append(p->text, "</small>");
        }
        frame_close_fact(p);
}

static void append_facts(const struct page *p, const struct collection_view *c)
{
        text_append(p->text, "<section><h2>Facts</h2>\n");
        sheet_open(p->sheet, "dl", "facts", "class=\"facts\"");
        frame_open_fact(p, "Server");
        markup_text(p->text, c->server);
        text_append(p->text, "<small>");
        markup_text(p->text, c->url);
        text_append(p->text, "</small>");
        frame_close_fact(p);
        append_records(p, c);
        frame_open_fact(p, "Space");
        markup_text(p->text, c->epoch.space ? c->epoch.space : "–");
        if (c->epoch.dimension > 0)
                text_appendf(p->text, "<small>%u dimensions</small>", c->epoch.dimension);
        frame_close_fact(p);
        append_replays(p, c);
        diagnosis_append_facts(p->text, c, p->now);
        sheet_close(p->sheet, "dl");
        text_append(p->text, "</section>\n");
}

static void append_bars(const struct page *p, const struct collection_view *c)
{
        static const enum outcome order[] = {
                OUTCOME_PASS, OUTCOME_DRIFT, OUTCOME_FAIL, OUTCOME_UNMEASURED, OUTCOME_UNJUDGED};
        struct markup_part outcomes[OUTCOME_COUNT], bands[BANDS_MAX];
        size_t band_count = MIN(c->bands.count, (size_t)BANDS_MAX);
        struct summary s;

        summary_count(c, &s);
        for (size_t i = 0; i < OUTCOME_COUNT; i++)
                outcomes[i] = (struct markup_part){
                        outcome_name(order[i]), outcome_name(order[i]), s.outcomes[order[i]], 1};
        for (size_t i = 0; i < band_count; i++)
                bands[i] = (struct markup_part){c->bands.bands[i].name, "band", s.bands[i],
                        1 - 0.8 * (double)i / (double)MAX(band_count - 1, (size_t)1)};
        text_append(p->text, "<section><h2>How the queries are</h2>\n");
        sheet_open(p->sheet, "div", "bars", "class=\"bars\"");
        markup_bar(p->text, "Outcomes", outcomes, OUTCOME_COUNT);
        markup_bar(p->text, "Distance bands, nearest first", bands, band_count);
        sheet_close(p->sheet, "div");
        text_append(p->text, "</section>\n");
}

unsigned collection_render(const struct page *p, const struct collection_view *c)
{
        frame_open(p, c->label, NULL);
        collection_append_title(p, c);
        frame_open_part(p, "diagnosis");
        diagnosis_append_incident(p->text, c, standing_find(p->view->standing, c->label), p->now);
        frame_close_part(p);
        append_bars(p, c);
        append_facts(p, c);
        listing_append(p, c);
        timeline_append(p, c);
        frame_close(p);
        return 200;
}
