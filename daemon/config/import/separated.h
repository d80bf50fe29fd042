/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Comma-separated values (RFC 4180), or with tabs or semicolons between them, as spreadsheets of
 * other countries write them: rows of fields, quoted or not, with the line in which each begins. It
 * knows no header and no meaning. */

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* More columns than that are no judgements. */
#define SEPARATED_FIELDS_MAX 200

struct separated {
        const char *at, *end; /* what is left to read */
        char separator;
        unsigned line; /* of what comes next, from 1 */
        struct text bytes; /* of the row, its fields one after the other, each ended by NUL */
        size_t starts[SEPARATED_FIELDS_MAX];
        size_t count; /* of its fields */
        unsigned begins; /* its line */
};

/* The text stays the caller's. Whichever of the separators stands most often in the first line,
 * outside of quotes, is the one. */
void separated_init(struct separated *s, const char *data, size_t size);
void separated_done(struct separated *s);
/* The next row, blank lines left out: 1, 0 at the end, -ENOMEM. -EBADMSG with a sentence in
 * `ret_wrong`: the row is no such; reading may go on in the line behind it. */
_must_check_ int separated_next(struct separated *s, const char **ret_wrong);
/* Of the row; `i` is below `count`. Valid until the next. */
const char *separated_field(const struct separated *s, size_t i);
