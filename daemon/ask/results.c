/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/results.h"

#include <errno.h>

#include "ask/reading.h"
#include "text.h"

/* What is kept of an answer, per record: an id, or what its metadata costs as a tree. */
#define RECORD_COST 512
#define METADATA_COST ((size_t)64 << 10)
/* Some keep whole documents in their metadata. */
#define METADATA_COST_MAX ((size_t)24 << 20)

/* What a server that miscounts may send. */
#define EXCESS_MAX 100

/* The old servers, 0.5 and 0.6, say "included". */
enum column { IDS, DISTANCES, METADATAS, INCLUDE, INCLUDED };

static const char *const keys[] = {
        [IDS] = "ids",
        [DISTANCES] = "distances",
        [METADATAS] = "metadatas",
        [INCLUDE] = "include",
        [INCLUDED] = "included",
};
#define ROWS (METADATAS + 1)

struct row {
        char **ids; /* NULL for one that is no string */
        float *distances;
        json_t *metadatas;
        bool lists[ROWS]; /* that the row has such a list */
        bool other[ROWS]; /* that something else stands there */
        size_t counts[ROWS];
        size_t ids_room, distances_room; /* allocated */
        bool no_id; /* one of them is not a string */
        const char *no_distance; /* why the first that is none is none; NULL */
        size_t no_distance_at;
        bool no_metadata; /* one of them is neither object nor null */
};

struct results_reading {
        struct reading base;
        size_t count;
        unsigned results, include;
        struct row *rows;
        size_t next[ROWS]; /* rows of each */
        bool within; /* a row's list */
        bool included; /* the server says that it included metadata */
};

static void done(struct reading *base)
{
        struct results_reading *r = (struct results_reading *)base;

        for (size_t i = 0; r->rows && i < r->count; i++) {
                struct row *row = &r->rows[i];

                for (size_t k = 0; row->ids && k < MIN(row->counts[IDS], r->results); k++)
                        free(row->ids[k]);
                free(row->ids);
                free(row->distances);
                json_decref(row->metadatas);
        }
        free(r->rows);
}

/* Rows begin, and end, at depth 2. */
static int take_row(struct results_reading *r, size_t column, const struct stream_event *event)
{
        size_t *next = &r->next[column];

        if (event->kind == STREAM_LIST_END || event->kind == STREAM_OBJECT_END) {
                r->within = false;
                return 0;
        }
        if (*next == r->count)
                return reading_fail(&r->base, -EBADMSG,
                        "the answer has more than %zu %s of %s, one for each query", r->count,
                        plural(r->count, "row", "rows"), keys[column]);
        r->within = event->kind == STREAM_LIST;
        r->rows[*next].lists[column] = r->within;
        r->rows[*next].other[column] = !r->within && event->kind != STREAM_NULL;
        ++*next;
        return 0;
}

static int take_id(struct results_reading *r, struct row *row, const struct stream_event *event)
{
        bool is_string = event->kind == STREAM_STRING;
        /* Beside a distance it would be taken for a record, which nobody could look up. */
        bool keeps = is_string &&
                !(r->include & CHROMA_DISTANCES && memchr(event->text, '\0', event->size));
        char **ids;

        row->no_id |= !is_string;
        if (r->include & CHROMA_COUNTS)
                return 0;
        ids = reading_grow(&r->base, row->ids, row->counts[IDS], &row->ids_room, sizeof(*ids));
        if (!ids) {
                row->counts[IDS]--;
                return r->base.code;
        }
        row->ids = ids;
        ids[row->counts[IDS] - 1] = NULL;
        return keeps ? reading_string(&r->base, event, &ids[row->counts[IDS] - 1]) : 0;
}

/* null would be 0 as a number, a perfect match. */
static int take_distance(
        struct results_reading *r, struct row *row, const struct stream_event *event)
{
        size_t at = row->counts[DISTANCES] - 1;
        float *distances = reading_grow(
                &r->base, row->distances, at + 1, &row->distances_room, sizeof(*distances));

