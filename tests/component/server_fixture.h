/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A real server on a port of its own, and clients that are raw sockets, so that nothing polite
 * stands between the bytes and the server. The test itself plays the loop that answers commands.
 * Whatever fails here fails the test. */

#include <stdbool.h>
#include <stddef.h>

#include "macro.h"
#include "serve/http_server.h"
#include "text.h"

/* Nothing here takes a second, except for idle clients; only a machine in trouble needs more. */
#define DEADLINE_MSEC 30000

struct fixture {
        struct handover *handover;
        struct http_server *server;
};

/* For cmocka; the view is ready. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Another server with the same hand-over; as http_server_new(). */
_must_check_ int fixture_serve(
        struct fixture *f, const char *address, int fd, struct http_server **ret, struct error *e);
/* An empty view. */
void publish(struct fixture *f, bool ready);

/* A connection from `source` (NULL: any), -1 when refused. */
int try_connect(const char *source, const char *destination, unsigned port);
int connect_to(const struct fixture *f);
/* A server that closes meanwhile is no failure: its answer is what counts. */
void send_bytes(int fd, const char *data, size_t size);
void send_text(int fd, const char *s);
bool wait_readable(int fd, int msec);

/* Status 0: the server closed without an answer. */
struct response {
        unsigned status;
        char *head, *body; /* one buffer, owned as `head` */
        size_t body_size;
};
void response_done(struct response *r);
#define _cleanup_response_ _cleanup_(response_done)
/* Reads one response, or until the server closes, whichever is first. */
void receive(int fd, bool headers_only, struct response *ret);
/* One request on its own connection. `headers` are whole lines. */
void ask(const struct fixture *f, const char *method, const char *target, const char *headers,
        struct response *ret);
/* Sends a POST without a body on a new connection, which is returned. */
int send_post(const struct fixture *f, const char *target);
/* The value of a header, in `buffer`; NULL when absent. */
const char *header(const struct response *r, const char *name, char *buffer, size_t size);
void assert_header(const struct response *r, const char *name, const char *expected);
void assert_contains(const struct response *r, const char *needle);
/* The body, which is gzip, whole and nothing more. */
void gunzip(const struct response *r, struct text *ret);
/* {"status":"error",...} with a sentence. */
void assert_envelope(const struct response *r);

/* The next command, as the loop gets it, and its answer. */
struct command *next_command(struct fixture *f);
void complete_with(struct command *c, unsigned status, const char *body);
