/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "clock.h"
#include "commands/baseline.h"
#include "commands/gather.h"
#include "commands/round.h"
#include "commands/say.h"
#include "commands/spread.h"
#include "judge/embedder.h"
#include "judge/floor.h"
#include "judge/level.h"
#include "keep/baselines.h"
#include "show/excerpt.h"
#include "show/gate/diff.h"
#include "text.h"
#include "watch/recorder.h"

/* Between two replays of a burst: answers that vary do so from one request to the next. */
#define BURST_PAUSE (50 * USEC_PER_MSEC)
#define ACCURACY (10 * USEC_PER_MSEC)
/* Times that an embedder is asked, to see how much it differs from itself. */
#define EMBEDDINGS 3

/* One collection that is being recorded. */
struct recording {
        struct proposal *proposal;
        struct watch *watch;
        struct recorder *recorder;
        struct baseline *known; /* whose floor is measured; NULL without --floor */
        sd_event_source *timer; /* until the next replay; NULL when none is awaited */
        bool ended, failed;
};

struct proposal {
        const struct options *options;
        struct round round;
        struct recording *recordings;
        bool timed_out;
};

static void proposal_done(struct proposal *p)
{
        for (size_t i = 0; p->recordings && i < p->round.count; i++) {
                sd_event_source_disable_unref(p->recordings[i].timer);
                recorder_free(p->recordings[i].recorder);
                baseline_unref(p->recordings[i].known);
        }
        free(p->recordings);
        round_done(&p->round);
}

static void end(struct recording *r, bool failed)
{
        r->ended = true;
        r->failed = failed;
}

static int on_pause(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct recording *r = userdata;

        r->timer = sd_event_source_disable_unref(r->timer);
        watch_replay(r->watch);
        return 0;
}

static void replay_after(struct recording *r, usec_t pause)
{
        int code;

        /* The watch may have replayed by itself meanwhile. */
        r->timer = sd_event_source_disable_unref(r->timer);
        code = sd_event_add_time_relative(
                r->proposal->round.event, &r->timer, CLOCK_MONOTONIC, pause, ACCURACY, on_pause, r);
        if (code < 0) {
                complain("driftwatch: cannot wait: %s\n", strerror(-code));
                end(r, true);
        }
}

static struct recording *find(struct proposal *p, const struct watch *w)
{
        for (size_t i = 0; i < p->round.count; i++)
                if (p->recordings[i].watch == w)
                        return &p->recordings[i];
        return NULL;
}

static void on_replayed(struct watch *w, void *userdata)
{
        struct recording *r = find(userdata, w);
        enum recorder_state state;
        int code;

        if (!r || r->ended)
                return;
        code = recorder_take(r->recorder, watch_view(w), &state);
        if (code < 0) {
                complain("driftwatch: %s: cannot record: %s\n", watch_config(w)->label,
                        strerror(-code));
                end(r, true);
        } else if (state == RECORDER_FAILED) {
                complain("driftwatch: %s\n", watch_view(w)->last_error);
                end(r, true);
        } else if (state == RECORDER_DONE)
                end(r, false);
        else
                replay_after(
                        r, state == RECORDER_AGAIN ? BURST_PAUSE : r->proposal->options->pause);
}

static void on_changed(struct watch *w, void *userdata)
{
}

static void on_exchanged(struct watch *w, const struct http_response *response, void *userdata)
{
}

static int on_post(sd_event_source *s, void *userdata)
{
        struct proposal *p = userdata;
        size_t open = 0;

        for (size_t i = 0; i < p->round.count; i++)
                open += !p->recordings[i].ended || watch_busy(p->recordings[i].watch);
        if (open == 0)
                return sd_event_exit(p->round.event, 0);
        progress_note(&p->round.progress, p->round.count - open, p->round.count);
        return 0;
}

static int on_timeout(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct proposal *p = userdata;

        p->timed_out = true;
        for (size_t i = 0; i < p->round.count; i++)
                p->recordings[i].ended |= recorder_settle(p->recordings[i].recorder);
        return sd_event_exit(p->round.event, 0);
}

/* Nothing stood still yet. */
static int on_half_time(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct proposal *p = userdata;

        for (size_t i = 0; i < p->round.count; i++)
                recorder_hurry(p->recordings[i].recorder);
        return 0;
}

/* What the floor is measured for: the candidate, so that it is known before somebody approves it,
 * or else what is approved. */
static int load_known(const struct options *options, struct watch *w, struct baseline **ret)
{
        const char *label = watch_config(w)->label;
        int r = baseline_load(options, label, BASELINE_CANDIDATE, true, ret);

        if (r >= 0 && !*ret)
                r = baseline_load(options, label, BASELINE_APPROVED, false, ret);
        if (r < 0)
                return -EBADMSG;
        watch_set_baseline(w, *ret, 1);
        return 0;
}

