/* SPDX-License-Identifier: Apache-2.0 */

/* How long an exact search takes, and what it finds. Vectors are files of plain float32, as numpy
 * writes them; the neighbours of every query are written one after the other, all record numbers
 * (uint32) before all distances (float32).
 *
 *   bench_knn SPACE DIMENSION K QUERIES RECORDS NEIGHBOURS */

#include "bench.h"
#include "file.h"
#include "judge/knn.h"

#define FILE_MAX ((size_t)4 << 30)

struct vectors {
        float *values;
        size_t count;
};

static struct vectors load(const char *path, size_t dimension)
{
        _cleanup_error_ struct error error = {0};
        char *data = NULL;
        size_t size;

        if (file_read(path, FILE_MAX, &data, &size, &error) < 0)
                die("%s", error.message);
        return (struct vectors){(float *)(void *)data, size / sizeof(float) / dimension};
}

static enum knn_space space_of(const char *name)
{
        return streq(name, "l2") ? KNN_L2 : streq(name, "cosine") ? KNN_COSINE : KNN_IP;
}

/* All record numbers, then all distances. */
static void write_neighbours(struct knn *n, size_t queries, size_t k, const char *path)
{
        uint32_t *found = calloc(queries * k, sizeof(*found) + sizeof(float));
        float *measured = (float *)(found + queries * k);

        for (size_t q = 0; found && q < queries; q++) {
                const uint32_t *records;
                const float *distances;

                if (knn_result(n, q, &records, &distances) != k)
                        die("fewer than %zu records", k);
                memcpy(found + q * k, records, k * sizeof(*records));
                memcpy(measured + q * k, distances, k * sizeof(*distances));
        }
        if (!found || file_replace(path, found, queries * k * 8, NULL) < 0)
                die("%s cannot be written", path);
        free(found);
}

int main(int argc, char **argv)
{
        size_t dimension = argc == 7 ? strtoul(argv[2], NULL, 10) : 0;
        size_t k = argc == 7 ? strtoul(argv[3], NULL, 10) : 0;
        struct vectors queries, records;
        struct knn *n;
        double begun;

        if (dimension == 0 || k == 0)
                die("usage: bench_knn SPACE DIMENSION K QUERIES RECORDS NEIGHBOURS");
        queries = load(argv[4], dimension);
        records = load(argv[5], dimension);
        begun = seconds_now();
        if (knn_new(space_of(argv[1]), queries.values, queries.count, dimension, k, &n) < 0)
                die("no search");
        knn_add(n, records.values, records.count);
        figure("knn_search", (seconds_now() - begun) * 1000, "ms");
        write_neighbours(n, queries.count, k, argv[6]);
        knn_free(n);
        free(queries.values);
        free(records.values);
        return 0;
}
