/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vector_json.h"

#include <errno.h>
#include <math.h>

#include "model/rows.h"
#include "schema.h"
#include "stream.h"
#include "text.h"

enum member { MEMBER_MODEL, MEMBER_DIMENSION, MEMBER_VECTORS, MEMBER_COUNT };

static const char *const names[MEMBER_COUNT] = {
        [MEMBER_MODEL] = "model", [MEMBER_DIMENSION] = "dimension", [MEMBER_VECTORS] = "vectors"};

struct vector_json {
        const char *path;
        struct errors *errors;
        size_t errors_before;
        struct stream *stream;
        enum member now; /* that is read; MEMBER_COUNT: none of them */
        bool seen[MEMBER_COUNT];
        char *model;
        unsigned dimension; /* that it says it has; 0: nothing that counts */
        bool is_object; /* what "vectors" is */
        bool is_wrong; /* a number of it, which was told */
        struct rows rows;
};

/* Keys are the file's: they must not break the line of a log. */
static const char *shown(const char *key)
{
        return schema_check_line(key) ? "(unprintable)" : key;
}

/* At its place, and nothing more is read. */
static int end_at(const struct vector_json *j, struct rows_place at, const char *what)
{
        errors_add(j->errors, "%s:%zu:%zu: %s", j->path, at.line, at.column, what);
        return -EBADMSG;
}

static int end_here(const struct vector_json *j, const char *what)
{
        struct stream_place here = stream_place(j->stream);

        return end_at(j, (struct rows_place){here.line, here.column}, what);
}

static _cold_ int take_unknown(const struct vector_json *j, const struct stream_event *event)
{
        _cleanup_free_ char *key = utf8_clean(event->text, event->size);
        char hint[SCHEMA_HINT_MAX];

        if (!key)
                return -ENOMEM;
        errors_add(j->errors, "%s: %s: unknown key%s", j->path, shown(key),
                schema_hint(hint, sizeof(hint), key, names, MEMBER_COUNT));
        return 0;
}

static int take_key(struct vector_json *j, const struct stream_event *event)
{
        j->now = 0;
        while (j->now < MEMBER_COUNT && !stream_is(event, names[j->now]))
                j->now++;
        if (j->now == MEMBER_COUNT)
                return take_unknown(j, event);
        if (j->seen[j->now])
                return end_here(j, "the key is there twice");
        j->seen[j->now] = true;
        return 0;
}

static int take_model(struct vector_json *j, const struct stream_event *event)
{
        if (event->kind != STREAM_STRING) {
                errors_add(j->errors, "%s: model: must be a string", j->path);
                return 0;
        }
        j->model = utf8_clean(event->text, event->size);
        return j->model ? 0 : -ENOMEM;
}

/* 0 unless it is a whole number, written as such. */
static unsigned whole_number(const struct stream_event *event)
{
        unsigned n = 0;

        if (event->kind != STREAM_NUMBER)
                return 0;
        for (size_t i = 0; i < event->size; i++) {
                if (event->text[i] < '0' || event->text[i] > '9' || n > VECTOR_DIMENSION_MAX)
                        return 0;
                n = n * 10 + (unsigned)(event->text[i] - '0');
        }
        return n <= VECTOR_DIMENSION_MAX ? n : 0;
}

static int take_member(struct vector_json *j, const struct stream_event *event)
{
        switch (j->now) {
        case MEMBER_MODEL:
                return event->kind == STREAM_OBJECT_END || event->kind == STREAM_LIST_END
                        ? 0
                        : take_model(j, event);
        case MEMBER_DIMENSION:
                j->dimension = whole_number(event);
                return 0;
        case MEMBER_VECTORS:
                j->is_object |= event->kind == STREAM_OBJECT;
                return 0;
        default:
                return 0;
        }
}

static int take_id(struct vector_json *j, const struct stream_event *event)
{
        struct stream_place here = stream_place(j->stream);
        int r;

        j->is_wrong = false;
        if (event->size == 0)
                errors_add(j->errors, "%s: vectors: a query id is empty", j->path);
        if (memchr(event->text, '\0', event->size) || !utf8_valid(event->text, event->size))
                return end_here(j, "vectors: a query id holds a NUL or is not UTF-8");
        r = rows_begin(
                &j->rows, event->text, event->size, (struct rows_place){here.line, here.column});
        return r == -E2BIG ? end_here(j, "vectors: has more than a million vectors") : r;
}

static int take_row(struct vector_json *j, const struct stream_event *event)
{
        switch (event->kind) {
        case STREAM_KEY:
                return take_id(j, event);
        case STREAM_LIST:
                rows_last(&j->rows)->is_list = true;
                return 0;
        case STREAM_LIST_END:
                return rows_end(&j->rows);
        default:
                return 0;
        }
}

