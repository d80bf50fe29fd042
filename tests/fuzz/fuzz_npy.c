/* SPDX-License-Identifier: Apache-2.0 */

/* Matrices of any content, in pieces of a length that the first byte says; the list of ids stands
 * before the matrix's magic. Every vector that is there can be found and is finite. */

#include <math.h>

#include "fuzz.h"
#include "model/npy.h"

static void check(const struct vector_set *set)
{
        REQUIRE(set->count > 0 && set->dimension > 0);
        for (size_t i = 0; i < set->count; i++) {
                REQUIRE(vector_set_find(set, set->ids[i]) == set->rows[i]);
                for (size_t j = 0; j < set->dimension; j++)
                        REQUIRE(isfinite(set->rows[i][j]));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(vector_set_unrefp) struct vector_set *set = NULL;
        _cleanup_(npy_freep) struct npy *n = NULL;
        _cleanup_errors_ struct errors errors = {0};
        const char *ids = (const char *)data + 1, *matrix;
        size_t piece;
        int r = 0;

        if (size == 0)
                return 0;
        piece = (size_t)data[0] + 1;
        matrix = memchr(ids, 0x93, size - 1);
        if (!matrix)
                matrix = (const char *)data + size;
        n = npy_new(&(struct npy_files){
                "v.npy", "v.ids.txt", ids, (size_t)(matrix - ids), NULL, &errors});
        REQUIRE(n);
        for (const char *p = matrix, *end = (const char *)data + size; p < end && r >= 0;
                p += MIN(piece, (size_t)(end - p)))
                r = npy_feed(n, p, MIN(piece, (size_t)(end - p)));
        if (r >= 0)
                r = npy_end(n, &set);
        REQUIRE((r == 0) == (errors_total(&errors) == 0) && (r == 0) == (set != NULL));
        if (set)
                check(set);
        for (size_t i = 0; i < errors.count; i++)
                REQUIRE(!strchr(errors.messages[i], '\n'));
        return 0;
}
