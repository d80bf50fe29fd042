/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A secret in a file, read again when the file has changed, so that who rotates it need not tell
 * anybody. Messages never contain it. Counted by references, which only one thread may hold. */

#include <stdbool.h>

#include "duration.h"
#include "error.h"

/* The file is looked at no more often than this. */
#define SECRET_LOOK_INTERVAL USEC_PER_SEC

struct secret;

/* What is wrong with a secret - "has control characters" - or NULL. */
typedef const char *(*secret_check_t)(const char *value);
/* Reads the first line of the file: file_read_secret()'s errors, -EBADMSG for what `check` finds.
 */
_must_check_ int secret_new(
        const char *path, secret_check_t check, struct secret **ret, struct error *e);
struct secret *secret_ref(struct secret *s);
struct secret *secret_unref(struct secret *s);
DEFINE_CLEANUP(struct secret *, secret_unref)
/* Looks whether the file has changed, at `now` (monotonic): 1 when there is another secret. A file
 * that cannot be used leaves the secret as it was; that is an error the first time only, then 0,
 * until it is read again. */
_must_check_ int secret_refresh(struct secret *s, usec_t now, struct error *e);
/* Valid until the next secret_refresh(). */
const char *secret_value(const struct secret *s);
/* The same secret from the same file; NULL is none. */
bool secret_equal(const struct secret *a, const struct secret *b);
const char *secret_path(const struct secret *s);
