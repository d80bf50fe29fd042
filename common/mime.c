/* SPDX-License-Identifier: Apache-2.0 */
#include "mime.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* RFC 2047, section 2: of a line with an encoded word. */
#define LINE_MAX 76
/* RFC 2047: an encoded word has at most 75 characters, "=?utf-8?q?" and "?=" included. */
#define WORD_BEGIN "=?utf-8?q?"
#define WORD_END "?="
#define WORD_MAX 75
/* RFC 2045, section 6.7: with the "=" that breaks it. */
#define QUOTED_MAX 76
#define LOCAL_MAX 64

static const char local_characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        "!#$%&'*+/=?^_`{|}~-.";
static const char domain_characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
static const char literal_characters[] = "0123456789abcdefABCDEFIPv:.";

static size_t domain_size(const char *s)
{
        size_t size;

        if (*s != '[') {
                size = strspn(s, domain_characters);
                return size > 0 && *s != '.' && *s != '-' && s[size - 1] != '.' ? size : 0;
        }
        size = strspn(s + 1, literal_characters);
        return size > 0 && s[size + 1] == ']' ? size + 2 : 0;
}

/* How much of `s` is an address without a name; 0 for nothing. */
static size_t address_size(const char *s)
{
        size_t local = strspn(s, local_characters), domain;

        if (local == 0 || local > LOCAL_MAX || s[local] != '@' || *s == '.' ||
                s[local - 1] == '.' || memmem(s, local, "..", 2))
                return 0;
        domain = domain_size(s + local + 1);
        if (domain == 0 || memmem(s + local + 1, domain, "..", 2))
                return 0;
        return local + 1 + domain <= MIME_ADDRESS_MAX ? local + 1 + domain : 0;
}

static const char *skip_blanks(const char *s)
{
        return s + strspn(s, " \t");
}

/* A name and what stands around it; where the "<" has to be. */
static const char *read_name(const char *s, struct mime_address *ret)
{
        if (*s == '"') {
                ret->name = s + 1;
                ret->name_size = strcspn(s + 1, "\"\\");
                s += 1 + ret->name_size;
                return *s == '"' ? skip_blanks(s + 1) : s;
        }
        ret->name = s;
        ret->name_size = strcspn(s, "<>,;:@\"()[]\\");
        s += ret->name_size;
        while (ret->name_size > 0 && strchr(" \t", ret->name[ret->name_size - 1]))
                ret->name_size--;
        return s;
}

int mime_next_address(const char *list, struct mime_address *ret, const char **ret_rest)
{
        struct mime_address a = {0};
        const char *s = skip_blanks(list);
        size_t size = address_size(s);
        bool named = size == 0;

        if (named) {
                s = read_name(s, &a);
                size = *s == '<' ? address_size(++s) : 0;
                if (size == 0 || s[size] != '>')
                        return -EINVAL;
        }
        memcpy(a.address, s, size);
        s = skip_blanks(s + size + (named ? 1 : 0));
        if (*s && (*s != ',' || !*skip_blanks(s + 1)))
                return -EINVAL;
        *ret = a;
        *ret_rest = *s ? skip_blanks(s + 1) : s;
        return 0;
}

static const char *check(const char *list, bool one)
{
        struct mime_address a;

        do
                if (mime_next_address(list, &a, &list) < 0 || !utf8_valid(a.name, a.name_size))
                        return one ? "must be an address such as search@example.org, or Search "
                                     "<search@example.org>"
                                   : "must be addresses such as search@example.org, with commas "
                                     "between them";
        while (*list && !one);
        return *list ? "must be one address" : NULL;
}

const char *mime_check_address(const char *address)
{
        return check(address, true);
}

const char *mime_check_addresses(const char *list)
{
        return check(list, false);
}

/* A header that is being written, and how full its last line is. */
struct header {
        struct text *t;
        size_t column;
};

/* A piece that must not be broken, after a blank, on a line of its own where it does not fit. */
static void put_word(struct header *h, const char *word, size_t size)
{
        if (h->column + 1 + size > LINE_MAX) {
                text_append(h->t, "\r\n");
                h->column = 0;
        }
        text_append(h->t, " ");
        text_append_bytes(h->t, word, size);
        h->column += 1 + size;
}

/* What an encoded word holds as it is, wherever it stands (RFC 2047, section 5 (3)). */
static bool is_plain(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                strchr("!*+-/", c);
}

static void put_encoded_character(struct text *word, const char *s, size_t size)
{
        if (size == 1 && *s == ' ')
                text_append(word, "_");
        else if (size == 1 && is_plain(*s))
                text_append_bytes(word, s, 1);
        else
                for (size_t i = 0; i < size; i++)
                        text_appendf(word, "=%02X", (unsigned char)s[i]);
}

