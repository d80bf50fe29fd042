/* SPDX-License-Identifier: Apache-2.0 */
#include "show/check.h"

#include <math.h>
#include <stdio.h>

#include "http.h"
#include "json.h"
#include "show/api.h"
#include "show/summary.h"

enum check_verdict check_collection(const struct check *check, const struct collection_view *c)
{
        struct summary s;

        if (!c->replayed || c->last_error || c->query_set->count == 0)
                return CHECK_UNMEASURED;
        summary_count(c, &s);
        if (s.outcomes[OUTCOME_FAIL] > 0 || (s.outcomes[OUTCOME_DRIFT] > 0 && !check->fail_only))
                return CHECK_FAIL;
        return s.outcomes[OUTCOME_UNMEASURED] > 0 ? CHECK_UNMEASURED : CHECK_PASS;
}

enum check_verdict check_verdict(const struct check *check)
{
        enum check_verdict worst = check->count > 0 ? CHECK_PASS : CHECK_UNMEASURED;

        for (size_t i = 0; i < check->count; i++) {
                enum check_verdict v = check_collection(check, check->collections[i]);

                if (v == CHECK_FAIL)
                        return CHECK_FAIL;
                if (v == CHECK_UNMEASURED)
                        worst = CHECK_UNMEASURED;
        }
        return worst;
}

int check_exit_status(enum check_verdict verdict)
{
        static const int statuses[] = {[CHECK_PASS] = 0, [CHECK_FAIL] = 1, [CHECK_UNMEASURED] = 3};

        return statuses[verdict];
}

const char *check_verdict_name(enum check_verdict verdict)
{
        static const char *const names[] = {
                [CHECK_PASS] = "pass", [CHECK_FAIL] = "fail", [CHECK_UNMEASURED] = "unmeasured"};

        return names[verdict];
}

static json_t *collections_json(const struct check *check)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && i < check->count; i++) {
                const struct collection_view *c = check->collections[i];
                const char *verdict = check_verdict_name(check_collection(check, c));
                json_t *replay = api_replay(c);

                /* The gate may be wider than the daemon's own verdict. */
                if (json_array_append_new(list, replay) < 0 ||
                        json_put(replay, "verdict", json_string(verdict)) < 0)
                        return NULL;
        }
        return take_ptr(list);
}

json_t *check_json(const struct check *check)
{
        enum check_verdict verdict = check_verdict(check);
        char started[TIME_TEXT_MAX];

        return json_pack("{s:s, s:i, s:s, s:o, s:o}", "verdict", check_verdict_name(verdict),
                "exit_status", check_exit_status(verdict), "started",
                time_format(started, sizeof(started), check->started), "duration_seconds",
                json_from_double((double)check->duration / (double)USEC_PER_SEC), "collections",
                collections_json(check));
}

static void render_json(const struct check *check, struct text *text)
{
        _cleanup_json_ json_t *object = check_json(check);
        _cleanup_free_ char *out = NULL;
        size_t size;

        if (object)
                out = json_text(object, JSON_INDENT(2), &size);
        if (!out) {
                text->failed = true;
                return;
        }
        text_append_bytes(text, out, size);
        text_append(text, "\n");
}

/* Longer cells are cut in the table; the JSON has them whole. */
#define CELL_MAX 60
#define REASON_MAX 1000

enum column {
        COLUMN_OUTCOME,
        COLUMN_QUERY,
        COLUMN_BAND,
        COLUMN_DISTANCE,
        COLUMN_EXPECTED,
        COLUMN_RANK,
        COLUMN_COUNT
};

/* One line of the table; `reason` hangs behind it, unaligned. */
struct row {
        char cells[COLUMN_COUNT][4 * CELL_MAX];
        const char *reason;
};

/* One line without control characters; C1's are two bytes that some terminals obey, too. */
static char *plain(const char *s, size_t max)
{
        char *line = http_body_excerpt(s, strlen(s), max);

        for (unsigned char *p = (unsigned char *)line; p && *p; p++)
                if (p[0] == 0xc2 && p[1] < 0xa0) {
                        p[0] = ' ';
                        p[1] = ' ';
                }
        return line;
}

static void append_plain(struct text *text, const char *s)
{
        _cleanup_free_ char *line = plain(s, REASON_MAX);

        text_append(text, line ? line : "?");
}

static void cell_set(char *cell, const char *s)
{
        _cleanup_free_ char *clean = plain(s, CELL_MAX);

        (void)snprintf(cell, 4 * CELL_MAX, "%s", clean ? clean : "?");
}

