/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who may change something while no users are configured: people and programs on this machine, but
 * not through a browser that a foreign page makes send the request, and not through a proxy that
 * makes everybody look local. Pure: it sees a peer's address and some headers. */

#include <stdbool.h>
#include <sys/socket.h>

/* What the client sent; NULL for a header that is absent. */
struct guard_request {
        const struct sockaddr *peer;
        const char *host, *origin, *fetch_site;
        const char *forwarded; /* any header that only a proxy adds */
        bool distrusted; /* the administrator says that local clients are not to be trusted */
};

/* NULL when the request may change something, otherwise the sentence for the 403: static. */
const char *guard_refusal(const struct guard_request *request);
/* 127.0.0.0/8, ::1, ::ffff:127.0.0.0/104, or a Unix socket (whose file's mode decides). */
bool guard_peer_is_local(const struct sockaddr *peer);
/* "localhost", a loopback address, or a bracketed one, with or without a port. */
bool guard_host_is_local(const char *host);
