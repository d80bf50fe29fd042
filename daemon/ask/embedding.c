/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/embedding.h"

#include <errno.h>
#include <limits.h>
#include <math.h>

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
static int texts_to_json(const char *const *texts, size_t count, json_t **ret)
{
        _cleanup_json_ json_t *array = json_array();

        if (!array)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                if (!utf8_valid(texts[i], strlen(texts[i])))
                        return -EINVAL;
                if (json_array_append_new(array, json_string(texts[i])) < 0)
                        return -ENOMEM;
        }
        *ret = take_ptr(array);
        return 0;
}

/* A POST with the texts under `key` and what `option` says; `model` may be NULL. */
static int build(const char *path, const char *model, const char *key, const char *const *texts,
        size_t count, const char *option, json_t *value, struct http_request *ret)
{
        _cleanup_(http_request_done) struct http_request request = {.method = "POST"};
        _cleanup_json_ json_t *owned = value, *body = json_object(), *list = NULL;
        int r = count == 0 ? -EINVAL : texts_to_json(texts, count, &list);

        if (r >= 0 && model)
                r = json_put(body, "model", json_string(model));
        if (r >= 0)
                r = json_put(body, key, json_incref(list));
        if (r >= 0)
                r = json_put(body, option, json_incref(owned));
        if (r >= 0)
                r = strdup_to(&request.path, path);
        if (r < 0)
                return r;
        request.body = json_text(body, JSON_COMPACT, &request.body_size);
        if (!request.body)
                return -ENOMEM;
        request.response_limit = (size_t)MIN((uint64_t)RESPONSE_MAX,
                RESPONSE_BASE + (uint64_t)count * VECTOR_DIMENSION_MAX * COMPONENT_MAX);
        *ret = request;
        request = (struct http_request){0};
        return 0;
}

static int build_openai(
        const char *model, const char *const *texts, size_t count, struct http_request *ret)
{
        return build("/v1/embeddings", model, "input", texts, count, "encoding_format",
                json_string("float"), ret);
}

static int build_ollama(
        const char *model, const char *const *texts, size_t count, struct http_request *ret)
{
        return build("/api/embed", model, "input", texts, count, "truncate", json_true(), ret);
}