static void cell_set_float(char *cell, float value)
{
        if (isnan(value))
                cell_set(cell, "-");
        else
                (void)float_format(cell, value);
}

static void row_read(const struct collection_view *c, size_t i, struct row *row)
{
        const struct verdict *v = &c->queries[i].verdict;
        const char *band = bands_name(&c->bands, v->band);

        cell_set(row->cells[COLUMN_OUTCOME], outcome_name(v->outcome));
        cell_set(row->cells[COLUMN_QUERY], c->query_set->queries[i].id);
        cell_set(row->cells[COLUMN_BAND], band ? band : "-");
        cell_set_float(row->cells[COLUMN_DISTANCE], v->distance);
        cell_set_float(row->cells[COLUMN_EXPECTED], v->expected_distance);
        cell_set_float(
                row->cells[COLUMN_RANK], v->expected_rank > 0 ? (float)v->expected_rank : NAN);
        row->reason = summary_reason(c, v);
}

/* Columns that a terminal needs for the text, counting each character as one. */
static size_t width(const char *s)
{
        size_t n = 0;

        for (; *s; s++)
                n += ((unsigned char)*s & 0xc0) != 0x80;
        return n;
}

static void row_write(const struct row *row, const size_t *widths, struct text *text)
{
        for (size_t k = 0; k < COLUMN_COUNT; k++) {
                bool last = k + 1 == COLUMN_COUNT && row->reason[0] == '\0';
                int padding = last ? 0 : (int)(widths[k] - width(row->cells[k]));

                text_appendf(text, "  %s%*s", row->cells[k], padding, "");
        }
        if (row->reason[0]) {
                text_append(text, "  ");
                append_plain(text, row->reason);
        }
        text_append(text, "\n");
}

static void write_table(const struct collection_view *c, struct text *text)
{
        static const struct row head = {
                {"OUTCOME", "QUERY", "BAND", "DISTANCE", "EXPECTED", "RANK"}, "REASON"};
        _cleanup_free_ size_t *order = summary_worst_first(c);
        size_t widths[COLUMN_COUNT];
        struct row row;

        if (!order) {
                text->failed = true;
                return;
        }
        for (size_t k = 0; k < COLUMN_COUNT; k++)
                widths[k] = width(head.cells[k]);
        for (size_t i = 0; i < c->query_set->count; i++) {
                row_read(c, i, &row);
                for (size_t k = 0; k < COLUMN_COUNT; k++)
                        widths[k] = MAX(widths[k], width(row.cells[k]));
        }
        row_write(&head, widths, text);
        for (size_t i = 0; i < c->query_set->count; i++) {
                row_read(c, order[i], &row);
                row_write(&row, widths, text);
        }
}

static void write_collection(
        const struct check *check, const struct collection_view *c, struct text *text)
{
        char duration[DURATION_TEXT_MAX];

        append_plain(text, c->label);
        text_append(text, " on ");
        append_plain(text, c->server);
        text_appendf(text, ": %s", check_verdict_name(check_collection(check, c)));
        if (c->epoch.records >= 0)
                text_appendf(text, ", %lld records", (long long)c->epoch.records);
        if (c->replayed)
                text_appendf(text, ", replayed in %s",
                        duration_format(duration, sizeof(duration), c->last_duration));
        text_append(text, "\n");
        if (c->last_error) {
                text_append(text, "  ");
                append_plain(text, c->last_error);
                text_append(text, "\n");
        }
        if (c->query_set->count == 0)
                text_append(text, "  the query set is empty\n");
        else
                write_table(c, text);
        text_append(text, "\n");
}

static void render_text(const struct check *check, struct text *text)
{
        size_t outcomes[OUTCOME_COUNT] = {0}, queries = 0;

        for (size_t i = 0; i < check->count; i++) {
                struct summary s;

                write_collection(check, check->collections[i], text);
                summary_count(check->collections[i], &s);
                for (unsigned o = 0; o < OUTCOME_COUNT; o++)
                        outcomes[o] += s.outcomes[o];
                queries += check->collections[i]->query_set->count;
        }
        text_appendf(text,
                "verdict: %s (%zu quer%s: %zu pass, %zu drift, %zu fail, %zu unmeasured)\n",
                check_verdict_name(check_verdict(check)), queries, queries == 1 ? "y" : "ies",
                outcomes[OUTCOME_PASS], outcomes[OUTCOME_DRIFT], outcomes[OUTCOME_FAIL],
                outcomes[OUTCOME_UNMEASURED]);
}

const struct check_format check_formats[] = {
        {"text", render_text},
        {"json", render_json},
};
const size_t check_format_count = ARRAY_SIZE(check_formats);
