/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/embedding.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>

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
        size_t *lengths; /* in numbers; 0: not even a list or base64 */
        size_t count;
        size_t dimension;
};

/* A vector that does not say whose it is stands where its text did. */
static int find_indexed(const json_t *list, struct rows *ret, struct error *e)
{
        for (size_t i = 0; i < ret->count; i++) {
                const json_t *row = json_array_get(list, i);
                const json_t *index = json_object_get(row, "index");
                json_int_t text = index ? json_integer_value(index) : (json_int_t)i;

                if ((index && !json_is_integer(index)) || text < 0 ||
                        (json_int_t)ret->count <= text)
                        return error_set(e, -EBADMSG,
                                "`index` of data[%zu] of the answer is not a number from 0 to %zu",
                                i, ret->count - 1);
                if (ret->vectors[text])
                        return error_set(e, -EBADMSG, "the answer has two vectors with `index` %zu",
                                (size_t)text);
                ret->vectors[text] = json_object_get(row, "embedding");
                if (!ret->vectors[text])
                        return error_set(
                                e, -EBADMSG, "data[%zu] of the answer has no `embedding`", i);
        }
        return 0;
}

static int find_rows(const struct embedding_dialect *dialect, const json_t *document,
        struct rows *ret, struct error *e)
{
        const json_t *list = dialect->find(document);

        if (!json_is_array(list))
                return wrong_shape(document, dialect->wanted, e);
        if (json_array_size(list) != ret->count)
                return error_set(e, -EBADMSG, "the answer has %zu vectors for %zu texts",
                        json_array_size(list), ret->count);
        if (dialect->indexed)
                return find_indexed(list, ret, e);
        for (size_t i = 0; i < ret->count; i++)
                ret->vectors[i] = json_array_get(list, i);
        return 0;
}

