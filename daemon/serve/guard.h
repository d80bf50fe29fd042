/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who may do what while nobody has to say who he is: everybody reads, people and programs on this
 * machine change something. Not, in both cases, through a browser that a foreign page uses - as
 * itself, or by a name that it lets point here (DNS rebinding) - and not, to change something,
 * through a proxy that makes everybody look local. Pure: it sees addresses and some headers. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* What the client sent; NULL for a header that is absent. */
struct guard_request {
        const struct sockaddr *peer, *local; /* the two ends; NULL: not known */
        const char *host, *origin, *fetch_site;
        bool proxied; /* it has a header that only a proxy adds */
        bool browser; /* it has one that every browser sends and no page can take away */
        bool distrusted; /* the administrator says that local clients are not to be trusted */
        const char *external_url; /* NULL: not given */
        const char *machine; /* what this machine calls itself; NULL */
        char *const *hosts; /* other names of it that the administrator gave */
        size_t host_count;
};

/* NULL when the request may see something, otherwise the sentence for the 421: static.
 *
 * A page that makes its own name point here reads what its visitor's browser can reach: names are
 * what has to be known, addresses cannot be made to point elsewhere. Where only this machine can
 * connect, nobody but a browser or a proxy comes by a foreign name, and it is refused. Elsewhere a
 * Prometheus may come by any name that its administrator gave this machine; a browser may not. */
const char *guard_read_refusal(const struct guard_request *request);
/* NULL when it may change something, otherwise the sentence for the 403. */
const char *guard_change_refusal(const struct guard_request *request);
/* The same for whoever has said who he is: a browser says so for every page that asks it to. */
const char *guard_origin_refusal(const struct guard_request *request);
/* Whether a header is of those that tell: that a proxy was there, that a browser is. */
bool guard_header_is_proxys(const char *name);
bool guard_header_is_browsers(const char *name);
/* 127.0.0.0/8, ::1, ::ffff:127.0.0.0/104, or a Unix socket (whose file's mode decides). */
bool guard_peer_is_local(const struct sockaddr *peer);
/* "localhost", a loopback address, or a bracketed one, with or without a port. */
bool guard_host_is_local(const char *host);
