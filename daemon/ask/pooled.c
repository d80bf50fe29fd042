/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/pooled.h"

#include <errno.h>
#include <math.h>

#include "ask/reading.h"
#include "base64.h"
#include "model/vector_set.h"

/* What may be kept for a text: a vector of 8,192 components in an array that doubles. */
#define TEXT_COST ((size_t)64 << 10)
/* Bytes that are masked at once. */
#define SLICE ((size_t)4 << 10)

/* A vector as it came. */
struct row {
        float *values;
        size_t length, room; /* in numbers */
        bool there;
        bool is_list, is_text;
        bool of_tokens; /* a list of lists */
        size_t wrong_at; /* the first component that is none */
        const char *wrong; /* what is wrong with it; NULL: nothing */
        bool has_index, index_wrong;
        size_t index; /* of the text that it belongs to */
};

enum member { OTHER, EMBEDDING, INDEX };

struct pooled_reading {
        struct reading base;
        const struct embedding_dialect *dialect;
        int (*take)(struct http_sink *sink, const char *data, size_t size); /* of what is masked */
        size_t count; /* of texts */
        struct row *rows;
        size_t next; /* rows that came */
        bool list, found; /* within the list of vectors, and that there was one */
        enum member member; /* of an object with a vector */
        /* Of what is masked. */
        bool quoted, escaped, minus;
        const char *word; /* what is left of one */
        unsigned masked; /* bytes of it that were passed */
};

static void done(struct reading *base)
{
        struct pooled_reading *r = (struct pooled_reading *)base;

        for (size_t i = 0; r->rows && i < r->count; i++)
                free(r->rows[i].values);
        free(r->rows);
}

/* Python writes NaN and Infinity into JSON, which has neither. As something else that is no number,
 * `{}`, they are found by the reader of their vector. Whether `c` belongs to such a word; `*ret` is
 * what stands for it. */
static bool mask_word(struct pooled_reading *r, char c, char *ret)
{
        static const char *const words[] = {"NaN", "Infinity"};

        for (size_t i = 0; !r->word && i < ARRAY_SIZE(words); i++)
                if (c == *words[i]) {
                        r->word = words[i];
                        r->masked = 0;
                }
        if (!r->word || c != *r->word) {
                r->word = NULL;
                return false;
        }
        *ret = "{}      "[r->masked++];
        if (!*++r->word)
                r->word = NULL;
        return true;
}

/* At most one byte more than `size` comes of it: a minus sign waits for what follows it. */
static size_t mask(struct pooled_reading *r, const char *data, size_t size, char *ret)
{
        size_t n = 0;

        for (size_t i = 0; i < size; i++) {
                char c = data[i], instead;
                bool masked = !r->quoted && mask_word(r, c, &instead);

                if (r->minus)
                        ret[n++] = masked ? ' ' : '-';
                r->minus = !r->quoted && c == '-';
                if (!r->minus)
                        ret[n++] = masked ? instead : c;
                if (c == '"' && !r->escaped)
                        r->quoted = !r->quoted;
                r->escaped = r->quoted && c == '\\' && !r->escaped;
        }
        return n;
}

static int take_bytes(struct http_sink *sink, const char *data, size_t size)
{
        struct pooled_reading *r = (struct pooled_reading *)sink;
        char buffer[SLICE + 1];
        int code = 0;

        for (size_t at = 0; at < size && code >= 0; at += SLICE) {
                size_t n = mask(r, data + at, MIN(size - at, SLICE), buffer);

                code = r->take(sink, buffer, n);
        }
        return code;
}

static struct row *row_of(struct pooled_reading *r)
{
        return r->next > 0 && r->next <= r->count ? &r->rows[r->next - 1] : NULL;
}

static int make_room(struct pooled_reading *r, struct row *row, size_t count)
{
        float *values = reading_grow(&r->base, row->values, count, &row->room, sizeof(*values));

        if (!values)
                return count > 0 ? r->base.code : 0;
        row->values = values;
        return 0;
}

static void note_wrong(struct row *row, size_t at, const char *wrong)
{
        if (!row->wrong) {
                row->wrong_at = at;
                row->wrong = wrong;
        }
}

static int take_component(
        struct pooled_reading *r, struct row *row, const struct stream_event *event)
{
        const char *wrong;
        int code;

        if (event->kind == STREAM_LIST_END || event->kind == STREAM_OBJECT_END)
                return 0;
        row->of_tokens |= row->length == 0 && event->kind == STREAM_LIST;
        code = make_room(r, row, row->length + 1);
        if (code < 0)
                return code;
        row->values[row->length] = 0;
        wrong = stream_to_float(event, &row->values[row->length]);
        if (wrong)
                note_wrong(row, row->length, wrong);
        row->length++;
        return 0;
}

