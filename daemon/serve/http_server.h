/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The HTTP server: libmicrohttpd with its own polling thread. It renders what handover_acquire()
 * yields and passes on what changes something; it decides nothing about retrieval. What changes
 * something is taken from this machine only (guard.h). */

#include "error.h"
#include "serve/handover.h"

/* Connections at one time, and from one address: a scraper or a page needs a few, the rest is
 * somebody's mistake. */
#define HTTP_SERVER_CONNECTIONS 64
#define HTTP_SERVER_CONNECTIONS_PER_IP 32
/* A client that neither reads nor writes for so long is cut. */
#define HTTP_SERVER_IDLE_SECONDS 10
/* What people do about incidents has a body of some lines. Above this it is answered with 413, and
 * a client that goes on sending is cut at HTTP_SERVER_BODY_CUT. */
#define HTTP_SERVER_BODY_MAX (64U << 10)
#define HTTP_SERVER_BODY_CUT (1U << 20)
/* Request line and headers; longer ones are answered with 414 or 431. */
#define HTTP_SERVER_HEADERS_MAX (32U << 10)

struct http_server;
/* Listens on "host:port", ":port" or "[v6]:port" - or, when `fd` is not -1, on that listening
 * socket (taken, also on failure; `address` then only serves messages). `handover` is borrowed and
 * must outlive the server. The sentence names the address and what to do. */
_must_check_ int http_server_new(const char *address, int fd, struct handover *handover,
        struct http_server **ret, struct error *e);
/* Stops listening, cuts connections, joins the thread. Call handover_close() first, so that no
 * request waits: what the loop then still has not answered gets 503, and its later answer goes
 * nowhere. Takes up to a second while clients read such answers. */
struct http_server *http_server_free(struct http_server *s);
DEFINE_CLEANUP(struct http_server *, http_server_free)
/* The port in use (for ":0"); 0 on a socket without ports. */
unsigned http_server_port(const struct http_server *s);
