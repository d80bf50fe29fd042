/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>

#include "judge/embedder.h"
#include "judge/epoch.h"
#include "log.h"
#include "text.h"
#include "watch/state.h"

/* The answers of the last replay: of a query that was not measured there is none. */
struct answer **dossier_measured_answers(const struct dossier *d)
{
        struct answer **answers = dossier_answers(d);

        for (size_t i = 0; answers && i < query_count(d); i++)
                if (d->queries[i].judgement.outcome == OUTCOME_UNMEASURED)
                        answers[i] = NULL;
        return answers;
}

/* What the cause is judged from, and the arrays it lies in. */
struct input {
        struct attribution_input input;
        struct answer **answers;
        enum outcome *outcomes;
        bool *farther;
        double *distances, *limits, *lengths;
        enum cause *causes; /* what is decided of each query */
};

static void input_done(struct input *in)
{
        free(in->answers);
        free(in->outcomes);
        free(in->farther);
        free(in->distances);
        free(in->limits);
        free(in->lengths);
        free(in->causes);
}

/* Its last sample speaks for it, or it is confirmed: what search misses by itself is to be put back
 * before there are enough samples. */
static bool lies_farther(const struct query_state *s)
{
        const struct query_drift *q = &s->drift;
        bool farther = s->judgement.band > s->judgement.home_band && s->judgement.home_band >= 0;

        for (size_t i = 0; i < LEVEL_COUNT; i++)
                farther |= q->moved[i] == MOVED_UP || (q->armed && q->shift[i] > q->tau[i]);
        return farther;
}

static void note_wrong(const struct dossier *d, struct input *in)
{
        for (size_t i = 0; i < query_count(d); i++) {
                in->outcomes[i] = d->queries[i].judgement.outcome;
                in->farther[i] = lies_farther(&d->queries[i]);
        }
}

static int input_init(const struct dossier *d, bool ingested, struct input *ret)
{
        size_t n = query_count(d);
        _cleanup_(input_done) struct input in = {
                .answers = dossier_measured_answers(d),
                .outcomes = calloc(n + 1, sizeof(*in.outcomes)),
                .farther = calloc(n + 1, sizeof(*in.farther)),
                .distances = calloc(n + 1, sizeof(double)),
                .limits = calloc(n + 1, sizeof(double)),
                .lengths = calloc(n + 1, sizeof(double)),
                .causes = calloc(n + 1, sizeof(*in.causes)),
        };

        if (!in.answers || !in.outcomes || !in.farther || !in.distances || !in.limits ||
                !in.lengths || !in.causes)
                return -ENOMEM;
        note_wrong(d, &in);
        for (size_t i = 0; i < n; i++) {
                in.distances[i] = d->queries[i].embedder_distance;
                in.limits[i] = d->queries[i].embedder_limit;
                in.lengths[i] = d->queries[i].embedder_length;
                in.causes[i] = d->queries[i].cause;
        }
        in.input = (struct attribution_input){
                .set = d->config->queries,
                .baseline = d->baseline,
                .answers = in.answers,
                .outcomes = in.outcomes,
                .farther = in.farther,
                .epoch = d->view->epoch,
                .ingested = ingested,
                .ingesting = d->view->ingest_under_way || d->view->ingesting,
                .young = d->held,
                .results = d->config->replay.results,
                .recall_limit = d->policy.limits[RULE_RECALL_LOW],
                .embedder_distances = in.distances,
                .embedder_limits = in.limits,
                .embedder_lengths =
                        embedder_length_counts(d->view->epoch.space) ? in.lengths : NULL,
        };
        *ret = in;
        in = (struct input){0};
        return 0;
}

static void note_cause(struct dossier *d, enum cause before, usec_t now)
{
        const struct attribution *a = &d->view->attribution;
        _cleanup_text_ struct text t = {0};

        d->view->attributed = now;
        if (a->cause == before || !cause_name(a->cause))
                return;
        attribution_describe(a, &t);
        log_event(LOG_DEBUG, LOG_ID_CAUSE,
                log_fields({"DRIFTWATCH_COLLECTION", d->config->label},
                        {"DRIFTWATCH_CAUSE", cause_name(a->cause)}),
                "%s: cause %s: %s %s", d->config->label, cause_name(a->cause),
                cause_meaning(a->cause), text_failed(&t) ? "" : text_string(&t));
}

/* Where what is decided goes: into the current, not yet shared view. */
static struct conclusion conclusion_of(struct dossier *d, const struct input *in)
{
        return (struct conclusion){&d->view->attribution, in->causes, &d->view->fates};
}

static void take_causes(struct dossier *d, const struct input *in)
{
        for (size_t i = 0; i < query_count(d); i++)
                d->queries[i].cause = d->view->queries[i].cause = in->causes[i];
}