static int prepare(struct proposal *p)
{
        int r = 0;

        p->recordings = calloc(p->round.count + 1, sizeof(*p->recordings));
        if (!p->recordings)
                return -ENOMEM;
        for (size_t i = 0; i < p->round.count && r >= 0; i++) {
                struct watch *w = p->round.watches[i];

                p->recordings[i].proposal = p;
                p->recordings[i].watch = w;
                p->recordings[i].recorder = recorder_new(watch_config(w)->queries);
                if (!p->recordings[i].recorder)
                        return -ENOMEM;
                if (p->options->floor)
                        r = load_known(p->options, w, &p->recordings[i].known);
        }
        return r;
}

static int start(struct proposal *p)
{
        usec_t timeout = p->options->timeout;
        int r;

        r = sd_event_add_post(p->round.event, NULL, on_post, p);
        if (r >= 0)
                r = sd_event_add_time_relative(
                        p->round.event, NULL, CLOCK_MONOTONIC, timeout, ACCURACY, on_timeout, p);
        if (r >= 0)
                r = sd_event_add_time_relative(p->round.event, NULL, CLOCK_MONOTONIC, timeout / 2,
                        ACCURACY, on_half_time, p);
        for (size_t i = 0; i < p->round.count && r >= 0; i++) {
                if (p->options->fresh)
                        r = dossier_prefer_fresh(watch_dossier(p->round.watches[i]));
                if (watch_config(p->round.watches[i])->embedder)
                        watch_repeat_embedding(p->round.watches[i], EMBEDDINGS);
                watch_everything(p->round.watches[i]);
        }
        progress_begin(&p->round.progress, "recorded", "collections");
        if (r >= 0)
                r = sd_event_loop(p->round.event);
        progress_end(&p->round.progress);
        return r;
}

/* More names than these are for `baseline diff`. */
#define NAMES_MAX 10

static void print_names(const struct baseline *b, enum outcome outcome)
{
        size_t n = 0;

        for (size_t i = 0; i < b->count; i++)
                if (b->queries[i].outcome == outcome && n++ < NAMES_MAX)
                        say("    %s\n", b->queries[i].id);
        if (n > NAMES_MAX)
                say("    and %zu more\n", n - NAMES_MAX);
}

static void print_unasked(const struct baseline *b, const struct collection_view *v)
{
        size_t unasked = 0;

        for (size_t i = 0; i < v->query_set->count; i++) {
                const struct query *query = &v->query_set->queries[i];
                const struct baseline_query *q = baseline_find(b, query->id);

                unasked += q && !streq(q->text, query->text);
        }
        if (unasked > 0)
                say("  WARNING: %zu %s another text than was approved and no vector of it: "
                    "approved as before, and unmeasured\n",
                        unasked, plural(unasked, "query has", "queries have"));
}

static void print_embedder(const struct collection_view *v)
{
        size_t unsteady = 0;

        for (size_t i = 0; i < v->query_set->count; i++)
                unsteady += v->queries[i].embedder_noise > EMBEDDER_NOISE_MAX;
        if (unsteady > 0)
                say("  WARNING: embedder %s gives %zu %s another vector each time it is "
                    "asked\n",
                        v->embedder.name, unsteady, plural(unsteady, "query", "queries"));
        if (v->embedder.unanswered > 0)
                say("  WARNING: embedder %s has no vector for %zu %s; query \"%s\": %s\n",
                        v->embedder.name, v->embedder.unanswered,
                        plural(v->embedder.unanswered, "query", "queries"),
                        v->embedder.unanswered_query, v->embedder.unanswered_reason);
}

