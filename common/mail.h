/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The envelope of a mail: who sends it and who gets it, whatever its header says. */

#include "macro.h"

/* What servers have to take in one mail (RFC 5321, section 4.5.3.1.8). */
#define MAIL_RECIPIENTS_MAX 100

struct mail_envelope {
        char *from;
        char **to; /* NULL-terminated, at least one */
};

/* Of lists of addresses as in a header (mime.h), of `from` the first. NULL when memory is short.
 * They are checked before: what is no address ends its list. */
struct mail_envelope *mail_envelope_new(const char *from, const char *to);
struct mail_envelope *mail_envelope_copy(const struct mail_envelope *from);
struct mail_envelope *mail_envelope_free(struct mail_envelope *e);
DEFINE_CLEANUP(struct mail_envelope *, mail_envelope_free)
