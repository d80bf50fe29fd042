/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The digest of a JSON value as it streams by, without the value: of its compact text, byte by byte
 * what jansson would write of it with reals of 15 digits. Keys are taken in the order in which they
 * come; whether they are sorted is not looked at, and the digest is another one when they are not.
 */

#include "digest.h"
#include "stream.h"

struct canon {
        struct digest *digest; /* owned */
        enum { CANON_OPEN, CANON_KEY, CANON_VALUE } last; /* what the text ends with */
};

/* -ENOMEM */
_must_check_ int canon_init(struct canon *c);
void canon_done(struct canon *c);
/* The next event of the value. -EBADMSG for a number that nothing reads; -ENOMEM. */
_must_check_ int canon_take(struct canon *c, const struct stream_event *event);
/* As digest_end(). */
_must_check_ int canon_end(struct canon *c, char ret[DIGEST_TEXT_MAX]);