/* As encoded words, each of whole characters. `s` is valid. */
static void put_encoded(struct header *h, const char *s, size_t size)
{
        _cleanup_text_ struct text word = {0}, character = {0};

        for (size_t i = 0, n; i < size; i += n) {
                n = utf8_sequence(s + i, size - i);
                text_clear(&character);
                put_encoded_character(&character, s + i, n);
                if (word.size + character.size + strlen(WORD_BEGIN WORD_END) > WORD_MAX) {
                        text_append(&word, WORD_END);
                        put_word(h, text_string(&word), word.size);
                        text_clear(&word);
                }
                if (word.size == 0)
                        text_append(&word, WORD_BEGIN);
                text_append_bytes(&word, text_string(&character), character.size);
        }
        text_append(&word, WORD_END);
        put_word(h, text_string(&word), word.size);
        h->t->failed |= text_failed(&word) || text_failed(&character);
}

/* Text of which all can stand as it is: printable ASCII, no word longer than a line, and nothing
 * that reads as an encoded word. */
static bool is_simple(const char *s, size_t size)
{
        size_t word = 0;

        for (size_t i = 0; i < size; i++) {
                if (s[i] < ' ' || s[i] > '~')
                        return false;
                word = s[i] == ' ' ? 0 : word + 1;
                if (word > WORD_MAX)
                        return false;
        }
        return !memmem(s, size, "=?", 2);
}

static void put_words(struct header *h, const char *s, size_t size)
{
        for (size_t i = 0, n; i < size; i += n + 1) {
                const char *blank = memchr(s + i, ' ', size - i);

                n = blank ? (size_t)(blank - s) - i : size - i;
                put_word(h, s + i, n);
        }
}

static struct header begin(struct text *t, const char *name)
{
        text_appendf(t, "%s:", name);
        return (struct header){t, strlen(name) + 1};
}

void mime_append_header(struct text *t, const char *name, const char *value)
{
        _cleanup_free_ char *line = utf8_line(value, strlen(value));
        struct header h = begin(t, name);

        if (!line) {
                t->failed = true;
                return;
        }
        if (is_simple(line, strlen(line)))
                put_words(&h, line, strlen(line));
        else
                put_encoded(&h, line, strlen(line));
        text_append(t, "\r\n");
}

static void put_name(struct header *h, const struct mime_address *a)
{
        _cleanup_text_ struct text quoted = {0};
        _cleanup_free_ char *line = utf8_line(a->name, a->name_size);

        /* Between quotes a line is not broken. */
        if (line && strlen(line) < LINE_MAX / 2 && is_simple(line, strlen(line))) {
                text_appendf(&quoted, "\"%s\"", line);
                put_word(h, text_string(&quoted), quoted.size);
        } else if (line)
                put_encoded(h, line, strlen(line));
        h->t->failed |= !line || text_failed(&quoted);
}

void mime_append_addresses(struct text *t, const char *name, const char *list)
{
        struct header h = begin(t, name);
        struct mime_address a;

        while (*list && mime_next_address(list, &a, &list) >= 0) {
                char word[MIME_ADDRESS_MAX + 4];

                if (a.name_size > 0)
                        put_name(&h, &a);
                (void)snprintf(word, sizeof(word), a.name_size > 0 ? "<%s>%s" : "%s%s", a.address,
                        *list ? "," : "");
                put_word(&h, word, strlen(word));
        }
        text_append(t, "\r\n");
}

/* Whatever the locale: RFC 5322 has English names. */
void mime_append_date(struct text *t, usec_t realtime)
{
        static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static const char months[][4] = {
                "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        time_t seconds = (time_t)(realtime / USEC_PER_SEC);
        struct tm tm = {0};

        (void)gmtime_r(&seconds, &tm);
        text_appendf(t, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday],
                tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* A blank or a tab at the end of a line would be lost on the way. */
static bool is_literal(const char *s)
{
        if (*s == ' ' || *s == '\t')
                return s[1] && s[1] != '\n';
        return *s > ' ' && *s <= '~' && *s != '=';
}

void mime_append_quoted(struct text *t, const char *s)
{
        size_t column = 0;

        for (; *s; s++) {
                size_t size = is_literal(s) ? 1 : 3;

                if (*s == '\n') {
                        text_append(t, "\r\n");
                        column = 0;
                        continue;
                }
                if (column + size > QUOTED_MAX - 1) {
                        text_append(t, "=\r\n");
                        column = 0;
                }
                if (size == 1)
                        text_append_bytes(t, s, 1);
                else
                        text_appendf(t, "=%02X", (unsigned char)*s);
                column += size;
        }
        if (column > 0)
                text_append(t, "\r\n");
}
