/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/notifications.h"

#include <stdio.h>

#include "show/markup.h"
#include "show/page/alerts.h"

static void append_failures(const struct page *p, const struct channel_view *c)
{
        text_appendf(p->text, "<td class=\"n\" data-name=\"not delivered\">%llu",
                (unsigned long long)c->failed);
        for (size_t i = 0; i < REASONS_MAX && c->failures[i].reason; i++)
                text_appendf(p->text, "<small>%s %llu</small>", c->failures[i].reason,
                        (unsigned long long)c->failures[i].count);
        text_append(p->text, "</td>");
}

static void append_channel(const struct page *p, size_t i)
{
        const struct channel_view *c = &p->view->channels[i];
        char key[24];

        /* Two of a receiver may have the same address, as far as that may be shown. */
        (void)snprintf(key, sizeof(key), "n%zu", i);
        sheet_open(p->sheet, "tr", key, "");
        text_append(p->text, "<th scope=\"row\"><b>");
        markup_text(p->text, c->receiver);
        text_append(p->text, "</b> <span class=\"tag\">");
        markup_text(p->text, c->channel);
        text_append(p->text, "</span><p>");
        markup_text(p->text, c->address);
        text_append(p->text, "</p>");
        if (c->last_error) {
                text_append(p->text, "<p class=\"why fail\">");
                markup_excerpt(p->text, c->last_error, MARKUP_EXCERPT_MAX);
                text_append(p->text, "</p>");
        }
        if (c->lost_at > 0 && c->failing && !c->last_error)
                text_append(p->text,
                        "<p class=\"why fail\">Something was lost lately. "
                        "<a href=\"api/v1/notifications\">What</a></p>");
        text_append(p->text, "</th><td>");
        frame_badge(p, c->failing ? "fail" : "pass",
                c->disabled ? "switched off" : (c->failing ? "failing" : "ok"));
        text_appendf(p->text, "</td><td class=\"n\" data-name=\"notifications\">%llu</td>",
                (unsigned long long)c->notifications);
        append_failures(p, c);
        text_appendf(p->text, "<td class=\"n\" data-name=\"queued\">%zu</td>", c->queue_length);
        sheet_close(p->sheet, "tr");
}

static void append_channels(const struct page *p)
{
        text_append(p->text, "<section><h1>Notifications</h1>\n");
        if (p->view->channel_count == 0) {
                text_append(p->text,
                        "<p class=\"muted\">Nobody is notified: alerts are only shown here.</p>"
                        "</section>\n");
                return;
        }
        frame_open_table(p, "channels", "stack", "Delivery",
                "<th scope=\"col\">Receiver</th><th scope=\"col\">State</th>"
                "<th scope=\"col\">Notifications</th><th scope=\"col\">Not delivered</th>"
                "<th scope=\"col\">Queued</th>");
        for (size_t i = 0; i < p->view->channel_count; i++)
                append_channel(p, i);
        frame_close_table(p);
        text_append(p->text, "</section>\n");
}

static void append_loss(const struct page *p, const struct loss_view *l)
{
        text_append(p->text, "<li class=\"fail\">");
        markup_time(p->text, l->at, p->now);
        text_append(p->text, "<span>");
        markup_text(p->text, l->receiver);
        text_appendf(p->text, " was not told (%s, %s", l->channel, l->kind);
        if (l->incident) {
                text_append(p->text, ", incident ");
                frame_link_incident(p->text, l->incident, l->incident);
        }
        text_appendf(p->text, "): %s: ", l->reason);
        markup_excerpt(p->text, l->sentence ? l->sentence : "", MARKUP_EXCERPT_MAX);
        text_append(p->text, "</span></li>\n");
}

static void append_losses(const struct page *p)
{
        text_append(p->text, "<section><h2>Given up</h2>\n");
        sheet_open(p->sheet, "ol", "losses", "class=\"line-of-time\"");
        for (size_t i = 0; i < p->view->loss_count; i++)
                append_loss(p, &p->view->losses[i]);
        if (p->view->loss_count == 0)
                text_append(p->text, "<li class=\"muted\">No notification was given up.</li>");
        sheet_close(p->sheet, "ol");
        text_append(p->text, "</section>\n");
}

static void append_silence(const struct page *p, const struct standing_silence *s)
{
        _cleanup_text_ struct text matchers = {0};

        matchers_build(&s->matchers, &matchers);
        p->text->failed |= text_failed(&matchers);
        text_appendf(p->text, "<li><p><b>%s</b> ", s->state);
        markup_text(p->text, text_string(&matchers));
        text_append(p->text, "</p><p class=\"muted\">");
        markup_text(p->text, s->created_by);
        text_append(p->text, ": ");
        markup_excerpt(p->text, s->comment, MARKUP_EXCERPT_MAX);
        text_append(p->text, "; begins or began ");
        markup_time(p->text, s->starts_at, p->now);
        text_append(p->text, ", ends or ended ");
        markup_time(p->text, s->ends_at, p->now);
        text_append(p->text, "</p></li>\n");
}

static void append_silences(const struct page *p)
{
        size_t count = p->view->standing ? p->view->standing->silence_count : 0;

        text_append(p->text, "<section><h2>Silences</h2>\n");
        sheet_open(p->sheet, "ul", "silences", "class=\"cards\"");
        for (size_t i = 0; i < count; i++)
                append_silence(p, &p->view->standing->silences[i]);
        if (count == 0)
                text_append(p->text, "<li class=\"muted\">Nothing is silenced.</li>");
        sheet_close(p->sheet, "ul");
        text_append(p->text, "</section>\n");
}

unsigned notifications_render(const struct page *p)
{
        frame_open(p, "notifications", "Notifications");
        append_channels(p);
        append_losses(p);
        append_silences(p);
        alerts_append(p, NULL);
        frame_close(p);
        return 200;
}
