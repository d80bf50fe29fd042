/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/watch.h"

#include <errno.h>

#include "ask/embed.h"
#include "ask/lookup.h"
#include "ask/probe.h"
#include "ask/replay.h"
#include "ask/survey.h"
#include "clock.h"
#include "judge/epoch.h"
#include "log.h"
#include "watch/freshness.h"
#include "watch/schedule.h"

/* What a watch asks of the server, in the order of precedence. */
enum step { STEP_REPLAY, STEP_FRESH, STEP_PROBE, STEP_SURVEY, STEP_COUNT };

struct watch {
        sd_event *event;
        const struct collection_config *config;
        struct http_client *client;
        const struct watch_owner *owner;
        struct dossier *dossier;
        struct timer timers[STEP_COUNT];
        struct freshness freshness;
        bool wanted[STEP_COUNT]; /* whatever the timer says */
        unsigned confirming; /* replays that were added to confirm the last regular one */
        usec_t probed; /* CLOCK_BOOTTIME of the last probe; 0: never */
        struct baseline *next_baseline; /* to be compared with once nothing is under way */
        bool rebase; /* there is such a one, NULL included */
        uint64_t baseline_signature;
        unsigned changing; /* surveys one after another that saw a change */
        struct vector_set *asked; /* what is under way asks with these */
        struct collection_view *looked_at; /* what the lookup is about: an embedder that answers
                                             meanwhile makes another view */

        struct replay_target replay_target;
        struct survey_target survey_target;
        struct probe_target probe_target;
        struct lookup_target lookup_target;
        struct replay *replay; /* under way, or NULL, as the next */
        bool fresh; /* the replay asks with fresh vectors */
        bool ingested; /* somebody said so since the last replay began */
        bool final; /* … and before the one under way did */
        struct lookup *lookup;
        struct survey *survey;
        struct probe *probe;
        struct embed *embed;
        bool await_embed; /* replays wait for its answer */
};

static void set_next(struct timer *t, bool success)
{
        timer_next(t, clock_usec(CLOCK_BOOTTIME), success);
}

static void set_timers(struct watch *w)
{
        const struct replay_config *c = &w->config->replay;
        usec_t survey = c->survey_interval < c->interval ? c->survey_interval : 0;

        timer_set(&w->timers[STEP_REPLAY], w->config->label, c->interval, 0);
        timer_set(&w->timers[STEP_FRESH], w->config->label, 0, 0);
        /* The first ones come with the first replay that the server answered. */
        timer_set(&w->timers[STEP_PROBE], w->config->label, w->config->probes.interval,
                USEC_INFINITY);
        timer_set(&w->timers[STEP_SURVEY], w->config->label, survey, USEC_INFINITY);
}

static void fill_targets(struct watch *w)
{
        const struct collection_config *c = w->config;

        w->survey_target = (struct survey_target){.label = c->label,
                .collection = c->name,
                .tenant = c->server->tenant,
                .database = c->server->database,
                .peer = &c->peer};
        w->replay_target = (struct replay_target){
                .queries = c->queries, .results = c->replay.results, .batch = c->replay.batch};
        w->probe_target = (struct probe_target){.label = c->label,
                .collection = c->name,
                .tenant = c->server->tenant,
                .database = c->server->database,
                .peer = &c->peer,
                .queries = c->queries,
                .results = c->replay.results,
                .recall_results = c->probes.recall_results,
                .recall_queries = c->probes.recall_queries,
                .records_max = c->probes.records_max};
        w->lookup_target = (struct lookup_target){.label = c->label,
                .tenant = c->server->tenant,
                .database = c->server->database,
                .peer = &c->peer,
                .set = c->queries};
}

int watch_new(sd_event *event, const struct collection_config *config, struct http_client *client,
        const struct watch_owner *owner, struct watch **ret)
{
        _cleanup_(watch_freep) struct watch *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->event = sd_event_ref(event);
        w->config = config;
        w->client = client;
        w->owner = owner;
        set_timers(w);
        fill_targets(w);
        r = freshness_init(&w->freshness, config);
        if (r >= 0)
                r = dossier_new(config, &w->dossier);
        if (r >= 0)
                *ret = take_ptr(w);
        return r;
}

