/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What an answer's status and form mean, before anybody looks for results in it: whether Chroma
 * answered at all or something before it, whether it refused one request or cannot serve any. Only
 * Chroma's own error object is read as Chroma's; of its words no more is understood than whether
 * they are about a quota. No I/O. */

#include "http.h"

/* The server refused this one request (400, 422, 500 in Chroma's or FastAPI's words): others may
 * still be answered. */
#define RULING_REFUSED (-EBADRQC)
/* A quota of the account or the server (400, 403, 422, 429): smaller requests may be answered. */
#define RULING_QUOTA (-EDQUOT)

/* Why an exchange is no usable answer: -ENOENT (404 from Chroma itself: tenant, database or
 * collection missing), -EOPNOTSUPP (410, a v1-only server, or a 404 that is not Chroma's: no such
 * route), -EACCES (401, 403), -EAGAIN (429, 503), RULING_REFUSED, RULING_QUOTA, -EBADMSG (2xx, but
 * a page or nothing), -EREMOTEIO (other status), or the transport's errno. 0 for 2xx. The sentence
 * begins with `what` and names the status and the server's own words, or the start of the body. */
_must_check_ int ruling_check(
        const struct http_response *response, const char *what, struct error *e);
/* Whether Chroma can have been it that answered: not a page for people, not a status that proxies
 * give of themselves (502, 503, 504) without Chroma's words, not an empty success. */
bool ruling_reached(const struct http_response *response);
/* The server refused this one request: others may be answered. */
bool ruling_refused(int code);
/* A request of several parts that ends with `code` may be answered in smaller ones. */
bool ruling_divisible(int code);
