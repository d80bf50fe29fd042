/* SPDX-License-Identifier: Apache-2.0 */

/* What keeping the state takes of the loop's time: a commit of what people are told, which waits
 * for the disk, beside a plain write of as much that waits for it, too; and slices of what is in
 * bulk, of 1000 queries whose every answer differs.
 *
 *   bench_state DIRECTORY */

#include <fcntl.h>
#include <math.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "keep/past.h"

#define COMMITS 300
#define QUERIES 1000
/* Of them, as many as the daemon puts at a time. */
#define SLICE 50
#define MINUTES 120

static const struct state_kind told = {.name = "told"};

static const size_t sizes[] = {2000, 600, 8000, 8000}; /* an alert, who knows, two notifications */
static char content[8000];

static double cpu_now(void)
{
        struct timespec t;

        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

static void figures(const char *name, double *seconds, size_t count)
{
        char line[64];

        qsort(seconds, count, sizeof(*seconds), compare);
        (void)snprintf(line, sizeof(line), "%s_median", name);
        figure(line, seconds[count / 2] * 1e3, "ms");
        (void)snprintf(line, sizeof(line), "%s_p99", name);
        figure(line, seconds[count * 99 / 100] * 1e3, "ms");
        (void)snprintf(line, sizeof(line), "%s_max", name);
        figure(line, seconds[count - 1] * 1e3, "ms");
}

static double write_plainly(int fd, unsigned round)
{
        double begun = seconds_now();

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                content[0] = (char)round;
                if (write(fd, content, sizes[i]) < 0)
                        die("cannot write");
        }
        if (fdatasync(fd) < 0)
                die("cannot sync");
        return seconds_now() - begun;
}

static double commit_told(struct state *s, unsigned round)
{
        double begun = seconds_now();

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                char key[32];

                /* Alerts go on, notifications come and go. */
                (void)snprintf(key, sizeof(key), "%zu-%u", i, i < 2 ? round % 20 : round);
                content[0] = (char)round;
                if (state_put(s, &told, key, content, sizes[i], 0) < 0)
                        die("cannot put");
                (void)snprintf(key, sizeof(key), "%zu-%u", i, round - 1);
                if (i >= 2)
                        state_remove(s, &told, key);
        }
        if (state_commit(s, NULL) < 0)
                die("cannot commit");
        return seconds_now() - begun;
}

/* In turns, so that both meet the same disk. */
static void measure_commits(struct state *s, const char *directory)
{
        static double commits[COMMITS], writes[COMMITS];
        char path[4096];
        int fd;

        (void)snprintf(path, sizeof(path), "%s/plain", directory);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
                die("cannot open %s", path);
        for (unsigned i = 0; i < COMMITS; i++) {
                writes[i] = write_plainly(fd, i + 1);
                commits[i] = commit_told(s, i + 1);
        }
        (void)close(fd);
        figures("commit", commits, COMMITS);
        figures("write", writes, COMMITS);
}

static void put_slice(struct state *s, struct history **histories, struct past_mark *marks,
        unsigned first, usec_t now)
{
        for (unsigned i = first; i < first + SLICE; i++) {
                const struct judgement v = {.distance = (float)(now / USEC_PER_MINUTE % 97) / 97,
                        .expected_distance = NAN,
                        .band = 1};
                struct history_snapshot *snapshot;
                char id[16];

                (void)snprintf(id, sizeof(id), "q%u", i);
                if (history_add(histories[i], now, &v, false, 7 * USEC_PER_DAY) < 0)
                        die("out of memory");
                snapshot = history_snapshot(histories[i]);
                if (past_put(s, "bench", id, snapshot, &marks[i]) < 0)
                        die("cannot put");
                history_snapshot_unref(snapshot);
        }
}

static void measure_slices(struct state *s)
{
        static double wall[MINUTES * QUERIES / SLICE], cpu[MINUTES * QUERIES / SLICE];
        static struct history *histories[QUERIES];
        static struct past_mark marks[QUERIES];
        size_t count = 0;

        for (unsigned i = 0; i < QUERIES; i++)
                histories[i] = history_new();
        for (unsigned minute = 0; minute < MINUTES; minute++)
                for (unsigned i = 0; i < QUERIES; i += SLICE) {
                        usec_t now = 1800000000 * USEC_PER_SEC + minute * USEC_PER_MINUTE;
                        double begun = seconds_now(), worked = cpu_now();

                        put_slice(s, histories, marks, i, now);
                        if (state_commit_bulk(s, NULL) < 0)
                                die("cannot commit");
                        wall[count] = seconds_now() - begun;
                        cpu[count++] = cpu_now() - worked;
                }
        for (unsigned i = 0; i < QUERIES; i++)
                history_free(histories[i]);
        figures("slice", wall, count);
        figures("slice_cpu", cpu, count);
}

int main(int argc, char **argv)
{
        struct state *s = NULL;
        char path[4096];

        if (argc != 2)
                die("usage: bench_state DIRECTORY");
        (void)snprintf(path, sizeof(path), "%s/" STATE_FILE, argv[1]);
        if (state_open(path, &s, NULL) < 0)
                die("cannot open %s", path);
        measure_commits(s, argv[1]);
        measure_slices(s);
        state_free(s);
        return 0;
}