/* What was under way needs nothing any more. */
static void release(struct watch *w)
{
        w->asked = vector_set_unref(w->asked);
        w->looked_at = collection_view_unref(w->looked_at);
}

static void cancel(struct watch *w)
{
        w->replay = replay_free(w->replay);
        w->lookup = lookup_free(w->lookup);
        w->survey = survey_free(w->survey);
        w->probe = probe_free(w->probe);
        w->embed = embed_free(w->embed);
        release(w);
}

struct watch *watch_free(struct watch *w)
{
        if (!w)
                return NULL;
        cancel(w);
        dossier_free(w->dossier);
        baseline_unref(w->next_baseline);
        freshness_done(&w->freshness);
        sd_event_unref(w->event);
        free(w);
        return NULL;
}

static bool asking(const struct watch *w)
{
        return w->replay || w->lookup || w->survey || w->probe;
}

int watch_adopt(struct watch *w, struct watch *old)
{
        const struct replay_config *before = &old->config->replay, *c = &w->config->replay;
        bool under_way = asking(old);
        int r;

        cancel(old);
        w->next_baseline = take_ptr(old->next_baseline);
        w->rebase = old->rebase;
        w->baseline_signature = old->baseline_signature;
        r = dossier_adopt(w->dossier, old->dossier);
        if (r < 0)
                return r;
        w->await_embed = r > 0;
        if (r == 0 && !under_way && dossier_view(w->dossier)->replayed &&
                c->interval == before->interval && c->survey_interval == before->survey_interval)
                memcpy(w->timers, old->timers, sizeof(w->timers));
        return 0;
}

/* A lookup under way borrows from the baseline before. */
static void rebase(struct watch *w)
{
        if (!w->rebase || asking(w))
                return;
        if (dossier_set_baseline(w->dossier, w->next_baseline) < 0)
                log_error("%s: out of memory: the baseline is not used", w->config->label);
        w->next_baseline = baseline_unref(w->next_baseline);
        w->rebase = false;
        w->wanted[STEP_REPLAY] = true;
}

void watch_set_baseline(struct watch *w, struct baseline *baseline, uint64_t signature)
{
        baseline_ref(baseline);
        baseline_unref(w->next_baseline);
        w->next_baseline = baseline;
        w->baseline_signature = signature;
        w->rebase = true;
        rebase(w);
}

uint64_t watch_baseline_signature(const struct watch *w)
{
        return w->baseline_signature;
}

static void on_exchanged(const struct http_response *response, void *userdata)
{
        struct watch *w = userdata;

        w->owner->exchanged(w, response, w->owner->userdata);
}

static void probe_soon(struct watch *w)
{
        usec_t now = clock_usec(CLOCK_BOOTTIME);
        usec_t soonest = w->probed > 0 ? w->probed + WATCH_PROBE_PAUSE : now;

        timer_hasten(&w->timers[STEP_PROBE], MAX(now, soonest));
}

/* After an ingest, because that is when an index loses records. What is known of an index that was
 * replaced is nothing. */
static void schedule_probe(struct watch *w, unsigned changes)
{
        if (changes & EPOCH_REPLACED)
                w->probed = 0;
        if (w->probed == 0 || (changes & EPOCH_INGEST))
                probe_soon(w);
}

/* What waits for the end of an ingest is told by a replay when the grace is over. */
static void await_grace(struct watch *w)
{
        usec_t end = dossier_excuse_ends(w->dossier), now = clock_usec(CLOCK_REALTIME);

        if (end != USEC_INFINITY)
                timer_hasten(&w->timers[STEP_REPLAY],
                        clock_usec(CLOCK_BOOTTIME) + (end > now ? end - now : 0));
}

/* The end of a replay and of all that it entailed. */
static void finish_replay(struct watch *w)
{
        await_grace(w);
        w->owner->replayed(w, w->owner->userdata);
        watch_run(w);
}

