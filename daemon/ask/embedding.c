/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/embedding.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "ask/pooled.h"
#include "json.h"
#include "model/vector_set.h"
#include "text.h"

/* How much of a body is quoted, and how large a body is searched for the server's own words. */
#define EXCERPT_MAX 200
#define ERROR_BODY_MAX (64U << 10)
/* Bytes of JSON that a component may take, with indentation; what surrounds the vectors; and the
 * most that is read, which is enough for a thousand vectors of dimension 8192. */
#define COMPONENT_MAX 32U
#define RESPONSE_BASE (1U << 20)
#define RESPONSE_MAX (256U << 20)

/* New reference; -EINVAL for text that is not UTF-8. */
static int texts_to_json(const char *prefix, const char *const *texts, size_t count, json_t **ret)
{
        _cleanup_json_ json_t *array = json_array();

        if (!array)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                _cleanup_free_ char *text = NULL;

                if (!utf8_valid(texts[i], strlen(texts[i])))
                        return -EINVAL;
                if (prefix && asprintf(&text, "%s%s", prefix, texts[i]) < 0) {
                        text = NULL;
                        return -ENOMEM;
                }
                if (json_array_append_new(array, json_string(prefix ? text : texts[i])) < 0)
                        return -ENOMEM;
        }
        *ret = take_ptr(array);
        return 0;
}

static int fill_body(const struct embedding_dialect *d, const struct embedding_options *o,
        const char *const *texts, size_t count, json_t *body)
{
        _cleanup_json_ json_t *list = NULL;
        int r = count == 0 ? -EINVAL : texts_to_json(o->prefix, texts, count, &list);

        if (r < 0)
                return r;
        if (d->needs_model && o->model)
                r = json_put(body, "model", json_string(o->model));
        if (r >= 0)
                r = json_put(body, d->input, json_incref(list));
        if (r >= 0 && !o->plain)
                r = json_put(body, d->option, d->word ? json_string(d->word) : json_true());
        if (r >= 0 && o->body && json_object_update(body, (json_t *)o->body) < 0)
                r = -ENOMEM;
        return r;
}

int embedding_build(const struct embedding_dialect *dialect,
        const struct embedding_options *options, const char *const *texts, size_t count,
        struct http_request *ret)
{
        _cleanup_(http_request_done) struct http_request request = {.method = "POST"};
        _cleanup_json_ json_t *body = json_object();
        int r = body ? fill_body(dialect, options, texts, count, body) : -ENOMEM;

        if (r >= 0)
                r = strdup_to(&request.path, "");
        if (r < 0)
                return r;
        request.body = json_text(body, JSON_COMPACT, &request.body_size);
        if (!request.body)
                return -ENOMEM;
        request.response_limit = (size_t)MIN((uint64_t)RESPONSE_MAX,
                RESPONSE_BASE + (uint64_t)count * VECTOR_DIMENSION_MAX * COMPONENT_MAX);
        request.sink = pooled_sink(dialect, count);
        if (!request.sink)
                return -ENOMEM;
        *ret = request;
        request = (struct http_request){0};
        return 0;
}

static bool ends_with(const char *s, size_t size, const char *end)
{
        size_t length = strlen(end);

        return size >= length && memcmp(s + size - length, end, length) == 0;
}

char *embedding_url(const struct embedding_dialect *dialect, const char *url)
{
        const char *last = strrchr(dialect->path, '/');
        _cleanup_free_ char *first = strndup(dialect->path, (size_t)(last - dialect->path));
        size_t size = strlen(url);
        char *whole;

        if (!first || strchr(url, '?') || ends_with(url, size, last))
                return first ? strdup(url) : NULL;
        if (*first && ends_with(url, size, first))
                size -= strlen(first);
        if (asprintf(&whole, "%.*s%s", (int)size, url, dialect->path) < 0)
                return NULL;
        return whole;
}

/* The server's own words in any of the shapes in which servers say them; NULL when there are none.
 */
