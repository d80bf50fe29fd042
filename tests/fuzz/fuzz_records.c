/* SPDX-License-Identifier: Apache-2.0 */

/* Pages of records of any content: what is taken is complete, finite and found by its id. */

#include <math.h>

#include "fuzz.h"
#include "text.h"
#include "unit/arrival.h"

static void check(const struct records *r, unsigned include)
{
        REQUIRE((r->embeddings != NULL) == (include & RECORDS_EMBEDDINGS && r->count > 0));
        REQUIRE((r->embeddings != NULL) == (r->dimension > 0));
        REQUIRE((r->metadatas != NULL) == ((include & RECORDS_METADATAS) != 0));
        REQUIRE(!r->metadatas || json_array_size(r->metadatas) == r->count);
        for (size_t i = 0; i < r->count; i++) {
                REQUIRE(utf8_valid(r->ids[i], strlen(r->ids[i])));
                /* O(n²), so only for the first. */
                REQUIRE(i >= 100 || records_find(r, r->ids[i]) <= i);
        }
        for (size_t i = 0; i < r->count * r->dimension; i++)
                REQUIRE(isfinite(r->embeddings[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        for (unsigned include = 0; include <= (RECORDS_EMBEDDINGS | RECORDS_METADATAS); include++) {
                _cleanup_(records_done) struct records records = {0};
                _cleanup_error_ struct error error = {0};
                int r = arrive_records((const char *)data, size, include, 0, &records, &error);

                REQUIRE((r == 0) == (error.message == NULL));
                if (r == 0)
                        check(&records, include);
        }
        return 0;
}
