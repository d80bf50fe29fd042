/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What several tests expect of texts and of lists of errors, with the text itself in the complaint.
 */

#include "unit.h"

#include "error.h"
#include "text.h"

static inline void assert_has(const struct text *t, const char *part)
{
        if (!strstr(text_string(t), part))
                fail_msg("\"%s\" is missing in:\n%s", part, text_string(t));
}

/* The errors that `input` raised begin with these, of which a NULL ends fewer than `max`, and are
 * no more. */
static inline void assert_errors(
        const struct errors *errors, const char *const *expected, size_t max, const char *input)
{
        size_t n = 0;

        for (; n < max && expected[n]; n++)
                if (n >= errors->count ||
                        strncmp(errors->messages[n], expected[n], strlen(expected[n])) != 0)
                        fail_msg("%s:\nerror %zu of %zu is %s", input, n, errors->count,
                                n < errors->count ? errors->messages[n] : "");
        if (errors->count != n)
                fail_msg("%s:\nunexpected %s", input, errors->messages[n]);
}
