/* SPDX-License-Identifier: Apache-2.0 */
#include "config/import/trec.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>

#define BLANKS " \t\r"
#define ANY_BLANKS BLANKS "\n"
/* A bracket that is not closed within as much is none of a topic. */
#define TAG_MAX 1000

struct reading {
        char *id, *title;
        unsigned line;
};

static void topic_clear(struct reading *t)
{
        free(t->id);
        free(t->title);
        *t = (struct reading){0};
}

static int take_topic(struct draft *d, struct reading *t)
{
        size_t query;
        int r = 0;

        if (t->id && t->title)
                r = draft_query(d, t->line, t->id, t->title, &query);
        else if (t->line > 0)
                draft_lose(d, t->line, "the topic has no %s", t->id ? "title" : "number");
        topic_clear(t);
        return MIN(r, 0);
}

/* What XML must not hold as it is. */
static char *decode(const char *s, size_t size)
{
        static const struct {
                const char *entity;
                char character;
        } entities[] = {
                {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
        char *out = malloc(size + 1);
        size_t length = 0;

        for (size_t i = 0; out && i < size;) {
                size_t k = 0;

                while (k < ARRAY_SIZE(entities) &&
                        strncmp(s + i, entities[k].entity,
                                MIN(strlen(entities[k].entity), size - i)) != 0)
                        k++;
                if (k < ARRAY_SIZE(entities) && strlen(entities[k].entity) <= size - i) {
                        out[length++] = entities[k].character;
                        i += strlen(entities[k].entity);
                } else
                        out[length++] = strchr(ANY_BLANKS, s[i]) ? ' ' : s[i], i++;
        }
        if (out)
                out[length] = '\0';
        return out;
}

/* The text up to the next bracket, without what stands before it in every topic ("Number:"). NULL
 * in `*ret` when there is none. */
static int read_text(const char *s, const char *end, const char *prefix, char **ret)
{
        const char *stop = memchr(s, '<', (size_t)(end - s));
        size_t size = (size_t)((stop ? stop : end) - s), skip = strlen(prefix);

        for (int again = 0; again < 2; again++) {
                while (size > 0 && strchr(ANY_BLANKS, *s))
                        s++, size--;
                if (again == 0 && size >= skip && strncasecmp(s, prefix, skip) == 0)
                        s += skip, size -= skip;
        }
        while (size > 0 && strchr(ANY_BLANKS, s[size - 1]))
                size--;
        free(*ret);
        *ret = size > 0 ? decode(s, size) : NULL;
        return size > 0 && !*ret ? -ENOMEM : 0;
}

/* number="1" of a tag that is `size` bytes long. */
static int read_number(const char *tag, size_t size, char **ret)
{
        static const char attribute[] = "number=\"";
        const char *value = memmem(tag, size, attribute, strlen(attribute)), *end;

        if (!value)
                return 0;
        value += strlen(attribute);
        end = memchr(value, '"', size - (size_t)(value - tag));
        if (!end || end == value)
                return 0;
        free(*ret);
        *ret = strndup(value, (size_t)(end - value));
        return *ret ? 0 : -ENOMEM;
}

static bool is_tag(const char *tag, size_t size, const char *name)
{
        size_t length = strlen(name);

        return size >= length && strncasecmp(tag, name, length) == 0 &&
                (size == length || strchr(ANY_BLANKS, tag[length]));
}

/* `tag` lies between its brackets; what follows begins at `text`. */
static int read_tag(struct draft *d, struct reading *t, unsigned line, const char *tag, size_t size,
        const char *text, const char *end)
{
        int r;

        if (is_tag(tag, size, "top") || is_tag(tag, size, "topic")) {
                r = take_topic(d, t);
                t->line = line;
                return r < 0 ? r : read_number(tag, size, &t->id);
        }
        if (is_tag(tag, size, "num"))
                return read_text(text, end, "Number:", &t->id);
        if (is_tag(tag, size, "title"))
                return read_text(text, end, "Topic:", &t->title);
        if (is_tag(tag, size, "query"))
                return read_text(text, end, "", &t->title);
        return size > 0 && isalpha((unsigned char)*tag) && t->line > 0
                ? draft_ignore(d, "a topic's description")
                : 0;
}

static int bracketed_topics(struct draft *d, const char *s, const char *end)
{
        struct reading topic = {0};
        unsigned line = 1;
        int r = 0;

        for (; s < end && r >= 0; s++) {
                const char *close;

                line += *s == '\n';
                close = *s == '<' ? memchr(s, '>', MIN((size_t)(end - s), (size_t)TAG_MAX)) : NULL;
                if (close)
                        r = read_tag(
                                d, &topic, line, s + 1, (size_t)(close - s - 1), close + 1, end);
        }
        if (r >= 0)
                r = take_topic(d, &topic);
        topic_clear(&topic);
        return r;
}

/* "id<tab>text", or "id:text" as the web tracks had it. */
static int topic_of_line(struct draft *d, unsigned line, char *s)
{
        char *separator = strchr(s, '\t');
        size_t query;

        if (!separator)
                separator = strchr(s, ':');
        if (!separator || separator == s || separator[1 + strspn(separator + 1, BLANKS)] == '\0') {
                draft_lose(d, line, "it is no topic: number, tab and text are expected");
                return 0;
        }
        *separator = '\0';
        return MIN(
                draft_query(d, line, s, separator + 1 + strspn(separator + 1, BLANKS), &query), 0);
}

static int qrel_of_line(struct draft *d, unsigned line, char *s)
{
        char *fields[4], *rest = s;
        size_t count = 0, query;
        int r;

        while (count < ARRAY_SIZE(fields) && (fields[count] = strsep(&rest, BLANKS)))
                count += *fields[count] != '\0';
        if (count < ARRAY_SIZE(fields) || (rest && rest[strspn(rest, BLANKS)] != '\0')) {
                draft_lose(d, line, "topic, iteration, record and grade are expected");
                return 0;
        }
        r = draft_query(d, line, fields[0], NULL, &query);
        return r != 0 ? MIN(r, 0) : draft_judge(d, line, query, fields[2], fields[3]);
}

/* Blank lines and comments are nothing. */
static int each_line(struct draft *d, const char *data, size_t size,
        int (*take)(struct draft *d, unsigned line, char *s))
{
        const char *end = data + size;
        int r = 0;

        for (unsigned line = 1; data < end && r >= 0; line++) {
                const char *newline = memchr(data, '\n', (size_t)(end - data));
                size_t length = (size_t)((newline ? newline : end) - data);
                _cleanup_free_ char *s = NULL;

                length -= length > 0 && data[length - 1] == '\r';
                s = strndup(data, length);
                if (!s)
                        return -ENOMEM;
                if (s[strspn(s, BLANKS)] != '\0' && *s != '#')
                        r = take(d, line, s);
                data = newline ? newline + 1 : end;
        }
        return r;
}

int trec_topics(struct draft *d, const char *data, size_t size)
{
        size_t blanks = 0;

        while (blanks < size && strchr(ANY_BLANKS, data[blanks]))
                blanks++;
        return blanks < size && data[blanks] == '<' ? bracketed_topics(d, data, data + size)
                                                    : each_line(d, data, size, topic_of_line);
}

int trec_qrels(struct draft *d, const char *data, size_t size)
{
        return each_line(d, data, size, qrel_of_line);
}
