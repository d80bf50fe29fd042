/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The inside of a watch, for the files that are it: watch.c keeps its time and asks, lending.c lets
 * another one succeed it, judging.c lets another thread judge. Nobody else includes this. */

#include "ask/embed.h"
#include "watch/freshness.h"
#include "watch/pace.h"
#include "watch/renewal.h"
#include "watch/schedule.h"
#include "watch/targets.h"
#include "watch/watch.h"

/* What a watch asks of the server, in the order of precedence. */
enum step { STEP_REPLAY, STEP_FRESH, STEP_PROBE, STEP_SURVEY, STEP_COUNT };

/* A replay has ended and is not judged yet. */
struct judging {
        struct replay_result *result; /* the replay's; NULL: none has */
        struct collection_view *before; /* that is shown meanwhile */
        bool begun; /* the dossier is whoever's judges */
        struct suspects *suspects; /* of what was judged */
        struct embed_result *embedded; /* came meanwhile, of `embed`; NULL: nothing did */
};

struct watch {
        sd_event *event;
        struct collection_config *config;
        sd_event_source *alarm; /* for what is due next; NULL before it is set */
        bool keeps_time;
        struct http_client *client;
        const struct watch_owner *owner;
        struct dossier *dossier;
        struct timer timers[STEP_COUNT];
        struct pace pace;
        enum task task; /* under way, but for a lookup */
        struct freshness freshness;
        bool wanted[STEP_COUNT]; /* whatever the timer says */
        unsigned confirming; /* replays that were added to confirm the last regular one */
        usec_t probed; /* CLOCK_BOOTTIME of the last probe; 0: never */
        struct renewal renewal; /* of its baseline, once nothing is under way */
        struct vector_set *asked; /* what is under way asks with these */
        struct collection_view *looked_at; /* what the lookup is about: an embedder that answers
                                             meanwhile makes another view */

        struct targets targets;
        struct replay *replay; /* under way, or NULL, as the next */
        bool fresh; /* the replay asks with fresh vectors */
        struct judging judging; /* of the replay, when it has ended */
        bool ingested; /* somebody said so since the last replay began */
        bool final; /* … and before the one under way did */
        bool lent; /* its dossier is: nothing is begun … */
        bool interrupted; /* … and something was under way … */
        bool unanswered; /* … and the embedder was asked */
        bool recovered; /* the last replay succeeded, after one that failed */
        struct lookup *lookup;
        struct survey *survey;
        struct probe *probe;
        struct embed *embed;
        usec_t await_until; /* CLOCK_BOOTTIME; replays wait so long for its answer; 0: they do not
                             */
};

static inline bool watch_asking(const struct watch *w)
{
        return w->replay || w->lookup || w->survey || w->probe;
}
/* Of all that is under way. */
void watch_cancel(struct watch *w);
/* Goes on with what was judged, and with what an embedder said meanwhile. */
void watch_conclude(struct watch *w, const struct judging *judged);
void watch_take_embedded(struct watch *w, struct embed_result *result);
/* For what is due next. */
void watch_set_alarm(struct watch *w);
