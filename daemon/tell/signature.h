/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How a webhook is signed, so that its receiver knows who sent it: as GitHub does
 * (X-Hub-Signature-256 over the body), or by Standard Webhooks 1.0 (over an id, the time and the
 * body, so that nothing old can be sent again). Pure. */

#include "http.h"

/* What is wrong with a secret for Standard Webhooks - "must be whsec_ and …" -, NULL for nothing.
 */
const char *signature_check_standard(const char *secret);
/* Adds the headers of `scheme`, "github" or "standard", to a request that is complete; `id` is the
 * same for each attempt to deliver it. -EINVAL for another scheme or an unusable secret, -EIO when
 * the library refuses, -ENOMEM. */
_must_check_ int signature_add(struct http_request *request, const char *scheme, const char *secret,
        const char *id, usec_t now);
