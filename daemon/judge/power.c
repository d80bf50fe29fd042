/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/power.h"

#include <math.h>

#include "judge/distribution.h"

double power_detectable_share(size_t n, size_t moved, double power)
{
        if (moved < 1 || moved > n || !(power > 0 && power < 1))
                return NAN;
        return beta_quantile((double)moved, (double)(n - moved) + 1, power);
}
