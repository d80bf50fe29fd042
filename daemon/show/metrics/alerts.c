/* SPDX-License-Identifier: Apache-2.0 */
#include "show/metrics/alerts.h"

/* A rule, or an alert. */
struct row {
        const char *name, *severity;
        const char *collection; /* "": of none */
        int state; /* enum alert_state; -1: a rule, which is no alert */
};

static int compare_rows(const void *a, const void *b)
{
        const struct row *x = a, *y = b;
        int r = strcmp(x->name, y->name);

        if (r == 0)
                r = strcmp(x->collection, y->collection);
        return r != 0 ? r : strcmp(x->severity, y->severity);
}

static const char *label(const struct alert *a, const char *name)
{
        const char *value = labels_get(&a->labels, name);

        return value ? value : "";
}

static size_t list_rows(const struct view *view, struct row *rows)
{
        size_t n = 0;

        for (size_t i = 0; i < view->rule_count; i++)
                rows[n++] = (struct row){view->rules[i].name, view->rules[i].severity, "", -1};
        for (size_t i = 0; i < view->alert_count; i++) {
                const struct alert *a = &view->alerts[i];

                rows[n++] = (struct row){label(a, "alertname"), label(a, "severity"),
                        label(a, "collection"), (int)a->state};
        }
        return n;
}

static void write_states(struct exposition *x, const struct row *row, const uint64_t *counts)
{
        for (unsigned s = 0; s < ALERT_STATE_COUNT; s++)
                exposition_sample(x, "",
                        metric_labels({"alertname", row->name}, {"collection", row->collection},
                                {"severity", row->severity}, {"state", alert_state_name(s)}),
                        (double)counts[s]);
}

void alerts_counts(struct exposition *x, const struct view *view)
{
        _cleanup_free_ struct row *rows =
                calloc(view->rule_count + view->alert_count + 1, sizeof(*rows));
        size_t n;

        if (!rows) {
                x->text->failed = true;
                return;
        }
        n = list_rows(view, rows);
        qsort(rows, n, sizeof(*rows), compare_rows);
        for (size_t i = 0, end; i < n; i = end) {
                uint64_t counts[ALERT_STATE_COUNT] = {0};

                for (end = i; end < n && compare_rows(&rows[i], &rows[end]) == 0; end++)
                        if (rows[end].state >= 0)
                                counts[rows[end].state]++;
                write_states(x, &rows[i], counts);
        }
}
