/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/past.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "json.h"
#include "text.h"

/* Key: COLLECTION, QUERY and number of the span, one a line. Value: [FIRST, LAST, SAMPLES,
 * DISTANCE, EXPECTED DISTANCE, RANK, BAND, OUTCOME] of each run, times in milliseconds. */
static const struct state_kind kind = {.name = "history", .bulk = true};

#define RUN_MEMBERS 8
/* Spans that may be longer than they are in a file that has them: an earlier life ended in one, and
 * this one has begun another. Those before them are whole. */
#define GROWING 2
/* Spans that a history lets go of at a time: three weeks of them; and where it is not known when it
 * was put last, for what is left of an earlier life goes with past_restore(). */
#define LET_GO_MAX 256
#define LET_GO_UNKNOWN 12

static uint64_t span_of(usec_t time)
{
        return time / PAST_SPAN;
}

static void append_number(struct text *t, float value)
{
        if (isfinite(value))
                text_append_float(t, value);
        else
                text_append(t, "null");
}

static void append_run(struct text *t, const struct history_run *run)
{
        text_appendf(t, "[%llu,%llu,%u,", (unsigned long long)(run->first / USEC_PER_MSEC),
                (unsigned long long)(run->last / USEC_PER_MSEC), run->samples);
        append_number(t, run->distance);
        text_append(t, ",");
        append_number(t, run->expected_distance);
        text_appendf(t, ",%u,%d,%u]", run->expected_rank, run->band, (unsigned)run->outcome);
}

static int key_of(struct text *t, const char *collection, const char *query, uint64_t span)
{
        text_clear(t);
        text_appendf(t, "%s\n%s\n%010llu", collection, query, (unsigned long long)span);
        return text_failed(t) ? -ENOMEM : 0;
}

/* Index of the first of the runs, before `end`, that began in its span. */
static size_t first_of_span(const struct history_snapshot *h, size_t end, uint64_t span)
{
        while (end > 0 && span_of(history_snapshot_run(h, end - 1).first) == span)
                end--;
        return end;
}

static int put_span(struct state *s, const char *key, const struct history_snapshot *h,
        size_t first, size_t end)
{
        _cleanup_text_ struct text t = {0};

        for (size_t i = first; i < end; i++) {
                struct history_run run = history_snapshot_run(h, i);

                text_append(&t, i > first ? "," : "[");
                append_run(&t, &run);
        }
        text_append(&t, "]");
        return text_failed(&t) ? -ENOMEM : state_put(s, &kind, key, t.data, t.size, 0);
}

/* What the history itself has let go of. */
static int remove_spans(
        struct state *s, const char *collection, const char *query, uint64_t begin, uint64_t end)
{
        _cleanup_text_ struct text key = {0};

        for (uint64_t i = MAX(begin, end - MIN(end, (uint64_t)LET_GO_MAX)); i < end; i++) {
                if (key_of(&key, collection, query, i) < 0)
                        return -ENOMEM;
                state_remove(s, &kind, text_string(&key));
        }
        return 0;
}

int past_put(struct state *s, const char *collection, const char *query,
        const struct history_snapshot *history, struct past_mark *mark)
{
        _cleanup_text_ struct text key = {0};
        size_t end = history_snapshot_runs(history);
        uint64_t last = 0, begin = mark->first;
        unsigned seen = 0;
        int r = 0;

        while (end > 0 && r >= 0) {
                uint64_t span = span_of(history_snapshot_run(history, end - 1).first);
                size_t first = first_of_span(history, end, span);

                if (span < mark->last)
                        break;
                last = MAX(last, span);
                r = key_of(&key, collection, query, span);
                if (r >= 0 && ++seen > GROWING && state_holds(s, &kind, text_string(&key)))
                        break;
                if (r >= 0)
                        r = put_span(s, text_string(&key), history, first, end);
                end = first;
        }
        if (r < 0 || last <= mark->last)
                return r;
        *mark = (struct past_mark){span_of(history_snapshot_run(history, 0).first), last};
        if (begin == 0)
                begin = mark->first - MIN(mark->first, (uint64_t)LET_GO_UNKNOWN);
        return remove_spans(s, collection, query, begin, mark->first);
}

