/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/replays.h"

#include "show/markup.h"

/* What became of it: it reached the server or not, and what it left unknown. */
static void append_outcome(const struct page *p, const struct collection_view *c)
{
        const char *reason = c->last_error ? c->last_error : c->note;

        text_append(p->text, "<td>");
        if (!c->replayed)
                frame_badge(p, "unmeasured", "not replayed yet");
        else
                frame_badge(p, c->last_error ? "fail" : "pass", c->last_error ? "failed" : "done");
        if (reason) {
                text_appendf(
                        p->text, "<p class=\"why %s\">", c->last_error ? "fail" : "unmeasured");
                markup_excerpt(p->text, reason, MARKUP_EXCERPT_MAX);
                text_append(p->text, "</p>");
        }
        text_append(p->text, "</td>");
}

static void append_failures(const struct page *p, const struct collection_view *c)
{
        const char *separator = "<small>";

        text_appendf(p->text, "<td class=\"n\" data-name=\"replays\">%llu</td>",
                (unsigned long long)c->replays);
        text_appendf(
                p->text, "<td data-name=\"failed\">%llu", (unsigned long long)c->failed_replays);
        for (size_t i = 0; i < REASONS_MAX && c->failures[i].reason; i++) {
                text_append(p->text, separator);
                text_appendf(p->text, "%s %llu", c->failures[i].reason,
                        (unsigned long long)c->failures[i].count);
                separator = ", ";
        }
        text_append(p->text, *separator == '<' ? "</td>" : "</small></td>");
}

static void append_row(const struct page *p, const struct collection_view *c)
{
        char key[24], buffer[DURATION_TEXT_MAX];

        sheet_key('r', c->label, key);
        sheet_open(p->sheet, "tr", key, "");
        text_append(p->text, "<th scope=\"row\">");
        frame_link_collection(p->text, c->label);
        text_append(p->text, "</th>");
        append_outcome(p, c);
        text_append(p->text, "<td data-name=\"last\">");
        markup_time(p->text, c->last_finished, p->now);
        if (c->replayed)
                text_appendf(p->text, "<small>took %s</small>",
                        duration_format(buffer, sizeof(buffer), c->last_duration));
        text_append(p->text, "</td><td data-name=\"next\">");
        markup_due(p->text, c->next_due, p->now);
        text_appendf(p->text, "<small>every %s</small></td>",
                duration_format(buffer, sizeof(buffer), c->interval_usec));
        append_failures(p, c);
        sheet_close(p->sheet, "tr");
}

static bool has_failed(const struct collection_view *c)
{
        return c->replayed && c->last_error;
}

unsigned replays_render(const struct page *p)
{
        size_t shown = 0;

        frame_open(p, "replays", "Replays");
        text_append(p->text, "<section><h1>Replays</h1>\n");
        frame_open_table(p, "replays", "stack",
                "The last replay of each collection, failed ones first",
                "<th scope=\"col\">Collection</th><th scope=\"col\">Outcome</th>"
                "<th scope=\"col\">Last</th><th scope=\"col\">Next</th>"
                "<th scope=\"col\">Replays</th><th scope=\"col\">Failed</th>");
        for (int failed = 1; failed >= 0; failed--)
                for (size_t i = 0; i < p->view->collection_count; i++)
                        if (has_failed(p->view->collections[i]) == failed &&
                                shown < PAGE_COLLECTIONS) {
                                append_row(p, p->view->collections[i]);
                                shown++;
                        }
        frame_close_table(p);
        frame_open_part(p, "beside");
        if (shown < p->view->collection_count)
                text_appendf(p->text,
                        "<p class=\"muted\">%zu more are not listed here. <a "
                        "href=\"api/v1/collections\">All as JSON</a></p>\n",
                        p->view->collection_count - shown);
        frame_close_part(p);
        text_append(p->text, "</section>\n");
        frame_close(p);
        return 200;
}
