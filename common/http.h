/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One exchange over HTTP - or, with an envelope, SMTP - as plain data: what a pure builder makes,
 * what a client sends, what comes back. No socket, no library. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "duration.h"
#include "error.h"
#include "mail.h"
#include "secret.h"

/* Requests that a peer gets at a time, unless it is told otherwise. */
#define HTTP_CONCURRENCY 8

/* How to reach one peer. Strings are owned, secrets referenced. */
struct http_peer {
        char *url; /* http:// or https://, without a trailing slash; of mail smtp:// or smtps:// */
        struct secret *secret_url; /* is the URL instead, `url` what it was at first; NULL */
        char **headers; /* "Name: value", static, NULL-terminated; NULL for none */
        struct secret *secret; /* what to authenticate with; NULL for nothing. Never logged */
        char *secret_header; /* what stands before it: "Authorization: Bearer "; NULL: it is
                                "user:password" for Basic authentication */
        char *user; /* of mail: `secret` is this user's password; NULL: none is sent */
        bool plaintext; /* of mail: goes on where the server offers no encryption */
        char *proxy; /* URL of a proxy; NULL: none, whatever the environment says */
        struct secret *proxy_secret; /* "user:password" for it; NULL */
        char *socket_path; /* of a Unix socket, where it is spoken to instead; NULL */
        char *ca_file, *cert_file, *key_file; /* NULL: the system's */
        char *server_name; /* name expected in the certificate; NULL: the URL's host */
        bool insecure_skip_verify;
        usec_t connect_timeout_usec;
        usec_t timeout_usec; /* of one request, in total */
        unsigned concurrency; /* requests at a time; 0: HTTP_CONCURRENCY */
};
void http_peer_done(struct http_peer *peer);
/* Whether both are reached in the same way, with the same secrets. What TLS files hold is not
 * looked at: they are read for each connection. */
bool http_peer_equal(const struct http_peer *a, const struct http_peer *b);
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

/* Takes the body of a 2xx answer as it arrives, so that nobody holds it whole. One for each
 * request. */
struct http_sink {
        /* The next bytes. Negative: no more is wanted, and the exchange ends - as if the answer
         * were complete with -EBADMSG, otherwise as one that failed with this and `complaint`. */
        int (*take)(struct http_sink *sink, const char *data, size_t size);
        struct error complaint; /* a sentence's end: what is wrong with the body */
        void (*free)(struct http_sink *sink);
};

struct http_request {
        const char *method; /* static string: "GET", "POST", … */
        char *path; /* appended to the peer's URL, begins with "/" or is empty; owned */
        bool path_is_secret; /* it is not shown, nor is the URL that it is part of */
        char *body; /* owned, NUL-terminated; NULL for none. Sent as application/json unless a
                       header says otherwise */
        size_t body_size;
        char **headers; /* as a peer's, which win; owned, NULL for none */
        uint64_t turn; /* where it waits for its peer, earliest first; 0: at the end */
        size_t response_limit; /* a longer response body ends the exchange with -EMSGSIZE */
        struct http_sink *sink; /* owned; NULL: the body is kept whole */
        struct mail_envelope *envelope; /* owned; NULL: it is no mail. The body of one is the whole
                                           message with CRLF, the path what EHLO says */
};
void http_request_done(struct http_request *request);
/* All but the sink. */
_must_check_ int http_request_copy(const struct http_request *from, struct http_request *ret);
/* -ENOMEM: what was added before stays. */
_must_check_ int http_request_add_header(
        struct http_request *request, const char *name, const char *value);

/* `result` is 0 when a complete response arrived, whatever its status, else a negative errno:
 * -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH (no route, name not resolved), -ECONNRESET (closed
 * before the response was complete), -EPROTO (not HTTP, TLS failure), -EACCES (a mail server that
 * knows no way to authenticate that we do), -EMSGSIZE, -EBADMSG (an encoding that cannot be
 * undone), -ECANCELED. */
/* How much of a body is kept beside a sink: of what it took, and of an error, which it did not. */
#define HTTP_BEGINNING_MAX 1024
#define HTTP_ERROR_MAX (64U << 10)
struct http_response {
        int result;
        unsigned status; /* 0 unless result is 0 */
        bool mail; /* the status is SMTP's, the body what was said with it; of a mail that was taken
                      it is empty, or says which recipients were not */
        const char *body; /* NUL-terminated, never NULL; valid during the callback only. With a sink
                             its beginning */
        size_t body_size;
        struct http_sink *sink; /* what took it, the request's; NULL: nothing */
        const char *content_type; /* as the server calls it; NULL when it says nothing */
        const char *error; /* one sentence when result is not 0, e.g. "no answer within 10s" */
        const char *url; /* as http_url_shown(); NULL where it is a secret or not known */
        usec_t duration_usec; /* of the exchange itself */
        usec_t waited_usec; /* before it, until the peer was free */
        usec_t retry_after_usec; /* of a Retry-After header in seconds; 0 when there is none */
};

/* A short name for a failed exchange, used as a metric's `reason`: "timeout", "connect", "resolve",
 * "tls", "reset", "too_large", "canceled", "client_error" (4xx), "auth" (401, 403), "rate_limited"
 * (429), "server_error" (5xx), "unexpected" (other status); of mail "server_error" for what passes
 * (4yz), "auth" and "client_error" for what does not (5yz). NULL when the exchange succeeded with
 * 2xx. */
const char *http_failure_reason(const struct http_response *response);
/* First `max` bytes of a body on one line, control characters as spaces, invalid UTF-8 as U+FFFD
 * (so that the result may be longer), for messages. Owned; NULL when memory is short. */
char *http_body_excerpt(const char *body, size_t size, size_t max);