struct taking {
        usec_t horizon;
        past_take_t take;
        void *userdata;
        struct state *state;
};

static int number_of(const json_t *v, float *ret)
{
        double number = NAN;
        int r = json_is_null(v) ? 0 : json_to_double(v, &number);

        *ret = (float)number;
        return r;
}

/* A whole number from 0 to `max`, or as far below 0 as `min`. */
static bool whole(const json_t *run, size_t i, json_int_t min, json_int_t max, json_int_t *ret)
{
        const json_t *v = json_array_get(run, i);

        *ret = json_integer_value(v);
        return json_is_integer(v) && *ret >= min && *ret <= max;
}

static int parse_run(const json_t *v, struct history_run *ret)
{
        json_int_t first, last, samples, rank, band, outcome;

        if (json_array_size(v) != RUN_MEMBERS || !whole(v, 0, 1, INT64_MAX / 1000, &first) ||
                !whole(v, 1, 1, INT64_MAX / 1000, &last) || !whole(v, 2, 1, UINT16_MAX, &samples) ||
                !whole(v, 5, 0, HISTORY_RANK_MAX, &rank) || !whole(v, 6, -1, 127, &band) ||
                !whole(v, 7, 0, OUTCOME_COUNT - 1, &outcome) ||
                number_of(json_array_get(v, 3), &ret->distance) < 0 ||
                number_of(json_array_get(v, 4), &ret->expected_distance) < 0)
                return -EBADMSG;
        ret->first = (usec_t)first * USEC_PER_MSEC;
        ret->last = (usec_t)last * USEC_PER_MSEC;
        ret->samples = (unsigned)samples;
        ret->expected_rank = (unsigned)rank;
        ret->band = (int)band;
        ret->outcome = (enum outcome)outcome;
        return 0;
}

/* Cuts the key into its parts; the number of the span stays where it is. */
static int split(char *key, const char **ret_query)
{
        char *query = strchr(key, '\n'), *span = query ? strrchr(key, '\n') : NULL, *end;

        if (!query || span == query)
                return -EBADMSG;
        *query = *span = '\0';
        *ret_query = query + 1;
        (void)strtoull(span + 1, &end, 10);
        return *end || end == span + 1 ? -EBADMSG : 0;
}

/* Whether all of them are over for too long. */
static bool is_old(const json_t *runs, usec_t horizon)
{
        const json_t *last = json_array_get(runs, json_array_size(runs) - 1);
        struct history_run run;

        return last && parse_run(last, &run) >= 0 && run.last < horizon;
}

static int take_runs(const struct taking *t, const char *collection, const char *query,
        const json_t *runs, struct error *e)
{
        for (size_t i = 0; i < json_array_size(runs); i++) {
                struct history_run run;
                int r = parse_run(json_array_get(runs, i), &run);

                if (r >= 0)
                        r = t->take(collection, query, &run, t->userdata);
                if (r < 0)
                        return error_set(e, r, "one of its runs is none that could be");
        }
        return 0;
}

static int take_row(
        const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        const struct taking *t = userdata;
        _cleanup_free_ char *parts = strdup(key);
        _cleanup_json_ json_t *runs = NULL;
        const char *query = NULL;
        int r = parts ? json_parse("it", value, size, &runs, e) : -ENOMEM;

        if (r >= 0 && (!json_is_array(runs) || split(parts, &query) < 0))
                r = error_set(e, -EBADMSG, "it is no list of runs");
        if (r < 0)
                return r;
        if (is_old(runs, t->horizon)) {
                state_remove(t->state, &kind, key);
                return 0;
        }
        return take_runs(t, parts, query, runs, e);
}

int past_restore(struct state *s, usec_t horizon, past_take_t take, void *userdata, size_t *refused,
        struct error *e)
{
        struct taking t = {horizon, take, userdata, s};

        return state_each(s, &kind, take_row, &t, refused, e);
}

void past_forget(struct state *s)
{
        state_begin(s, &kind);
        state_end(s, &kind);
}