/* What somebody must know before approving it. */
static void print_warnings(const struct baseline *b, const struct collection_view *v)
{
        double quiet = LEVEL_SCALE_MAX * space_unit(b->epoch.space);
        size_t missing = 0, drifting = 0, unmeasured = 0, noisy = 0;

        for (size_t i = 0; i < b->count; i++) {
                const struct baseline_query *q = &b->queries[i];

                missing += q->outcome == OUTCOME_FAIL;
                drifting += q->outcome == OUTCOME_DRIFT;
                unmeasured += q->outcome == OUTCOME_UNMEASURED;
                noisy += q->levels[LEVEL_TOP1].scale > quiet || q->levels[LEVEL_TOPK].scale > quiet;
        }
        if (missing > 0)
                say("  WARNING: %zu %s expected record: this would be the new normal\n", missing,
                        plural(missing, "query does not find its", "queries do not find their"));
        print_names(b, OUTCOME_FAIL);
        if (drifting > 0)
                say("  WARNING: %zu %s expected distance\n", drifting,
                        plural(drifting, "query lies outside its", "queries lie outside their"));
        print_names(b, OUTCOME_DRIFT);
        if (unmeasured > 0)
                say("  WARNING: %zu %s not measured and would not be compared\n", unmeasured,
                        plural(unmeasured, "query was", "queries were"));
        if (noisy > 0)
                say("  %zu %s too noisy to be compared\n", noisy,
                        plural(noisy, "query is", "queries are"));
        print_unasked(b, v);
        print_embedder(v);
        if (v->health.error)
                say("  WARNING: the index could not be probed: %s\n", v->health.error);
        if (b->unreachable > 0)
                say("  WARNING: search cannot reach %lld of %lld records\n",
                        (long long)b->unreachable, (long long)v->health.records);
}

/* Queries whose answers are printed; all are in the file. */
#define QUERIES_PRINTED_MAX 50

/* What was found: whether that is good retrieval is the question. */
static void print_found(const struct baseline *b)
{
        _cleanup_text_ struct text t = {0};
        char rank[64];

        for (size_t i = 0; i < MIN(b->count, (size_t)QUERIES_PRINTED_MAX); i++) {
                const struct baseline_query *q = &b->queries[i];

                excerpt_rank(q, rank, sizeof(rank));
                text_appendf(&t, "  %s %s%s%s\n", outcome_name(q->outcome), q->id,
                        rank[0] ? ": its expected record is " : "", rank);
                excerpt_append_answers(&t, "    ", q);
        }
        if (!text_failed(&t))
                say_lines(text_string(&t));
        if (b->count > QUERIES_PRINTED_MAX)
                say("  and %zu more queries: driftwatch baseline diff\n",
                        b->count - QUERIES_PRINTED_MAX);
}

static void print_causes(const struct baseline *b, unsigned number)
{
        _cleanup_text_ struct text t = {0};

        diff_explain(b, "    ", false, &t);
        if (t.size == 0 || text_failed(&t))
                return;
        say("  against baseline %u:\n", number);
        say_lines(text_string(&t));
}

static void print_floor(const struct baseline *b)
{
        _cleanup_text_ struct text t = {0};

        diff_floor(b, "  ", &t);
        if (t.size > 0 && !text_failed(&t))
                say_lines(text_string(&t));
}

static void print_candidate(const struct options *options, const struct recorder *r,
        const struct baseline *b, const struct collection_view *v, const struct vector_set *vectors)
{
        say("%s: candidate %u: %zu %s, %u %s, answers %s, %lld %s\n", v->label, b->number, b->count,
                plural(b->count, "query", "queries"), b->samples,
                plural(b->samples, "replay", "replays"),
                recorder_stable(r)           ? "equal"
                        : recorder_moving(r) ? "of a collection that is being written to"
                                             : "vary by themselves",
                (long long)b->epoch.records,
                plural((uint64_t)b->epoch.records, "record", "records"));
        if (recorder_moving(r))
                say("  WARNING: the collection did not stand still; the last change was: %s\n",
                        recorder_changes(r));
        if (!options->brief)
                print_found(b);
        print_warnings(b, v);
        print_floor(b);
        if (options->brief)
                return;
        spread_print(v, vectors);
        if (b->bands.count > 0) {
                say("  bands: auto: in force when it is approved: ");
                spread_print_bands(&b->bands);
        }
        if (v->baseline)
                print_causes(b, v->baseline->number);
        say("  next: driftwatch baseline %s --collection %s%s\n", v->baseline ? "diff" : "approve",
                v->label, v->baseline ? "" : " --by NAME --reason TEXT");
}

/* Than those of the baseline. */
static bool has_other_vectors(const struct watch *w)
{
        return watch_config(w)->embedder || watch_config(w)->vectors;
}

/* The same answers under the next number: to be approved like any other. */
static int make_candidate(const struct options *options, struct baseline *b, struct error *e)
{
        if (b->approved == 0)
                return 0;
        free(b->approved_by);
        free(b->reason);
        b->approved_by = b->reason = NULL;
        b->approved = 0;
        b->forced = false;
        b->restores = 0;
        attribution_init(&b->attribution);
        b->cause_count = 0;
        b->fates = fates_unref(b->fates);
        return baselines_next(options->storage_path, b->collection, &b->number, e);
}

