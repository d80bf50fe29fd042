/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/wire.h"

#include <ctype.h>
#include <errno.h>

#include "tree.h"

/* What the tree of an answer may cost beside twice its text. */
#define TREE_LEAST (4U << 20)

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

int wire_read_by(struct http_request *request, struct http_sink *sink)
{
        request->sink = sink;
        if (sink)
                return 0;
        http_request_done(request);
        return -ENOMEM;
}

struct parsing {
        struct tree tree;
        size_t budget;
        json_t *value;
        struct error *error;
};

static int take(const struct stream_event *event, void *userdata)
{
        struct parsing *p = userdata;

        return tree_take(&p->tree, event, &p->budget, &p->value, p->error);
}

/* Not json_parse(): that refuses \u0000 inside strings, which Chroma stores and returns, so that
 * one such record would make the whole answer unreadable. */
int wire_parse(const char *body, size_t size, json_t **ret, struct error *e)
{
        struct parsing p = {.budget = 2 * size + TREE_LEAST, .error = e};
        _cleanup_(stream_freep) struct stream *s = stream_new(take, &p);
        _cleanup_error_ struct error broken = {0};
        int r = s ? stream_feed(s, body, size, &broken) : -ENOMEM;

        if (r >= 0)
                r = stream_end(s, &broken);
        tree_done(&p.tree);
        if (r >= 0) {
                *ret = p.value;
                return 0;
        }
        json_decref(p.value);
        if (r == -ENOMEM)
                return r;
        return error_set(e, -EBADMSG, "the answer is not JSON: %s", error_text(&broken, r));
}

const char *wire_string(const json_t *value)
{
        const char *s = json_string_value(value);

        return s && strlen(s) == json_string_length(value) ? s : NULL;
}
