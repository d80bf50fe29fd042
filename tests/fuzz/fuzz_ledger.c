/* SPDX-License-Identifier: Apache-2.0 */

/* What a lease's file may say, as it is and with the sum that it needs. What is understood is
 * written as it can be read again. */

#include <errno.h>
#include <inttypes.h>

#include "fuzz.h"
#include "hash.h"
#include "tell/ledger.h"

static bool equal(const struct ledger *a, const struct ledger *b)
{
        return streq(a->beat.holder, b->beat.holder) && a->beat.number == b->beat.number &&
                a->count == b->count &&
                (a->count == 0 || memcmp(a->told, b->told, a->count * sizeof(*a->told)) == 0);
}

static int parse(const char *data, size_t size, struct ledger *ret)
{
        _cleanup_error_ struct error e = {0};
        int r = ledger_parse(data, size, ret, &e);

        REQUIRE(r == 0 || (r == -EBADMSG && *e.message));
        return r;
}

static void check(const struct text *t)
{
        _cleanup_(ledger_done) struct ledger read = {0}, again = {0};
        _cleanup_text_ struct text written = {0};

        if (parse(t->data, t->size, &read) < 0)
                return;
        for (size_t i = 1; i < read.count; i++)
                REQUIRE(read.told[i - 1] < read.told[i]);
        ledger_build(&read, &written);
        REQUIRE(parse(written.data, written.size, &again) == 0 && equal(&read, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_text_ struct text t = {0};

        text_append_bytes(&t, (const char *)data, size);
        check(&t);
        text_appendf(&t, "end %016" PRIx64 "\n", hash_text(HASH_INIT, text_string(&t)));
        check(&t);
        return 0;
}