static void on_looked_up(struct suspects *suspects, const char *error, void *userdata)
{
        struct watch *w = userdata;

        dossier_looked_up(w->dossier, error, clock_usec(CLOCK_REALTIME));
        w->lookup = lookup_free(w->lookup);
        release(w);
        /* How much of the index is gone is what people ask next. */
        if (dossier_view(w->dossier)->attribution.cause == CAUSE_INDEX_LOSS)
                probe_soon(w);
        finish_replay(w);
}

static void look_up(struct watch *w, struct suspects *suspects)
{
        int r;

        w->looked_at = collection_view_ref(dossier_view(w->dossier));
        w->lookup_target.collection_id = w->looked_at->epoch.id;
        w->lookup_target.space = w->looked_at->epoch.space;
        r = lookup_start(
                w->client, &w->lookup_target, suspects, on_looked_up, on_exchanged, w, &w->lookup);
        if (r >= 0)
                return;
        release(w);
        dossier_looked_up(w->dossier, strerror(-r), clock_usec(CLOCK_REALTIME));
        finish_replay(w);
}

/* What the server does not take now it does not take the next time. */
static void note_batch(struct watch *w, size_t batch)
{
        if (batch == 0)
                return;
        log_info("%s: the server takes %zu queries in a request, not %u: no more are sent in one",
                w->config->label, batch, w->replay_target.batch);
        w->replay_target.batch = (unsigned)batch;
}

/* Sets when the next replay is due: wall clock. A server that answered is not spared because of
 * what it refused. */
static usec_t set_next_replay(struct watch *w, bool complete, bool measured)
{
        struct timer *t = &w->timers[STEP_REPLAY];
        usec_t now = clock_usec(CLOCK_BOOTTIME);

        set_next(t, complete);
        if (measured && t->schedule.interval >= WATCH_CONFIRM_INTERVAL &&
                dossier_view(w->dossier)->drift.pending && w->confirming < WATCH_CONFIRM_MAX) {
                w->confirming++;
                t->due = MIN(t->due, now + WATCH_CONFIRM_PAUSE);
        } else
                w->confirming = 0;
        return clock_usec(CLOCK_REALTIME) + (t->due > now ? t->due - now : 0);
}

static void on_replayed(struct replay_result *result, void *userdata)
{
        _cleanup_(collection_view_unrefp) struct collection_view *before = NULL;
        struct watch *w = userdata;
        bool complete = result->complete, measured = !result->failure;
        struct suspects *suspects = NULL;
        usec_t due;

        if (w->fresh) {
                dossier_replayed_fresh(w->dossier, result);
                w->replay = replay_free(w->replay);
                release(w);
                w->owner->changed(w, w->owner->userdata);
                watch_run(w);
                return;
        }
        before = collection_view_ref(dossier_view(w->dossier));
        note_batch(w, result->batch);
        if (w->final)
                dossier_ingested(w->dossier);
        set_next(&w->timers[STEP_SURVEY], complete);
        dossier_replayed(w->dossier, result, &suspects);
        due = set_next_replay(w, complete, measured);
        if (dossier_view(w->dossier) != before) /* else memory was short, and this one is shared */
                dossier_set_due(w->dossier, due);
        w->replay = replay_free(w->replay);
        release(w);
        if (complete)
                schedule_probe(w, epoch_compare(&before->epoch, &dossier_view(w->dossier)->epoch));
        if (suspects)
                look_up(w, suspects);
        else
                finish_replay(w);
}

static int start_replay(struct watch *w, bool fresh)
{
        w->replay_target.where = w->survey_target;
        w->replay_target.where.sentinels =
                dossier_sentinels(w->dossier, &w->replay_target.where.sentinel_count);
        w->asked = vector_set_ref(
                fresh ? dossier_fresh_vectors(w->dossier) : dossier_vectors(w->dossier));
        w->replay_target.vectors = w->asked;
        w->fresh = fresh;
        return replay_start(w->client, &w->replay_target, on_replayed, on_exchanged, w, &w->replay);
}

