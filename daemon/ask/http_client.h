/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The one HTTP client: libcurl's multi interface inside an sd-event loop. It keeps connections
 * alive, bounds every exchange in time and size, follows no redirect and never blocks the loop,
 * name resolution included. It speaks HTTP/1.1, directly or through the peer's proxy: those named
 * in the environment are ignored, because a monitor measures the server itself. It knows nothing of
 * what it carries. */

#include <systemd/sd-event.h>

#include "http.h"

struct http_client;
struct http_transfer;

/* Exchanges in flight at one time; one more is refused with -EAGAIN. */
#define HTTP_TRANSFERS_MAX 512

/* Called once for each accepted request, from the loop and never from within http_client_submit(),
 * unless it was cancelled. The transfer is gone when it returns. */
typedef void (*http_done_t)(const struct http_response *response, void *userdata);

_must_check_ int http_client_new(sd_event *event, const char *user_agent, struct http_client **ret);
/* Cancels what is in flight without calling back. */
struct http_client *http_client_free(struct http_client *client);
DEFINE_CLEANUP(struct http_client *, http_client_free)
/* The loop that it lives in; borrowed. */
sd_event *http_client_event(const struct http_client *client);
/* Starts an exchange. Peer and request are borrowed until the callback ran or the transfer was
 * cancelled. A timeout of 0 stands for 10 s (connecting: 2 s), and none lasts more than a day.
 * `Accept` and `Content-Type` are sent as application/json unless the peer's headers say otherwise.
 * A peer's secret is read again when its file has changed; that it cannot be is logged, once, and
 * the one before is sent.
 * The response's error names host and port, never path, credentials or headers; beside the results
 * that http.h lists it may be -EIO (the library failed) or -ENOMEM. `ret` may be NULL. Errors:
 * -EAGAIN, -ENOMEM, -EIO, -EINVAL (a URL that is not http or https, control characters in it or in
 * a header). */
_must_check_ int http_client_submit(struct http_client *client, const struct http_peer *peer,
        const struct http_request *request, http_done_t done, void *userdata,
        struct http_transfer **ret);
/* Ends it without calling back; a no-op for NULL and inside its own callback. Returns NULL. */
struct http_transfer *http_transfer_cancel(struct http_transfer *transfer);
