/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One request to Chroma at a time on behalf of a chain of them (survey.h, replay.h): what every
 * answer goes through before the chain looks at it. It knows nothing of what is asked, and does not
 * end the chain. */

#include "ask/http_client.h"

struct exchange {
        struct http_client *client;
        const struct http_peer *peer;
        void (*noted)(const struct http_response *response, void *userdata); /* each answer */
        void *userdata; /* for `noted` */
        struct http_request request; /* what to send, and what is under way */
        struct http_transfer *transfer;
        struct http_sink *sink; /* of the last answer, until the next one */
        uint64_t turn; /* of the chain; 0: its first request takes one */
        bool reached; /* Chroma answered, not only a proxy before it */
};

/* Sends `request`; http_client_submit()'s errors. */
_must_check_ int exchange_submit(struct exchange *x, http_done_t done, void *userdata);
/* To be called first with every answer: the request is over. ruling_check()'s result and sentence.
 */
_must_check_ int exchange_accept(struct exchange *x, const struct http_response *response,
        const char *what, struct error *e);
/* After a request for vectors: whether the server failed to read one (HTTP 500). Chroma keeps
 * vectors in the index and nowhere else, so it cannot answer when its index lost one of the records
 * asked for, while it knows all else about them. The request is over then. */
bool exchange_unreadable(struct exchange *x, const struct http_response *response);
/* The metric's reason for a response that cannot be used because of `code`: "not_found", "quota",
 * "refused", http_failure_reason()'s, or "bad_response". */
const char *exchange_reason(const struct http_response *response, int code);
/* Cancels what is under way. */
void exchange_done(struct exchange *x);
