/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who waits for replays: requests that asked for one and want to know how it ends, and what still
 * has to end before they are answered. Of who does not wait nothing is kept: however many ask for a
 * replay of a collection, its watch knows that one is wanted. A replay that was already under way
 * when the request came does not count: it may have read what an ingest has changed since. */

#include "serve/handover.h"
#include "watch/watch.h"

struct waiter;

struct waiters {
        struct waiter *first;
};

/* Notes that `command` waits for a replay of `watches`, or answers it at once where it does not
 * want to wait. Without watches the answer is 404. Takes the command. */
void waiters_add(
        struct waiters *w, struct command *command, struct watch *const *watches, size_t count);
/* A replay ended with this view. Answers those who have everything they waited for; true when
 * somebody needs another replay, begun from now on. */
bool waiters_replayed(struct waiters *w, const struct collection_view *view);
/* The collection is no longer watched; nobody waits for it any more. */
void waiters_forget(struct waiters *w, const char *label);
/* Answers everybody that the daemon stops. */
void waiters_done(struct waiters *w);
