/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/letter.h"

#include "text.h"

/* Rules of one class each: readers of mail drop what is cleverer. Colours are in the one place that
 * readers leave alone, and again for those who read in the dark. */
static const char style[] =
        "body{margin:0;padding:16px;background:#f6f7f9;color:#1b2430;"
        "font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Liberation Sans\",sans-serif}"
        ".card{max-width:640px;margin:0 auto;padding:20px 24px;background:#ffffff;"
        "border:1px solid #dfe3e8;border-top:6px solid #5b6776;border-radius:8px}"
        ".critical{border-top-color:#c4262e}.warning{border-top-color:#d98a00}"
        ".info{border-top-color:#3565b5}.over{border-top-color:#18794e}"
        "h1{font-size:19px;line-height:1.3;margin:0 0 4px;overflow-wrap:anywhere}"
        "h2{font-size:13px;margin:20px 0 4px;color:#5b6776}"
        "p{margin:0 0 4px;overflow-wrap:anywhere}ul{margin:0;padding-left:20px}"
        "li{margin:0 0 4px;overflow-wrap:anywhere}.quiet{color:#5b6776}"
        ".first{margin:20px 0 0;padding:12px 16px;background:#eef1f4;border-radius:6px}"
        ".links{margin:20px 0 0}a{color:#0b5cad}"
        "@media(prefers-color-scheme:dark){body{background:#10151c;color:#e4e9f0}"
        ".card{background:#18202a;border-color:#2b3644}.critical{border-top-color:#ff7b7f}"
        ".warning{border-top-color:#e2b13c}.info{border-top-color:#7aa7f0}"
        ".over{border-top-color:#4cc38a}h2,.quiet{color:#9aa7b6}.first{background:#212b37}"
        "a{color:#78b4ff}}";

static const char *class_of(const struct message *m)
{
        static const char *const classes[MESSAGE_TONES] = {[MESSAGE_CRITICAL] = "critical",
                [MESSAGE_WARNING] = "warning",
                [MESSAGE_INFO] = "info",
                [MESSAGE_OTHER] = "other",
                [MESSAGE_OVER] = "over"};

        return classes[message_tone(m)];
}

static void append_element(struct text *t, const char *begin, const char *s, const char *end)
{
        text_append(t, begin);
        text_append_html(t, s);
        text_append(t, end);
}

static void append_list(
        const char *title, char *const *lines, size_t count, size_t left, struct text *t)
{
        if (count == 0)
                return;
        append_element(t, "<h2>", title, "</h2>\n<ul>\n");
        for (size_t i = 0; i < count; i++)
                append_element(t, "<li>", lines[i], "</li>\n");
        if (left > 0)
                text_appendf(t, "<li class=\"quiet\">and %zu more</li>\n", left);
        text_append(t, "</ul>\n");
}

static void append_reason(const struct message *m, struct text *t)
{
        const char *separator = "<h2>Why</h2>\n<p>";

        for (const char *line = m->reason, *end; *line; line = end + (*end == '\n')) {
                _cleanup_text_ struct text one = {0};

                end = line + strcspn(line, "\n");
                text_append_bytes(&one, line, (size_t)(end - line));
                append_element(t, separator, text_string(&one), "");
                t->failed |= text_failed(&one);
                separator = "<br>\n";
        }
        text_append(t, "</p>\n");
}

static void append_links(const struct message *m, struct text *t)
{
        const char *separator = "<p class=\"links\">";

        for (enum message_link i = 0; i < MESSAGE_LINKS; i++) {
                if (!m->urls[i])
                        continue;
                text_append(t, separator);
                append_element(t, "<a href=\"", m->urls[i], "\">");
                text_appendf(t, "%s</a>", message_link_name(i));
                separator = " &nbsp; ";
        }
        if (*separator == ' ')
                text_append(t, "</p>\n");
}

static void append_head(const struct message *m, struct text *t)
{
        text_append(t,
                "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n");
        append_element(t, "<title>", m->title, "</title>\n<style>");
        text_appendf(t, "%s</style></head>\n<body><div class=\"card %s\">\n", style, class_of(m));
        append_element(t, "<h1>", m->title, "</h1>\n");
}

static void append_all(const struct message *m, size_t worst, bool reason, struct text *t)
{
        _cleanup_text_ struct text times = {0};

        message_append_times(m, &times);
        append_head(m, t);
        if (*m->note)
                append_element(t, "<p>", m->note, "</p>\n");
        append_element(t, "<p class=\"quiet\">", text_string(&times), "</p>\n");
        append_list("What", m->alerts, m->alert_count, m->alerts_left, t);
        append_list("The worst queries", m->worst, worst, 0, t);
        if (reason && *m->reason)
                append_reason(m, t);
        if (*m->advice)
                append_element(t, "<p class=\"first\"><b>First:</b> ", m->advice, "</p>\n");
        append_links(m, t);
        text_append(t, "</div></body></html>\n");
        t->failed |= text_failed(&times);
}

void letter_append(const struct message *m, size_t max, struct text *t)
{
        size_t worst = m->worst_count, before = t->size;
        bool reason = true;

        append_all(m, worst, reason, t);
        while (t->size - before > max && (worst > 0 || reason)) {
                if (worst > 0)
                        worst--;
                else
                        reason = false;
                t->data[t->size = before] = '\0';
                append_all(m, worst, reason, t);
        }
}
