/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/knn.h"

#include <errno.h>
#include <float.h>
#include <math.h>

/* Queries are compared sixteen at a time, one in each lane, with records in groups of twelve: with
 * AVX-512 that is one accumulator a record, enough to hide the latency of multiplying, and a group
 * of 1024 dimensions fits beside the queries into a second-level cache. */
#define LANES 16
#define GROUP 12
/* Lengths of vectors whose squares and products are far from float32's ends. */
#define NORM_MIN 1e-15
#define NORM_MAX 1e15

typedef float four_t __attribute__((vector_size(4 * sizeof(float))));
typedef float eight_t __attribute__((vector_size(8 * sizeof(float))));
typedef float lanes_t __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t mask_t __attribute__((vector_size(sizeof(four_t))));
typedef double wide_t __attribute__((vector_size(8 * sizeof(double))));
#define WIDTH(vector_t) (sizeof(vector_t) / sizeof(float))

struct neighbour {
        double distance;
        uint32_t record;
};

/* Twelve records, and what makes scores of their dot products with the queries: a score is the
 * higher the nearer the record, and never too low. */
struct group {
        float *values; /* GROUP rows of `stride` */
        size_t stride;
        float scale[GROUP], bonus[GROUP];
        _Alignas(sizeof(lanes_t)) float scores[GROUP][LANES]; /* with the queries of one panel */
};

/* Fills the scores. A panel is sixteen queries, their components side by side: dimension × LANES.
 */
typedef void (*score_t)(const float *panel, struct group *g, size_t dimension);

struct knn {
        enum knn_space space;
        size_t dimension, k, query_count;
        size_t panel_count;
        score_t score;
        float *queries; /* query_count × dimension, as given */
        double *norms; /* query_count: |q| */
        double norm_max;
        float *panels; /* panel_count × dimension × LANES; what is beyond the queries is 0 */
        float *limits; /* panel_count × LANES: lower scores are certainly not among the nearest */
        struct group group;
        struct neighbour *nearest; /* query_count heaps of k, the farthest first */
        size_t *found; /* query_count: neighbours in its heap */
        uint64_t added;
        struct neighbour *sorted; /* k, for knn_result() */
        uint32_t *records;
        float *distances;
};

/* Twelve at once, so that each sum has a register of its own. */
#define EACH_ROW(r) _Pragma("GCC unroll 12") for (size_t r = 0; r < GROUP; r++)

/* In vectors as wide as the instructions have: a wider one would be split in memory. */
#define SCORE(vector_t) \
        for (size_t lane = 0; lane < LANES; lane += WIDTH(vector_t)) { \
                vector_t sums[GROUP]; \
\
                EACH_ROW(r) \
                { \
                        sums[r] = (vector_t){0}; \
                } \
                for (size_t d = 0; d < dimension; d++) { \
                        const vector_t queries = *(const vector_t *)(panel + d * LANES + lane); \
\
                        EACH_ROW(r) \
                        { \
                                sums[r] += queries * g->values[r * g->stride + d]; \
                        } \
                } \
                EACH_ROW(r) \
                { \
                        *(vector_t *)(g->scores[r] + lane) = sums[r] * g->scale[r] + g->bonus[r]; \
                } \
        }

static void score_baseline(const float *panel, struct group *g, size_t dimension)
{
        SCORE(four_t)
}

#ifdef __x86_64__
__attribute__((target("avx2,fma"))) static void score_avx2(
        const float *panel, struct group *g, size_t dimension)
{
        SCORE(eight_t)
}

__attribute__((target("avx512f"))) static void score_avx512f(
        const float *panel, struct group *g, size_t dimension)
{
        SCORE(lanes_t)
}
#endif

static const struct {
        const char *instructions;
        score_t score;
} scorers[] = {
#ifdef __x86_64__
        {"avx512f", score_avx512f},
        {"avx2", score_avx2},
#endif
        {"baseline", score_baseline},
};

