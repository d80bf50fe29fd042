/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "judge/incident.h"
#include "show/excerpt.h"
#include "show/gate/escape.h"
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

static void append_plain(struct text *text, const char *s)
{
        escape_plain(text, s, REASON_MAX);
}

static void cell_set(char *cell, const char *s)
{
        _cleanup_text_ struct text clean = {0};

        escape_plain(&clean, s, CELL_MAX);
        (void)snprintf(cell, 4 * CELL_MAX, "%s", text_string(&clean));
}

static void cell_set_distance(char *cell, float value)
{
        if (isnan(value))
                cell_set(cell, "-");
        else
                (void)snprintf(cell, 4 * CELL_MAX, "%.4f", answer_shown(value));
}

static void row_read(const struct collection_view *c, size_t i, struct row *row)
{
        const struct judgement *v = &c->queries[i].judgement;
        const char *band = bands_name(&c->bands, v->band);

        cell_set(row->cells[COLUMN_OUTCOME], outcome_name(v->outcome));
        cell_set(row->cells[COLUMN_QUERY], c->query_set->queries[i].id);
        cell_set(row->cells[COLUMN_BAND], band ? band : "-");
        cell_set_distance(row->cells[COLUMN_DISTANCE], v->distance);
        cell_set_distance(row->cells[COLUMN_EXPECTED], v->expected_distance);
        if (v->expected_rank > 0)
                (void)snprintf(row->cells[COLUMN_RANK], 4 * CELL_MAX, "%u", v->expected_rank);
        else
                cell_set(row->cells[COLUMN_RANK], "-");
        check_reason_text(c, i, row->reason);
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

/* How deep its expected record lies, what it found, and what the baseline had where that differs.
 */
static void write_found(
        const struct check *check, const struct collection_view *c, size_t i, struct text *text)
{
        const struct baseline_query *found = check_found(check, c, i);
        char rank[64];

        if (!found)
                return;
        if (found->deep_rank > 0 || found->searched > 0)
                text_appendf(text, "      expected record: %s\n",
                        excerpt_rank(found, rank, sizeof(rank)));
        excerpt_append_change(text, "      ", check_before(c, i), found);
}

static void write_table(
        const struct check *check, const struct collection_view *c, struct text *text)
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
                write_found(check, c, order[i], text);
        }
}

static void write_findings(const struct collection_view *c, struct text *text)
{
        for (size_t i = 0; c->findings && i < c->findings->count; i++) {
                const struct finding *f = &c->findings->findings[i];

                if (f->query != FINDING_COLLECTION)
                        continue;
                text_append(text, "  ");
                append_plain(text, f->sentence);
                text_append(text, "\n");
        }
}

static void write_list(const struct check *check, const struct collection_view *c,
        const struct transition_name *wanted, struct text *text)
{
        _cleanup_text_ struct text ids = {0};

        check_list(check, c, wanted->transition, append_plain, &ids);
        if (ids.size > 0)
                text_appendf(text, "  %s: %s%s%s\n", wanted->title, text_string(&ids),
                        wanted->hint ? "; " : "", wanted->hint ? wanted->hint : "");
        text->failed |= text_failed(&ids);
}

static void write_causes(const struct collection_view *c, struct text *text)
{
        _cleanup_text_ struct text t = {0};

        if (c->incident_since == 0)
                return;
        incident_explain(c, "\n", &t);
        escape_lines(text, text_string(&t), "  ", escape_plain);
        text->failed |= text_failed(&t);
}

static void write_remark(const char *sentence, struct text *text)
{
        if (!sentence)
                return;
        text_append(text, "  ");
        append_plain(text, sentence);
        text_append(text, "\n");
}

static void write_collection(
        const struct check *check, const struct collection_view *c, struct text *text)
{
        char duration[DURATION_TEXT_MAX], sentence[CHECK_SENTENCE_MAX];

        append_plain(text, c->label);
        text_append(text, " on ");
        append_plain(text, c->server);
        text_appendf(text, ": %s", verdict_name(check_collection(check, c)));
        if (c->epoch.records >= 0)
                text_appendf(text, ", %lld %s", (long long)c->epoch.records,
                        plural((uint64_t)c->epoch.records, "record", "records"));
        if (c->replayed)
                text_appendf(text, ", replayed in %s",
                        duration_format(duration, sizeof(duration), c->last_duration));
        text_append(text, "\n");
        write_remark(c->note, text);
        write_findings(c, text);
        write_causes(c, text);
        for (size_t i = 0; i < transition_name_count; i++)
                write_list(check, c, &transition_names[i], text);
        write_remark(verdict_void(c), text);
        if (c->query_set->count > 0)
                write_table(check, c, text);
        if (check_sensitivity_text(check_sensitivity(c), sentence))
                text_appendf(text, "  %s\n", sentence);
        if (check_audit_text(check, c, sentence))
                write_remark(sentence, text);
        text_append(text, "\n");
}

void format_text(const struct check *check, struct text *text)
{
        char sentence[CHECK_SENTENCE_MAX];

        for (size_t i = 0; i < check->count; i++)
                write_collection(check, check->collections[i], text);
        check_counts_text(check, sentence);
        text_appendf(text, "verdict: %s (%s)\n", verdict_name(check_verdict(check)), sentence);
        if (check_lenience_text(check, sentence)) {
                append_plain(text, sentence);
                text_append(text, "\n");
        }
}