static int take_text(struct pooled_reading *r, struct row *row, const struct stream_event *event)
{
        size_t length = base64_floats(event->text, event->size);
        int code = make_room(r, row, length);

        if (code < 0)
                return code;
        row->is_text = true;
        row->length = length;
        base64_read(event->text, length, row->values);
        for (size_t i = 0; i < length; i++)
                if (!isfinite(row->values[i]))
                        note_wrong(row, i, "is not a finite number");
        return 0;
}

/* Where a vector begins, or ends. */
static int take_vector(struct pooled_reading *r, struct row *row, const struct stream_event *event)
{
        row->there = true;
        row->is_list |= event->kind == STREAM_LIST;
        return event->kind == STREAM_STRING ? take_text(r, row, event) : 0;
}

/* A JSON integer of digits alone. */
static void take_index(struct row *row, const struct stream_event *event)
{
        row->has_index = true;
        row->index = 0;
        row->index_wrong = event->kind != STREAM_NUMBER;
        for (size_t i = 0; i < event->size && !row->index_wrong; i++) {
                row->index_wrong = event->text[i] < '0' || event->text[i] > '9' || i > 9;
                row->index = row->index * 10 + (size_t)(event->text[i] - '0');
        }
}

static int take_member(struct pooled_reading *r, struct row *row, const struct stream_event *event)
{
        if (event->kind == STREAM_KEY)
                r->member = stream_is(event, "embedding") ? EMBEDDING
                        : stream_is(event, "index")       ? INDEX
                                                          : OTHER;
        else if (r->member == EMBEDDING)
                return take_vector(r, row, event);
        else if (r->member == INDEX)
                take_index(row, event);
        return 0;
}

/* `depth` is that within the list of vectors. */
static int take_in_list(struct pooled_reading *r, unsigned depth, const struct stream_event *event)
{
        unsigned vector = r->dialect->indexed ? 1 : 0;
        struct row *row;

        if (depth == 0 && event->kind != STREAM_LIST_END && event->kind != STREAM_OBJECT_END) {
                r->next++;
                r->member = OTHER;
        }
        row = row_of(r);
        if (!row)
                return 0;
        if (depth == vector)
                return vector ? take_member(r, row, event) : take_vector(r, row, event);
        if (depth == vector + 1 && row->is_list && (!vector || r->member == EMBEDDING))
                return take_component(r, row, event);
        return 0;
}

static int take(const struct stream_event *event, void *userdata)
{
        struct pooled_reading *r = userdata;
        unsigned within = r->dialect->list ? 1 : 0;
        bool bounds = event->kind == STREAM_LIST || event->kind == STREAM_LIST_END;

        if (within && event->depth == 1 && event->kind == STREAM_KEY) {
                r->list = !r->found && stream_is(event, r->dialect->list);
                return 0;
        }
        if (event->depth == within && (r->list || !within)) {
                r->list = event->kind == STREAM_LIST;
                r->found |= bounds;
                return 0;
        }
        return r->list && event->depth > within ? take_in_list(r, event->depth - within - 1, event)
                                                : 0;
}

struct http_sink *pooled_sink(const struct embedding_dialect *dialect, size_t count)
{
        struct pooled_reading *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->dialect = dialect;
        r->count = count;
        r->rows = calloc(count, sizeof(*r->rows));
        if (!r->rows || reading_init(&r->base, take, done, count * TEXT_COST) < 0) {
                free(r->rows);
                free(r);
                return NULL;
        }
        r->take = r->base.sink.take;
        r->base.sink.take = take_bytes;
        return &r->base.sink;
}

/* Some servers report an error with status 200. */
static int wrong_shape(
        const struct pooled_reading *r, const struct http_response *response, struct error *e)
{
        _cleanup_free_ char *words = embedding_words(response->body, response->body_size);

        return error_set(e, -EBADMSG, "the answer has no %s%s%s", r->dialect->wanted,
                words ? ": " : "", words ? words : "");
}

/* A vector that does not say whose it is belongs to the text that stands where it does. */
static int sort_rows(const struct pooled_reading *r, const struct row **ret, struct error *e)
{
        for (size_t i = 0; i < r->count; i++) {
                const struct row *row = &r->rows[i];
                size_t text = row->has_index ? row->index : i;

                if (row->index_wrong || text >= r->count)
                        return error_set(e, -EBADMSG,
                                "`index` of data[%zu] of the answer is not a number from 0 to %zu",
                                i, r->count - 1);
                if (ret[text])
                        return error_set(
                                e, -EBADMSG, "the answer has two vectors with `index` %zu", text);
                if (!row->there)
                        return error_set(
                                e, -EBADMSG, "data[%zu] of the answer has no `embedding`", i);
                ret[text] = row;
        }
        return 0;
}

