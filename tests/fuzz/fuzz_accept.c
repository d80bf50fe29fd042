/* SPDX-License-Identifier: Apache-2.0 */

/* Headers of any client and text of any length where a duration or a time is expected: what is read
 * can be written and read again. */

#include "duration.h"
#include "fuzz.h"
#include "show/metrics/accept.h"

static void check_duration(const char *text)
{
        char buffer[DURATION_TEXT_MAX];
        usec_t first, second;

        if (duration_parse(text, &first) < 0)
                return;
        REQUIRE(duration_parse(duration_format(buffer, sizeof(buffer), first), &second) == 0);
        REQUIRE(second == first / USEC_PER_MSEC * USEC_PER_MSEC);
}

static void check_time(const char *text)
{
        char buffer[TIME_TEXT_MAX];
        usec_t first, second;

        /* Years of more than four digits cannot be read back. */
        if (time_parse(text, &first) < 0 || first >= 253402300800 * USEC_PER_SEC)
                return;
        REQUIRE(time_parse(time_format(buffer, sizeof(buffer), first), &second) == 0);
        REQUIRE(second == first / USEC_PER_MSEC * USEC_PER_MSEC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = strndup((const char *)data, size);

        if (!text)
                return 0;
        REQUIRE(exposition_content_type(accept_exposition(text)));
        (void)accept_gzip(text);
        check_duration(text);
        check_time(text);
        return 0;
}
