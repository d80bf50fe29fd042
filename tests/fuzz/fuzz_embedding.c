/* SPDX-License-Identifier: Apache-2.0 */

/* Answers of a server that need not be an embedder: what is taken from one is as many finite rows
 * as were asked for. */

#include <math.h>

#include "ask/embedding.h"
#include "fuzz.h"
#include "model/vector_set.h"

#define TEXTS 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *body = (const char *)data;

        for (size_t i = 0; i < embedding_dialect_count; i++) {
                _cleanup_error_ struct error e = {0};
                _cleanup_free_ float *values = NULL;
                unsigned dimension = 0;
                int r = embedding_dialects[i].parse(body, size, TEXTS, &values, &dimension, &e);

                REQUIRE((r == 0) == (values != NULL) && (r == 0) == (e.message == NULL));
                REQUIRE(r < 0 || (dimension > 0 && dimension <= VECTOR_DIMENSION_MAX));
                for (size_t k = 0; k < TEXTS * (size_t)dimension; k++)
                        REQUIRE(isfinite(values[k]));
        }
        for (unsigned status = 200; status < 600; status += 100) {
                _cleanup_error_ struct error e = {0};
                const struct http_response response = {
                        .status = status, .body = body, .body_size = size};

                REQUIRE((embedding_check(&response, "asking", &e) == 0) == (status == 200));
        }
        return 0;
}
