/* SPDX-License-Identifier: Apache-2.0 */

/* How long a file of vectors takes to be read, what that takes at most, and what is kept of it.
 * Every way is measured in a process of its own, because a peak is one's whole life's.
 *
 *   bench_vectors write FILE QUERIES DIMENSION
 *   bench_vectors read|jansson FILE
 *   bench_vectors approve|start FILE BASELINE */

#include <errno.h>
#include <math.h>

#include "bench.h"
#include "clock.h"
#include "file.h"
#include "json.h"
#include "keep/baselines.h"
#include "text.h"

/* Of random numbers with a unit's length, as text as short as it can be. */
static void write_file(const char *path, size_t count, size_t dimension)
{
        FILE *f = fopen(path, "w");
        uint64_t chance = 5;

        if (!f)
                die("%s cannot be written", path);
        (void)fprintf(f, "{\"model\": \"bench\", \"dimension\": %zu, \"vectors\": {", dimension);
        for (size_t i = 0; i < count; i++) {
                (void)fprintf(f, "%s\"query-%zu\": [", i > 0 ? ",\n" : "", i);
                for (size_t j = 0; j < dimension; j++) {
                        char number[NUMBER_TEXT_MAX];

                        chance = chance * UINT64_C(6364136223846793005) +
                                UINT64_C(1442695040888963407);
                        (void)float_format(number,
                                (float)(((double)(chance >> 11) * 0x1p-52 - 1) *
                                        sqrt(3 / (double)dimension)));
                        (void)fprintf(f, "%s%s", j > 0 ? ", " : "", number);
                }
                (void)fputc(']', f);
        }
        (void)fputs("}}\n", f);
        if (fclose(f) != 0)
                die("%s cannot be written", path);
}

/* Megabytes at most, since this program began: getrusage() counts what its parent had, too. */
static double peak(void)
{
        _cleanup_free_ char *status = NULL;
        const char *line;
        size_t size;

        if (file_read("/proc/self/status", 1 << 16, &status, &size, NULL) < 0 ||
                !(line = strstr(status, "VmHWM:")))
                die("no peak of memory is known");
        return strtod(line + strlen("VmHWM:"), NULL) * 1024 / 1e6;
}

static struct vector_set *load(const char *path, struct vector_set *known)
{
        _cleanup_errors_ struct errors errors = {0};
        struct vector_set *set;

        if (vector_set_load(path, known, &set, &errors) < 0)
                die("%s", errors.messages[0]);
        return set;
}

static size_t read_own(const char *path, const char *baseline)
{
        struct vector_set *set = load(path, NULL);

        return set->count * set->dimension;
}

/* To the same floats. */
static size_t read_tree(const char *path, const char *baseline)
{
        json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL), *vectors, *row;
        size_t numbers = 0, dimension;
        float *values;
        const char *id;

        vectors = json_object_get(root, "vectors");
        dimension = (size_t)json_integer_value(json_object_get(root, "dimension"));
        values = calloc(json_object_size(vectors) * dimension + 1, sizeof(float));
        if (!values)
                die("%s: jansson cannot read it", path);
        json_object_foreach (vectors, id, row)
                for (size_t i = 0; i < dimension; i++)
                        values[numbers++] = (float)json_number_value(json_array_get(row, i));
        return numbers;
}

/* A baseline that has the vectors, as `driftwatch baseline` would write it. */
static size_t approve(const char *path, const char *baseline)
{
        struct baseline *b = baseline_new(0);
        char *text;
        size_t size;

        b->vectors = load(path, NULL);
        b->number = b->results = b->samples = 1;
        b->collection = strdup("bench");
        b->approved = 1;
        b->approved_by = strdup("bench");
        b->reason = strdup("bench");
        if (baseline_build(b, &text, &size) < 0 || file_replace(baseline, text, size, NULL) < 0)
                die("%s cannot be written", baseline);
        return b->vectors->count * b->vectors->dimension;
}

/* What a daemon has: the configured ones, the baseline, what queries are asked with of both, and
 * after a reload the new ones beside them. */
static size_t start(const char *path, const char *baseline)
{
        struct vector_set *configured = load(path, NULL), *merged, *after;
        _cleanup_error_ struct error e = {0};
        struct baseline *b;

        if (baselines_load_file(baseline, configured, &b, &e) < 0)
                die("%s", error_text(&e, -EIO));
        *configured->digest = '\0'; /* as if the file were another one */
        after = load(path, configured);
        if (vector_set_merge((struct vector_set *[]){b->vectors, after}, 2, &merged) < 0)
                die("out of memory");
        return merged->count * merged->dimension;
}

static const struct {
        const char *name;
        size_t (*run)(const char *path, const char *baseline); /* numbers that it has then */
} ways[] = {{"read", read_own}, {"jansson", read_tree}, {"approve", approve}, {"start", start}};

static void measure(size_t way, const char *path, const char *baseline)
{
        usec_t begun = clock_usec(CLOCK_PROCESS_CPUTIME_ID);
        double before = peak();
        size_t numbers = ways[way].run(path, baseline);

        figure("rate", (double)numbers / (double)(clock_usec(CLOCK_PROCESS_CPUTIME_ID) - begun),
                "million numbers/s");
        figure("peak", peak() - before, "MB");
        figure("kept", (double)numbers * sizeof(float) / 1e6, "MB");
}

int main(int argc, char **argv)
{
        size_t way = 0;

        json_init();
        if (argc == 5 && streq(argv[1], "write")) {
                write_file(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
                return 0;
        }
        while (argc > 2 && way < ARRAY_SIZE(ways) && !streq(ways[way].name, argv[1]))
                way++;
        if (argc < 3 || argc > 4 || way == ARRAY_SIZE(ways))
                die("usage: bench_vectors write FILE QUERIES DIMENSION | read|jansson FILE | "
                    "approve|start FILE BASELINE");
        measure(way, argv[2], argv[3]);
        return 0;
}
