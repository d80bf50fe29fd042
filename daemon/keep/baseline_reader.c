/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/baseline_reader.h"

#include <errno.h>
#include <math.h>

#include "base64.h"
#include "json.h"
#include "keep/baseline_file.h"
#include "keep/canon.h"
#include "model/rows.h"
#include "tree.h"

/* What a query, and all that is neither query nor vector, may take while it is a tree. */
#define TREE_MAX ((size_t)16 << 20)

/* Of the file, then of "baseline", then of "vectors" in that. */
enum member {
        MEMBER_BASELINE,
        MEMBER_FORMAT,
        MEMBER_SHA256,
        MEMBER_QUERIES,
        MEMBER_VECTORS,
        MEMBER_DIMENSION,
        MEMBER_MODEL,
        MEMBER_ROWS,
        MEMBER_COUNT,
};

static const struct {
        const char *name;
        unsigned depth; /* of its key */
} members[MEMBER_COUNT] = {
        [MEMBER_BASELINE] = {"baseline", 1},
        [MEMBER_FORMAT] = {"format", 1},
        [MEMBER_SHA256] = {"sha256", 1},
        [MEMBER_QUERIES] = {"queries", 2},
        [MEMBER_VECTORS] = {"vectors", 2},
        [MEMBER_DIMENSION] = {"dimension", 3},
        [MEMBER_MODEL] = {"model", 3},
        [MEMBER_ROWS] = {"vectors", 3},
};

#define NAMING_DEPTH_MAX 3

struct baseline_reader {
        const char *path;
        struct stream *stream;
        struct error broken; /* why it is not JSON */
        int code; /* of it, or -ENOMEM */
        struct error wrong; /* with the content */
        struct reader content;
        enum member at[NAMING_DEPTH_MAX + 1]; /* what is read, by depth; MEMBER_COUNT: another */
        bool seen[MEMBER_COUNT];
        bool is_object[MEMBER_COUNT];
        char *key; /* of the value that is a tree, or the query's id */
        struct tree tree;
        size_t budget;
        json_t *small; /* of "baseline" what is neither queries nor vectors */
        int64_t format; /* -1: none that could be one */
        char sha256[DIGEST_TEXT_MAX];
        struct canon canon;
        struct baseline *baseline;
        size_t room; /* of its queries */
        struct rows rows;
        int64_t dimension;
        char *model;
};

/* At its place, once; what follows is read for the hash only. */
static int refuse(struct baseline_reader *r, const char *what)
{
        struct stream_place here = stream_place(r->stream);

        if (r->content.code >= 0)
                r->content.code = error_set(&r->wrong, -EBADMSG, "%s:%zu:%zu: %s", r->path,
                        here.line, here.column, what);
        return 0;
}

static void complain(struct baseline_reader *r, const char *key, const char *expected)
{
        baseline_complain(&r->content, key, expected);
}

/* A value that is kept as a tree: 1 at its end. */
static int take_tree(struct baseline_reader *r, const struct stream_event *event, json_t **ret)
{
        _cleanup_error_ struct error e = {0};
        int code = tree_take(&r->tree, event, &r->budget, ret, &e);

        if (code == -ENOMEM || code >= 0)
                return code;
        tree_done(&r->tree);
        return refuse(r, error_text(&e, code));
}

static int keep_key(struct baseline_reader *r, const struct stream_event *event)
{
        free(r->key);
        r->key = strndup(event->text, event->size);
        return r->key ? 0 : -ENOMEM;
}

static int take_small(struct baseline_reader *r, const struct stream_event *event)
{
        json_t *value;
        int code;

        if (event->depth == 2 && event->kind == STREAM_KEY) {
                code = keep_key(r, event);
                return code >= 0 && json_object_get(r->small, r->key)
                        ? refuse(r, "the key is there twice")
                        : code;
        }
        code = take_tree(r, event, &value);
        return code > 0 ? json_put(r->small, r->key, value) : code;
}

