/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/canon.h"

#include <errno.h>
#include <stdio.h>

#include "json.h"

/* Digits that every double has, and as many as are written. */
#define DIGITS_MAX 15

int canon_init(struct canon *c)
{
        *c = (struct canon){.digest = digest_new()};
        return c->digest ? 0 : -ENOMEM;
}

void canon_done(struct canon *c)
{
        c->digest = digest_free(c->digest);
}

int canon_end(struct canon *c, char ret[DIGEST_TEXT_MAX])
{
        return digest_end(c->digest, ret);
}

static void add(struct canon *c, const char *text)
{
        digest_add(c->digest, text, strlen(text));
}

/* NULL for one that stands for itself. */
static const char *escape(unsigned char byte, char buffer[8])
{
        static const char letters[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
        const char *letter = byte ? strchr(letters, byte) : NULL;

        if (!letter && byte >= 0x20)
                return NULL;
        if (letter)
                (void)snprintf(buffer, 8, "\\%c", names[letter - letters]);
        else
                (void)snprintf(buffer, 8, "\\u%04X", byte);
        return buffer;
}

static void add_string(struct canon *c, const struct stream_event *event)
{
        size_t begun = 0;
        char buffer[8];

        add(c, "\"");
        for (size_t i = 0; i < event->size; i++) {
                const char *escaped = escape((unsigned char)event->text[i], buffer);

                if (!escaped)
                        continue;
                digest_add(c->digest, event->text + begun, i - begun);
                add(c, escaped);
                begun = i + 1;
        }
        digest_add(c->digest, event->text + begun, event->size - begun);
        add(c, "\"");
}

static size_t count_digits(const char *text, size_t size)
{
        size_t n = 0;

        while (n < size && text[n] >= '0' && text[n] <= '9')
                n++;
        return n;
}

/* Whether a number is written as it would be: no exponent, no digit too many, no zero at its end,
 * and no smaller than what is written without an exponent. */
static bool is_canonical(const char *text, size_t size)
{
        size_t sign = size > 0 && text[0] == '-', whole = count_digits(text + sign, size - sign);
        const char *part = text + sign + whole;
        size_t left = size - sign - whole, digits = left > 0 ? count_digits(part + 1, left - 1) : 0;
        bool is_zero = whole == 1 && text[sign] == '0';

        if (left == 0)
                return whole <= DIGITS_MAX && !(sign && is_zero);
        if (part[0] != '.' || digits + 1 != left || digits == 0 || whole + digits > DIGITS_MAX)
                return false;
        if (digits == 1)
                return true;
        return part[digits] != '0' && !(is_zero && left > 4 && memcmp(part, ".0000", 5) == 0);
}

static int add_number(struct canon *c, const struct stream_event *event)
{
        _cleanup_free_ char *copy = NULL, *text = NULL;
        _cleanup_json_ json_t *value = NULL;

        if (is_canonical(event->text, event->size)) {
                digest_add(c->digest, event->text, event->size);
                return 0;
        }
        copy = strndup(event->text, event->size);
        value = copy ? json_loads(copy, JSON_DECODE_ANY, NULL) : NULL;
        if (!value)
                return copy ? -EBADMSG : -ENOMEM;
        text = json_text(value, 0, NULL);
        if (!text)
                return -ENOMEM;
        add(c, text);
        return 0;
}

static int add_value(struct canon *c, const struct stream_event *event)
{
        static const char *const words[] = {
                [STREAM_NULL] = "null",
                [STREAM_FALSE] = "false",
                [STREAM_TRUE] = "true",
                [STREAM_OBJECT] = "{",
                [STREAM_OBJECT_END] = "}",
                [STREAM_LIST] = "[",
                [STREAM_LIST_END] = "]",
        };

        if (event->kind == STREAM_NUMBER)
                return add_number(c, event);
        if (event->kind == STREAM_STRING || event->kind == STREAM_KEY)
                add_string(c, event);
        else
                add(c, words[event->kind]);
        return 0;
}

int canon_take(struct canon *c, const struct stream_event *event)
{
        bool ends = event->kind == STREAM_OBJECT_END || event->kind == STREAM_LIST_END;
        bool opens = event->kind == STREAM_OBJECT || event->kind == STREAM_LIST;
        int r;

        if (c->last == CANON_VALUE && !ends)
                add(c, ",");
        r = add_value(c, event);
        if (event->kind == STREAM_KEY)
                add(c, ":");
        c->last = event->kind == STREAM_KEY ? CANON_KEY : opens ? CANON_OPEN : CANON_VALUE;
        return r;
}