/* A row alone may be cut off or empty: the vectors' length is that of most. */
static size_t common_length(const struct pooled_reading *r)
{
        size_t most = 0, length = 0;

        for (size_t i = 0; i < r->count; i++) {
                size_t same = 0;

                for (size_t k = 0; k < r->count; k++)
                        same += r->rows[k].length == r->rows[i].length;
                if (r->rows[i].length == 0 || same <= most)
                        continue;
                length = r->rows[i].length;
                most = same;
        }
        return length;
}

static int check(const struct pooled_reading *r, size_t dimension, struct error *e)
{
        for (size_t i = 0; i < r->count; i++)
                if (r->rows[i].of_tokens)
                        return error_set(e, -EBADMSG,
                                "the answer has vectors of tokens: the server does not pool them "
                                "to one vector a text");
        if (dimension > VECTOR_DIMENSION_MAX)
                return error_set(e, -EBADMSG, "the vectors have %zu numbers, not 1 to %d",
                        dimension, VECTOR_DIMENSION_MAX);
        return 0;
}

static bool is_zero(const struct row *row)
{
        bool zero = true;

        for (size_t k = 0; k < row->length; k++)
                zero &= fpclassify(row->values[k]) == FP_ZERO;
        return zero;
}

static int check_row(const struct row *row, size_t dimension, struct error *e)
{
        if (row->is_text && row->length == 0)
                return error_set(e, -EBADMSG,
                        "its vector is a string that is not the base64 of 32-bit floats");
        if (!row->is_text && !row->is_list)
                return error_set(e, -EBADMSG, "its vector is not a list of numbers");
        if (row->length != dimension)
                return error_set(e, -EBADMSG, "its vector has %zu numbers, others have %zu",
                        row->length, dimension);
        if (row->wrong)
                return error_set(
                        e, -EBADMSG, "component %zu of its vector %s", row->wrong_at, row->wrong);
        /* It has no direction: a comparison with it would always be left out, and nobody told. */
        return is_zero(row) ? error_set(e, -EBADMSG, "its vector is all zeros") : 0;
}

static int take_row(const struct row *row, size_t i, struct pooled *ret)
{
        _cleanup_error_ struct error complaint = {0};

        if (check_row(row, ret->dimension, &complaint) >= 0) {
                memcpy(ret->values + i * ret->dimension, row->values,
                        ret->dimension * sizeof(float));
                return 0;
        }
        ret->wrong[i] = take_ptr(complaint.message);
        return ret->wrong[i] ? 1 : -ENOMEM;
}

static int take_rows(const struct row *const *rows, size_t count, size_t dimension,
        struct pooled *ret, struct error *e)
{
        size_t wrong = 0;

        ret->count = count;
        ret->dimension = (unsigned)dimension;
        ret->values = calloc(count, MAX(dimension, (size_t)1) * sizeof(float));
        ret->wrong = calloc(count, sizeof(char *));
        for (size_t i = 0; i < count; i++) {
                int r = ret->values && ret->wrong ? take_row(rows[i], i, ret) : -ENOMEM;

                if (r < 0)
                        return error_set(e, r, "out of memory");
                wrong += (size_t)r;
        }
        if (wrong < count)
                return 0;
        return count == 1 ? error_set(e, -EBADMSG, "%s", ret->wrong[0])
                          : error_set(e, -EBADMSG, "text 0: %s", ret->wrong[0]);
}

void pooled_done(struct pooled *p)
{
        for (size_t i = 0; p->wrong && i < p->count; i++)
                free(p->wrong[i]);
        free(p->wrong);
        free(p->values);
        *p = (struct pooled){0};
}

int pooled_read(const struct http_response *response, struct pooled *ret, struct error *e)
{
        struct pooled_reading *r = (struct pooled_reading *)response->sink;
        _cleanup_free_ const struct row **rows = calloc(r->count, sizeof(struct row *));
        _cleanup_(pooled_done) struct pooled read = {0};
        size_t dimension;
        int code = rows ? reading_end(&r->base, e) : error_set(e, -ENOMEM, "out of memory");

        if (code >= 0 && !r->found)
                code = wrong_shape(r, response, e);
        if (code >= 0 && r->next != r->count)
                code = error_set(
                        e, -EBADMSG, "the answer has %zu vectors for %zu texts", r->next, r->count);
        if (code >= 0)
                code = sort_rows(r, rows, e);
        dimension = code >= 0 ? common_length(r) : 0;
        if (code >= 0)
                code = check(r, dimension, e);
        if (code >= 0)
                code = take_rows(rows, r->count, dimension, &read, e);
        if (code < 0)
                return code;
        *ret = read;
        read = (struct pooled){0};
        return 0;
}
