/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/distance.h"

#include <math.h>

#include "judge/attribution.h"

/* The products of two vectors with each other and themselves. */
struct products {
        double ab, aa, bb;
};

static struct products products_of(const float *a, const float *b, unsigned dimension)
{
        struct products p = {0};

        for (unsigned i = 0; i < dimension; i++) {
                p.ab += (double)a[i] * b[i];
                p.aa += (double)a[i] * a[i];
                p.bb += (double)b[i] * b[i];
        }
        return p;
}

static double angle(struct products p)
{
        return p.aa > 0 && p.bb > 0 ? p.ab / sqrt(p.aa * p.bb) : 0;
}

static double distance_l2(struct products p)
{
        return p.aa + p.bb - 2 * p.ab;
}

static double distance_cosine(struct products p)
{
        return 1 - angle(p);
}

static double distance_ip(struct products p)
{
        return 1 - p.ab;
}

static const struct {
        const char *name;
        double (*distance)(struct products p);
} spaces[] = {
        {"l2", distance_l2},
        {"cosine", distance_cosine},
        {"ip", distance_ip},
};

double distance_square(const float *vector, unsigned dimension)
{
        return products_of(vector, vector, dimension).aa;
}

double distance_angle(const float *a, const float *b, unsigned dimension)
{
        return angle(products_of(a, b, dimension));
}

bool distance_kept(
        const char *space, double recorded, const float *a, const float *b, unsigned dimension)
{
        struct products p = products_of(a, b, dimension);

        for (size_t k = 0; k < ARRAY_SIZE(spaces); k++)
                if ((!space || streq(space, spaces[k].name)) &&
                        !attribution_moved(spaces[k].name, recorded, spaces[k].distance(p)))
                        return true;
        return false;
}