static int start_pinned(struct watch *w)
{
        int r = start_replay(w, false);

        if (r < 0)
                return r;
        w->final = w->ingested;
        w->ingested = false;
        return 0;
}

static int start_fresh(struct watch *w)
{
        return start_replay(w, true);
}

/* A collection that is written to all the time changes at every look: its replays come at their own
 * interval then, until it was once seen unchanged. */
static void note_change(struct watch *w)
{
        if (w->changing >= WATCH_CHANGES_MAX)
                return;
        if (++w->changing < WATCH_CHANGES_MAX)
                log_debug("%s: the collection has changed: replaying at once", w->config->label);
        else
                log_info("%s: the collection has changed at each of %d looks: replaying once more, "
                         "then only at its interval until it stands still",
                        w->config->label, WATCH_CHANGES_MAX);
        w->wanted[STEP_REPLAY] = true;
}

static void on_surveyed(struct survey_result *result, void *userdata)
{
        struct watch *w = userdata;
        /* One that was there may be created again at any moment. */
        bool away = streq(result->failure, "not_found") && watch_view(w)->epoch.id;
        bool replay;

        if (dossier_surveyed(w->dossier, result, clock_usec(CLOCK_REALTIME), &replay))
                note_change(w);
        else if (!result->failure)
                w->changing = 0;
        w->wanted[STEP_REPLAY] |= replay;
        set_next(&w->timers[STEP_SURVEY], away || !result->failure);
        w->survey = survey_free(w->survey);
        watch_run(w);
}

static int start_survey(struct watch *w)
{
        w->survey_target.sentinels =
                dossier_sentinels(w->dossier, &w->survey_target.sentinel_count);
        return survey_start(w->client, &w->survey_target, on_surveyed, on_exchanged, w, &w->survey);
}

/* Of a server that is away, and of a collection that is, replays speak. */
static bool only_probes_fail(const char *failure)
{
        static const char *const replays[] = {
                "connect", "timeout", "resolve", "tls", "reset", "not_found"};

        for (size_t i = 0; i < ARRAY_SIZE(replays); i++)
                if (streq(failure, replays[i]))
                        return false;
        return true;
}

/* The first failure in a row. */
static void log_probe(const struct watch *w, const struct probe_result *result)
{
        bool news = !watch_view(w)->health.error && only_probes_fail(result->failure);

        log_event(news ? LOG_WARNING : LOG_DEBUG, NULL,
                log_fields({"DRIFTWATCH_COLLECTION", w->config->label}),
                "%s: the index could not be probed: %s", w->config->label,
                error_text(&result->error, -EIO));
}

static void on_probed(struct probe_result *result, void *userdata)
{
        struct watch *w = userdata;

        if (result->failure)
                log_probe(w, result);
        set_next(&w->timers[STEP_PROBE], !result->failure);
        w->probed = clock_usec(CLOCK_BOOTTIME);
        dossier_probed(w->dossier, result, clock_usec(CLOCK_REALTIME));
        await_grace(w);
        w->probe = probe_free(w->probe);
        release(w);
        w->owner->changed(w, w->owner->userdata);
        watch_run(w);
}

static int start_probe(struct watch *w)
{
        _cleanup_free_ struct answer **answers = dossier_answers(w->dossier);

        if (!answers)
                return -ENOMEM;
        w->asked = vector_set_ref(dossier_vectors(w->dossier));
        w->probe_target.vectors = w->asked;
        w->probe_target.answers = answers;
        return probe_start(w->client, &w->probe_target, on_probed, on_exchanged, w, &w->probe);
}

static const struct {
        const char *what;
        int (*start)(struct watch *w);
} steps[STEP_COUNT] = {
        [STEP_REPLAY] = {"a replay", start_pinned},
        [STEP_FRESH] = {"a replay with fresh vectors", start_fresh},
        [STEP_PROBE] = {"a probe", start_probe},
        [STEP_SURVEY] = {"a survey", start_survey},
};

