/* SPDX-License-Identifier: Apache-2.0 */

/* Matchers as somebody may write them in a silence. What is understood is written as it can be read
 * again, and matching ends. */

#include <errno.h>

#include "fuzz.h"
#include "model/matcher.h"

static int parse(const char *text, struct matchers *ret)
{
        _cleanup_error_ struct error e = {0};
        int r = matchers_parse(ret, text, &e);

        REQUIRE(r == 0 || (r == -EINVAL && *e.message));
        return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(matchers_done) struct matchers read = {0}, again = {0};
        _cleanup_(labels_done) struct labels l = {0};
        _cleanup_text_ struct text t = {0}, written = {0}, twice = {0};

        text_append_bytes(&t, (const char *)data, size);
        if (parse(text_string(&t), &read) < 0)
                return 0;
        matchers_build(&read, &written);
        REQUIRE(parse(text_string(&written), &again) == 0);
        matchers_build(&again, &twice);
        REQUIRE(streq(text_string(&written), text_string(&twice)));
        REQUIRE(labels_set(&l, "a", text_string(&t)) == 0);
        REQUIRE(matchers_match(&read, &l) == matchers_match(&again, &l));
        (void)matchers_vacuous(&read);
        return 0;
}