static int add_query(struct baseline_reader *r, const json_t *object)
{
        struct baseline_query *q;

        r->budget = TREE_MAX;
        if (r->baseline->count == BASELINE_QUERIES_MAX) {
                complain(r, "queries", "an object of queries");
                return 0;
        }
        q = baseline_add_query(r->baseline, &r->room);
        if (!q)
                return -ENOMEM;
        q->id = take_ptr(r->key);
        baseline_read_query(&r->content, object, q);
        return r->content.code == -ENOMEM ? -ENOMEM : 0;
}

static int take_query(struct baseline_reader *r, const struct stream_event *event)
{
        _cleanup_json_ json_t *value = NULL;
        int code;

        if (event->depth == 2) {
                r->budget = TREE_MAX;
                r->is_object[MEMBER_QUERIES] |= event->kind == STREAM_OBJECT;
                return 0;
        }
        if (!r->is_object[MEMBER_QUERIES])
                return 0;
        if (event->depth == 3 && event->kind == STREAM_KEY)
                return keep_key(r, event);
        code = take_tree(r, event, &value);
        return code > 0 ? add_query(r, value) : code;
}

static int64_t whole_number(const struct stream_event *event)
{
        _cleanup_json_ json_t *value = NULL;
        _cleanup_free_ char *copy =
                event->kind == STREAM_NUMBER ? strndup(event->text, event->size) : NULL;

        value = copy ? json_loads(copy, JSON_DECODE_ANY, NULL) : NULL;
        return json_is_integer(value) ? json_integer_value(value) : -1;
}

static int take_number(struct baseline_reader *r, float value)
{
        if (isfinite(value))
                return rows_add(&r->rows, value);
        complain(r, "vectors", "a list of finite floats");
        return 0;
}

static int take_text(struct baseline_reader *r, const struct stream_event *event)
{
        size_t count = base64_floats(event->text, event->size);
        _cleanup_free_ float *values = calloc(count + 1, sizeof(float));
        int code = 0;

        if (!values)
                return -ENOMEM;
        base64_read(event->text, count, values);
        for (size_t i = 0; i < count && code >= 0; i++)
                code = take_number(r, values[i]);
        return code < 0 ? code : rows_end(&r->rows);
}

static int begin_row(struct baseline_reader *r, const struct stream_event *event)
{
        struct stream_place here = stream_place(r->stream);
        int code = rows_begin(
                &r->rows, event->text, event->size, (struct rows_place){here.line, here.column});

        if (code == -E2BIG || r->rows.count > BASELINE_QUERIES_MAX) {
                complain(r, "vectors", "an object of vectors");
                return 0;
        }
        return code;
}

/* A vector of format 2 is a text, one of format 1 a list. */
static int take_row(struct baseline_reader *r, const struct stream_event *event)
{
        float value = NAN;

        if (event->depth == 4 && event->kind == STREAM_KEY)
                return begin_row(r, event);
        if (event->depth == 4 && event->kind == STREAM_STRING)
                return take_text(r, event);
        if (event->depth == 4 && event->kind == STREAM_LIST_END)
                return rows_end(&r->rows);
        if (event->depth == 4)
                return 0;
        (void)stream_to_float(event, &value);
        return take_number(r, value);
}

static int take_vectors(struct baseline_reader *r, const struct stream_event *event)
{
        enum member member = event->depth < 3 ? MEMBER_VECTORS : r->at[3];

        if (event->depth == 2 && event->kind != STREAM_NULL && event->kind != STREAM_OBJECT &&
                event->kind != STREAM_OBJECT_END)
                complain(r, "vectors", "an object");
        if (event->kind == STREAM_OBJECT && (event->depth == 2 || event->depth == 3) &&
                member < MEMBER_COUNT)
                r->is_object[member] = true;
        if (!r->is_object[MEMBER_VECTORS] || event->depth < 3 ||
                (event->depth == 3 && event->kind == STREAM_KEY))
                return 0;
        if (member == MEMBER_ROWS && event->depth > 3)
                return r->is_object[MEMBER_ROWS] ? take_row(r, event) : 0;
        if (event->depth > 3)
                return 0;
        if (member == MEMBER_DIMENSION)
                r->dimension = whole_number(event);
        if (member == MEMBER_MODEL && event->kind == STREAM_STRING) {
                r->model = strndup(event->text, event->size);
                return r->model ? 0 : -ENOMEM;
        }
        return 0;
}

