/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One HTTP exchange as plain data: what a pure builder makes, what a client sends, what comes back.
 * No socket, no library. */

#include <stdbool.h>
#include <stddef.h>

#include "duration.h"
#include "error.h"
#include "secret.h"

/* How to reach one peer. Strings are owned, secrets referenced. */
struct http_peer {
        char *url; /* http:// or https://, without a trailing slash */
        struct secret *secret_url; /* is the URL instead, `url` what it was at first; NULL */
        char **headers; /* "Name: value", static, NULL-terminated; NULL for none */
        struct secret *secret; /* what to authenticate with; NULL for nothing. Never logged */
        char *secret_header; /* what stands before it: "Authorization: Bearer "; NULL: it is
                                "user:password" for Basic authentication */
        char *proxy; /* URL of a proxy; NULL: none, whatever the environment says */
        struct secret *proxy_secret; /* "user:password" for it; NULL */
        char *ca_file, *cert_file, *key_file; /* NULL: the system's */
        char *server_name; /* name expected in the certificate; NULL: the URL's host */
        bool insecure_skip_verify;
        usec_t connect_timeout_usec;
        usec_t timeout_usec; /* of one request, in total */
};
void http_peer_done(struct http_peer *peer);
_must_check_ int http_peer_copy(const struct http_peer *from, struct http_peer *ret);
/* A URL as people may see it: without user information, the values of its query, and fragment.
 * Owned; NULL when memory is short. */
char *http_url_shown(const char *url);
/* Scheme, host and port of a URL: what of it may be shown where user information, path and query
 * may be secret. Owned; NULL when memory is short. */
char *http_url_address(const char *url);
/* Host and port of a URL, the scheme's port where it names none: "hooks.example.org:443". Owned;
 * NULL when memory is short. */
char *http_url_peer(const char *url);

struct http_request {
        const char *method; /* static string: "GET", "POST", … */
        char *path; /* appended to the peer's URL, begins with "/" or is empty; owned */
        char *body; /* owned; NULL for none. Sent as application/json */
        size_t body_size;
        size_t response_limit; /* a longer response body ends the exchange with -EMSGSIZE */
};
void http_request_done(struct http_request *request);

/* `result` is 0 when a complete response arrived, whatever its status, else a negative errno:
 * -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH (no route, name not resolved), -ECONNRESET (closed
 * before the response was complete), -EPROTO (not HTTP, TLS failure), -EMSGSIZE, -EBADMSG (an
 * encoding that cannot be undone), -ECANCELED. */
struct http_response {
        int result;
        unsigned status; /* 0 unless result is 0 */
        const char *body; /* NUL-terminated, never NULL; valid during the callback only */
        size_t body_size;
        const char *content_type; /* as the server calls it; NULL when it says nothing */
        const char *error; /* one sentence when result is not 0, e.g. "no answer within 10s" */
        const char *url; /* as http_url_shown(); NULL where it is a secret or not known */
        usec_t duration_usec;
        usec_t retry_after_usec; /* of a Retry-After header in seconds; 0 when there is none */
};

/* A short name for a failed exchange, used as a metric's `reason`: "timeout", "connect", "resolve",
 * "tls", "reset", "too_large", "canceled", "client_error" (4xx), "auth" (401, 403), "rate_limited"
 * (429), "server_error" (5xx), "unexpected" (other status). NULL when the exchange succeeded with
 * 2xx. */
const char *http_failure_reason(const struct http_response *response);
/* First `max` bytes of a body on one line, control characters as spaces, invalid UTF-8 as U+FFFD
 * (so that the result may be longer), for messages. Owned; NULL when memory is short. */
char *http_body_excerpt(const char *body, size_t size, size_t max);
