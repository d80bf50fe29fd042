/* SPDX-License-Identifier: Apache-2.0 */
#include "show/gate/coverage.h"

#include <math.h>

#include "http.h"
#include "json.h"

/* Longer values are cut in the table; the JSON has them whole. */
#define CELL_MAX 120

json_t *coverage_json(const struct coverage *c)
{
        _cleanup_json_ json_t *values = json_array();

        for (size_t i = 0; values && i < c->count; i++)
                if (json_array_append_new(values,
                            json_pack("{s:s, s:I, s:b}", "value", c->values[i].text, "records",
                                    (json_int_t)c->values[i].records, "watched",
                                    c->values[i].watched)) < 0)
                        return NULL;
        return json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o}", "collection", c->collection, "key",
                c->key, "records", (json_int_t)c->records, "records_without_key",
                (json_int_t)c->without_key, "watched_values_share",
                json_from_double(coverage_values_share(c)), "watched_records_share",
                json_from_double(coverage_records_share(c)), "values", take_ptr(values));
}

void coverage_text(const struct coverage *c, struct text *text)
{
        size_t i;

        text_appendf(text, "%s by metadata.%s: ", c->collection, c->key);
        if (isnan(coverage_values_share(c)))
                text_append(text, "no values to watch\n");
        else
                text_appendf(text, "%.1f %% of the values, %.1f %% of the records watched\n",
                        100 * coverage_values_share(c), 100 * coverage_records_share(c));
        for (i = 0; i < c->count && i < COVERAGE_LINES_MAX; i++) {
                const struct coverage_value *v = &c->values[i];
                _cleanup_free_ char *line = http_body_excerpt(v->text, strlen(v->text), CELL_MAX);

                text_appendf(text, "  %-9s %8llu  %s\n", v->watched ? "watched" : "unwatched",
                        (unsigned long long)v->records, line ? line : "?");
        }
        if (i < c->count)
                text_appendf(text, "  %zu more values\n", c->count - i);
        if (c->without_key > 0)
                text_appendf(text, "  %llu of %llu records have no metadata.%s\n",
                        (unsigned long long)c->without_key, (unsigned long long)c->records, c->key);
}