        if (!distances)
                return r->base.code;
        row->distances = distances;
        distances[at] = 0;
        if (row->no_distance)
                return 0;
        if (event->kind == STREAM_NULL)
                row->no_distance = "a distance is null: a stored vector holds NaN, or overflows";
        else if (event->kind != STREAM_NUMBER)
                row->no_distance = "a distance is not a number";
        else if (stream_to_float(event, &distances[at]))
                row->no_distance = "a distance is beyond the range of a float";
        row->no_distance_at = at;
        return 0;
}

/* Records stand at depth 3, and what is of more than one piece ends there. */
static int take_record(struct results_reading *r, size_t column, const struct stream_event *event)
{
        struct row *row = &r->rows[r->next[column] - 1];
        size_t *count = &row->counts[column];
        bool ends = event->kind == STREAM_OBJECT_END || event->kind == STREAM_LIST_END;
        bool begins = event->depth == 3 && !ends;

        *count += begins;
        /* A few more than were asked for spoil their row, and any number the answer. */
        if (*count > r->results + EXCESS_MAX)
                return reading_fail(&r->base, -EBADMSG,
                        "the answer has more %s than were asked for", keys[column]);
        if (*count > r->results)
                return 0;
        if (column == METADATAS)
                return reading_metadata(&r->base, event, &row->metadatas, &row->no_metadata);
        if (!begins)
                return 0;
        return column == IDS ? take_id(r, row, event) : take_distance(r, row, event);
}

static int take(void *reading, size_t column, const struct stream_event *event)
{
        struct results_reading *r = reading;

        if (column >= ROWS) {
                r->included |= event->kind == STREAM_STRING && stream_is(event, "metadatas");
                return 0;
        }
        if (event->depth == 2)
                return take_row(r, column, event);
        return r->within ? take_record(r, column, event) : 0;
}

struct http_sink *results_sink(size_t count, unsigned results, unsigned include)
{
        struct reading_lists lists = {.take = take};
        struct results_reading *r = calloc(1, sizeof(*r));
        size_t records = count * results;
        size_t budget = records * RECORD_COST;

        if (!r)
                return NULL;
        if (include & CHROMA_METADATAS)
                budget += MIN(records * METADATA_COST, METADATA_COST_MAX);
        r->count = count;
        r->results = results;
        r->include = include;
        memcpy(lists.keys, keys, sizeof(keys));
        r->rows = calloc(count, sizeof(*r->rows));
        if (r->rows && reading_init_lists(&r->base, &lists, done, budget) == 0)
                return &r->base.sink;
        free(r->rows);
        free(r);
        return NULL;
}

static int check_rows(const struct results_reading *r, enum column column, struct error *e)
{
        if (!r->base.lists.is_list[column])
                return error_set(e, -EBADMSG, "the answer has no list of %s", keys[column]);
        if (r->next[column] != r->count)
                return error_set(e, -EBADMSG, "the answer has %zu %s of %s for %zu %s",
                        r->next[column], plural(r->next[column], "row", "rows"), keys[column],
                        r->count, plural(r->count, "query", "queries"));
        return 0;
}

/* NULL, or why the metadata is unusable. Without metadata an expectation of it would look unmet. */
static const char *check_metadata(const struct results_reading *r, const struct row *row)
{
        bool included = r->included && row->counts[IDS] > 0;

        if (!row->lists[METADATAS] && !row->other[METADATAS])
                return included ? "metadata was asked for and is missing" : NULL;
        if (row->other[METADATAS] || row->counts[METADATAS] != row->counts[IDS])
                return "there is not one metadata for each id";
        return row->no_metadata ? "a record's metadata is not an object" : NULL;
}

