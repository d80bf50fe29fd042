/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The watches of one configuration: an array in the order of its collections. One of a collection
 * that a reload did not change goes on as it is, with whatever is under way. When they are due, and
 * what they find, is watch.h's business. */

#include "watch/teller.h"
#include "watch/waiters.h"
#include "watch/watch.h"

struct watches {
        struct watch **watches;
        size_t count;
};

/* One for each collection of `config`: that of `before` where the collection is the same object,
 * else as watch_prepare(). Borrows `client` and `owner` for life. */
_must_check_ int watches_new(sd_event *event, const struct config *config,
        struct http_client *client, const struct watch_owner *owner, const struct watches *before,
        struct watches *ret);
/* Lets nobody wait for and nothing be told of those in `before` without a successor, and ends
 * `before`. */
void watches_succeed(struct watches *w, struct watches *before, struct teller *teller,
        struct waiters *waiters, usec_t now);
/* Frees those that are not in `kept` too, and the array. */
void watches_done(struct watches *w, const struct watches *kept);
/* The clock was set: says so, and moves all times that are known of them by as much. */
void watches_jump(struct watch *const *watches, size_t count, int64_t by);
/* Has those that a command names, or all, replayed, for which it may wait. Takes the command. */
void watches_ask(const struct watches *w, struct waiters *waiters, struct command *c);
/* One whose replay waits to be judged, NULL when there is none. */
struct watch *watches_waiting(const struct watches *w);
/* The one with this label, NULL when there is none. */
struct watch *watches_find(struct watch *const *watches, size_t count, const char *label);
/* A new array of the one with this label, or of all for NULL; NULL, and none, when memory is short.
 */
struct watch **watches_choose(const struct watches *w, const char *label, size_t *ret_count);
