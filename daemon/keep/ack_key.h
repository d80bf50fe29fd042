/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What proves the links by which incidents are acknowledged: a secret of the administrator's, or
 * else one that is made once and kept beside the state, so that links that were sent are good over
 * a restart. What a link says is tell/token.h's business. */

#include "error.h"

/* The name of the credential, and of the file in the storage directory. */
#define ACK_KEY_CREDENTIAL "driftwatch-ack-key"
#define ACK_KEY_FILE "ack-key"
/* Of a secret in either; less could be guessed. */
#define ACK_KEY_SECRET_MIN 32

/* The secret, owned, from the credential where there is one, else from the file, which is made with
 * mode 0600 when it is missing. -EBADMSG: it is too short; others as file_read_secret() and
 * file_replace(), with a sentence. */
_must_check_ int ack_key_load(const char *directory, char **ret, struct error *e);