static void print_seen(const struct baseline *b, const struct index_floor *seen)
{
        _cleanup_text_ struct text t = {0};

        text_appendf(&t, "%s: candidate %u: its index by itself: ", b->collection, b->number);
        floor_describe(seen, &t);
        text_append(&t, "\n");
        if (!text_failed(&t))
                say_lines(text_string(&t));
        print_floor(b);
}

/* Measures what the index does by itself, of a content that is what it was. */
static int store_floor(const struct proposal *p, const struct recording *r)
{
        const struct collection_view *v = watch_view(r->watch);
        const char *cause = cause_name(v->attribution.cause);
        const char *refused = recorder_moving(r->recorder) ? "the collection did not stand still"
                                                           : floor_refusal(v);
        _cleanup_error_ struct error error = {0};
        struct index_floor seen;
        int code;

        if (refused) {
                complain("driftwatch: %s: %s (cause %s), so that this tells nothing of what the "
                         "index does by itself; nothing is kept\n",
                        v->label, refused, cause ? cause : "unknown");
                return EXIT_FAILURE;
        }
        seen = floor_of_view(v);
        floor_keep_worst(&r->known->floor, &seen);
        code = make_candidate(p->options, r->known, &error);
        if (code >= 0)
                code = baselines_propose(p->options->storage_path, r->known, &error);
        if (code < 0) {
                complain("driftwatch: %s\n", error_text(&error, code));
                return EXIT_USAGE;
        }
        print_seen(r->known, &seen);
        return EXIT_SUCCESS;
}

static int store_candidate(const struct proposal *p, const struct recording *r)
{
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;
        _cleanup_error_ struct error error = {0}, unseen = {0};
        const struct collection_view *v = watch_view(r->watch);
        int code;

        if (p->options->fresh && (v->embedder.error || !has_other_vectors(r->watch))) {
                complain("driftwatch: %s: --fresh: %s\n", v->label,
                        v->embedder.error ? v->embedder.error
                                          : "the collection has neither an embedder nor vectors");
                return EXIT_UNMEASURED;
        }
        code = recorder_candidate(r->recorder, v, dossier_vectors(watch_dossier(r->watch)),
                v->baseline, p->options->new_only, &b, &error);
        if (code >= 0 && watch_config(r->watch)->bands_source == BANDS_AUTO)
                code = spread_of_view(v, &b->bands);
        if (code >= 0)
                code = gather(watch_config(r->watch), b, true, &unseen);
        if (code >= 0)
                code = baselines_next(p->options->storage_path, v->label, &b->number, &error);
        if (code >= 0)
                code = baselines_propose(p->options->storage_path, b, &error);
        if (code < 0) {
                complain("driftwatch: %s\n", error_text(&error, code));
                return EXIT_USAGE;
        }
        if (unseen.message)
                complain("driftwatch: %s: the candidate lacks excerpts of documents, or what "
                         "follows its answers\n",
                        unseen.message);
        print_candidate(p->options, r->recorder, b, v, dossier_vectors(watch_dossier(r->watch)));
        return EXIT_SUCCESS;
}

static int store(const struct proposal *p, const struct recording *r)
{
        if (r->failed)
                return EXIT_UNMEASURED;
        if (!r->ended) {
                complain(
                        "driftwatch: %s: the collection did not stand still for three replays%s%s; "
                        "nothing was recorded; a longer --timeout, with time for %d replays, takes "
                        "the medians of a collection that never does\n",
                        watch_view(r->watch)->label,
                        *recorder_changes(r->recorder) ? "; it changed last: " : "",
                        recorder_changes(r->recorder), RECORDER_MOVING_MIN);
                return EXIT_UNMEASURED;
        }
        return p->options->floor ? store_floor(p, r) : store_candidate(p, r);
}

int baseline_propose(const struct options *options)
{
        _cleanup_(proposal_done) struct proposal p = {.options = options};
        int status = EXIT_SUCCESS, r;

        if (options->floor && (options->fresh || options->new_only)) {
                complain("driftwatch: --floor records no answers: it goes with neither --fresh nor "
                         "--new-only\n");
                return EXIT_USAGE;
        }
        p.round.owner = (struct watch_owner){on_replayed, on_changed, on_exchanged, &p, NULL, NULL};
        p.round.needs_baselines = true;
        r = round_load(&p.round, options);
        if (r >= 0)
                r = prepare(&p);
        if (r == -EBADMSG)
                return EXIT_USAGE;
        if (r >= 0)
                r = start(&p);
        if (r < 0) {
                complain("driftwatch: cannot propose: %s\n", strerror(-r));
                return EXIT_UNMEASURED;
        }
        for (size_t i = 0; i < p.round.count; i++) {
                r = store(&p, &p.recordings[i]);
                status = MAX(status, r);
        }
        return status;
}
