/* SPDX-License-Identifier: Apache-2.0 */
#include "show/gate/coverage.h"

#include <math.h>

#include "http.h"
#include "json.h"

/* Longer values are cut in the table; the JSON has them whole. */
#define CELL_MAX 120

/* Of a lost value, else null. */
static json_t *records_before(const struct coverage_value *v)
{
        return coverage_value_lost(v) ? json_integer((json_int_t)v->before) : json_null();
}

json_t *coverage_json(const struct coverage *c)
{
        _cleanup_json_ json_t *values = json_array();

        for (size_t i = 0; values && i < c->count; i++)
                if (json_array_append_new(values,
                            json_pack("{s:s, s:I, s:b, s:o}", "value", c->values[i].text, "records",
                                    (json_int_t)c->values[i].records, "watched",
                                    c->values[i].watched, "records_before",
                                    records_before(&c->values[i]))) < 0)
                        return NULL;
        return json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o}", "collection", c->collection,
                "key", c->key, "records", (json_int_t)c->records, "records_without_key",
                (json_int_t)c->without_key, "watched_values_share",
                json_from_double(coverage_values_share(c)), "watched_records_share",
                json_from_double(coverage_records_share(c)), "lost_values",
                c->earlier ? json_integer((json_int_t)coverage_lost(c)) : json_null(), "values",
                take_ptr(values));
}

void coverage_text(const struct coverage *c, struct text *text)
{
        size_t i, lost = coverage_lost(c);

        text_append_line(text, c->collection);
        text_append(text, " by metadata.");
        text_append_line(text, c->key);
        text_append(text, ": ");
        if (isnan(coverage_values_share(c)))
                text_append(text, "no values to watch\n");
        else
                text_appendf(text, "%.1f %% of the values, %.1f %% of the records watched\n",
                        100 * coverage_values_share(c), 100 * coverage_records_share(c));
        if (lost > 0)
                text_appendf(text, "%zu value%s that had records %s none any more\n", lost,
                        lost == 1 ? "" : "s", lost == 1 ? "has" : "have");
        for (i = 0; i < c->count && i < COVERAGE_LINES_MAX; i++) {
                const struct coverage_value *v = &c->values[i];
                _cleanup_free_ char *line = http_body_excerpt(v->text, strlen(v->text), CELL_MAX);

                text_appendf(text, "  %-9s %8llu  %s",
                        coverage_value_lost(v) ? "lost"
                                : v->watched   ? "watched"
                                               : "unwatched",
                        (unsigned long long)v->records, line ? line : "?");
                if (coverage_value_lost(v))
                        text_appendf(text, " (%llu before, %s)", (unsigned long long)v->before,
                                v->watched ? "watched" : "unwatched");
                text_append(text, "\n");
        }
        if (i < c->count)
                text_appendf(text, "  %zu more values\n", c->count - i);
        if (c->without_key > 0) {
                text_appendf(text, "  %llu of %llu records have no metadata.",
                        (unsigned long long)c->without_key, (unsigned long long)c->records);
                text_append_line(text, c->key);
                text_append(text, "\n");
        }
}