static const char *check_shape(const struct results_reading *r, const struct row *row)
{
        if (!row->lists[IDS])
                return "ids are not a list";
        if (!row->lists[DISTANCES])
                return "distances are not a list";
        if (row->counts[IDS] != row->counts[DISTANCES])
                return "there is not one distance for each id";
        if (row->counts[IDS] > r->results)
                return "there are more records than were asked for";
        return check_metadata(r, row);
}

static const char *check_records(const struct row *row)
{
        for (size_t i = 0; i < row->counts[IDS]; i++) {
                if (!row->ids[i])
                        return "an id is not a string";
                if (row->no_distance && row->no_distance_at == i)
                        return row->no_distance;
                if (i > 0 && row->distances[i] < row->distances[i - 1])
                        return "distances are not ascending";
        }
        return NULL;
}

static int finish_row(
        const struct results_reading *r, const struct row *row, struct results_row *ret)
{
        json_t *metadatas = row->lists[METADATAS] && !row->metadatas ? json_array()
                                                                     : json_incref(row->metadatas);

        ret->unmeasured = check_shape(r, row);
        if (!ret->unmeasured)
                ret->unmeasured = check_records(row);
        if (ret->unmeasured) {
                json_decref(metadatas);
                return 0;
        }
        ret->answer = answer_new((unsigned)row->counts[IDS], (const char *const *)row->ids,
                row->distances, metadatas);
        return ret->answer ? 0 : -ENOMEM;
}

/* The response was built by results_sink(). */
static struct results_reading *reading_of(const struct http_response *response)
{
        return (struct results_reading *)response->sink;
}

int results_read(const struct http_response *response, struct results_row *ret, struct error *e)
{
        struct results_reading *r = reading_of(response);
        int code = reading_end(&r->base, e);

        if (code >= 0)
                code = check_rows(r, IDS, e);
        if (code >= 0)
                code = check_rows(r, DISTANCES, e);
        if (code >= 0 && (r->base.lists.is_list[METADATAS] || r->base.lists.is_other[METADATAS]))
                code = check_rows(r, METADATAS, e);
        if (code < 0)
                return code;
        for (size_t i = 0; i < r->count && code >= 0; i++)
                code = finish_row(r, &r->rows[i], &ret[i]);
        for (size_t i = 0; i < r->count && code < 0; i++) {
                (void)answer_unref(ret[i].answer);
                ret[i] = (struct results_row){0};
        }
        return code;
}

static int check_ids(const struct results_reading *r, const struct row *row, struct error *e)
{
        if (!row->lists[IDS])
                return error_set(e, -EBADMSG, "a row of ids is not a list");
        if (row->counts[IDS] > r->results)
                return error_set(
                        e, -EBADMSG, "a row has more ids than the %u asked for", r->results);
        return row->no_id ? error_set(e, -EBADMSG, "an id is not a string") : 0;
}

static int end_ids(struct results_reading *r, struct error *e)
{
        int code = reading_end(&r->base, e);

        if (code >= 0)
                code = check_rows(r, IDS, e);
        for (size_t i = 0; i < r->count && code >= 0; i++)
                code = check_ids(r, &r->rows[i], e);
        return code;
}

void results_forget(struct results_row *rows, size_t count)
{
        for (size_t i = 0; i < count; i++)
                answer_unref(rows[i].answer);
        memset(rows, 0, count * sizeof(*rows));
}

int results_read_counts(const struct http_response *response, size_t *ret, struct error *e)
{
        struct results_reading *r = reading_of(response);
        int code = end_ids(r, e);

        for (size_t i = 0; i < r->count && code >= 0; i++)
                ret[i] = r->rows[i].counts[IDS];
        return code;
}

int results_read_ids(
        const struct http_response *response, char ***ret, size_t *ret_count, struct error *e)
{
        struct results_reading *r = reading_of(response);
        int code = end_ids(r, e);

        if (code < 0)
                return code;
        *ret = take_ptr(r->rows[0].ids);
        *ret_count = r->rows[0].counts[IDS];
        return 0;
}
