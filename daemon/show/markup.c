/* SPDX-License-Identifier: Apache-2.0 */
#include "show/markup.h"

void markup_text(struct text *t, const char *s)
{
        text_append_html(t, s ? s : "");
}

void markup_excerpt(struct text *t, const char *s, size_t max)
{
        char buffer[MARKUP_EXCERPT_MAX + 1];
        size_t n = utf8_prefix(s, MIN(max, (size_t)MARKUP_EXCERPT_MAX));

        memcpy(buffer, s, n);
        buffer[n] = '\0';
        markup_text(t, buffer);
        if (s[n])
                text_append(t, "…");
}

void markup_parameter(struct text *t, const char *s)
{
        static const char plain[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";

        for (; *s; s++)
                if (strchr(plain, *s))
                        text_append_bytes(t, s, 1);
                else
                        text_appendf(t, "%%%02X", (unsigned char)*s);
}

/* "12s", "3m5s", "4h10m": as exact as a reader cares. */
static void append_span(struct text *t, usec_t span)
{
        char buffer[DURATION_TEXT_MAX];
        usec_t unit = span < USEC_PER_HOUR ? USEC_PER_SEC
                : span < USEC_PER_DAY      ? USEC_PER_MINUTE
                                           : USEC_PER_HOUR;

        markup_text(t, duration_format(buffer, sizeof(buffer), span / unit * unit));
}

/* A script keeps the words true; it knows by the class what is due. */
static void append_time(struct text *t, usec_t at, usec_t now, bool due)
{
        char buffer[TIME_TEXT_MAX];

        if (at == 0) {
                text_append(t, "–");
                return;
        }
        time_format(buffer, sizeof(buffer), at / USEC_PER_SEC * USEC_PER_SEC);
        text_appendf(t, "<time %sdatetime=\"%s\" title=\"%s\">", due ? "class=due " : "", buffer,
                buffer);
        if (at > now) {
                text_append(t, "in ");
                append_span(t, at - now);
        } else if (due) {
                text_append(t, "now");
        } else {
                append_span(t, now - at);
                text_append(t, " ago");
        }
        text_append(t, "</time>");
}

void markup_time(struct text *t, usec_t at, usec_t now)
{
        append_time(t, at, now, false);
}

void markup_due(struct text *t, usec_t at, usec_t now)
{
        append_time(t, at, now, true);
}

void markup_note(struct text *t, const char *tone, const char *lead, const char *s)
{
        text_appendf(t, "<p class=\"note %s\"><b>%s</b> ", tone, lead);
        markup_text(t, s);
        text_append(t, "</p>\n");
}

static void append_swatch(struct text *t, const struct markup_part *part)
{
        text_appendf(t,
                "<svg class=\"key %s\" viewBox=\"0 0 1 1\" aria-hidden=\"true\">"
                "<rect width=\"1\" height=\"1\" fill-opacity=\"%.2f\"/></svg>",
                part->tone, part->opacity);
}

void markup_bar(struct text *t, const char *title, const struct markup_part *parts, size_t count)
{
        size_t total = 0, before = 0;

        for (size_t i = 0; i < count; i++)
                total += parts[i].count;
        text_appendf(t,
                "<div><h3>%s</h3><svg class=\"bar\" viewBox=\"0 0 1000 1\" "
                "preserveAspectRatio=\"none\" aria-hidden=\"true\">",
                title);
        for (size_t i = 0; i < count; before += parts[i++].count)
                if (parts[i].count > 0)
                        text_appendf(t,
                                "<rect class=\"%s\" x=\"%zu\" width=\"%zu\" height=\"1\" "
                                "fill-opacity=\"%.2f\"/>",
                                parts[i].tone, before * 1000 / total,
                                (before + parts[i].count) * 1000 / total - before * 1000 / total,
                                parts[i].opacity);
        text_append(t, "</svg><ul>");
        for (size_t i = 0; i < count; i++) {
                text_append(t, "<li>");
                append_swatch(t, &parts[i]);
                text_appendf(t, "%zu ", parts[i].count);
                markup_text(t, parts[i].label);
                text_append(t, "</li>");
        }
        text_append(t, "</ul></div>\n");
}
