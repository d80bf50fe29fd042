/* SPDX-License-Identifier: Apache-2.0 */
#include "config/import/separated.h"

#include <errno.h>

static size_t line_length(const struct separated *s)
{
        const char *newline = memchr(s->at, '\n', (size_t)(s->end - s->at));

        return (size_t)((newline ? newline : s->end) - s->at);
}

static char most_frequent_separator(const char *line, size_t size)
{
        static const char separators[] = ",\t;";
        size_t counts[sizeof(separators) - 1] = {0}, best = 0;
        bool quoted = false;

        for (size_t i = 0; i < size; i++) {
                const char *found = line[i] ? strchr(separators, line[i]) : NULL;

                quoted ^= line[i] == '"';
                if (found && !quoted)
                        counts[found - separators]++;
        }
        for (size_t i = 1; i < ARRAY_SIZE(counts); i++)
                if (counts[i] > counts[best])
                        best = i;
        return separators[best];
}

void separated_init(struct separated *s, const char *data, size_t size)
{
        *s = (struct separated){.at = data, .end = data + size, .line = 1};
        s->separator = most_frequent_separator(data, line_length(s));
}

void separated_done(struct separated *s)
{
        text_done(&s->bytes);
}

static bool at_line_end(const struct separated *s)
{
        return s->at == s->end || *s->at == '\n' ||
                (*s->at == '\r' && (s->at + 1 == s->end || s->at[1] == '\n'));
}

static void next_line(struct separated *s)
{
        s->at += line_length(s);
        if (s->at < s->end)
                s->at++;
        s->line++;
}

/* Behind the opening quote; to behind the closing one. False: there is none. */
static bool read_quoted(struct separated *s)
{
        for (; s->at < s->end; s->at++) {
                if (*s->at == '"') {
                        if (s->at + 1 == s->end || s->at[1] != '"') {
                                s->at++;
                                return true;
                        }
                        s->at++;
                }
                s->line += *s->at == '\n';
                text_append_bytes(&s->bytes, s->at, 1);
        }
        return false;
}

static void read_plain(struct separated *s)
{
        const char *start = s->at;

        while (!at_line_end(s) && *s->at != s->separator)
                s->at++;
        text_append_bytes(&s->bytes, start, (size_t)(s->at - start));
}

/* NULL, or what is wrong with the row. */
static const char *read_field(struct separated *s)
{
        if (s->count == SEPARATED_FIELDS_MAX)
                return "has too many columns";
        s->starts[s->count++] = s->bytes.size;
        if (s->at < s->end && *s->at == '"') {
                s->at++;
                if (!read_quoted(s))
                        return "has a quote that is never closed: nothing behind it is read";
                if (!at_line_end(s) && *s->at != s->separator)
                        return "has text behind a closing quote";
        } else
                read_plain(s);
        text_append_bytes(&s->bytes, "", 1);
        return NULL;
}

static int read_row(struct separated *s, const char **ret_wrong)
{
        const char *wrong;
        bool more;

        text_clear(&s->bytes);
        s->count = 0;
        s->begins = s->line;
        do {
                wrong = read_field(s);
                more = !wrong && !at_line_end(s);
                s->at += more;
        } while (more);
        next_line(s);
        if (text_failed(&s->bytes))
                return -ENOMEM;
        if (!wrong)
                return 1;
        *ret_wrong = wrong;
        return -EBADMSG;
}

int separated_next(struct separated *s, const char **ret_wrong)
{
        while (s->at < s->end && at_line_end(s))
                next_line(s);
        return s->at < s->end ? read_row(s, ret_wrong) : 0;
}

const char *separated_field(const struct separated *s, size_t i)
{
        return s->bytes.data + s->starts[i];
}
