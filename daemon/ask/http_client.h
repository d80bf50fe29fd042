/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The one HTTP client: libcurl's multi interface inside an sd-event loop. It keeps connections
 * alive, bounds every exchange in time and size, gives each peer no more of them at a time than it
 * takes and lets the others wait for their turn, follows no redirect and never blocks the loop,
 * name resolution included. It speaks HTTP/1.1, and SMTP where a mail is sent, directly or through
 * the peer's proxy: those named in the environment are ignored, because a monitor measures the
 * server itself. It knows nothing of what it carries. */

#include <systemd/sd-event.h>

#include "http.h"

struct http_client;
struct http_transfer;

/* Called once for each accepted request, from the loop and never from within http_client_submit(),
 * unless it was cancelled. The transfer is gone when it returns. */
typedef void (*http_done_t)(const struct http_response *response, void *userdata);

_must_check_ int http_client_new(sd_event *event, const char *user_agent, struct http_client **ret);
/* Cancels what is in flight without calling back. */
struct http_client *http_client_free(struct http_client *client);
DEFINE_CLEANUP(struct http_client *, http_client_free)
/* The loop that it lives in; borrowed. */
sd_event *http_client_event(const struct http_client *client);
/* A place behind all that waits, for http_request.turn: who asks many things one after the other
 * takes one for all, and is done before those who came later begin. */
uint64_t http_client_turn(struct http_client *client);
/* Starts an exchange as soon as its peer is free: peers are told apart by their URLs. Peer and
 * request are borrowed until the callback ran or the transfer was cancelled. Times begin when it
 * does. A timeout of 0 stands for 10 s (connecting: 2 s), and none lasts more than a day.
 * `Accept` and `Content-Type` are sent as application/json unless the peer's headers say otherwise.
 * A peer's secret is read again when its file has changed; that it cannot be is logged, once, and
 * the one before is sent.
 * The response's error names host and port, never path, credentials or headers; beside the results
 * that http.h lists it may be -EIO (the library failed) or -ENOMEM. `ret` may be NULL. Errors:
 * -ENOMEM, -EIO, -EINVAL (a URL that is not http or https - of a mail smtp or smtps -, control
 * characters in it or in a header), which are the response's result where they are found out after
 * waiting. */
_must_check_ int http_client_submit(struct http_client *client, const struct http_peer *peer,
        const struct http_request *request, http_done_t done, void *userdata,
        struct http_transfer **ret);
/* Ends it without calling back; a no-op for NULL and inside its own callback. Returns NULL. */
struct http_transfer *http_transfer_cancel(struct http_transfer *transfer);
