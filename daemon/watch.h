/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One watched collection over its life: when it is replayed, what its queries answered, which bands
 * they are in, and the view of all that. It drives one replay at a time and judges it; alerting,
 * timers and publishing are its owner's. */

#include "ask/http_client.h"
#include "config.h"
#include "model/view.h"

struct watch;

/* Who wants to know. Called from the loop. */
struct watch_owner {
        void (*replayed)(struct watch *w, void *userdata); /* a replay ended, the view is new */
        void (*exchanged)(struct watch *w, const struct http_response *response, void *userdata);
        void *userdata;
};

/* Watches `config`, borrowed for life like `client` and `owner`. Due at once. */
_must_check_ int watch_new(const struct collection_config *config, struct http_client *client,
        const struct watch_owner *owner, struct watch **ret);
/* Cancels a replay under way; the owner is not called. */
struct watch *watch_free(struct watch *w);
DEFINE_CLEANUP(struct watch *, watch_free)
/* Takes over what `old` knows - counters, schedule, and per query id history, bands and answers -
 * from a watch of the same label under an earlier configuration. Band states start afresh when the
 * bands were changed. A replay under way in `old` is cancelled and due at once in `w`. `old` is
 * good for nothing but watch_free() then. */
_must_check_ int watch_adopt(struct watch *w, struct watch *old);

/* Tells a query, not yet replayed, which band was its home in an earlier life and how far its best
 * answer lay then. Unknown queries and bands are ignored: the configuration has changed since. Only
 * before the watch's view was shared. */
void watch_restore_home(
        struct watch *w, const char *query_id, const char *band, float home_distance);

/* CLOCK_BOOTTIME of the next replay; USEC_INFINITY while one is under way. */
usec_t watch_due(const struct watch *w);
/* Starts a replay now, unless one is under way. A failure to start is logged, and tried again
 * later. */
void watch_replay(struct watch *w);
bool watch_running(const struct watch *w);
/* The state after the last replay, or before any. Borrowed until the next one ends; take a
 * reference to keep it. */
struct collection_view *watch_view(const struct watch *w);
const struct collection_config *watch_config(const struct watch *w);
