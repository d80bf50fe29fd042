/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/wire.h"

#include <ctype.h>
#include <errno.h>

/* How much of a parser's complaint is quoted; it contains some of the body. */
#define EXCERPT_MAX 200

/* RFC 3986: everything but its unreserved characters, so that a name is always one path segment. */
static void append_encoded(struct text *t, const char *s)
{
        for (; *s; s++)
                if (isascii((unsigned char)*s) &&
                        (isalnum((unsigned char)*s) || strchr("-._~", *s)))
                        text_append_bytes(t, s, 1);
                else
                        text_appendf(t, "%%%02X", (unsigned)(unsigned char)*s);
}

static char *build_path(const char *const *segments, const char *tail)
{
        _cleanup_text_ struct text t = {0};

        text_append(&t, "/api/v2");
        for (; *segments; segments++) {
                text_append(&t, "/");
                append_encoded(&t, *segments);
        }
        text_append(&t, tail);
        return text_take(&t, NULL);
}

int wire_build_path(const char *method, const char *const *segments, const char *tail,
        uint64_t response_limit, struct http_request *ret)
{
        char *path = build_path(segments, tail);

        if (!path)
                return -ENOMEM;
        *ret = (struct http_request){
                .method = method, .path = path, .response_limit = response_limit};
        return 0;
}

int wire_build(const char *method, const char *tenant, const char *database, const char *collection,
        const char *tail, struct text *body, uint64_t response_limit, struct http_request *ret)
{
        _cleanup_(http_request_done) struct http_request request = {
                .method = method, .response_limit = response_limit};

        request.path = build_path((const char *const[]){"tenants", tenant, "databases", database,
                                          "collections", collection, NULL},
                tail);
        if (body)
                request.body = text_take(body, &request.body_size);
        if (!request.path || (body && !request.body))
                return -ENOMEM;
        *ret = request;
        request = (struct http_request){0};
        return 0;
}

/* Not json_parse(): that refuses \u0000 inside strings, which Chroma stores and returns, so that
 * one such record would make the whole answer unreadable. */
int wire_parse(const char *body, size_t size, json_t **ret, struct error *e)
{
        _cleanup_free_ char *text = NULL;
        json_error_t error;
        json_t *document;

        document = json_loadb(
                body, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
        if (document) {
                *ret = document;
                return 0;
        }
        if (json_error_code(&error) == json_error_out_of_memory)
                return -ENOMEM;
        text = http_body_excerpt(error.text, strlen(error.text), EXCERPT_MAX);
        return error_set(e, -EBADMSG, "the answer is not JSON: line %d, column %d: %s",
                MAX(error.line, 1), MAX(error.column, 1), text ? text : "out of memory");
}

const char *wire_string(const json_t *value)
{
        const char *s = json_string_value(value);

        return s && strlen(s) == json_string_length(value) ? s : NULL;
}
