/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A TCP server that misbehaves as told, on the test's own event loop: each connection follows a
 * table of steps, and every HTTP request it read is kept for assertions. It checks nothing itself;
 * what goes wrong in the server (no socket, no memory) ends the test program. */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "duration.h"
#include "text.h"

struct fake_server;

/* One request as it came. Owned by the server. */
struct fake_request {
        unsigned connection; /* from 0, in the order of acceptance */
        char *method, *path;
        char *head; /* request line and headers, with their line ends */
        char *body;
        size_t body_size;
};

/* Appends a whole HTTP response to `out`. */
typedef void (*fake_call_t)(const struct fake_request *request, struct text *out, void *userdata);

enum fake_action {
        FAKE_END, /* ends a script: whatever comes is read and never answered */
        FAKE_READ, /* waits for one complete request and records it */
        FAKE_SEND, /* sends `bytes` as they are */
        FAKE_ANSWER, /* sends a response: `status`, lines of `headers`, `bytes` with their
                        Content-Length */
        FAKE_CALL, /* sends what `call` makes of the request that was read last */
        FAKE_TRICKLE, /* sends `bytes`, one each `pause_usec` */
        FAKE_FLOOD, /* sends `bytes` again and again for as long as they are taken */
        FAKE_WAIT, /* for fake_server_release() */
        FAKE_CLOSE, /* closes the connection in order */
        FAKE_RESET, /* closes it with a reset */
        FAKE_AGAIN, /* goes back to the first step */
};

struct fake_step {
        enum fake_action action;
        const char *bytes; /* NULL for none */
        size_t size; /* 0: strlen(bytes) */
        unsigned status;
        const char *headers; /* "Name: value\r\n…", NULL for none */
        usec_t pause_usec;
        fake_call_t call;
};

/* Steps as they are usually written: FAKE(READ), FAKE_JSON(200, "[]"), FAKE(AGAIN). */
#define FAKE(what) \
        { \
                .action = FAKE_##what \
        }
#define FAKE_JSON(code, json) \
        { \
                .action = FAKE_ANSWER, .status = (code), .bytes = (json) \
        }
#define FAKE_RAW(text) \
        { \
                .action = FAKE_SEND, .bytes = (text) \
        }

/* Listens on a free port of 127.0.0.1. */
struct fake_server *fake_server_new(sd_event *event, void *userdata);
struct fake_server *fake_server_free(struct fake_server *s);
DEFINE_CLEANUP(struct fake_server *, fake_server_free)
/* Script of the next connection that has none yet; the last one given serves all later connections
 * as well. Borrowed until the server is freed. Ends with FAKE_END, FAKE_CLOSE, FAKE_RESET or
 * FAKE_AGAIN. */
void fake_server_script(struct fake_server *s, const struct fake_step *steps);
/* "http://127.0.0.1:PORT" */
const char *fake_server_url(const struct fake_server *s);
unsigned fake_server_port(const struct fake_server *s);
/* Lets every connection that stands at FAKE_WAIT go on; their number. */
unsigned fake_server_release(struct fake_server *s);
size_t fake_server_requests(const struct fake_server *s);
const struct fake_request *fake_server_request(const struct fake_server *s, size_t i);
/* Accepted ever, open now, standing at FAKE_WAIT now. */
unsigned fake_server_connections(const struct fake_server *s);
unsigned fake_server_open(const struct fake_server *s);
unsigned fake_server_waiting(const struct fake_server *s);

/* Appends a response as FAKE_ANSWER does; for calls. */
void fake_answer(
        struct text *out, unsigned status, const char *headers, const char *body, size_t size);
/* The value of a header (the first of that name), owned by the caller; NULL when absent. */
char *fake_request_header(const struct fake_request *request, const char *name);
/* Runs the loop until the condition holds. False when it did not within a minute: more than a
 * loaded machine under valgrind needs, less than the test's own limit. */
bool fake_run_until(sd_event *event, bool (*condition)(void *userdata), void *userdata);