/* Beyond a double, too, so that hardly anything reads it. */
static bool is_beyond(const struct stream_event *event)
{
        _cleanup_free_ char *copy =
                event->kind == STREAM_NUMBER ? strndup(event->text, event->size) : NULL;

        return copy && isinf(strtod(copy, NULL));
}

/* Of each row the first that is wrong is told. */
static _cold_ int take_wrong(
        struct vector_json *j, const struct stream_event *event, const char *what)
{
        const struct row *row = rows_last(&j->rows);

        if (is_beyond(event))
                return end_here(j, "a number is too large");
        if (!j->is_wrong)
                errors_add(j->errors, "%s: vectors.%s[%zu]: %s", j->path, shown(row->id),
                        row->length, what);
        j->is_wrong = true;
        return 0;
}

static int take_number(struct vector_json *j, const struct stream_event *event)
{
        float value = 0;
        const char *wrong = stream_to_float(event, &value);
        int r = wrong ? take_wrong(j, event, wrong) : 0;

        return r < 0 ? r : rows_add(&j->rows, value);
}

static int take_vectors(struct vector_json *j, const struct stream_event *event)
{
        if (event->depth == 2)
                return take_row(j, event);
        if (event->depth > 3 || !rows_last(&j->rows)->is_list || event->kind == STREAM_OBJECT_END ||
                event->kind == STREAM_LIST_END)
                return 0;
        return take_number(j, event);
}

static int take(const struct stream_event *event, void *userdata)
{
        struct vector_json *j = userdata;

        if (event->depth > 1)
                return j->now == MEMBER_VECTORS && j->is_object ? take_vectors(j, event) : 0;
        if (event->depth == 1)
                return event->kind == STREAM_KEY ? take_key(j, event) : take_member(j, event);
        if (event->kind == STREAM_OBJECT || event->kind == STREAM_OBJECT_END)
                return 0;
        errors_add(j->errors, "%s: must be a JSON object with dimension and vectors", j->path);
        return -EBADMSG;
}

struct vector_json *vector_json_new(
        const char *path, struct vector_set *known, struct errors *errors)
{
        _cleanup_(vector_json_freep) struct vector_json *j = calloc(1, sizeof(*j));

        if (!j)
                return NULL;
        j->stream = stream_new(take, j);
        if (!j->stream)
                return NULL;
        stream_name(j->stream, path);
        j->path = path;
        j->errors = errors;
        j->errors_before = errors_total(errors);
        j->now = MEMBER_COUNT;
        j->rows.known = known;
        return take_ptr(j);
}

struct vector_json *vector_json_free(struct vector_json *j)
{
        if (!j)
                return NULL;
        stream_free(j->stream);
        rows_done(&j->rows);
        free(j->model);
        free(j);
        return NULL;
}

/* The parser's sentence, where there is one. */
static int note(const struct vector_json *j, int r, const struct error *e)
{
        if (r >= 0 || !e->message)
                return r;
        errors_add(j->errors, "%s", e->message);
        return -EBADMSG;
}

int vector_json_feed(struct vector_json *j, const char *data, size_t size)
{
        _cleanup_error_ struct error e = {0};

        return note(j, stream_feed(j->stream, data, size, &e), &e);
}

static void check_row(const struct vector_json *j, const struct row *row)
{
        if (!row->is_list)
                errors_add(j->errors, "%s: vectors.%s: is not a list of numbers", j->path,
                        shown(row->id));
        else if (row->length != j->dimension)
                errors_add(j->errors, "%s: vectors.%s: has %zu numbers, dimension is %u", j->path,
                        shown(row->id), row->length, j->dimension);
}

/* Rows in the order of the file; without a dimension, every one would look too long. */
static int check(struct vector_json *j)
{
        const struct row *twice;

        if (j->dimension == 0)
                errors_add(j->errors, "%s: dimension: must be given as a whole number from 1 to %d",
                        j->path, VECTOR_DIMENSION_MAX);
        if (!j->is_object || j->rows.count == 0)
                errors_add(j->errors,
                        "%s: vectors: must be an object of query ids with at least one vector",
                        j->path);
        for (size_t i = 0; j->dimension > 0 && i < j->rows.count; i++)
                check_row(j, &j->rows.rows[i]);
        twice = rows_sort(&j->rows);
        if (twice)
                return end_at(j, twice->place, "vectors: the query id is there twice");
        return errors_total(j->errors) > j->errors_before ? -EBADMSG : 0;
}

int vector_json_end(struct vector_json *j, struct vector_set **ret)
{
        _cleanup_error_ struct error e = {0};
        int r = note(j, stream_end(j->stream, &e), &e);

        if (r >= 0)
                r = check(j);
        return r < 0 ? r : rows_take(&j->rows, j->path, j->model, ret);
}