/* The server has one model and takes no name. */
static int build_tei(
        const char *model, const char *const *texts, size_t count, struct http_request *ret)
{
        (void)model;
        return build("/embed", NULL, "inputs", texts, count, "normalize", json_true(), ret);
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

/* Owned, one line; NULL when memory is short. */
static char *quote_words(const json_t *document, const char *body, size_t size)
{
        const char *words = find_words(document);

        if (words)
                return http_body_excerpt(words, strlen(words), EXCERPT_MAX);
        return size == 0 ? strdup("empty body") : http_body_excerpt(body, size, EXCERPT_MAX);
}

/* Some servers report an error with status 200. */
static int wrong_shape(const json_t *document, const char *wanted, struct error *e)
{
        const char *words = find_words(document);
        _cleanup_free_ char *excerpt =
                words ? http_body_excerpt(words, strlen(words), EXCERPT_MAX) : NULL;

        return error_set(e, -EBADMSG, "the answer has no %s%s%s", wanted, excerpt ? ": " : "",
                excerpt ? excerpt : "");
}

/* Where each text's vector stands in the answer, borrowed from it, in the order of the texts. */
struct rows {
        const json_t **vectors;
        size_t count;
};

static int check_count(const json_t *list, size_t count, struct error *e)
{
        if (json_array_size(list) == count)
                return 0;
        return error_set(e, -EBADMSG, "the answer has %zu vectors for %zu texts",
                json_array_size(list), count);
}

static int find_listed(const json_t *list, const char *wanted, const json_t *document,
        struct rows *ret, struct error *e)
{
        int r;

        if (!json_is_array(list))
                return wrong_shape(document, wanted, e);
        r = check_count(list, ret->count, e);
        for (size_t i = 0; r >= 0 && i < ret->count; i++)
                ret->vectors[i] = json_array_get(list, i);
        return r;
}

static int find_ollama(const json_t *document, struct rows *ret, struct error *e)
{
        return find_listed(
                json_object_get(document, "embeddings"), "list `embeddings`", document, ret, e);
}

static int find_tei(const json_t *document, struct rows *ret, struct error *e)
{
        return find_listed(document, "list of vectors", document, ret, e);
}

static int find_openai(const json_t *document, struct rows *ret, struct error *e)
{
        const json_t *data = json_object_get(document, "data");
        int r;

        if (!json_is_array(data))
                return wrong_shape(document, "list `data`", e);
        r = check_count(data, ret->count, e);
        for (size_t i = 0; r >= 0 && i < ret->count; i++) {
                const json_t *row = json_array_get(data, i);
                const json_t *index = json_object_get(row, "index");
                json_int_t text = json_integer_value(index);

                if (!json_is_integer(index) || text < 0 || (json_int_t)ret->count <= text)
                        return error_set(e, -EBADMSG,
                                "data[%zu] of the answer has no `index` from 0 to %zu", i,
                                ret->count - 1);
                if (ret->vectors[text])
                        return error_set(e, -EBADMSG, "the answer has two vectors with `index` %zu",
                                (size_t)text);
                ret->vectors[text] = json_object_get(row, "embedding");
                if (!ret->vectors[text])
                        return error_set(
                                e, -EBADMSG, "data[%zu] of the answer has no `embedding`", i);
        }
        return r;
}

static int read_vector(
        const json_t *vector, size_t text, size_t dimension, float *ret, struct error *e)
{
        bool zero = true;

        for (size_t k = 0; k < dimension; k++) {
                const char *wrong = json_to_float(json_array_get(vector, k), &ret[k]);

                if (wrong)
                        return error_set(e, -EBADMSG, "component %zu of the vector of text %zu %s",
                                k, text, wrong);
                zero &= fpclassify(ret[k]) == FP_ZERO;
        }
        /* It has no direction: a comparison with it would always be left out, and nobody told. */
        if (zero)
                return error_set(e, -EBADMSG, "the vector of text %zu is all zeros", text);
        return 0;
}

/* Before anything is allocated: every row is a list, and as long as the first. */
static int check_rows(const struct rows *rows, struct error *e)
{
        size_t dimension = json_array_size(rows->vectors[0]);

        for (size_t i = 0; i < rows->count; i++) {
                if (json_is_string(rows->vectors[i]))
                        return error_set(e, -EBADMSG,
                                "the vector of text %zu is a string, as in base64, although "
                                "numbers were asked for",
                                i);
                if (!json_is_array(rows->vectors[i]))
                        return error_set(
                                e, -EBADMSG, "the vector of text %zu is not a list of numbers", i);
                if (json_array_size(rows->vectors[i]) != dimension)
                        return error_set(e, -EBADMSG,
                                "the vector of text %zu has %zu numbers, that of text 0 has %zu", i,
                                json_array_size(rows->vectors[i]), dimension);
        }
        if (dimension < 1 || dimension > VECTOR_DIMENSION_MAX)
                return error_set(e, -EBADMSG, "the vectors have %zu numbers, not 1 to %d",
                        dimension, VECTOR_DIMENSION_MAX);
        return 0;
}

static int read_rows(const struct rows *rows, float **ret, unsigned *ret_dimension, struct error *e)
{
        size_t dimension = json_array_size(rows->vectors[0]);
        _cleanup_free_ float *values = calloc(rows->count * dimension, sizeof(*values));
        int r = values ? 0 : error_set(e, -ENOMEM, "out of memory");

        for (size_t i = 0; r >= 0 && i < rows->count; i++)
                r = read_vector(rows->vectors[i], i, dimension, values + i * dimension, e);
        if (r < 0)
                return r;
        *ret = take_ptr(values);
        *ret_dimension = (unsigned)dimension;
        return 0;
}

static int parse(int (*find)(const json_t *document, struct rows *ret, struct error *e),
        const char *body, size_t size, size_t count, float **ret, unsigned *ret_dimension,
        struct error *e)
{
        _cleanup_free_ const json_t **vectors = calloc(count + 1, sizeof(json_t *));
        _cleanup_json_ json_t *document = NULL;
        struct rows rows = {vectors, count};
        int r;

        if (!vectors)
                return error_set(e, -ENOMEM, "out of memory");
        r = count == 0 ? -EINVAL : json_parse("the answer", body, size, &document, e);
        if (r >= 0)
                r = find(document, &rows, e);
        if (r >= 0)
                r = check_rows(&rows, e);
        if (r >= 0)
                r = read_rows(&rows, ret, ret_dimension, e);
        return r;
}

static int parse_openai(const char *body, size_t size, size_t count, float **ret,
        unsigned *ret_dimension, struct error *e)
{
        return parse(find_openai, body, size, count, ret, ret_dimension, e);
}

static int parse_ollama(const char *body, size_t size, size_t count, float **ret,
        unsigned *ret_dimension, struct error *e)
{
        return parse(find_ollama, body, size, count, ret, ret_dimension, e);
}

static int parse_tei(const char *body, size_t size, size_t count, float **ret,
        unsigned *ret_dimension, struct error *e)
{
        return parse(find_tei, body, size, count, ret, ret_dimension, e);
}

const struct embedding_dialect embedding_dialects[] = {
        {"openai", true, build_openai, parse_openai},
        {"ollama", true, build_ollama, parse_ollama},
        {"tei", false, build_tei, parse_tei},
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
        _cleanup_json_ json_t *document = NULL;
        _cleanup_free_ char *words = NULL;
        const struct ruling *ruling = rulings;

        if (response->result != 0)
                return error_set(e, response->result, "%s: %s", what,
                        response->error ? response->error : "no answer");
        if (response->status >= 200 && response->status <= 299)
                return 0;
        while (response->status < ruling->first || response->status > ruling->last)
                ruling++;
        if (response->body_size <= ERROR_BODY_MAX)
                document = json_loadb(response->body, response->body_size, 0, NULL);
        words = quote_words(document, response->body, response->body_size);
        return error_set(e, ruling->code, "%s: HTTP %u: %s%s", what, response->status,
                words ? words : "out of memory", ruling->hint);
}
