/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/ledger.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "hash.h"

#define HEAD "driftwatch lease 1"
#define HASH_DIGITS 16
/* Bytes of a line that begins with "told ". */
#define TOLD_SIZE (HASH_DIGITS + 6)

void ledger_done(struct ledger *l)
{
        free(l->told);
        *l = (struct ledger){0};
}

static int compare(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return (x > y) - (x < y);
}

bool ledger_has(const struct ledger *l, uint64_t fingerprint)
{
        return l->count > 0 &&
                bsearch(&fingerprint, l->told, l->count, sizeof(fingerprint), compare);
}

void ledger_sort(struct ledger *l)
{
        size_t kept = 0;

        if (l->count > 0)
                qsort(l->told, l->count, sizeof(*l->told), compare);
        for (size_t i = 0; i < l->count; i++)
                if (kept == 0 || l->told[i] != l->told[kept - 1])
                        l->told[kept++] = l->told[i];
        l->count = MIN(kept, (size_t)LEDGER_MAX);
}

int ledger_add(struct ledger *l, const struct ledger *more)
{
        uint64_t *grown = reallocarray(l->told, l->count + more->count + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        l->told = grown;
        for (size_t i = 0; i < more->count; i++)
                grown[l->count++] = more->told[i];
        ledger_sort(l);
        return 0;
}

void ledger_build(const struct ledger *l, struct text *t)
{
        text_append(t, HEAD "\n");
        text_appendf(t, "holder %s\nbeat %" PRIu64 "\n", l->beat.holder, l->beat.number);
        for (size_t i = 0; i < l->count; i++)
                text_appendf(t, "told %016" PRIx64 "\n", l->told[i]);
        text_appendf(t, "end %016" PRIx64 "\n", hash_text(HASH_INIT, text_string(t)));
}

/* The rest of the line that begins so, and `*at` after it; NULL when it is another one. */
static const char *take_line(char **at, const char *begin)
{
        size_t size = strlen(begin);
        char *end = strchr(*at, '\n'), *rest = *at + size;

        if (!end || strncmp(*at, begin, size) != 0)
                return NULL;
        *end = '\0';
        *at = end + 1;
        return rest;
}

/* All of the text is a number, without a sign. */
static bool read_number(const char *text, int base, uint64_t *ret)
{
        char *end;

        errno = 0;
        *ret = strtoumax(text, &end, base);
        return isxdigit((unsigned char)*text) && *end == '\0' && errno == 0;
}

static bool read_hash(const char *text, uint64_t *ret)
{
        return strlen(text) == HASH_DIGITS && read_number(text, 16, ret);
}

/* Whether the last line is the sum of those before it; cuts it off. */
static bool check_sum(char *text, size_t size)
{
        char *end = text + size - strlen("end 0123456789abcdef\n");
        const char *sum;
        uint64_t found;
        char *at = end;

        if (end < text || strlen(text) != size)
                return false;
        sum = take_line(&at, "end ");
        if (!sum || !read_hash(sum, &found))
                return false;
        *end = '\0';
        return found == hash_text(HASH_INIT, text);
}

static bool read_lines(char *at, struct ledger *l)
{
        const char *line = take_line(&at, HEAD);

        if (!line || *line)
                return false;
        line = take_line(&at, "holder ");
        if (!line || strlen(line) >= sizeof(l->beat.holder))
                return false;
        (void)snprintf(l->beat.holder, sizeof(l->beat.holder), "%s", line);
        line = take_line(&at, "beat ");
        if (!line || !read_number(line, 10, &l->beat.number))
                return false;
        for (; (line = take_line(&at, "told ")); l->count++)
                if (!read_hash(line, &l->told[l->count]))
                        return false;
        return *at == '\0';
}

int ledger_parse(const char *data, size_t size, struct ledger *ret, struct error *error)
{
        _cleanup_(ledger_done) struct ledger l = {
                .told = calloc(size / TOLD_SIZE + 1, sizeof(*l.told))};
        _cleanup_free_ char *text = strndup(data ? data : "", size);

        if (!l.told || !text)
                return -ENOMEM;
        if (size > 0 && (!check_sum(text, size) || !read_lines(text, &l)))
                return error_set(
                        error, -EBADMSG, "it is no lease, or was being written when it was read");
        ledger_sort(&l);
        *ret = l;
        l = (struct ledger){0};
        return 0;
}
