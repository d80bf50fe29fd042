/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "show/document_html.h"
#include "show/gate/formats.h"
#include "show/lead.h"
#include "show/summary.h"
#include "show/words.h"

/* A page that a browser shows at once; the JSON has all. */
#define ROWS_MAX 1000

static void write_lists(
        const struct check *check, const struct collection_view *c, struct document *d)
{
        for (size_t i = 0; i < transition_name_count; i++) {
                const struct transition_name *name = &transition_names[i];
                _cleanup_text_ struct text ids = {0};

                check_list(check, c, name->transition, text_append, &ids);
                d->text->failed |= text_failed(&ids);
                if (ids.size > 0)
                        document_item(d, "%s: %s%s%s", name->title, text_string(&ids),
                                name->hint ? "; " : "", name->hint ? name->hint : "");
        }
}

static void write_row(const struct collection_view *c, size_t i, struct document *d)
{
        const struct query_view *q = &c->queries[i];
        const char *band = bands_name(&c->bands, q->judgement.band);

        document_cell(d, "%s", c->query_set->queries[i].id);
        document_cell(d, "%s", outcome_name(q->judgement.outcome));
        document_cell(d, "%s", band ? band : "unknown");
        document_cell(d, "%s", words_distance((double)q->judgement.distance).s);
        document_cell(
                d, "%s", words_distance(q->drift.compared ? q->drift.baseline[LEVEL_TOP1] : NAN).s);
}

static void write_queries(const struct collection_view *c, struct document *d)
{
        static const struct document_column columns[] = {
                {"Query", false},
                {"Outcome", false},
                {"Band", false},
                {"Distance", true},
                {"Baseline", true},
        };
        _cleanup_free_ size_t *order = summary_worst_first(c);
        size_t count = c->query_set->count, shown = MIN(count, (size_t)ROWS_MAX);

        if (!order) {
                d->text->failed = true;
                return;
        }
        document_heading(d, 3, "Every query");
        document_begin_table(d, "The worst first", columns, ARRAY_SIZE(columns));
        for (size_t i = 0; i < shown; i++)
                write_row(c, order[i], d);
        document_end_table(d);
        lead_more(d, shown, count);
}

static void write_collection(
        const struct check *check, const struct collection_view *c, struct document *d)
{
        char sentence[CHECK_SENTENCE_MAX];

        lead_verdict(d, c, check_collection(check, c));
        if (verdict_void(c))
                document_say(d, "%s", verdict_void(c));
        write_lists(check, c, d);
        if (c->incident_since > 0)
                lead_causes(d, c);
        lead_failing(d, c);
        write_queries(c, d);
        if (check_audit_text(check, c, sentence))
                document_say(d, "%s", sentence);
        if (check_sensitivity_text(check_sensitivity(c), sentence))
                document_say(d, "%s", sentence);
}

void format_html(const struct check *check, struct text *text)
{
        const char *verdict = verdict_name(check_verdict(check));
        char sentence[CHECK_SENTENCE_MAX];
        struct document d;

        document_html_begin(&d, text, "driftwatch", verdict);
        document_heading(&d, 1, "driftwatch: %s", verdict);
        check_counts_text(check, sentence);
        document_say(&d, "%s; begun at %s.", sentence, words_time(check->started).s);
        if (check_lenience_text(check, sentence))
                document_note(&d, "drift", "Let through:", "%s", sentence);
        for (size_t i = 0; i < check->count; i++)
                write_collection(check, check->collections[i], &d);
        document_html_end(&d);
}
