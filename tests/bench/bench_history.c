/* SPDX-License-Identifier: Apache-2.0 */

/* What the histories of many queries cost: a week of samples, one a minute, when every answer is
 * the same and when each differs. As in the daemon, each minute leaves a snapshot of every history
 * for the view, and old samples are dropped.
 *
 *   bench_history */

#include <malloc.h>
#include <math.h>

#include "bench.h"

#define QUERIES 1000
#define RETENTION (7 * USEC_PER_DAY)
#define SAMPLES (RETENTION / USEC_PER_MINUTE)
/* Half a day more than is kept. */
#define MINUTES (SAMPLES + 12 * 60)

struct query_history {
        struct history *history;
        struct history_snapshot *shown;
};

/* In MB (10^6 bytes); `field` as in /proc/self/status, e.g. "VmRSS:". */
static double memory(const char *field)
{
        char line[256];
        FILE *f = fopen("/proc/self/status", "re");
        double found = NAN;

        while (f && fgets(line, sizeof(line), f))
                if (strncmp(line, field, strlen(field)) == 0)
                        found = strtod(line + strlen(field), NULL) * 1024 / 1e6;
        if (f)
                (void)fclose(f);
        return found;
}

static void add(struct query_history *q, usec_t now, float distance, bool same)
{
        const struct judgement v = {
                .outcome = OUTCOME_PASS,
                .distance = distance,
                .expected_distance = distance,
                .expected_rank = 1,
        };

        if (history_add(q->history, now, &v, same, RETENTION) < 0)
                die("out of memory");
        history_snapshot_unref(q->shown);
        q->shown = history_snapshot(q->history);
        if (!q->shown)
                die("out of memory");
}

/* The seconds that one sample took. */
static double fill(struct query_history *queries, bool same)
{
        double begun = seconds_now();
        usec_t now = 1700000000 * USEC_PER_SEC;

        for (unsigned minute = 0; minute < MINUTES; minute++, now += USEC_PER_MINUTE)
                for (unsigned i = 0; i < QUERIES; i++)
                        add(&queries[i], now, same ? 0.5F : (float)(minute % 997) / 997, same);
        return (seconds_now() - begun) / ((double)MINUTES * QUERIES);
}

static void measure(const char *name, bool same)
{
        static struct query_history queries[QUERIES];
        double before = memory("VmRSS:"), each, size = 0;
        char label[64];

        for (size_t i = 0; i < QUERIES; i++) {
                queries[i].history = history_new();
                if (!queries[i].history)
                        die("out of memory");
        }
        each = fill(queries, same);
        for (size_t i = 0; i < QUERIES; i++)
                size += (double)history_size(queries[i].history);
        (void)snprintf(label, sizeof(label), "history_%s_resident", name);
        figure(label, memory("VmRSS:") - before, "MB");
        (void)snprintf(label, sizeof(label), "history_%s_sample", name);
        figure(label, size / ((double)SAMPLES * QUERIES), "bytes/sample");
        (void)snprintf(label, sizeof(label), "history_%s_add", name);
        figure(label, each * 1e9, "ns/sample");
        for (size_t i = 0; i < QUERIES; i++) {
                history_snapshot_unref(queries[i].shown);
                history_free(queries[i].history);
                queries[i] = (struct query_history){NULL, NULL};
        }
        (void)malloc_trim(0);
}

int main(void)
{
        measure("stable", true);
        measure("worst", false);
        figure("history_worst_peak", memory("VmHWM:"), "MB, the whole program");
        return 0;
}
