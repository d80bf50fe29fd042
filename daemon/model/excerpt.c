/* SPDX-License-Identifier: Apache-2.0 */
#include "model/excerpt.h"

#include <ctype.h>
#include <errno.h>

#include "json.h"
#include "text.h"

static const char ellipsis[] = "…";

char *excerpt_line(const char *s, size_t size, size_t max)
{
        /* Of a long document only the beginning is looked at; blanks may be many there. */
        _cleanup_free_ char *clean = utf8_line(s, MIN(size, 16 * max));
        _cleanup_text_ struct text t = {0};
        bool whole = size <= 16 * max;

        for (const char *p = clean; p && *p; p++) {
                if (t.size > max) {
                        whole = false;
                        break;
                }
                if (*p != ' ' || (t.size > 0 && t.data[t.size - 1] != ' '))
                        text_append_bytes(&t, p, 1);
        }
        if (!clean || text_failed(&t))
                return NULL;
        while (t.size > 0 && t.data[t.size - 1] == ' ')
                t.data[--t.size] = '\0';
        if (t.size > max || !whole) {
                t.size = utf8_prefix(t.data, MIN(t.size, max - strlen(ellipsis)));
                text_append(&t, ellipsis);
        }
        return text_take(&t, NULL);
}

/* Every character beyond ASCII is taken for a letter. */
static bool has_letter(const char *line, size_t size)
{
        for (size_t i = 0; i < size; i++)
                if ((unsigned char)line[i] >= 0x80 || isalnum((unsigned char)line[i]))
                        return true;
        return false;
}

char *excerpt_words(const char *document, size_t size, size_t max)
{
        const char *end = document + size, *next;

        for (const char *line = document; line < end; line = next) {
                const char *stop = memchr(line, '\n', (size_t)(end - line));

                next = stop ? stop + 1 : end;
                if (has_letter(line, (size_t)(next - line)))
                        return excerpt_line(line, (size_t)(end - line), max);
        }
        return excerpt_line(document, size, max);
}

static void append_value(struct text *t, const char *key, const json_t *value)
{
        _cleanup_free_ char *text = NULL;

        text_appendf(t, "%s%s: ", t->size > 0 ? ", " : "", key);
        if (json_is_string(value)) {
                text_append_bytes(t, json_string_value(value), json_string_length(value));
                return;
        }
        text = json_text(value, JSON_COMPACT | JSON_ENCODE_ANY, NULL);
        if (text)
                text_append(t, text);
        else
                t->failed = true;
}

/* Whether an object before the `n`-th has the key already. */
static bool seen(const json_t *matches, size_t n, const char *key)
{
        for (size_t i = 0; i < n; i++)
                if (json_object_get(json_array_get(matches, i), key))
                        return true;
        return false;
}

static int describe(const json_t *metadata, const struct expectation *expect, char **ret)
{
        _cleanup_text_ struct text t = {0};

        for (size_t i = 0; expect && i < json_array_size(expect->metadata); i++) {
                json_t *match = json_array_get(expect->metadata, i), *expected;
                const char *key;

                json_object_foreach (match, key, expected) {
                        const json_t *value = json_object_get(metadata, key);

                        if (value && !seen(expect->metadata, i, key))
                                append_value(&t, key, value);
                }
        }
        if (text_failed(&t))
                return -ENOMEM;
        *ret = t.size > 0 ? excerpt_line(t.data, t.size, EXCERPT_ABOUT_MAX) : NULL;
        return t.size > 0 && !*ret ? -ENOMEM : 0;
}

int excerpt_make(const json_t *metadata, const char *document, size_t size,
        const struct expectation *expect, struct excerpt *ret)
{
        struct excerpt e = {0};
        int r = describe(metadata, expect, &e.about);

        if (r >= 0 && document) {
                e.words = excerpt_words(document, size, EXCERPT_WORDS_MAX);
                r = e.words ? 0 : -ENOMEM;
        }
        if (r < 0)
                excerpt_done(&e);
        else
                *ret = e;
        return r;
}

int excerpt_copy(const struct excerpt *from, struct excerpt *ret)
{
        struct excerpt e = {0};
        int r = strdup_to(&e.about, from->about);

        if (r >= 0)
                r = strdup_to(&e.words, from->words);
        if (r < 0)
                excerpt_done(&e);
        else
                *ret = e;
        return r;
}

void excerpt_done(struct excerpt *e)
{
        free(e->about);
        free(e->words);
        *e = (struct excerpt){0};
}
