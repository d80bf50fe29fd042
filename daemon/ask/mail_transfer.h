/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A mail as libcurl's easy handle: what is another than with HTTP. Private to http_transfer.c. */

#include "ask/http_transfer.h"

/* After all that HTTP wants. -ENOMEM. */
_must_check_ int mail_transfer_configure(struct http_transfer *t);
/* Whether the server has decided, so that its status says what came of it, though libcurl may call
 * that a failure. */
bool mail_transfer_decided(const struct http_transfer *t, CURLcode code);
/* Fills what the server said, which points into the transfer. */
void mail_transfer_result(struct http_transfer *t, struct http_response *ret);
void mail_transfer_done(struct http_transfer *t);