/* Judges the cause of the current, not yet shared view; whether to ask for it. */
bool dossier_consider(struct dossier *d, bool news, bool ingested, usec_t now)
{
        _cleanup_(input_done) struct input in = {0};
        enum cause before = d->view->attribution.cause;
        struct conclusion conclusion;
        bool ask = false;
        int r = input_init(d, ingested, &in);

        conclusion = conclusion_of(d, &in);
        if (r >= 0)
                r = investigation_consider(&d->investigation, &in.input, &d->view->drift, news, now,
                        &conclusion, &ask);
        if (r < 0) {
                log_error("%s: cannot judge the cause: %s", d->config->label, strerror(-r));
                return false;
        }
        take_causes(d, &in);
        if (!ask)
                note_cause(d, before, now);
        return ask;
}

/* The collection has another dimension than the baseline was approved with. Without a baseline it
 * is the vectors that are wrong. */
static bool was_reconfigured(const struct dossier *d)
{
        const struct epoch *before = d->baseline ? &d->baseline->epoch : NULL;
        const struct epoch *now = &d->view->epoch;

        return before && before->dimension != 0 && now->dimension != 0 &&
                before->dimension != now->dimension;
}

static enum cause failure_cause(const struct dossier *d, const char *failure)
{
        static const struct {
                const char *failure;
                enum cause cause;
        } causes[] = {{"not_found", CAUSE_UNKNOWN}, {"no_vectors", CAUSE_UNKNOWN},
                {"refused", CAUSE_UNKNOWN}, {"quota", CAUSE_UNKNOWN}, {"index", CAUSE_INDEX_LOSS}};

        if (streq(failure, "dimension"))
                return was_reconfigured(d) ? CAUSE_METRIC : CAUSE_UNKNOWN;
        for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
                if (streq(causes[i].failure, failure))
                        return causes[i].cause;
        return CAUSE_TRANSPORT;
}

/* A replay without answers has its cause already: the distance cannot be compared, the index cannot
 * be searched, or nothing answered. A collection that is not there is none of these, nor is a
 * request that the server does not take. */
void dossier_note_failure(struct dossier *d, const char *failure, usec_t now)
{
        struct collection_view *v = d->view;
        struct attribution *a = &v->attribution;
        enum cause before = a->cause;

        attribution_init(a);
        a->cause = failure_cause(d, failure);
        a->evidence.other_space = a->cause == CAUSE_METRIC;
        a->evidence.queries = query_count(d);
        fates_unref(v->fates);
        v->fates = fates_new(); /* without memory nothing is known of queries either */
        for (size_t i = 0; i < query_count(d); i++) {
                bool unmeasured = d->queries[i].judgement.outcome == OUTCOME_UNMEASURED;

                a->evidence.unanswered += unmeasured;
                d->queries[i].cause = v->queries[i].cause = unmeasured ? a->cause : CAUSE_UNKNOWN;
                if (v->fates)
                        v->fates->cause_queries[v->queries[i].cause]++;
        }
        investigation_reset(&d->investigation);
        note_cause(d, before, now);
}

/* Nothing was found at all, where only a filter can be why. */
static bool is_empty_handed(const struct query_state *s)
{
        return isnan(s->judgement.distance);
}

static enum expected_record classify_missing(const struct missing *m, const struct query_state *s)
{
        if (m->refused)
                return EXPECTED_REFUSED;
        if (!m->exists)
                return EXPECTED_GONE;
        if (m->filtered_out)
                return EXPECTED_FILTERED;
        return is_empty_handed(s) ? EXPECTED_UNREACHED : EXPECTED_UNFOUND;
}

/* What became of the expected records of queries that fail. */
static void take_missing(struct dossier *d)
{
        const struct suspects *q = &d->investigation.suspects;

        for (size_t i = 0; i < q->missing_count; i++) {
                struct query_state *s = &d->queries[q->missing[i].query];

                if (s->judgement.expected_record != EXPECTED_MISSED &&
                        (q->missing[i].looked_up || q->missing[i].refused))
                        s->judgement.expected_record = classify_missing(&q->missing[i], s);
        }
}

void dossier_looked_up(struct dossier *d, const char *error, usec_t now)
{
        _cleanup_(input_done) struct input in = {0};
        enum cause before = d->view->attribution.cause;
        struct conclusion conclusion;
        struct collection_view *v;
        int r;

        if (error && !d->view->attribution.unfinished)
                log_warning("%s: the cause is judged from the answers alone: %s", d->config->label,
                        error);
        take_missing(d);
        v = dossier_next_view(d);
        if (!v)
                return;
        dossier_show(d, v);
        r = input_init(d, false, &in);
        conclusion = conclusion_of(d, &in);
        if (r >= 0)
                r = investigation_decide(&d->investigation, &in.input, !error, &conclusion);
        if (r < 0)
                log_error("%s: cannot judge the cause: %s", d->config->label, strerror(-r));
        else {
                dossier_take_missed(d, &in.input);
                note_wrong(d, &in);
                investigation_settled(&d->investigation, &in.input);
                v = dossier_next_view(d);
                if (v)
                        dossier_show(d, v);
                take_causes(d, &in);
                note_cause(d, before, now);
        }
        dossier_conclude(d, now);
        dossier_note_rebuilt(d);
}
