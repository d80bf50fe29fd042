/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/watch.h"

#include <errno.h>

#include "clock.h"
#include "judge/epoch.h"
#include "log.h"
#include "text.h"
#include "watch/alarm.h"
#include "watch/watching.h"

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

int watch_prepare(sd_event *event, struct collection_config *config, struct http_client *client,
        const struct watch_owner *owner, struct watch **ret)
{
        _cleanup_(watch_freep) struct watch *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->event = sd_event_ref(event);
        w->config = collection_config_ref(config);
        w->client = client;
        w->owner = owner;
        set_timers(w);
        w->targets = targets_of(config);
        r = pace_init(&w->pace, config, owner->allowances);
        if (r >= 0)
                r = freshness_init(&w->freshness, config);
        if (r >= 0)
                *ret = take_ptr(w);
        return r;
}

int watch_new(sd_event *event, struct collection_config *config, struct http_client *client,
        const struct watch_owner *owner, struct watch **ret)
{
        _cleanup_(watch_freep) struct watch *w = NULL;
        int r = watch_prepare(event, config, client, owner, &w);

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

void watch_cancel(struct watch *w)
{
        w->replay = replay_free(w->replay);
        w->lookup = lookup_free(w->lookup);
        w->survey = survey_free(w->survey);
        w->probe = probe_free(w->probe);
        w->embed = embed_free(w->embed);
        collection_view_unref(w->judging.before);
        w->judging = (struct judging){0};
        pace_done(&w->pace);
        release(w);
}

struct watch *watch_free(struct watch *w)
{
        if (!w)
                return NULL;
        watch_cancel(w);
        bodies_done(&w->targets.replay.bodies);
        dossier_free(w->dossier);
        renewal_done(&w->renewal);
        freshness_done(&w->freshness);
        collection_config_unref(w->config);
        sd_event_source_disable_unref(w->alarm);
        sd_event_unref(w->event);
        free(w);
        return NULL;
}

static int on_alarm(sd_event_source *s, uint64_t usec, void *userdata)
{
        watch_run(userdata);
        return 0;
}

void watch_set_alarm(struct watch *w)
{
        int r = 0;

        if (w->keeps_time)
                r = alarm_set(w->event, &w->alarm, watch_due(w), on_alarm, "watch", w);
        if (r >= 0)
                return;
        log_error("%s: cannot set its timer: %s; stopping, because it would not be measured",
                w->config->label, strerror(-r));
        (void)sd_event_exit(w->event, r);
}

void watch_keep_time(struct watch *w)
{
        w->keeps_time = true;
        watch_set_alarm(w);
}

static bool can_renew(const struct watch *w)
{
        return renewal_waits(&w->renewal) && !watch_asking(w) && !w->lent;
}

static void renew(struct watch *w)
{
        if (!can_renew(w))
                return;
        if (renewal_apply(&w->renewal, w->dossier) < 0)
                log_error("%s: out of memory: what is new of its baseline is not used",
                        w->config->label);
        w->wanted[STEP_REPLAY] = true;
}

void watch_set_baseline(struct watch *w, struct baseline *baseline, uint64_t signature)
{
        renewal_set(&w->renewal, baseline, signature);
        renew(w);
        watch_set_alarm(w);
}

int watch_refuse_baseline(struct watch *w, const char *error, uint64_t signature)
{
        int r = renewal_refuse(&w->renewal, error, signature);

        renew(w);
        watch_set_alarm(w);
        return r;
}

void watch_note_baseline(struct watch *w, uint64_t signature)
{
        renewal_set(&w->renewal, NULL, signature);
        renewal_done(&w->renewal);
        w->wanted[STEP_REPLAY] = true;
        watch_set_alarm(w);
}

uint64_t watch_baseline_signature(const struct watch *w)
{
        return w->renewal.signature;
}

static void on_embedder_exchanged(const struct http_response *response, void *userdata)
{
        struct watch *w = userdata;

        w->owner->exchanged(w, response, w->owner->userdata);
}

static void on_exchanged(const struct http_response *response, void *userdata)
{
        struct watch *w = userdata;

        pace_add(&w->pace, w->lookup ? TASK_LOOKUP : w->task, response->duration_usec);
        on_embedder_exchanged(response, userdata);
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
        timer_hasten(&w->timers[STEP_REPLAY], clock_boot(dossier_excuse_ends(w->dossier)));
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

        dossier_looked_up(w->dossier, error, clock_wall());
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
        w->targets.lookup.collection_id = w->looked_at->epoch.id;
        w->targets.lookup.space = w->looked_at->epoch.space;
        r = lookup_start(
                w->client, &w->targets.lookup, suspects, on_looked_up, on_exchanged, w, &w->lookup);
        if (r >= 0)
                return;
        release(w);
        dossier_looked_up(w->dossier, strerror(-r), clock_wall());
        finish_replay(w);
}

/* What the server does not take now it does not take the next time. */
static void note_batch(struct watch *w, size_t batch)
{
        if (batch == 0)
                return;
        log_info("%s: the server takes %zu %s in a request, not %u: no more are sent in one",
                w->config->label, batch, plural(batch, "query", "queries"),
                w->targets.replay.batch);
        w->targets.replay.batch = (unsigned)batch;
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
        return clock_wall() + (t->due > now ? t->due - now : 0);
}

static void conclude_fresh(struct watch *w)
{
        w->replay = replay_free(w->replay);
        release(w);
        w->owner->changed(w, w->owner->userdata);
        watch_run(w);
}

void watch_conclude(struct watch *w, const struct judging *judged)
{
        const struct collection_view *before = judged->before;
        bool complete = judged->result->complete, measured = !judged->result->failure;
        usec_t due;

        if (w->fresh) {
                conclude_fresh(w);
                return;
        }
        note_batch(w, judged->result->batch);
        set_next(&w->timers[STEP_SURVEY], complete);
        pace_cancel(&w->pace, TASK_SURVEY);
        w->recovered = measured && before->last_error;
        due = set_next_replay(w, complete, measured);
        if (dossier_view(w->dossier) != before) /* else memory was short, and this one is shared */
                dossier_set_due(w->dossier, due);
        w->replay = replay_free(w->replay);
        release(w);
        if (complete)
                schedule_probe(w, epoch_compare(&before->epoch, &dossier_view(w->dossier)->epoch));
        if (judged->suspects)
                look_up(w, judged->suspects);
        else
                finish_replay(w);
}

static void on_replayed(struct replay_result *result, void *userdata)
{
        struct watch *w = userdata;

        w->judging = (struct judging){
                .result = result,
                .before = collection_view_ref(dossier_view(w->dossier)),
        };
        if (w->owner->ended && w->owner->ended(w, result->count, w->owner->userdata))
                return;
        watch_judge(w);
        watch_judged(w);
}

static int start_replay(struct watch *w, bool fresh)
{
        w->targets.replay.where = w->targets.survey;
        w->targets.replay.where.known = NULL;
        w->targets.replay.where.sentinels =
                dossier_sentinels(w->dossier, &w->targets.replay.where.sentinel_count);
        w->asked = vector_set_ref(
                fresh ? dossier_fresh_vectors(w->dossier) : dossier_vectors(w->dossier));
        w->targets.replay.vectors = w->asked;
        w->fresh = fresh;
        return replay_start(
                w->client, &w->targets.replay, on_replayed, on_exchanged, w, &w->replay);
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

static void on_surveyed(struct survey_result *result, void *userdata)
{
        struct watch *w = userdata;
        /* One that was there may be created again at any moment. */
        bool away = streq(result->failure, "not_found") && watch_view(w)->epoch.id;
        bool replay, changed = dossier_surveyed(w->dossier, result, clock_wall(), &replay);

        w->wanted[STEP_REPLAY] |= pace_looked(&w->pace, changed, !result->failure) || replay;
        pace_end(&w->pace, TASK_SURVEY);
        set_next(&w->timers[STEP_SURVEY], away || !result->failure);
        w->survey = survey_free(w->survey);
        watch_run(w);
}

static int start_survey(struct watch *w)
{
        w->targets.survey.sentinels =
                dossier_sentinels(w->dossier, &w->targets.survey.sentinel_count);
        w->targets.survey.known = pace_skips_walk(&w->pace) ? dossier_seen(w->dossier) : NULL;
        return survey_start(
                w->client, &w->targets.survey, on_surveyed, on_exchanged, w, &w->survey);
}

static void on_probed(struct probe_result *result, void *userdata)
{
        struct watch *w = userdata;

        set_next(&w->timers[STEP_PROBE], !result->failure);
        pace_end(&w->pace, TASK_PROBE);
        w->probed = clock_usec(CLOCK_BOOTTIME);
        dossier_probed(w->dossier, result, clock_wall());
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
        w->targets.probe.vectors = w->asked;
        w->targets.probe.answers = answers;
        return probe_start(w->client, &w->targets.probe, on_probed, on_exchanged, w, &w->probe);
}

static const struct {
        const char *what;
        enum task task;
        int (*start)(struct watch *w);
} steps[STEP_COUNT] = {
        [STEP_REPLAY] = {"a replay", TASK_REPLAY, start_pinned},
        [STEP_FRESH] = {"a replay with fresh vectors", TASK_REPLAY, start_fresh},
        [STEP_PROBE] = {"a probe", TASK_PROBE, start_probe},
        [STEP_SURVEY] = {"a survey", TASK_SURVEY, start_survey},
};

void watch_take_embedded(struct watch *w, struct embed_result *result)
{
        usec_t now = clock_usec(CLOCK_BOOTTIME);
        bool success = !result->failure, again = false;

        if (success)
                again = freshness_on_answered(&w->freshness, now);
        else
                freshness_on_failed(&w->freshness, now);
        w->await_until = again ? USEC_INFINITY : 0;
        w->wanted[STEP_FRESH] |= success;
        w->wanted[STEP_REPLAY] |= dossier_embedded(w->dossier, result, clock_wall());
        w->embed = embed_free(w->embed);
        w->owner->changed(w, w->owner->userdata);
        watch_run(w);
}

static void on_embedded(struct embed_result *result, void *userdata)
{
        struct watch *w = userdata;

        if (w->judging.begun)
                w->judging.embedded = result;
        else
                watch_take_embedded(w, result);
}

static void run_embed(struct watch *w, usec_t now)
{
        int r;

        if (w->embed || w->freshness.due > now)
                return;
        freshness_on_asked(&w->freshness, now);
        r = embed_start(w->event, w->client, &w->freshness.target, on_embedded,
                on_embedder_exchanged, w, &w->embed);
        if (r >= 0)
                return;
        log_warning("%s: cannot ask embedder %s: %s; trying again later", w->config->label,
                w->config->embedder->name, strerror(-r));
        freshness_on_failed(&w->freshness, now);
}

/* Without vectors, with those of another model, or where somebody or another text waits for them,
 * nothing is to be replayed until the embedder has answered. */
static bool waits_for_vectors(const struct watch *w)
{
        return w->embed &&
                (w->await_until > clock_usec(CLOCK_BOOTTIME) || !dossier_vectors(w->dossier) ||
                        dossier_prefers_fresh(w->dossier));
}

usec_t watch_due(const struct watch *w)
{
        usec_t due = w->embed ? USEC_INFINITY : w->freshness.due;

        if (w->lent)
                return USEC_INFINITY;
        if (can_renew(w))
                return 0;
        if (watch_asking(w))
                return due;
        if (waits_for_vectors(w))
                return w->await_until > 0 ? MIN(due, w->await_until) : due;
        for (enum step s = 0; s < STEP_COUNT; s++)
                due = w->wanted[s] ? 0 : MIN(due, w->timers[s].due);
        return due;
}

void watch_run(struct watch *w)
{
        usec_t now = clock_usec(CLOCK_BOOTTIME);

        if (w->lent)
                return;
        renew(w);
        run_embed(w, now);
        for (enum step s = 0; s < STEP_COUNT && !watch_asking(w) && !waits_for_vectors(w); s++) {
                int r;

                if (!w->wanted[s] &&
                        (w->timers[s].due > now ||
                                !pace_lets(&w->pace, steps[s].task, &w->timers[s], now)))
                        continue;
                w->wanted[s] = false;
                w->task = steps[s].task;
                r = steps[s].start(w);
                if (r >= 0)
                        continue;
                release(w);
                log_warning("%s: cannot start %s: %s; trying again later", w->config->label,
                        steps[s].what, strerror(-r));
                pace_cancel(&w->pace, steps[s].task);
                set_next(&w->timers[s], false);
        }
        watch_set_alarm(w);
}

bool watch_recovered(const struct watch *w)
{
        return w->recovered;
}

void watch_replay(struct watch *w)
{
        freshness_want(&w->freshness, clock_usec(CLOCK_BOOTTIME), FRESHNESS_PAUSE);
        w->wanted[STEP_REPLAY] = true;
        watch_run(w);
}

void watch_ingested(struct watch *w, bool awaited)
{
        usec_t now = clock_usec(CLOCK_BOOTTIME);

        w->ingested = true;
        if (awaited) {
                freshness_want(&w->freshness, now, 0);
                w->await_until = MAX(w->await_until, now + WATCH_EMBED_WAIT);
        }
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
        w->await_until = USEC_INFINITY;
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
        return wanted || watch_asking(w) || w->embed;
}

struct dossier *watch_dossier(const struct watch *w)
{
        return w->dossier;
}

struct collection_view *watch_view(const struct watch *w)
{
        return w->judging.begun ? w->judging.before : dossier_view(w->dossier);
}

const struct collection_config *watch_config(const struct watch *w)
{
        return w->config;
}
