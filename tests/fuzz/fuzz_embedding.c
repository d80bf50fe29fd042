/* SPDX-License-Identifier: Apache-2.0 */

/* Answers of a server that need not be an embedder: what is taken from one is at least
 * one row, and finite ones. */

#include <math.h>

#include "fuzz.h"
#include "model/vector_set.h"
#include "unit/arrival.h"

#define TEXTS 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *body = (const char *)data;

        for (size_t i = 0; i < embedding_dialect_count; i++) {
                _cleanup_error_ struct error e = {0};
                _cleanup_(pooled_done) struct pooled rows = {0};
                unsigned right = 0;
                int r = arrive_pooled(&embedding_dialects[i], body, size, TEXTS, &rows, &e);

                REQUIRE((r == 0) == (rows.values != NULL) && (r == 0) == (e.message == NULL));
                REQUIRE(r < 0 || (rows.dimension > 0 && rows.dimension <= VECTOR_DIMENSION_MAX));
                for (size_t row = 0; row < rows.count; row++) {
                        right += !rows.wrong[row];
                        for (size_t k = 0; !rows.wrong[row] && k < rows.dimension; k++)
                                REQUIRE(isfinite(rows.values[row * rows.dimension + k]));
                }
                REQUIRE(r < 0 || right > 0);
        }
        for (unsigned status = 200; status < 600; status += 100) {
                _cleanup_error_ struct error e = {0};
                const struct http_response response = {
                        .status = status, .body = body, .body_size = size};

                REQUIRE((embedding_check(&response, "asking", &e) == 0) == (status == 200));
        }
        return 0;
}
