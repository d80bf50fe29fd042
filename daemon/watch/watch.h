/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One watched collection over its life: when it is replayed, surveyed and probed, and when its
 * texts are embedded afresh. It asks for one thing at a time - the embedder aside, which is another
 * server - and gives what comes back to the collection's dossier; alerting, timers and publishing
 * are its owner's. */

#include "ask/http_client.h"
#include "config/config.h"
#include "watch/dossier.h"

/* An ingest is followed by a probe, but not by one every time: this long after the last. */
#define WATCH_PROBE_PAUSE (5 * USEC_PER_MINUTE)

/* Surveys one after another that ask for a replay because they saw a change. */
#define WATCH_CHANGES_MAX 5

/* Replays that are as far apart as this are confirmed by so many others, so long after each, while
 * a query is beyond its limit. With two, the next regular one is the fourth that counts. */
#define WATCH_CONFIRM_INTERVAL (15 * USEC_PER_MINUTE)
#define WATCH_CONFIRM_PAUSE USEC_PER_MINUTE
#define WATCH_CONFIRM_MAX 2

struct watch;

/* Who wants to know. Called from the loop. */
struct watch_owner {
        /* A replay ended, its cause was asked for, the view is new. */
        void (*replayed)(struct watch *w, void *userdata);
        void (*changed)(struct watch *w, void *userdata); /* the view is new for another reason */
        void (*exchanged)(struct watch *w, const struct http_response *response, void *userdata);
        void *userdata;
};

/* Watches `config`, borrowed for life like `client` and `owner`; takes a reference of `event`. Due
 * at once. */
_must_check_ int watch_new(sd_event *event, const struct collection_config *config,
        struct http_client *client, const struct watch_owner *owner, struct watch **ret);
/* Cancels what is under way; the owner is not called. */
struct watch *watch_free(struct watch *w);
DEFINE_CLEANUP(struct watch *, watch_free)
/* Takes over what `old` knows - schedule and dossier - from a watch of the same label under an
 * earlier configuration. What is under way in `old` is cancelled and due at once in `w`. `old` is
 * good for nothing but watch_free() then. */
_must_check_ int watch_adopt(struct watch *w, struct watch *old);
/* Compares with this baseline from the next replay on, which is due at once; takes a reference.
 * NULL: with none. `signature` is remembered for the caller. */
void watch_set_baseline(struct watch *w, struct baseline *baseline, uint64_t signature);
/* 0 before the first call, in an earlier configuration's watch or in this one. */
uint64_t watch_baseline_signature(const struct watch *w);

/* CLOCK_BOOTTIME of the next thing to do; USEC_INFINITY while it waits for an answer. */
usec_t watch_due(const struct watch *w);
/* Starts what is due, unless something is under way. */
void watch_run(struct watch *w);
/* Starts a replay as soon as nothing else is under way, whatever the schedule, and asks the
 * embedder, at once or when FRESHNESS_PAUSE is over. */
void watch_replay(struct watch *w);
/* The same for who wrote to the collection and is done: what that replay finds waits for no ingest.
 */
void watch_ingested(struct watch *w);
/* For commands: embeds, then replays and probes once, as far as the configuration has it; then
 * watch_busy() is false. */
void watch_everything(struct watch *w);
/* A replay, or the lookup after it, is under way. */
bool watch_running(const struct watch *w);
/* Anything is under way or asked for. */
bool watch_busy(const struct watch *w);
/* Asks the embedder so many times in a row, in other batches each time, and compares what it gives:
 * query_view.embedder_noise. Before watch_everything(). */
void watch_repeat_embedding(struct watch *w, unsigned times);
/* What is known of the collection. A command may tell it how to judge and which vectors to prefer,
 * before the first replay. */
struct dossier *watch_dossier(const struct watch *w);
/* As dossier_view(); another baseline makes another view, too. */
struct collection_view *watch_view(const struct watch *w);
const struct collection_config *watch_config(const struct watch *w);