static bool supported(size_t scorer)
{
#ifdef __x86_64__
        if (scorers[scorer].score == score_avx512f)
                return __builtin_cpu_supports("avx512f");
        if (scorers[scorer].score == score_avx2)
                return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
        return true;
}

bool knn_use(struct knn *n, const char *instructions)
{
        for (size_t i = 0; i < ARRAY_SIZE(scorers); i++) {
                if ((instructions && !streq(scorers[i].instructions, instructions)) ||
                        !supported(i))
                        continue;
                n->score = scorers[i].score;
                return true;
        }
        return false;
}

/* Eight sums side by side; of products, or of squared differences. */
static double sum_exactly(const float *a, const float *b, size_t count, bool differences)
{
        wide_t sums = {0};
        double sum = 0;
        size_t i = 0;

        for (; i + WIDTH(eight_t) <= count; i += WIDTH(eight_t)) {
                eight_t x, y;
                wide_t p, q;

                memcpy(&x, a + i, sizeof(x));
                memcpy(&y, b + i, sizeof(y));
                p = __builtin_convertvector(x, wide_t);
                q = __builtin_convertvector(y, wide_t);
                sums += differences ? (p - q) * (p - q) : p * q;
        }
        for (; i < count; i++) {
                double p = (double)a[i], q = (double)b[i];

                sum += differences ? (p - q) * (p - q) : p * q;
        }
        for (i = 0; i < WIDTH(eight_t); i++)
                sum += sums[i];
        return sum;
}

static double norm(const float *v, size_t dimension)
{
        return sqrt(sum_exactly(v, v, dimension, false));
}

static double measure(const struct knn *n, size_t q, const float *record)
{
        const float *query = n->queries + q * n->dimension;
        double dot, norms;

        if (n->space == KNN_L2)
                return sum_exactly(query, record, n->dimension, true);
        dot = sum_exactly(query, record, n->dimension, false);
        if (n->space == KNN_IP)
                return 1 - dot;
        norms = n->norms[q] * norm(record, n->dimension);
        return norms > 0 ? 1 - dot / norms : 1;
}

static bool farther(const struct neighbour *a, const struct neighbour *b)
{
        return a->distance > b->distance || (a->distance == b->distance && a->record > b->record);
}

static void swap(struct neighbour *a, struct neighbour *b)
{
        struct neighbour kept = *a;

        *a = *b;
        *b = kept;
}

static void sift_up(struct neighbour *heap, size_t i)
{
        for (; i > 0 && farther(&heap[i], &heap[(i - 1) / 2]); i = (i - 1) / 2)
                swap(&heap[i], &heap[(i - 1) / 2]);
}

static void sift_down(struct neighbour *heap, size_t count)
{
        size_t i = 0;

        for (;;) {
                size_t child = 2 * i + 1;

                if (child + 1 < count && farther(&heap[child + 1], &heap[child]))
                        child++;
                if (child >= count || !farther(&heap[child], &heap[i]))
                        return;
                swap(&heap[i], &heap[child]);
                i = child;
        }
}

/* The score that a record of this distance has at least. With a margin for what float64 loses where
 * |q| is large and the distance small; rounded down. */
static float limit(const struct knn *n, size_t q, double farthest)
{
        double square = n->norms[q] * n->norms[q], exact = 1 - farthest;

        if (n->space == KNN_L2)
                exact = (square - farthest) / 2 - 4 * DBL_EPSILON * square;
        return nextafterf((float)fmax(fmin(exact, (double)FLT_MAX), (double)-FLT_MAX), -INFINITY);
}

static void offer(struct knn *n, size_t q, const struct neighbour *candidate)
{
        struct neighbour *heap = n->nearest + q * n->k;

        if (n->found[q] < n->k) {
                heap[n->found[q]] = *candidate;
                sift_up(heap, n->found[q]++);
        } else if (farther(&heap[0], candidate)) {
                heap[0] = *candidate;
                sift_down(heap, n->k);
        } else
                return;
        if (n->found[q] == n->k)
                n->limits[q] = limit(n, q, heap[0].distance);
}

