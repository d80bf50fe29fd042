/* SPDX-License-Identifier: Apache-2.0 */

/* The body of a request that does something about incidents: the first byte says what. It is
 * refused with a sentence, or read; then doing it ends well or with a sentence. */

#include <errno.h>

#include "fuzz.h"
#include "tell/act.h"

#define NOW (1000 * USEC_PER_DAY)

static void perform(struct act *a)
{
        static const struct desk_policy policy;
        _cleanup_(desk_freep) struct desk *d = desk_new();
        _cleanup_error_ struct error e = {0};
        int r;

        REQUIRE(d);
        desk_configure(d, &policy);
        r = act_perform(a, d, "0f8fad5b-d9cb-469f-a165-70867728950e", NOW, &e);
        REQUIRE(r == 0 || *e.message);
        REQUIRE((r == 0) == (silences_at(desk_silences(d), 0) || desk_acks(d)->count > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(act_freep) struct act *a = NULL;
        _cleanup_error_ struct error e = {0};
        int r;

        if (size == 0)
                return 0;
        r = act_parse(data[0] % ACT_KIND_COUNT, "0123456789abcdef", (const char *)data + 1,
                size - 1, &a, &e);
        REQUIRE(r == 0 || ((r == -EINVAL || r == -EBADMSG) && *e.message));
        if (r == 0)
                perform(a);
        return 0;
}
