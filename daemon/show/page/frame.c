/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/frame.h"

#include "revision.h"
#include "show/asset.h"
#include "show/markup.h"
#include "version.h"

static void append_head(const struct page *p, const char *title)
{
        struct text *name = &p->sheet->title;

        p->sheet->verdict = verdict_name(view_verdict(p->view));
        text_appendf(name, "driftwatch: %s", p->sheet->verdict);
        if (title) {
                text_append(name, " · ");
                text_append(name, title);
        }
        p->text->failed |= text_failed(name);
        text_append(p->text,
                "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
        markup_text(p->text, text_string(name));
        /* Who has no script sees what was, and for how long that may be. */
        text_appendf(p->text,
                "</title>\n<link rel=\"icon\" href=\"data:,\">\n"
                "<link rel=\"stylesheet\" href=\"%s\">\n<script src=\"%s\" defer></script>\n"
                "<noscript><meta http-equiv=\"refresh\" content=\"60\"></noscript>\n</head>\n",
                assets[ASSET_STYLE].path, assets[ASSET_SCRIPT].path);
}

/* Every document says how everything is; the home page also says why. */
static void append_overall(const struct page *p)
{
        sheet_open(p->sheet, "p", "overall", "class=\"muted\"");
        text_append(p->text, "Overall ");
        frame_badge(p, p->sheet->verdict, p->sheet->verdict);
        sheet_close(p->sheet, "p");
}

static void append_navigation(const struct page *p, const char *here)
{
        static const char *const entries[][2] = {{"./", "Overview"}, {"?show=replays", "Replays"},
                {"?show=notifications", "Notifications"}, {"runbook/", "Runbook"}};

        text_append(p->text,
                "<header>\n<a class=\"sr skip\" href=\"#main\">Skip to the content</a>\n"
                "<div class=\"top\"><b>driftwatch</b><nav aria-label=\"Pages\"><ul>");
        for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
                text_appendf(p->text, "<li><a href=\"%s\"%s>%s</a></li>", entries[i][0],
                        streq(here, entries[i][1]) ? " aria-current=\"page\"" : "", entries[i][1]);
        text_append(p->text, "</ul></nav>");
        append_overall(p);
        text_append(p->text, "<p class=\"muted\">");
        if (p->view->external_url) {
                markup_text(p->text, p->view->external_url);
                text_append(p->text, " · ");
        }
        text_append(p->text, "started ");
        markup_time(p->text, p->view->started, p->now);
        text_append(p->text,
                "</p></div>\n<p id=\"said\" class=\"sr\" role=\"status\"></p>\n"
                "<p id=\"lost\" class=\"note unmeasured\" role=\"alert\" hidden><b>The page is not "
                "up to date: driftwatch does not answer.</b> <span></span></p>\n</header>\n");
}

void frame_open(const struct page *p, const char *title, const char *here)
{
        append_head(p, title);
        text_append(p->text, "<body data-version=\"");
        p->sheet->version_at = p->text->size;
        text_appendf(p->text, "%0*d\" data-verdict=\"%s\">\n", SHEET_VERSION_LENGTH, 0,
                p->sheet->verdict);
        append_navigation(p, here);
        text_append(p->text, "<main id=\"main\">\n");
}

void frame_close(const struct page *p)
{
        static const char *const links[][2] = {
                {"metrics", "Metrics"},
                {"api/v1/status", "Status"},
                {"api/v1/collections", "Collections"},
                {"api/v1/incidents", "Incidents"},
                {"api/v1/alerts", "Alerts"},
        };

        text_append(p->text, "</main>\n<footer>");
        for (size_t i = 0; i < ARRAY_SIZE(links); i++)
                text_appendf(p->text, "<a href=\"%s\">%s</a>", links[i][0], links[i][1]);
        text_append(p->text,
                "<span>driftwatch " DRIFTWATCH_VERSION " (" DRIFTWATCH_REVISION ")</span>");
        if (p->view->config_path) {
                text_append(p->text, "<span>");
                markup_text(p->text, p->view->config_path);
                text_append(p->text, ", loaded ");
                markup_time(p->text, p->view->reload_success_at, p->now);
                text_append(p->text, "</span>");
        }
        text_append(p->text, "</footer>\n</body>\n</html>\n");
        sheet_finish(p->sheet);
}

void frame_open_part(const struct page *p, const char *key)
{
        sheet_open(p->sheet, "div", key, "");
}

void frame_close_part(const struct page *p)
{
        sheet_close(p->sheet, "div");
}

void frame_open_fact(const struct page *p, const char *term)
{
        text_appendf(p->text, "<div><dt>%s</dt><dd>", term);
}

void frame_close_fact(const struct page *p)
{
        text_append(p->text, "</dd></div>");
}

void frame_open_table(const struct page *p, const char *key, const char *class, const char *label,
        const char *head)
{
        text_append(p->text, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
        markup_text(p->text, label);
        text_appendf(p->text, "\"><table class=\"%s\"><caption class=\"sr\">", class);
        markup_text(p->text, label);
        text_appendf(p->text, "</caption><thead><tr>%s</tr></thead>\n", head);
        sheet_open_list(p->sheet, "tbody", key, "");
}

void frame_close_table(const struct page *p)
{
        sheet_close_list(p->sheet, "tbody");
        text_append(p->text, "</table></div>\n");
}

void frame_link_collection(struct text *t, const char *label)
{
        text_append(t, "<a href=\"?collection=");
        markup_parameter(t, label);
        text_append(t, "\">");
        markup_text(t, label);
        text_append(t, "</a>");
}

void frame_link_query(struct text *t, const char *label, const char *id)
{
        text_append(t, "<a href=\"?collection=");
        markup_parameter(t, label);
        text_append(t, "&amp;query=");
        markup_parameter(t, id);
        text_append(t, "\">");
        markup_text(t, id);
        text_append(t, "</a>");
}

void frame_link_incident(struct text *t, const char *id, const char *words)
{
        text_append(t, "<a href=\"?incident=");
        markup_parameter(t, id);
        text_append(t, "\">");
        markup_text(t, words);
        text_append(t, "</a>");
}

void frame_badge(const struct page *p, const char *tone, const char *word)
{
        text_appendf(p->text, "<span class=\"badge %s\">%s</span>", tone, word);
}

void frame_cause(const struct page *p, enum cause cause)
{
        const char *name = cause_name(cause);

        if (!name || cause == CAUSE_NONE)
                text_append(p->text, name ? name : "unknown");
        else
                text_appendf(p->text, "<a href=\"runbook/%s\">%s</a>", name, name);
}

void frame_causes(const struct page *p, const enum cause *causes, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                text_append(p->text, i > 0 ? ", " : "");
                frame_cause(p, causes[i]);
        }
}

void frame_back(const struct page *p)
{
        const struct page_query *q = p->query;
        const char *const parameters[][2] = {{"collection", q->collection}, {"query", q->query},
                {"incident", q->incident}, {"show", q->show}};
        const char *lead = "?";

        text_append(p->text, "<input type=\"hidden\" name=\"back\" value=\"");
        for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
                if (!parameters[i][1])
                        continue;
                text_appendf(p->text, "%s%s=", lead, parameters[i][0]);
                markup_parameter(p->text, parameters[i][1]);
                lead = "&amp;";
        }
        text_append(p->text, "\">");
}

void frame_missing(const struct page *p, const char *what, const char *name)
{
        frame_open(p, "not found", NULL);
        text_appendf(p->text, "<section><h1>There is no such %s</h1><p>Nothing here is called <b>",
                what);
        markup_text(p->text, name);
        text_append(p->text, "</b>. <a href=\"./\">Back to the overview</a></p></section>\n");
        frame_close(p);
}

void frame_tags(const struct page *p, const struct query *q, size_t most, size_t max)
{
        for (size_t i = 0; i < MIN(q->tag_count, most); i++) {
                text_append(p->text, " <span class=\"tag\">");
                markup_excerpt(p->text, q->tags[i].key, max);
                text_append(p->text, ": ");
                markup_excerpt(p->text, q->tags[i].value, max);
                text_append(p->text, "</span>");
        }
}

void frame_since(const struct page *p, const struct incident_view *i)
{
        text_append(p->text, "began ");
        markup_time(p->text, i->since, p->now);
        if (i->resolved_at > 0) {
                text_append(p->text, ", resolved ");
                markup_time(p->text, i->resolved_at, p->now);
        }
}
