/* SPDX-License-Identifier: Apache-2.0 */

/* Vector files of any content: every vector that is there can be found and is finite. */

#include <math.h>

#include "fuzz.h"
#include "unit/vectors.h"

static void check(const struct vector_set *set)
{
        REQUIRE(set->count > 0 && set->dimension > 0);
        for (size_t i = 0; i < set->count; i++) {
                const float *vector = vector_set_find(set, set->ids[i]);

                REQUIRE(vector == set->rows[i]);
                for (size_t j = 0; j < set->dimension; j++)
                        REQUIRE(isfinite(vector[j]));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(vector_set_unrefp) struct vector_set *set = NULL;
        _cleanup_errors_ struct errors errors = {0};
        int r = vector_set_parse("vectors.json", (const char *)data, size, &set, &errors);

        REQUIRE((r == 0) == (errors_total(&errors) == 0));
        REQUIRE((r == 0) == (set != NULL));
        if (set)
                check(set);
        for (size_t i = 0; i < errors.count; i++)
                REQUIRE(!strchr(errors.messages[i], '\n'));
        return 0;
}