/* How many floats a row of base64 holds; 0 when it is none. */
static size_t base64_length(const char *text)
{
        static const char alphabet[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        size_t size = strlen(text), digits = strspn(text, alphabet);
        size_t bytes = digits / 4 * 3 + (digits % 4 > 0 ? digits % 4 - 1 : 0);

        if (size % 4 != 0 || digits + strspn(text + digits, "=") != size || size - digits > 2 ||
                bytes % sizeof(float) != 0)
                return 0;
        return bytes / sizeof(float);
}

static uint32_t base64_value(char c)
{
        if (c >= 'A' && c <= 'Z')
                return (uint32_t)(c - 'A');
        if (c >= 'a' && c <= 'z')
                return (uint32_t)(c - 'a') + 26;
        if (c >= '0' && c <= '9')
                return (uint32_t)(c - '0') + 52;
        return c == '+' ? 62 : 63;
}

/* What base64_length() accepted. */
static void base64_floats(const char *text, size_t count, float *ret)
{
        uint32_t bits = 0, value = 0;
        unsigned held = 0;

        for (size_t k = 0, byte = 0; k < count; text++) {
                bits = bits << 6 | base64_value(*text);
                held += 6;
                if (held < 8)
                        continue;
                held -= 8;
                value |= (bits >> held & 0xff) << 8 * byte;
                byte = (byte + 1) % sizeof(float);
                if (byte > 0)
                        continue;
                memcpy(&ret[k++], &value, sizeof(float));
                value = 0;
        }
}

static size_t row_length(const json_t *row)
{
        return json_is_string(row) ? base64_length(json_string_value(row)) : json_array_size(row);
}

/* A row alone may be cut off or empty: the vectors' length is that of most. */
static void measure_rows(struct rows *rows)
{
        size_t most = 0;

        for (size_t i = 0; i < rows->count; i++)
                rows->lengths[i] = row_length(rows->vectors[i]);
        for (size_t i = 0; i < rows->count; i++) {
                size_t same = 0;

                for (size_t k = 0; k < rows->count; k++)
                        same += rows->lengths[k] == rows->lengths[i];
                if (rows->lengths[i] == 0 || same <= most)
                        continue;
                rows->dimension = rows->lengths[i];
                most = same;
        }
}

static int read_numbers(const json_t *row, size_t dimension, float *ret, struct error *e)
{
        for (size_t k = 0; k < dimension; k++) {
                const char *wrong = json_to_float(json_array_get(row, k), &ret[k]);

                if (wrong)
                        return error_set(e, -EBADMSG, "component %zu of its vector %s", k, wrong);
        }
        return 0;
}

static int read_base64(const json_t *row, size_t dimension, float *ret, struct error *e)
{
        base64_floats(json_string_value(row), dimension, ret);
        for (size_t k = 0; k < dimension; k++)
                if (!isfinite(ret[k]))
                        return error_set(e, -EBADMSG,
                                "component %zu of its vector is not a finite number", k);
        return 0;
}

static int read_row(const struct rows *rows, size_t i, float *ret, struct error *e)
{
        size_t length = rows->lengths[i], dimension = rows->dimension;
        const json_t *row = rows->vectors[i];
        bool zero = true;
        int r;

        if (json_is_string(row) && length == 0)
                return error_set(e, -EBADMSG,
                        "its vector is a string that is not the base64 of 32-bit floats");
        if (!json_is_string(row) && !json_is_array(row))
                return error_set(e, -EBADMSG, "its vector is not a list of numbers");
        if (length != dimension)
                return error_set(e, -EBADMSG, "its vector has %zu numbers, others have %zu", length,
                        dimension);
        r = json_is_string(row) ? read_base64(row, dimension, ret, e)
                                : read_numbers(row, dimension, ret, e);
        if (r < 0)
                return r;
        for (size_t k = 0; k < dimension; k++)
                zero &= fpclassify(ret[k]) == FP_ZERO;
        /* It has no direction: a comparison with it would always be left out, and nobody told. */
        return zero ? error_set(e, -EBADMSG, "its vector is all zeros") : 0;
}

/* Before anything is allocated. */
static int check_rows(const struct rows *rows, struct error *e)
{
        for (size_t i = 0; i < rows->count; i++)
                if (json_is_array(json_array_get(rows->vectors[i], 0)))
                        return error_set(e, -EBADMSG,
                                "the answer has vectors of tokens: the server does not pool them "
                                "to one vector a text");
        if (rows->dimension > VECTOR_DIMENSION_MAX)
                return error_set(e, -EBADMSG, "the vectors have %zu numbers, not 1 to %d",
                        rows->dimension, VECTOR_DIMENSION_MAX);
        return 0;
}

static int read_rows(const struct rows *rows, struct embedding_rows *ret, struct error *e)
{
        size_t dimension = rows->dimension, wrong = 0;
        int r = 0;

        ret->count = rows->count;
        ret->dimension = (unsigned)dimension;
        ret->values = calloc(rows->count, MAX(dimension, (size_t)1) * sizeof(float));
        ret->wrong = calloc(rows->count, sizeof(char *));
        if (!ret->values || !ret->wrong)
                return error_set(e, -ENOMEM, "out of memory");
        for (size_t i = 0; i < rows->count; i++) {
                _cleanup_error_ struct error complaint = {0};

                r = read_row(rows, i, ret->values + i * dimension, &complaint);
                if (r >= 0)
                        continue;
                ret->wrong[i] = take_ptr(complaint.message);
                if (!ret->wrong[i])
                        return error_set(e, -ENOMEM, "out of memory");
                wrong++;
        }
        if (wrong < rows->count)
                return 0;
        return rows->count == 1 ? error_set(e, -EBADMSG, "%s", ret->wrong[0])
                                : error_set(e, -EBADMSG, "text 0: %s", ret->wrong[0]);
}

/* Python writes NaN and Infinity into JSON, which has neither. As something else that is no number
 * they are found by the reader of their vector. In place. */
static void hide_bare_words(char *body)
{
        static const char *const words[] = {"NaN", "Infinity"};
        bool within = false;

        for (char *p = body; *p; p++) {
                if (within && *p == '\\' && p[1])
                        p++;
                else if (*p == '"')
                        within = !within;
                for (size_t i = 0; !within && i < ARRAY_SIZE(words); i++)
                        if (strncmp(p, words[i], strlen(words[i])) == 0) {
                                memset(p, ' ', strlen(words[i]));
                                memcpy(p > body && p[-1] == '-' ? p - 1 : p, "{}", 2);
                        }
        }
}

static int read_document(const char *body, size_t size, json_t **ret, struct error *e)
{
        _cleanup_free_ char *copy = NULL;
        int r = json_parse("the answer", body, size, ret, e);

        if (r != -EBADMSG || (!memmem(body, size, "NaN", 3) && !memmem(body, size, "Infinity", 8)))
                return r;
        copy = strndup(body, size);
        if (!copy)
                return -ENOMEM;
        error_done(e);
        hide_bare_words(copy);
        return json_parse("the answer", copy, strlen(copy), ret, e);
}

void embedding_rows_done(struct embedding_rows *rows)
{
        for (size_t i = 0; rows->wrong && i < rows->count; i++)
                free(rows->wrong[i]);
        free(rows->wrong);
        free(rows->values);
        *rows = (struct embedding_rows){0};
}

int embedding_parse(const struct embedding_dialect *dialect, const char *body, size_t size,
        size_t count, struct embedding_rows *ret, struct error *e)
{
        _cleanup_free_ const json_t **vectors = calloc(count + 1, sizeof(json_t *));
        _cleanup_free_ size_t *lengths = calloc(count + 1, sizeof(size_t));
        _cleanup_(embedding_rows_done) struct embedding_rows read = {0};
        _cleanup_json_ json_t *document = NULL;
        struct rows rows = {.vectors = vectors, .lengths = lengths, .count = count};
        int r;

        if (!vectors || !lengths)
                return error_set(e, -ENOMEM, "out of memory");
        r = count == 0 ? -EINVAL : read_document(body, size, &document, e);
        if (r >= 0)
                r = find_rows(dialect, document, &rows, e);
        if (r >= 0)
                measure_rows(&rows);
        if (r >= 0)
                r = check_rows(&rows, e);
        if (r >= 0)
                r = read_rows(&rows, &read, e);
        if (r < 0)
                return r;
        *ret = read;
        read = (struct embedding_rows){0};
        return 0;
}

static const json_t *find_openai(const json_t *document)
{
        return json_object_get(document, "data");
}

static const json_t *find_ollama(const json_t *document)
{
        return json_object_get(document, "embeddings");
}

static const json_t *find_tei(const json_t *document)
{
        return document;
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
                .find = find_openai,
                .indexed = true,
        },
        {
                .name = "ollama",
                .needs_model = true,
                .path = "/api/embed",
                .input = "input",
                .option = "truncate",
                .wanted = "list `embeddings`",
                .find = find_ollama,
        },
        {
                .name = "tei",
                .path = "/embed",
                .input = "inputs",
                .option = "normalize",
                .wanted = "list of vectors",
                .find = find_tei,
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
        _cleanup_json_ json_t *document = NULL;
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
        if (response->body_size <= ERROR_BODY_MAX)
                document = json_loadb(response->body, response->body_size, 0, NULL);
        words = quote_words(document, response->body, response->body_size);
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