/* Not below the limit is also a score that is not a number: that record is measured. */
static bool all_below(const struct group *g, const float *limits)
{
        mask_t below = ~(mask_t){0};

        for (size_t i = 0; i < LANES; i += WIDTH(four_t))
                for (size_t r = 0; r < GROUP; r++)
                        below &=
                                *(const four_t *)(g->scores[r] + i) < *(const four_t *)(limits + i);
        return below[0] & below[1] & below[2] & below[3];
}

/* Measures what the scores did not rule out. */
static void offer_group(struct knn *n, size_t panel, const float *records, size_t count)
{
        size_t first = panel * LANES, queries = MIN(n->query_count - first, (size_t)LANES);

        for (size_t r = 0; r < count; r++)
                for (size_t i = 0; i < queries; i++) {
                        const float *record = records + r * n->dimension;
                        size_t q = first + i;

                        if (n->group.scores[r][i] < n->limits[q])
                                continue;
                        offer(n, q,
                                &(struct neighbour){
                                        measure(n, q, record), (uint32_t)(n->added + r)});
                }
}

/* Copies a record to where no two of the group's rows compete for a line of cache, whatever the
 * dimension. Yields |x|^2. */
static double copy_row(float *to, const float *from, size_t dimension)
{
        lanes_t sums = {0};
        float sum = 0;
        size_t i = 0;

        for (; i + LANES <= dimension; i += LANES) {
                lanes_t x;

                memcpy(&x, from + i, sizeof(x));
                *(lanes_t *)(to + i) = x;
                sums += x * x;
        }
        for (; i < dimension; i++) {
                to[i] = from[i];
                sum += from[i] * from[i];
        }
        for (i = 0; i < LANES; i++)
                sum += sums[i];
        return (double)sum;
}

/* The bound holds for the product, of unit roundoff half of epsilon, with 32 terms to spare for the
 * sums, products and quotients around it. What is too large or too small for it is always measured.
 */
static void fill_row(struct knn *n, size_t r, const float *record)
{
        struct group *g = &n->group;
        double square = copy_row(g->values + r * g->stride, record, n->dimension), x = sqrt(square);
        double bound = (double)(n->dimension + 32) * (double)FLT_EPSILON;
        bool measurable = x > NORM_MIN && x < NORM_MAX && n->norm_max < NORM_MAX;

        g->scale[r] = n->space == KNN_COSINE ? (float)(1 / x) : 1;
        if (!measurable)
                g->bonus[r] = INFINITY;
        else if (n->space == KNN_COSINE)
                g->bonus[r] = (float)bound;
        else
                g->bonus[r] = (float)(bound * x * n->norm_max) + FLT_MIN;
        if (measurable && n->space == KNN_L2)
                g->bonus[r] += (float)((bound - 0.5) * square);
}

void knn_add(struct knn *n, const float *records, size_t count)
{
        while (count > 0) {
                size_t rows = MIN(count, (size_t)GROUP);

                for (size_t r = 0; r < rows; r++)
                        fill_row(n, r, records + r * n->dimension);
                for (size_t p = 0; p < n->panel_count; p++) {
                        n->score(n->panels + p * n->dimension * LANES, &n->group, n->dimension);
                        if (!all_below(&n->group, n->limits + p * LANES))
                                offer_group(n, p, records, rows);
                }
                n->added += rows;
                records += rows * n->dimension;
                count -= rows;
        }
}

static int compare(const void *a, const void *b)
{
        return farther(a, b) ? 1 : -1; /* no two are equal */
}

size_t knn_result(
        struct knn *n, size_t q, const uint32_t **ret_records, const float **ret_distances)
{
        size_t count = n->found[q];

