/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "http.h"
#include "judge/attribution.h"
#include "show/gate/formats.h"
#include "show/summary.h"

/* Longer cells are cut in the table; the JSON has them whole. */
#define CELL_MAX 60
#define REASON_MAX CHECK_SENTENCE_MAX

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
        char reason[CHECK_SENTENCE_MAX];
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

static void row_read(
        const struct check *check, const struct collection_view *c, size_t i, struct row *row)
{
        const struct judgement *v = &c->queries[i].judgement;
        const char *band = bands_name(&c->bands, v->band);

        cell_set(row->cells[COLUMN_OUTCOME], outcome_name(check_outcome(check, c, i)));
        cell_set(row->cells[COLUMN_QUERY], c->query_set->queries[i].id);
        cell_set(row->cells[COLUMN_BAND], band ? band : "-");
        cell_set_float(row->cells[COLUMN_DISTANCE], v->distance);
        cell_set_float(row->cells[COLUMN_EXPECTED], v->expected_distance);
        cell_set_float(
                row->cells[COLUMN_RANK], v->expected_rank > 0 ? (float)v->expected_rank : NAN);
        check_reason(check, c, i, row->reason);
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

static void write_table(
        const struct check *check, const struct collection_view *c, struct text *text)
{
        static const struct row head = {
                {"OUTCOME", "QUERY", "BAND", "DISTANCE", "EXPECTED", "RANK"}, "REASON"};
        _cleanup_free_ size_t *order = check_worst_first(check, c);
        size_t widths[COLUMN_COUNT];
        struct row row;

        if (!order) {
                text->failed = true;
                return;
        }
        for (size_t k = 0; k < COLUMN_COUNT; k++)
                widths[k] = width(head.cells[k]);
        for (size_t i = 0; i < c->query_set->count; i++) {
                row_read(check, c, i, &row);
                for (size_t k = 0; k < COLUMN_COUNT; k++)
                        widths[k] = MAX(widths[k], width(row.cells[k]));
        }
        row_write(&head, widths, text);
        for (size_t i = 0; i < c->query_set->count; i++) {
                row_read(check, c, order[i], &row);
                row_write(&row, widths, text);
        }
}

static void write_findings(
        const struct check *check, const struct collection_view *c, struct text *text)
{
        struct check_findings findings;

        check_find(check, c, &findings);
        for (size_t i = 0; i < findings.count; i++) {
                text_append(text, "  ");
                append_plain(text, findings.sentences[i]);
                text_append(text, "\n");
        }
}

static void write_list(const struct check *check, const struct collection_view *c,
        enum transition wanted, const char *title, struct text *text)
{
        size_t n = 0;

        for (size_t i = 0; i < c->query_set->count; i++) {
                if (check_transition(check, c, i) != wanted)
                        continue;
                if (n++ == 0)
                        text_appendf(text, "  %s:", title);
                text_append(text, n > 1 ? ", " : " ");
                append_plain(text, c->query_set->queries[i].id);
        }
        if (n > 0)
                text_append(text, "\n");
}

static void write_cause(const struct collection_view *c, struct text *text)
{
        const struct attribution *a = &c->attribution;
        _cleanup_text_ struct text t = {0};

        if (a->cause == CAUSE_UNKNOWN || a->cause == CAUSE_NONE)
                return;
        text_appendf(&t, "cause %s: ", cause_name(a->cause));
        attribution_explain(a, c->fates, &t);
        text_append(text, "  ");
        append_plain(text, text_failed(&t) ? cause_name(a->cause) : text_string(&t));
        text_append(text, "\n");
}

static void write_collection(
        const struct check *check, const struct collection_view *c, struct text *text)
{
        char duration[DURATION_TEXT_MAX], sentence[CHECK_SENTENCE_MAX];

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
        write_cause(c, text);
        write_findings(check, c, text);
        write_list(check, c, TRANSITION_BROKEN, "pass -> fail", text);
        write_list(check, c, TRANSITION_MENDED, "fail -> pass", text);
        if (c->query_set->count == 0)
                text_append(text, "  the query set is empty\n");
        else
                write_table(check, c, text);
        if (check_sensitivity_text(check_sensitivity(c), sentence))
                text_appendf(text, "  %s\n", sentence);
        if (check_audit(check, c)) {
                check_audit_text(check_audit(check, c), c, sentence);
                text_append(text, "  ");
                append_plain(text, sentence);
                text_append(text, "\n");
        }
        text_append(text, "\n");
}

void format_text(const struct check *check, struct text *text)
{
        size_t outcomes[OUTCOME_COUNT] = {0}, queries = 0;

        for (size_t i = 0; i < check->count; i++) {
                const struct collection_view *c = check->collections[i];

                write_collection(check, c, text);
                check_count(check, c, outcomes);
                queries += check->collections[i]->query_set->count;
        }
        text_appendf(text,
                "verdict: %s (%zu quer%s: %zu pass, %zu drift, %zu fail, %zu unmeasured)\n",
                check_verdict_name(check_verdict(check)), queries, queries == 1 ? "y" : "ies",
                outcomes[OUTCOME_PASS], outcomes[OUTCOME_DRIFT], outcomes[OUTCOME_FAIL],
                outcomes[OUTCOME_UNMEASURED]);
}
