/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/bodies.h"

#include <stdint.h>

/* What vectors are written with; where anything else stands, the body is kept as it is. */
#define ALPHABET "0123456789.-,[]e"

/* A head, numbers as two characters a byte, and a tail. */
struct body {
        size_t first, queries;
        size_t head, pairs, tail; /* bytes */
        char *data;
};

/* Bytes that are kept for all collections. */
static size_t kept;

static size_t body_size(const struct body *body)
{
        return body->head + body->pairs + body->tail;
}

static void remove_at(struct bodies *b, size_t i)
{
        kept -= body_size(&b->list[i]);
        free(b->list[i].data);
        b->list[i] = b->list[--b->count];
}

void bodies_use(struct bodies *b, struct vector_set *vectors)
{
        if (b->vectors == vectors)
                return;
        bodies_done(b);
        b->vectors = vector_set_ref(vectors);
}

static void pack(struct body *body, const char *text)
{
        char codes[256] = {0}, *p = mempcpy(body->data, text, body->head);

        for (size_t i = 0; i < strlen(ALPHABET); i++)
                codes[(unsigned char)ALPHABET[i]] = (char)i;
        text += body->head;
        for (size_t i = 0; i < body->pairs; i++, text += 2)
                *p++ = (char)(codes[(unsigned char)text[0]] << 4 | codes[(unsigned char)text[1]]);
        memcpy(p, text, body->tail);
}

static void append_pairs(struct text *text, const char *packed, size_t count)
{
        char pairs[256][2], *out;

        if (!text_reserve(text, 2 * count))
                return;
        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
                pairs[i][0] = ALPHABET[i >> 4];
                pairs[i][1] = ALPHABET[i & 15];
        }
        out = text->data + text->size;
        for (size_t i = 0; i < count; i++, out += 2)
                memcpy(out, pairs[(unsigned char)packed[i]], 2);
        *out = '\0';
        text->size += 2 * count;
}

bool bodies_find(const struct bodies *b, size_t first, size_t count, struct text *text)
{
        for (size_t i = 0; i < b->count; i++) {
                const struct body *body = &b->list[i];

                if (body->first != first || body->queries != count)
                        continue;
                (void)text_reserve(text, body->head + 2 * body->pairs + body->tail);
                text_append_bytes(text, body->data, body->head);
                append_pairs(text, body->data + body->head, body->pairs);
                text_append_bytes(text, body->data + body->head + body->pairs, body->tail);
                return true;
        }
        return false;
}

static void forget_overlapping(struct bodies *b, size_t first, size_t count)
{
        for (size_t i = b->count; i-- > 0;)
                if (b->list[i].first < first + count &&
                        first < b->list[i].first + b->list[i].queries)
                        remove_at(b, i);
}

void bodies_keep(struct bodies *b, size_t first, size_t count, const struct http_request *request)
{
        struct body *grown, body = {.first = first, .queries = count};

        forget_overlapping(b, first, count);
        body.head = strcspn(request->body, "[");
        body.pairs = strspn(request->body + body.head, ALPHABET) / 2;
        body.tail = request->body_size - body.head - 2 * body.pairs;
        if (body_size(&body) > BODIES_MAX - kept)
                return;
        grown = reallocarray(b->list, b->count + 1, sizeof(*grown));
        if (!grown)
                return;
        b->list = grown;
        body.data = malloc(body_size(&body) + 1);
        if (!body.data)
                return;
        pack(&body, request->body);
        grown[b->count++] = body;
        kept += body_size(&body);
}

void bodies_done(struct bodies *b)
{
        while (b->count > 0)
                remove_at(b, b->count - 1);
        free(b->list);
        vector_set_unref(b->vectors);
        *b = (struct bodies){0};
}
