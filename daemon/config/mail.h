/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From the keys of email_configs to a mail server that can be talked to: where it is, how it is
 * encrypted, who logs in. It does not talk to anybody. */

#include "config/keys.h"

/* Fills the zeroed `ret`, as far as there is no complaint; -ENOMEM. */
_must_check_ int mail_build(const struct schema_reader *reader, const struct peer_keys *keys,
        usec_t timeout, struct http_peer *ret);

/* String checks of the table: what is wrong with it, NULL for nothing. */
const char *mail_check_smarthost(const char *smarthost);
const char *mail_check_hello(const char *name);
const char *mail_check_recipients(const char *list);
