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

double embedder_limit(double configured, double noise)
{
        /* fmax() passes over a NaN. */
        return fmax(
                isnan(configured) ? EMBEDDER_EPSILON : configured, EMBEDDER_NOISE_FACTOR * noise);
}

static double length_of(const float *vector, size_t dimension)
{
        double sum = 0;

        for (size_t i = 0; i < dimension; i++)
                sum += (double)vector[i] * (double)vector[i];
        return sqrt(sum);
}

double embedder_length(const float *pinned, const float *fresh, size_t dimension)
{
        double before = length_of(pinned, dimension), now = length_of(fresh, dimension);

        return before > 0 && now > 0 ? now / before : NAN;
}

bool embedder_length_counts(const char *space)
{
        return streq(space, "l2") || streq(space, "ip");
}

void embedder_length_describe(double length, struct text *t)
{
        text_appendf(t, "vectors are %.3g times as long", length);
}

/* Of those that are known. */
static double median_of(const double *values, size_t count, double *buffer)
{
        size_t known = 0;

        for (size_t i = 0; values && i < count; i++)
                if (!isnan(values[i]))
                        buffer[known++] = values[i];
        sample_sort(buffer, known);
        return sample_median(buffer, known);
}

int embedder_judge(const double *distances, const double *limits, const double *lengths,
        size_t count, struct embedder_verdict *ret)
{
        _cleanup_free_ double *buffer = calloc(count + 1, sizeof(*buffer));
        struct embedder_verdict verdict = {0};

        if (!buffer)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                double limit = limits && !isnan(limits[i]) ? limits[i] : EMBEDDER_EPSILON;

                if (isnan(distances[i]))
                        continue;
                verdict.compared++;
                verdict.moved +=
                        distances[i] > limit || (lengths && fabs(lengths[i] - 1) > EMBEDDER_LENGTH);
        }
        verdict.median = median_of(distances, count, buffer);
        verdict.length = median_of(lengths, count, buffer);
        verdict.changed = verdict.moved > 0 &&
                (double)verdict.moved >= EMBEDDER_SHARE * (double)verdict.compared;
        verdict.partial = verdict.moved >= EMBEDDER_PARTIAL;
        *ret = verdict;
        return 0;
}
