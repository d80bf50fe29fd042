/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/self.h"

#include "judge/distance.h"
#include "model/epoch.h"

/* Relative to |x|^2, what rounding may make of the distance of equal vectors. Their difference, in
 * L2, has none; that is for vectors which differ in the last bit. */
#define TWIN_L2 1e-12
#define TWIN 1e-6

/* The distance of a record from itself, rounding included. */
static double self_distance(const char *space, double square)
{
        if (streq(space, "cosine"))
                return TWIN;
        if (streq(space, "ip"))
                return 1 - square + TWIN * square;
        return TWIN_L2 * square;
}

bool self_found(const char *space, const char *id, const float *vector, unsigned dimension,
        const struct answer *answer)
{
        return answer->count > 0 &&
                (streq(answer->ids[0], id) ||
                        (double)answer->distances[0] <=
                                self_distance(space, distance_square(vector, dimension)));
}

bool self_stands_for(
        const char *space, const float *vector, unsigned dimension, const struct answer *answer)
{
        double square = distance_square(vector, dimension), itself, hair;

        if (!space || answer->count == 0)
                return false;
        itself = streq(space, "ip") ? 1 - square : 0;
        hair = SELF_HAIR * space_unit(space) * (streq(space, "cosine") ? 1 : square);
        return (double)answer->distances[0] - itself <= hair;
}
