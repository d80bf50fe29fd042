/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/sheet.h"

#include <inttypes.h>
#include <stdio.h>

#include "hash.h"
#include "json.h"
#include "show/values.h"

void sheet_done(struct sheet *s)
{
        text_done(&s->text);
        text_done(&s->title);
        free(s->parts);
        *s = (struct sheet){0};
}

static void write_version(uint64_t hash, char ret[SHEET_VERSION_LENGTH + 1])
{
        char digits[17];

        (void)snprintf(digits, sizeof(digits), "%016" PRIx64, hash ^ hash << 20);
        memcpy(ret, digits, SHEET_VERSION_LENGTH);
        ret[SHEET_VERSION_LENGTH] = '\0';
}

static struct sheet_part *add_part(struct sheet *s)
{
        if (s->count == s->allocated) {
                size_t allocated = MAX(s->allocated * 2, (size_t)64);
                struct sheet_part *grown = reallocarray(s->parts, allocated, sizeof(*grown));

                if (!grown) {
                        s->text.failed = true;
                        return NULL;
                }
                s->parts = grown;
                s->allocated = allocated;
        }
        s->parts[s->count] = (struct sheet_part){.start = s->text.size};
        return &s->parts[s->count++];
}

/* The version is not known before the end: its place is kept free. */
static void open_part(
        struct sheet *s, const char *element, const char *key, const char *attributes, bool list)
{
        struct sheet_part *p = add_part(s);

        if (!p)
                return;
        (void)snprintf(p->key, sizeof(p->key), "%s", key);
        p->list = list;
        p->listed = !list && s->list > 0;
        text_appendf(&s->text, "<%s id=\"%s\" data-%s=\"", element, key, list ? "list" : "v");
        p->body = s->text.size + SHEET_VERSION_LENGTH;
        text_appendf(&s->text, "%0*d\"%s%s>", SHEET_VERSION_LENGTH, 0, *attributes ? " " : "",
                attributes);
}

static void close_part(struct sheet *s, struct sheet_part *p, const char *element,
        uint64_t (*digest)(struct sheet *, struct sheet_part *))
{
        text_appendf(&s->text, "</%s>\n", element);
        if (s->text.failed)
                return;
        p->end = s->text.size;
        write_version(digest(s, p), p->version);
        memcpy(s->text.data + p->body - SHEET_VERSION_LENGTH, p->version, SHEET_VERSION_LENGTH);
}

/* FNV-1a as hash.h has it, but for what stands within <time …>. */
static uint64_t digest_content(struct sheet *s, struct sheet_part *p)
{
        static const char mark[] = "<time ";
        uint64_t hash = hash_text(HASH_INIT, p->key);
        const char *end = s->text.data + p->end;

        for (const char *c = s->text.data + p->body; c < end; c++) {
                hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
                if (*c == '<' && (size_t)(end - c) > sizeof(mark) &&
                        memcmp(c, mark, sizeof(mark) - 1) == 0) {
                        const char *inner = memchr(c, '>', (size_t)(end - c));

                        for (; inner && c < inner; c++)
                                hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
                        while (c + 1 < end && c[1] != '<')
                                c++;
                }
        }
        return hash;
}

static uint64_t digest_keys(struct sheet *s, struct sheet_part *list)
{
        uint64_t hash = hash_text(HASH_INIT, list->key);

        for (const struct sheet_part *p = list + 1; p < s->parts + s->count; p++)
                hash = hash_text(hash, p->key);
        return hash;
}

void sheet_open(struct sheet *s, const char *element, const char *key, const char *attributes)
{
        open_part(s, element, key, attributes, false);
}

void sheet_close(struct sheet *s, const char *element)
{
        if (s->count > 0)
                close_part(s, &s->parts[s->count - 1], element, digest_content);
}

void sheet_open_list(struct sheet *s, const char *element, const char *key, const char *attributes)
{
        open_part(s, element, key, attributes, true);
        s->list = s->count;
}

void sheet_close_list(struct sheet *s, const char *element)
{
        if (s->list > 0)
                close_part(s, &s->parts[s->list - 1], element, digest_keys);
        s->list = 0;
}

void sheet_key(char letter, const char *name, char ret[24])
{
        (void)snprintf(ret, 24, "%c%016" PRIx64, letter, hash_text(HASH_INIT, name));
}

void sheet_version(const struct sheet *s, char ret[SHEET_VERSION_LENGTH + 1])
{
        uint64_t hash = hash_text(HASH_INIT, text_string(&s->title));

        for (size_t i = 0; i < s->count; i++)
                hash = hash_text(hash, s->parts[i].version);
        write_version(hash, ret);
}

/* So far there are as many zeros. */
void sheet_finish(struct sheet *s)
{
        char version[SHEET_VERSION_LENGTH + 1];

        if (s->text.failed || s->version_at == 0)
                return;
        sheet_version(s, version);
        memcpy(s->text.data + s->version_at, version, SHEET_VERSION_LENGTH);
}

static json_t *keys_json(const struct sheet *s, size_t list)
{
        _cleanup_json_ json_t *keys = json_array();

        for (size_t i = list + 1; keys && i < s->count && s->parts[i].listed; i++)
                if (json_array_append_new(keys, json_string(s->parts[i].key)) < 0)
                        return NULL;
        return take_ptr(keys);
}

static json_t *element_json(const struct sheet *s, const struct sheet_part *p)
{
        return json_stringn(s->text.data + p->start, p->end - p->start);
}

static int add_change(const struct sheet *s, size_t i, json_t *parts, json_t *lists)
{
        const struct sheet_part *p = &s->parts[i];

        if (!p->list)
                return json_put(parts, p->key, element_json(s, p));
        return json_put(lists, p->key,
                json_pack("{s:s, s:o}", "version", p->version, "keys", keys_json(s, i)));
}

bool sheet_changes(const struct sheet *s, const char *have, struct text *body)
{
        _cleanup_json_ json_t *parts = json_object(), *lists = json_object(), *all = NULL;
        _cleanup_free_ char *dump = NULL;
        char version[SHEET_VERSION_LENGTH + 1];

        for (size_t i = 0; parts && lists && i < s->count; i++)
                if (!strstr(have, s->parts[i].version) && add_change(s, i, parts, lists) < 0)
                        return false;
        sheet_version(s, version);
        all = json_pack("{s:s, s:o, s:s, s:O, s:O}", "version", version, "title",
                value_string(text_string(&s->title)), "verdict", s->verdict, "parts", parts,
                "lists", lists);
        dump = all ? json_text(all, JSON_COMPACT, NULL) : NULL;
        if (dump)
                text_append(body, dump);
        return dump && !text_failed(body);
}