        memcpy(n->sorted, n->nearest + q * n->k, count * sizeof(*n->sorted));
        qsort(n->sorted, count, sizeof(*n->sorted), compare);
        for (size_t i = 0; i < count; i++) {
                n->records[i] = n->sorted[i].record;
                n->distances[i] = (float)n->sorted[i].distance;
        }
        *ret_records = n->records;
        *ret_distances = n->distances;
        return count;
}

/* Cosine compares directions: those queries are scaled to length 1. */
static void fill_panels(struct knn *n)
{
        for (size_t q = 0; q < n->query_count; q++) {
                float *panel = n->panels + q / LANES * n->dimension * LANES + q % LANES;
                const float *query = n->queries + q * n->dimension;
                double scale = 1;

                n->norms[q] = norm(query, n->dimension);
                n->norm_max = fmax(n->norm_max, n->norms[q]);
                n->limits[q] = -INFINITY;
                if (n->space == KNN_COSINE)
                        scale = n->norms[q] > 0 ? 1 / n->norms[q] : 0;
                for (size_t d = 0; d < n->dimension; d++)
                        panel[d * LANES] = (float)((double)query[d] * scale);
        }
        for (size_t q = n->query_count; q < n->panel_count * LANES; q++)
                n->limits[q] = INFINITY;
}

/* Zeros, where the vectors of the widest instructions may lie; NULL when memory is short. */
static float *new_lanes(size_t count)
{
        size_t size;
        float *values;

        if (__builtin_mul_overflow(count, sizeof(lanes_t), &size))
                return NULL;
        values = aligned_alloc(sizeof(lanes_t), size);
        if (values)
                memset(values, 0, size);
        return values;
}

static bool allocate(struct knn *n)
{
        size_t lines = (n->dimension + LANES - 1) / LANES | 1;

        n->group.stride = lines * LANES;
        n->group.values = new_lanes(GROUP * lines);
        n->panels = new_lanes(n->panel_count * n->dimension);
        n->limits = new_lanes(n->panel_count);
        n->queries = calloc(n->query_count * n->dimension, sizeof(*n->queries));
        n->norms = calloc(n->query_count, sizeof(*n->norms));
        n->nearest = calloc(n->query_count, n->k * sizeof(*n->nearest));
        n->found = calloc(n->query_count, sizeof(*n->found));
        n->sorted = calloc(n->k, sizeof(*n->sorted));
        n->records = calloc(n->k, sizeof(*n->records));
        n->distances = calloc(n->k, sizeof(*n->distances));
        return n->group.values && n->panels && n->limits && n->queries && n->norms && n->nearest &&
                n->found && n->sorted && n->records && n->distances;
}

int knn_new(enum knn_space space, const float *queries, size_t query_count, size_t dimension,
        size_t k, struct knn **ret)
{
        _cleanup_(knn_freep) struct knn *n = NULL;

        if (query_count == 0 || dimension == 0 || k == 0)
                return -EINVAL;
        n = aligned_alloc(_Alignof(struct knn), sizeof(*n));
        if (!n)
                return -ENOMEM;
        *n = (struct knn){
                .space = space,
                .dimension = dimension,
                .k = k,
                .query_count = query_count,
                .panel_count = (query_count + LANES - 1) / LANES,
        };
        if (!allocate(n))
                return -ENOMEM;
        memcpy(n->queries, queries, query_count * dimension * sizeof(*queries));
        fill_panels(n);
        (void)knn_use(n, NULL);
        *ret = take_ptr(n);
        return 0;
}

struct knn *knn_free(struct knn *n)
{
        if (!n)
                return NULL;
        free(n->group.values);
        free(n->panels);
        free(n->limits);
        free(n->queries);
        free(n->norms);
        free(n->nearest);
        free(n->found);
        free(n->sorted);
        free(n->records);
        free(n->distances);
        free(n);
        return NULL;
}