static int take_content(struct baseline_reader *r, const struct stream_event *event)
{
        int code = canon_take(&r->canon, event);

        if (code == -ENOMEM)
                return code;
        if (code < 0)
                return refuse(r, "a number cannot be read");
        r->is_object[MEMBER_BASELINE] |= event->depth == 1 && event->kind == STREAM_OBJECT;
        if (event->depth == 1 || !r->is_object[MEMBER_BASELINE] || r->content.code < 0)
                return 0;
        if ((event->kind == STREAM_STRING || event->kind == STREAM_KEY) &&
                memchr(event->text, '\0', event->size))
                return refuse(r, "a text holds a NUL");
        if (r->at[2] == MEMBER_COUNT)
                return take_small(r, event);
        if (event->depth == 2 && event->kind == STREAM_KEY)
                return 0;
        return r->at[2] == MEMBER_QUERIES ? take_query(r, event) : take_vectors(r, event);
}

static int take_root(struct baseline_reader *r, const struct stream_event *event)
{
        if (r->at[1] == MEMBER_FORMAT)
                r->format = whole_number(event);
        if (r->at[1] == MEMBER_SHA256 && event->kind == STREAM_STRING &&
                event->size < sizeof(r->sha256)) {
                memcpy(r->sha256, event->text, event->size);
                r->sha256[event->size] = '\0';
        }
        return 0;
}

/* Which member begins, among those of its parent. -EBADMSG for one that has begun before. */
static int name_member(struct baseline_reader *r, const struct stream_event *event)
{
        bool in_baseline = event->depth == 1 || r->at[1] == MEMBER_BASELINE;
        bool in_vectors = event->depth < 3 || r->at[2] == MEMBER_VECTORS;
        enum member m = in_baseline && in_vectors ? 0 : MEMBER_COUNT;

        while (m < MEMBER_COUNT &&
                !(members[m].depth == event->depth && stream_is(event, members[m].name)))
                m++;
        r->at[event->depth] = m;
        if (m == MEMBER_COUNT)
                return 0;
        if (r->seen[m])
                return -EBADMSG;
        r->seen[m] = true;
        return 0;
}

static int take(const struct stream_event *event, void *userdata)
{
        struct baseline_reader *r = userdata;
        bool names = event->kind == STREAM_KEY && event->depth <= NAMING_DEPTH_MAX;

        if (event->depth == 0)
                return 0;
        if (names && name_member(r, event) < 0) {
                struct stream_place here = stream_place(r->stream);

                return error_set(&r->broken, -EBADMSG, "%s:%zu:%zu: the key is there twice",
                        r->path, here.line, here.column);
        }
        if (event->depth == 1 && event->kind == STREAM_KEY)
                return 0;
        return r->at[1] == MEMBER_BASELINE ? take_content(r, event)
                : event->depth == 1        ? take_root(r, event)
                                           : 0;
}

struct baseline_reader *baseline_reader_new(const char *path, struct vector_set *known)
{
        _cleanup_(baseline_reader_freep) struct baseline_reader *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->path = path;
        r->content = (struct reader){path, &r->wrong, 0};
        r->format = r->dimension = -1;
        for (size_t i = 0; i < ARRAY_SIZE(r->at); i++)
                r->at[i] = MEMBER_COUNT;
        r->budget = TREE_MAX;
        r->rows.known = known;
        r->stream = stream_new(take, r);
        r->small = json_object();
        r->baseline = baseline_new(0);
        if (!r->stream || !r->small || !r->baseline || canon_init(&r->canon) < 0)
                return NULL;
        stream_name(r->stream, path);
        return take_ptr(r);
}

