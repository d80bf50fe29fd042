/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One watched collection over its life: when it is replayed, surveyed and probed, and when its
 * texts are embedded afresh. It asks for one thing at a time - the embedder aside, which is another
 * server - and gives what comes back to the collection's dossier; alerting and publishing are its
 * owner's. */

#include "ask/http_client.h"
#include "config/config.h"
#include "watch/allowance.h"
#include "watch/dossier.h"

/* An ingest is followed by a probe, but not by one every time: this long after the last. */
#define WATCH_PROBE_PAUSE (5 * USEC_PER_MINUTE)

/* Replays that are as far apart as this are confirmed by so many others, so long after each, while
 * a query is beyond its limit. With two, the next regular one is the fourth that counts. */
#define WATCH_CONFIRM_INTERVAL (15 * USEC_PER_MINUTE)
#define WATCH_CONFIRM_PAUSE USEC_PER_MINUTE
#define WATCH_CONFIRM_MAX 2

/* An embedder that takes longer is told of when it has answered: who waits for a verdict has a
 * pipeline that stands still. */
#define WATCH_EMBED_WAIT (30 * USEC_PER_SEC)

struct watch;

/* Who wants to know. Called from the loop. */
struct watch_owner {
        /* A replay ended, its cause was asked for, the view is new. */
        void (*replayed)(struct watch *w, void *userdata);
        void (*changed)(struct watch *w, void *userdata); /* the view is new for another reason */
        void (*exchanged)(struct watch *w, const struct http_response *response, void *userdata);
        void *userdata;
        struct allowances *allowances; /* what surveys and probes keep to; NULL: nothing */
        /* A replay of so many queries ended. True: the owner has it judged, by another thread;
         * false, or NULL: it is judged at once. */
        bool (*ended)(struct watch *w, size_t queries, void *userdata);
};

/* Watches `config`; takes references of it and of `event`, borrows `client` and `owner` for life.
 * Due at once. */
_must_check_ int watch_new(sd_event *event, struct collection_config *config,
        struct http_client *client, const struct watch_owner *owner, struct watch **ret);
/* The same without a dossier: for nothing but watch_inherit() and watch_free(). */
_must_check_ int watch_prepare(sd_event *event, struct collection_config *config,
        struct http_client *client, const struct watch_owner *owner, struct watch **ret);
/* Cancels what is under way; the owner is not called. */
struct watch *watch_free(struct watch *w);
DEFINE_CLEANUP(struct watch *, watch_free)
/* Lends its dossier to whoever makes that of its successor: what is under way is cancelled, and
 * nothing is begun until watch_resume(). Its view may be looked at. */
struct dossier *watch_lend(struct watch *w);
void watch_resume(struct watch *w);
/* The same with another dossier, which is taken; that which was lent is returned. */
struct dossier *watch_exchange(struct watch *w, struct dossier *dossier);
/* Begins with this dossier, which is taken, and with the schedule of `old`, a watch of the same
 * label under an earlier configuration that lent its own (NULL: none). What was under way there is
 * due at once, and so is everything where texts are others, which is asked for with fresh vectors
 * where there can be some. `old` is good for nothing but watch_free() then; its dossier is
 * returned. */
struct dossier *watch_inherit(
        struct watch *w, struct watch *old, struct dossier *dossier, bool texts_changed);
/* A replay that ended() waits to be judged: whoever is to do that says so, calls watch_judge() -
 * in any thread, which alone has the dossier then; the view is still that of before -, and in the
 * loop's watch_judged(). Before it has begun, the watch may be lent or freed as ever. */
bool watch_waits(const struct watch *w);
void watch_begin_judging(struct watch *w);
void watch_judge(void *watch);
void watch_judged(struct watch *w);
/* Nobody else has its dossier. */
bool watch_at_rest(const struct watch *w);
/* Its dossier has taken in what is new of its baseline; a replay is due at once. */
void watch_note_baseline(struct watch *w, uint64_t signature);
/* Compares with this baseline from the next replay on, which is due at once; takes a reference.
 * NULL: with none. `signature` is remembered for the caller. */
void watch_set_baseline(struct watch *w, struct baseline *baseline, uint64_t signature);
/* There is an approved one that cannot be read for this reason: the one in use stays in use, and
 * the next replay, which is due at once, finds that. -ENOMEM. */
_must_check_ int watch_refuse_baseline(struct watch *w, const char *error, uint64_t signature);
/* 0 before the first call of either, in an earlier configuration's watch or in this one. */
uint64_t watch_baseline_signature(const struct watch *w);

/* From now on it starts by itself what is due, as the loop's time goes by. Without a timer nothing
 * would be measured: the loop ends then. */
void watch_keep_time(struct watch *w);
/* CLOCK_BOOTTIME of the next thing to do; USEC_INFINITY while it waits for an answer. */
usec_t watch_due(const struct watch *w);
/* Starts what is due, unless something is under way. */
void watch_run(struct watch *w);
/* Starts a replay as soon as nothing else is under way, whatever the schedule, and asks the
 * embedder, at once or when FRESHNESS_PAUSE is over. */
void watch_replay(struct watch *w);
/* The same for who wrote to the collection and is done: what that replay finds waits for no ingest.
 * `awaited`: somebody waits for the verdict, of which the embedder's answer is a part: it is asked
 * at once, and the replay begins when it has answered, or after WATCH_EMBED_WAIT. */
void watch_ingested(struct watch *w, bool awaited);
/* For commands: embeds, then replays and probes once, as far as the configuration has it; then
 * watch_busy() is false. */
void watch_everything(struct watch *w);
/* The last replay succeeded, and the one before it had failed. */
bool watch_recovered(const struct watch *w);
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