static void on_embedded(struct embed_result *result, void *userdata)
{
        struct watch *w = userdata;
        usec_t now = clock_usec(CLOCK_BOOTTIME);
        bool success = !result->failure;

        if (success)
                w->await_embed = freshness_on_answered(&w->freshness, now);
        else
                freshness_on_failed(&w->freshness, now);
        w->await_embed &= success;
        w->wanted[STEP_FRESH] |= success;
        w->wanted[STEP_REPLAY] |= dossier_embedded(w->dossier, result, clock_usec(CLOCK_REALTIME));
        w->embed = embed_free(w->embed);
        w->owner->changed(w, w->owner->userdata);
        watch_run(w);
}

static void run_embed(struct watch *w, usec_t now)
{
        int r;

        if (w->embed || w->freshness.due > now)
                return;
        freshness_on_asked(&w->freshness, now);
        r = embed_start(
                w->event, w->client, &w->freshness.target, on_embedded, on_exchanged, w, &w->embed);
        if (r >= 0)
                return;
        log_warning("%s: cannot ask embedder %s: %s; trying again later", w->config->label,
                w->config->embedder->name, strerror(-r));
        freshness_on_failed(&w->freshness, now);
}

/* Without vectors, with those of another model, or where a command or another text waits for them,
 * nothing is to be replayed until the embedder has answered. */
static bool waits_for_vectors(const struct watch *w)
{
        return w->embed &&
                (w->await_embed || !dossier_vectors(w->dossier) ||
                        dossier_prefers_fresh(w->dossier));
}

usec_t watch_due(const struct watch *w)
{
        usec_t due = w->embed ? USEC_INFINITY : w->freshness.due;

        if (w->rebase && !asking(w))
                return 0;
        if (asking(w) || waits_for_vectors(w))
                return due;
        for (enum step s = 0; s < STEP_COUNT; s++)
                due = w->wanted[s] ? 0 : MIN(due, w->timers[s].due);
        return due;
}

void watch_run(struct watch *w)
{
        usec_t now = clock_usec(CLOCK_BOOTTIME);

        rebase(w);
        run_embed(w, now);
        for (enum step s = 0; s < STEP_COUNT && !asking(w) && !waits_for_vectors(w); s++) {
                int r;

                if (!w->wanted[s] && w->timers[s].due > now)
                        continue;
                w->wanted[s] = false;
                r = steps[s].start(w);
                if (r >= 0)
                        continue;
                release(w);
                log_warning("%s: cannot start %s: %s; trying again later", w->config->label,
                        steps[s].what, strerror(-r));
                set_next(&w->timers[s], false);
        }
}

void watch_replay(struct watch *w)
{
        freshness_want(&w->freshness, clock_usec(CLOCK_BOOTTIME));
        w->wanted[STEP_REPLAY] = true;
        watch_run(w);
}

void watch_ingested(struct watch *w)
{
        w->ingested = true;
        watch_replay(w);
}

void watch_repeat_embedding(struct watch *w, unsigned times)
{
        freshness_repeat(&w->freshness, times);
        dossier_repeat(w->dossier);
}

void watch_everything(struct watch *w)
{
        w->wanted[STEP_PROBE] = w->config->probes.interval > 0;
        for (enum step s = 0; s < STEP_COUNT; s++)
                w->timers[s].due = USEC_INFINITY;
        w->await_embed = true;
        watch_replay(w);
}

bool watch_running(const struct watch *w)
{
        return (w->replay && !w->fresh) || w->lookup;
}

bool watch_busy(const struct watch *w)
{
        bool wanted = false;

        for (enum step s = 0; s < STEP_COUNT; s++)
                wanted |= w->wanted[s];
        return wanted || asking(w) || w->embed;
}

struct dossier *watch_dossier(const struct watch *w)
{
        return w->dossier;
}

struct collection_view *watch_view(const struct watch *w)
{
        return dossier_view(w->dossier);
}

const struct collection_config *watch_config(const struct watch *w)
{
        return w->config;
}
