/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The HTTP server: libmicrohttpd with its own polling thread. It renders what handover_acquire()
 * yields and passes on what changes something; it decides nothing about retrieval. Who may come in
 * is admission.h's business, how long he may take traffic.h's. */

#include "error.h"
#include "serve/handover.h"

/* A client that neither reads nor writes for so long is cut. */
#define HTTP_SERVER_IDLE_SECONDS 10
/* What people do about incidents has a body of some lines. Above this it is answered with 413, and
 * a client that goes on sending is cut at HTTP_SERVER_BODY_CUT. */
#define HTTP_SERVER_BODY_MAX (64U << 10)
#define HTTP_SERVER_BODY_CUT (1U << 20)
/* Request line and headers; longer ones are answered with 414 or 431. */
#define HTTP_SERVER_HEADERS_MAX (32U << 10)

struct http_server_options {
        const char *address; /* "host:port", ":port", "[v6]:port" or "unix:/path"; for messages
                              * only, and NULL, where there is a socket already */
        int fd; /* a listening socket, taken, also on failure; -1: none yet */
        struct handover *handover; /* borrowed, outlives the server. Whether that speaks TLS is
                                    * decided by the configuration published there now, and stays
                                    * so */
};

struct http_server;
/* The sentence names the address and what to do. */
_must_check_ int http_server_new(
        const struct http_server_options *options, struct http_server **ret, struct error *e);
/* Stops listening, cuts connections, joins the thread. Call handover_close() first, so that no
 * request waits: what the loop then still has not answered gets 503, and its later answer goes
 * nowhere. Takes up to a second while clients read such answers, or a report is being made. */
struct http_server *http_server_free(struct http_server *s);
DEFINE_CLEANUP(struct http_server *, http_server_free)
/* Loop, about once a second: cuts whose requests do not arrive. */
void http_server_sweep(struct http_server *s);
/* The port in use (for ":0"); 0 on a socket without ports. */
unsigned http_server_port(const struct http_server *s);
bool http_server_encrypted(const struct http_server *s);
