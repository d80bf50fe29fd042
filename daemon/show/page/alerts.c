/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/alerts.h"

#include "show/markup.h"

/* Only what is surely a page: javascript: is a URL, too. */
static bool is_page(const char *url)
{
        return url && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0);
}

/* Our own page of it, where the alert has no other. */
static void append_runbook(const struct page *p, const struct alert *a)
{
        const char *url = labels_get(&a->annotations, "runbook_url");

        text_append(p->text, " <a rel=\"noreferrer\" href=\"");
        if (!is_page(url)) {
                text_append(p->text, "runbook/");
                url = labels_get(&a->labels, "alertname");
        }
        markup_text(p->text, url);
        text_append(p->text, "\">runbook</a>");
}

static void append_words(const struct page *p, const struct alert *a)
{
        const char *summary = labels_get(&a->annotations, "summary");

        text_append(p->text, "<th scope=\"row\"><b>");
        markup_text(p->text, labels_get(&a->labels, "alertname"));
        text_append(p->text, "</b>");
        for (size_t i = 0; i < a->labels.count; i++) {
                const struct label *l = &a->labels.labels[i];

                if (streq(l->name, "alertname") || streq(l->name, "severity"))
                        continue;
                text_append(p->text, " <span class=\"tag\">");
                markup_text(p->text, l->name);
                text_append(p->text, ": ");
                markup_text(p->text, l->value);
                text_append(p->text, "</span>");
        }
        text_append(p->text, "<p>");
        markup_excerpt(p->text, summary ? summary : "", MARKUP_EXCERPT_MAX);
        append_runbook(p, a);
        text_append(p->text, "</p></th>");
}

static void append_flapping(const struct page *p, const struct alert *a)
{
        if (a->flaps == 0)
                return;
        text_append(p->text, "<small>");
        alert_append_flapping(a, p->text);
        text_append(p->text, "</small>");
}

static void append_alert(const struct page *p, const struct alert *a)
{
        const char *state = alert_state_name(a->state);
        usec_t since = a->state == ALERT_RESOLVED ? a->resolved_at
                : a->state == ALERT_FIRING        ? a->fired_at
                                                  : a->active_at;
        const struct standing_alert *taken = standing_find_alert(p->view->standing, a->fingerprint);
        char name[24], key[24], class[40];

        (void)snprintf(name, sizeof(name), "%016llx", (unsigned long long)a->fingerprint);
        sheet_key('a', name, key);
        (void)snprintf(class, sizeof(class), "class=\"%s\"", state);
        sheet_open(p->sheet, "tr", key, class);
        append_words(p, a);
        text_append(p->text, "<td>");
        frame_badge(p, state, state);
        text_append(p->text, a->inhibited ? "<small>inhibited</small>" : "");
        if (taken) {
                text_append(p->text, "<small>taken by ");
                markup_text(p->text, taken->ack.by);
                text_append(p->text, "</small>");
        }
        append_flapping(p, a);
        text_append(p->text, "</td><td data-name=\"severity\">");
        markup_text(p->text, labels_get(&a->labels, "severity"));
        text_append(p->text, "</td><td class=\"n\" data-name=\"since\">");
        markup_time(p->text, since, p->now);
        text_append(p->text, "</td>");
        sheet_close(p->sheet, "tr");
}

void alerts_append(const struct page *p, const char *incident)
{
        size_t shown = 0, all = 0;

        text_append(p->text, "<section><h2>Alerts</h2>\n");
        frame_open_table(p, "alerts", "stack", "Alerts",
                "<th scope=\"col\">Alert</th><th scope=\"col\">State</th>"
                "<th scope=\"col\">Severity</th><th scope=\"col\">Since</th>");
        for (size_t i = 0; i < p->view->alert_count; i++) {
                const struct alert *a = &p->view->alerts[i];

                if (incident && !streq(labels_get(&a->labels, "incident"), incident))
                        continue;
                if (all++ >= PAGE_ALERTS_MAX)
                        continue;
                append_alert(p, a);
                shown++;
        }
        frame_close_table(p);
        sheet_open(p->sheet, "p", "alert-count", "class=\"muted\"");
        if (all == 0)
                text_append(p->text, "None is pending, firing or lately resolved.");
        if (shown < all)
                text_appendf(p->text,
                        "%zu more are not listed here. <a href=\"api/v1/alerts\">All as JSON</a>",
                        all - shown);
        sheet_close(p->sheet, "p");
        text_append(p->text, "</section>\n");
}
