/* SPDX-License-Identifier: Apache-2.0 */

/* The file of a time zone. Whatever is understood has its changes in order, and offsets that a
 * place on earth may have. */

#include <errno.h>

#include "fuzz.h"
#include "zone.h"

#define DAY_SECONDS 86400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(zone_freep) struct zone *z = NULL;
        _cleanup_error_ struct error e = {0};
        int r = zone_parse((const char *)data, size, &z, &e);
        int64_t time = INT64_MIN;

        REQUIRE(r == 0 || (r == -EBADMSG && *e.message));
        while (r == 0 && time < INT64_MAX) {
                int64_t next = zone_next(z, time);
                long offset = zone_offset(z, time);

                REQUIRE(offset > -2 * DAY_SECONDS && offset < 2 * DAY_SECONDS);
                REQUIRE(next > time);
                time = next;
        }
        REQUIRE(r < 0 || zone_equal(z, z));
        return 0;
}