struct baseline_reader *baseline_reader_free(struct baseline_reader *r)
{
        if (!r)
                return NULL;
        stream_free(r->stream);
        tree_done(&r->tree);
        json_decref(r->small);
        canon_done(&r->canon);
        baseline_unref(r->baseline);
        rows_done(&r->rows);
        error_done(&r->broken);
        error_done(&r->wrong);
        free(r->key);
        free(r->model);
        free(r);
        return NULL;
}

/* A token that does not end, and nesting, are no JSON of a baseline's. */
static int note(struct baseline_reader *r, int code)
{
        r->code = code < 0 && r->broken.message ? -EBADMSG : code;
        return r->code;
}

int baseline_reader_feed(struct baseline_reader *r, const char *data, size_t size)
{
        return note(r, stream_feed(r->stream, data, size, &r->broken));
}

static int check_format(const struct baseline_reader *r, struct error *e)
{
        if (r->format < 0 || !r->is_object[MEMBER_BASELINE])
                return error_set(e, -EBADMSG, "%s: is not a baseline", r->path);
        if (r->format < BASELINE_FORMAT_OLDEST || r->format > BASELINE_FORMAT)
                return error_set(e, -EBADMSG,
                        "%s: is a baseline of format %lld; this driftwatch reads formats %d to %d",
                        r->path, (long long)r->format, BASELINE_FORMAT_OLDEST, BASELINE_FORMAT);
        return 0;
}

static int check_hash(struct baseline_reader *r, struct error *e)
{
        char hash[DIGEST_TEXT_MAX];
        int code = canon_end(&r->canon, hash);

        if (code < 0 || streq(hash, r->sha256))
                return code;
        return error_set(e, -EBADMSG,
                "%s: was damaged or edited: its content does not match its sha256", r->path);
}

static void finish_vectors(struct baseline_reader *r)
{
        if (!r->seen[MEMBER_VECTORS])
                complain(r, "vectors", "an object");
        if (!r->is_object[MEMBER_VECTORS])
                return;
        if (r->dimension < 1 || r->dimension > VECTOR_DIMENSION_MAX)
                complain(r, "dimension", "a whole number in its range");
        if (!r->is_object[MEMBER_ROWS])
                complain(r, "vectors", "an object of vectors");
        for (size_t i = 0; i < r->rows.count; i++)
                if ((int64_t)r->rows.rows[i].length != r->dimension)
                        complain(r, "vectors", "an object of vectors of its dimension");
        if (rows_sort(&r->rows))
                complain(r, "vectors", "an object in which every id is there once");
        r->rows.dimension = (unsigned)r->dimension;
        if (r->content.code >= 0)
                r->content.code = rows_take(&r->rows, r->path, r->model, &r->baseline->vectors);
}

static void finish_queries(struct baseline_reader *r)
{
        struct baseline *b = r->baseline;

        if (!r->is_object[MEMBER_QUERIES])
                complain(r, "queries", "an object of queries");
        if (r->content.code >= 0)
                baseline_sort(b);
        for (size_t i = 1; i < b->count && r->content.code >= 0; i++)
                if (streq(b->queries[i].id, b->queries[i - 1].id))
                        complain(r, "queries", "an object in which every id is there once");
}

int baseline_reader_end(struct baseline_reader *r, struct baseline **ret, struct error *e)
{
        int code = r->code < 0 ? r->code : note(r, stream_end(r->stream, &r->broken));

        if (code < 0)
                return error_set(e, code, "%s", error_text(&r->broken, code));
        code = check_format(r, e);
        if (code >= 0)
                code = check_hash(r, e);
        if (code < 0)
                return code;
        finish_queries(r);
        if (r->content.code >= 0)
                baseline_read_content(&r->content, r->small, r->baseline);
        finish_vectors(r);
        if (r->content.code < 0)
                return error_set(e, r->content.code, "%s", error_text(&r->wrong, r->content.code));
        *ret = take_ptr(r->baseline);
        return 0;
}
