/* SPDX-License-Identifier: Apache-2.0 */
#include "show/gate/escape.h"

#include "http.h"

void escape_plain(struct text *text, const char *s, size_t max)
{
        _cleanup_free_ char *line = http_body_excerpt(s, strlen(s), max);

        text_append(text, line ? line : "?");
}

void escape_markdown(struct text *text, const char *s, size_t max)
{
        _cleanup_free_ char *line = http_body_excerpt(s, strlen(s), max);

        for (const char *p = line ? line : "?"; *p; p++) {
                if (strchr("<>&@:#", *p))
                        text_appendf(text, "&#%u;", (unsigned)*p);
                else if (strchr("\\`*_{}[]()|~$!", *p))
                        text_appendf(text, "\\%c", *p);
                else
                        text_append_bytes(text, p, 1);
        }
}

void escape_lines(struct text *text, const char *s, const char *bullet,
        void (*escape)(struct text *text, const char *s, size_t max))
{
        _cleanup_free_ char *lines = strdup(s);
        char *rest = lines;

        if (!lines)
                text->failed = true;
        for (const char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n")) {
                text_append(text, bullet);
                escape(text, line, ESCAPE_EXPLANATION_MAX);
                text_append(text, "\n");
        }
}
