/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Passwords against their bcrypt hashes, by libcrypt. It takes its time, which is the point of it:
 * who calls it bounds how often. */

#include <stdbool.h>

/* Each step doubles what a login takes: at 10 some 50 ms, at this a second, for which nothing else
 * is served. */
#define BCRYPT_COST_MAX 14

/* What is wrong with a hash, as "is not a bcrypt hash such as $2y$10$…"; NULL for nothing. */
const char *bcrypt_check_hash(const char *hash);
/* Whether it is the password. The comparison takes the same time whatever differs. */
bool bcrypt_matches(const char *hash, const char *password);
