/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What threads share: pointers to the published view and web configuration, and a bounded queue of
 * commands, under one mutex that is held for a few instructions. Commands wake the loop through an
 * eventfd. It does not know what a command does, nor who asked for it. */

#include <stdbool.h>

#include "model/view.h"
#include "serve/web_config.h"
#include "tell/act.h"

enum command_type {
        COMMAND_REPLAY,
        COMMAND_RELOAD,
        COMMAND_ACT, /* what a person does about incidents */
        COMMAND_ANSWERS, /* what the records of a query's answers say */
        COMMAND_WORKED /* the worker's: what it was given is done */
};

/* A request that only the loop can answer. Another thread fills it and gives it away; the loop
 * answers it exactly once with command_complete(). */
struct command {
        enum command_type type;
        char *collection; /* label; NULL for all */
        char *query; /* of COMMAND_ANSWERS; owned */
        struct act *act; /* of COMMAND_ACT; owned */
        bool wait; /* answer when it is done, not when it has begun */
        /* Takes the body; may run in either thread. NULL: nobody wants to know. */
        void (*completed)(struct command *c, unsigned status, char *body, size_t size);
        void *userdata;
        /* Instead of a body: the collections whose verdict is the answer, to be rendered by who
         * asked and not by the loop. A reference; NULL: the body is the answer. */
        struct view *replayed;
        struct command *next;
};

/* Commands waiting for the loop. One more is refused - whoever sends so many is not a person -, but
 * for the worker's, of which there is one at a time. */
#define HANDOVER_QUEUE_MAX 64

struct handover;
_must_check_ int handover_new(struct handover **ret);
/* All threads must be done with it. Commands still queued are answered with 503. */
struct handover *handover_free(struct handover *h);
DEFINE_CLEANUP(struct handover *, handover_free)
/* Loop: replaces the view; takes the reference. */
void handover_publish(struct handover *h, struct view *view);
/* Any thread: the current view, a new reference; NULL before the first was published. */
struct view *handover_acquire(struct handover *h);
/* The same of the web configuration; NULL: there is none. */
void handover_publish_web(struct handover *h, struct web_config *web);
struct web_config *handover_acquire_web(struct handover *h);
/* Another thread: queues a command, takes it on success. -EBUSY when the queue is full, -ESHUTDOWN
 * after handover_close(); the caller then still owns the command and answers it with
 * command_complete(). */
_must_check_ int handover_submit(struct handover *h, struct command *command);
/* Loop: the file descriptor that is readable while a command waits, and the next command (NULL when
 * there is none), which the caller then owes an answer. */
int handover_fd(const struct handover *h);
struct command *handover_take(struct handover *h);
/* Loop, at the end: refuses further commands and answers those queued with 503. */
void handover_close(struct handover *h);

/* `collection` is copied and may be NULL. NULL when memory is short. */
struct command *command_new(enum command_type type, const char *collection, bool wait);
/* Hands the answer to whoever asked and frees the command. `body` (malloc) is taken, may be NULL:
 * then the server finds the words for `status`. */
void command_complete(struct command *c, unsigned status, char *body, size_t size);
