/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/embedder.h"

#include <errno.h>
#include <math.h>

#include "judge/sample.h"
#include "macro.h"

double embedder_distance(const float *pinned, const float *fresh, size_t dimension)
{
        double dot = 0, a = 0, b = 0;

        for (size_t i = 0; i < dimension; i++) {
                dot += (double)pinned[i] * (double)fresh[i];
                a += (double)pinned[i] * (double)pinned[i];
                b += (double)fresh[i] * (double)fresh[i];
        }
        if (a == 0 || b == 0)
                return NAN;
        /* Rounding may make a cosine of a little more than 1. */
        return fmax(0, 1 - dot / sqrt(a * b));
}

double embedder_limit(double noise)
{
        /* fmax() passes over a NaN. */
        return fmax(EMBEDDER_EPSILON, EMBEDDER_NOISE_FACTOR * noise);
}

int embedder_judge(
        const double *distances, const double *limits, size_t count, struct embedder_verdict *ret)
{
        _cleanup_free_ double *compared = calloc(count + 1, sizeof(*compared));
        struct embedder_verdict verdict = {0};

        if (!compared)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                if (isnan(distances[i]))
                        continue;
                compared[verdict.compared++] = distances[i];
                verdict.moved += distances[i] > fmax(EMBEDDER_EPSILON, limits ? limits[i] : NAN);
        }
        sample_sort(compared, verdict.compared);
        verdict.median = sample_median(compared, verdict.compared);
        verdict.changed = verdict.moved > 0 &&
                (double)verdict.moved >= EMBEDDER_SHARE * (double)verdict.compared;
        verdict.partial = verdict.moved >= EMBEDDER_PARTIAL;
        *ret = verdict;
        return 0;
}