static const char *find_words(const json_t *document)
{
        static const char *const places[][2] = {
                {"error", "message"}, {"error"}, {"message"}, {"detail"}};

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                const json_t *value = document;
                const char *words;

                for (size_t k = 0; k < ARRAY_SIZE(places[i]) && places[i][k]; k++)
                        value = json_object_get(value, places[i][k]);
                words = json_string_value(value);
                if (words && *words)
                        return words;
        }
        return NULL;
}

char *embedding_words(const char *body, size_t size)
{
        _cleanup_json_ json_t *document =
                size <= ERROR_BODY_MAX ? json_loadb(body, size, 0, NULL) : NULL;
        const char *words = find_words(document);

        return words ? http_body_excerpt(words, strlen(words), EXCERPT_MAX) : NULL;
}

/* Owned, one line; NULL when memory is short. */
static char *quote(const char *body, size_t size)
{
        char *words = embedding_words(body, size);

        if (words)
                return words;
        return size == 0 ? strdup("empty body") : http_body_excerpt(body, size, EXCERPT_MAX);
}

const struct embedding_dialect embedding_dialects[] = {
        {
                .name = "openai",
                .needs_model = true,
                .path = "/v1/embeddings",
                .input = "input",
                .option = "encoding_format",
                .word = "float",
                .wanted = "list `data`",
                .list = "data",
                .indexed = true,
        },
        {
                .name = "ollama",
                .needs_model = true,
                .path = "/api/embed",
                .input = "input",
                .option = "truncate",
                .wanted = "list `embeddings`",
                .list = "embeddings",
        },
        {
                .name = "tei",
                .path = "/embed",
                .input = "inputs",
                .option = "normalize",
                .wanted = "list of vectors",
        },
};
const size_t embedding_dialect_count = ARRAY_SIZE(embedding_dialects);

const struct embedding_dialect *embedding_dialect_find(const char *name)
{
        for (size_t i = 0; i < embedding_dialect_count; i++)
                if (streq(embedding_dialects[i].name, name))
                        return &embedding_dialects[i];
        return NULL;
}

/* The first row that fits decides. */
static const struct ruling {
        unsigned first, last; /* status */
        int code;
        const char *hint; /* "" for none */
} rulings[] = {
        {400, 400, -E2BIG, ""},
        {422, 422, -E2BIG, ""},
        {500, 500, -E2BIG, ""},
        {300, 399, -EREMOTEIO, "; redirects are not followed: look at the embedder's `url`"},
        {401, 401, -EACCES, "; look at the embedder's `auth`"},
        {403, 403, -EACCES, "; look at the embedder's `auth`"},
        {404, 405, -ENOENT, "; look at the embedder's `url`, `api` and `model`"},
        {413, 413, -E2BIG, ""},
        {429, 429, -EAGAIN, ""},
        {503, 503, -EAGAIN, ""},
        {0, UINT_MAX, -EREMOTEIO, ""},
};

int embedding_check(const struct http_response *response, const char *what, struct error *e)
{
        _cleanup_free_ char *words = NULL;
        const struct ruling *ruling = rulings;
        const char *separator = what ? ": " : "";

        what = what ? what : "";
        if (response->result != 0)
                return error_set(e, response->result, "%s%s%s", what, separator,
                        response->error ? response->error : "no answer");
        if (response->status >= 200 && response->status <= 299)
                return 0;
        while (response->status < ruling->first || response->status > ruling->last)
                ruling++;
        words = quote(response->body, response->body_size);
        return error_set(e, ruling->code, "%s%sHTTP %u: %s%s", what, separator, response->status,
                words ? words : "out of memory", ruling->hint);
}

bool embedding_refuses_option(
        const struct embedding_dialect *dialect, const struct http_response *response)
{
        return (response->status == 400 || response->status == 422) &&
                memmem(response->body, response->body_size, dialect->option,
                        strlen(dialect->option));
}
