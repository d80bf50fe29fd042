/* SPDX-License-Identifier: Apache-2.0 */

/* Prints the table of metrics as JSON: the name that samples have, the type, unit and help. */

#include <stdio.h>

#include "json.h"
#include "show/metrics/metrics.h"

static const char *const types[] = {
        [METRIC_GAUGE] = "gauge",
        [METRIC_COUNTER] = "counter",
        [METRIC_HISTOGRAM] = "histogram",
        [METRIC_INFO] = "info",
};

static int add_row(json_t *rows, const struct metric_family *f)
{
        json_t *row = json_pack("{so ss ss? ss}", "name",
                json_sprintf("%s%s", f->name, metric_suffix(f->type)), "type", types[f->type],
                "unit", f->unit, "help", f->help);

        return json_array_append_new(rows, row);
}

int main(void)
{
        _cleanup_json_ json_t *rows = json_array();
        _cleanup_free_ char *text = NULL;

        for (size_t i = 0; i < metric_count; i++)
                if (add_row(rows, &metrics[i].family) < 0)
                        return EXIT_FAILURE;
        text = json_text(rows, JSON_INDENT(1), NULL);
        return text && puts(text) >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
