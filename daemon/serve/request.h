/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One HTTP request, from its headers to the last byte of its answer, and the wait for an answer
 * from the loop. While it waits its connection is suspended; whoever answers first resumes it,
 * later answers are dropped. It may outlive its connection and the server: a command that still
 * refers to it then answers into nothing. */

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "macro.h"
#include "serve/handover.h"
#include "serve/print.h"
#include "text.h"

struct request {
        atomic_uint references;
        struct MHD_Connection *connection; /* not valid in the loop once it is answered */
        size_t received; /* bytes of the body */
        struct text sent; /* the body itself, as far as it is kept */
        char *location; /* owned: where a form leads when it is done; NULL: it was none */
        bool waited; /* it was handed to the loop; web thread only */
        atomic_bool claimed; /* somebody answers, or has answered, it */
        unsigned status; /* this and what follows: set by who claimed it */
        char *body; /* owned; may be NULL */
        size_t body_size;
        struct view *replayed; /* as command's */
        struct request *next; /* of those for whom the press makes the same */
        struct print *print; /* a reference; instead of all that, what the press made; NULL */
};

/* Whether all arguments of its URL are UTF-8. */
bool request_arguments_valid(struct MHD_Connection *connection);

struct request *request_new(struct MHD_Connection *connection);
struct request *request_ref(struct request *r);
struct request *request_unref(struct request *r);
/* Any thread that holds a reference: answers a suspended request with a print, of which a reference
 * is taken, or with 503 where there is none. */
void request_print(struct request *r, struct print *print);

/* Web thread: what was sent is a form and becomes JSON. Where it says so, the answer leads back to
 * the page, which is `depth` levels above the path. As form_read(). */
_must_check_ int request_read_form(struct request *r, unsigned depth);

/* Requests of one server that may wait at a time: fewer than the connections of one address, so
 * that those who wait for long replays do not keep the scraper out. */
#define WAITING_MAX 16

struct waiting {
        _Atomic(struct request *) slots[WAITING_MAX]; /* each holds a reference */
        atomic_bool closed;
};

/* Web thread: suspends the connection and hands the command to the loop, whose answer becomes the
 * request's. Takes the command, also on failure. -EBUSY when too many wait; nothing is suspended
 * then. */
_must_check_ int waiting_submit(
        struct waiting *w, struct request *r, struct handover *handover, struct command *command);
/* Web thread: the loop has answered, but the answer is still to be made. True: nobody else answers
 * the request any more, and it may be suspended again. */
_must_check_ bool waiting_go_on(struct waiting *w, struct request *r);
/* Web thread: the connection is through with the request. */
void waiting_finish(struct waiting *w, struct request *r);
/* Loop, before it stops the web thread: answers whoever still waits with 503. */
void waiting_close(struct waiting *w);
