/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What makes a link acknowledge one incident, and nothing else: a text that only who has the key
 * can make, which says of which incident it is, to whom it was sent, and from when until when it is
 * good. Whether it was used, and whether that incident is still open, is escalation.h's business.
 *
 * It is the base64url (RFC 4648, section 5, without padding) of a version byte, two times in
 * microseconds since 1970 as 64 bits each, the most significant byte first, the receiver's name, a
 * NUL, the incident's id, and the HMAC-SHA-256 of all that under a key that belongs to this purpose
 * alone. Pure. */

#include "duration.h"
#include "error.h"
#include "model/escalation.h"
#include "text.h"

/* Longer ones were not made here. */
#define TOKEN_MAX 2000

struct token {
        char *incident, *receiver; /* owned */
        usec_t made, expires; /* wall clock */
};
void token_done(struct token *t);

/* The key of this purpose, from any secret of the administrator's or of ours. -EIO. */
_must_check_ int token_key(const char *secret, unsigned char ret[ACK_KEY_SIZE]);
/* -EMSGSIZE: the names are too long; -EIO, -ENOMEM. */
_must_check_ int token_build(
        const unsigned char key[ACK_KEY_SIZE], const struct token *t, char **ret);
/* -EBADMSG: it was not made with this key, or is not as it was made; -ETIME: it is too old at
 * `now`; -EIO, -ENOMEM. It takes the same time wherever a wrong one is wrong. */
_must_check_ int token_read(
        const unsigned char key[ACK_KEY_SIZE], const char *text, usec_t now, struct token *ret);
/* Appends the address of a link with that token, below `external_url`. */
void token_append_url(const char *external_url, const char *token, struct text *t);
/* Where it leads: a path, with * for the token. */
#define TOKEN_PATH "/ack/*"
