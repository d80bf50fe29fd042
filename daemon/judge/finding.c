/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/finding.h"

#include <errno.h>
#include <math.h>

#include "judge/band.h"
#include "judge/drift.h"
#include "judge/epoch.h"
#include "judge/judge.h"
#include "judge/sentence.h"

/* What is looked at. */
struct subject {
        const struct collection_view *c;
        const struct finding_policy *policy;
        const struct findings *before;
        size_t query; /* FINDING_COLLECTION */
        const struct query_view *state; /* NULL for the collection */
        double limit; /* of the rule, in the unit of the collection; NaN: it has none */
};

void finding_policy_init(struct finding_policy *p)
{
        *p = (struct finding_policy){.embedder_counts = true};
        for (size_t i = 0; i < RULE_COUNT; i++)
                p->limits[i] = NAN;
}

static bool replayed_well(const struct subject *s)
{
        return !s->c->last_error;
}

static bool measured(const struct subject *s)
{
        return s->state->judgement.expected != OUTCOME_UNMEASURED;
}

static bool measured_well(const struct subject *s)
{
        return replayed_well(s) && measured(s);
}

static bool replay_failed(const struct subject *s, struct finding *f)
{
        return s->c->last_error != NULL;
}

static bool collection_known(const struct subject *s)
{
        return s->c->up && s->c->epoch.id;
}

static bool configuration_changed(const struct subject *s, struct finding *f)
{
        return s->c->epoch_changes & (EPOCH_SPACE | EPOCH_CONFIGURATION);
}

static bool embedder_known(const struct subject *s)
{
        const struct embedder_view *e = &s->c->embedder;

        return !e->name || (e->at > 0 && !e->error);
}

static bool embedder_changed(const struct subject *s, struct finding *f)
{
        f->cause = CAUSE_EMBEDDER;
        return s->c->embedder.changed || s->c->embedder.partial;
}

static bool embedder_unreachable(const struct subject *s, struct finding *f)
{
        f->cause = CAUSE_UNKNOWN;
        if (!s->policy->embedder_counts)
                f->effect = EFFECT_NONE;
        return s->c->embedder.name && s->c->embedder.error;
}

/* A probe has looked again since then. */
static bool probed_since(const struct subject *s, usec_t then)
{
        return s->c->health.at > then;
}

static bool reachability_known(const struct subject *s)
{
        return s->c->health.unreachable >= 0;
}

static bool index_incomplete(const struct subject *s, struct finding *f)
{
        const struct index_health *h = &s->c->health;
        int64_t baseline = s->c->baseline ? s->c->baseline->unreachable : -1;

        f->value = (double)h->unreachable;
        return h->records > 0 &&
                (double)index_health_lost(h, baseline) > s->limit * (double)h->records;
}

static bool recall_known(const struct subject *s)
{
        return !isnan(s->c->health.recall) || !isnan(s->c->attribution.evidence.recall);
}

static bool recall_low(const struct subject *s, struct finding *f)
{
        /* By a deeper search, and against exact distances; fmin() passes over what is unknown. */
        f->value = fmin(s->c->health.recall, s->c->attribution.evidence.recall);
        return f->value < s->limit;
}

static bool recall_still_low(const struct subject *s, usec_t then)
{
        return probed_since(s, then) || s->c->attribution.evidence.recall < s->limit;
}

static bool was_replaced(const struct collection_view *c)
{
        return c->epoch_changes & EPOCH_REPLACED;
}

static double limit_of(
        const struct collection_view *c, const struct finding_policy *policy, enum rule_id rule)
{
        const char *space = c->baseline ? c->baseline->epoch.space : c->epoch.space;
        const struct rule_default *d;

        if (rule == RULE_COUNT)
                return NAN;
        d = &rule_defaults[rule];
        return drift_limit(policy->limits[rule], d->limit, d->limits_distance ? space : NULL);
}

/* Queries whose mean lies above its own noise in this replay. */
static size_t count_up(const struct collection_view *c)
{
        size_t up = 0;

        for (size_t i = 0; i < c->query_set->count; i++) {
                const struct query_drift *d = &c->queries[i].drift;

                up += d->compared && d->shift[LEVEL_TOPK] > d->tau[LEVEL_TOPK];
        }
        return up;
}

static bool share_is_up(const struct subject *s, usec_t then)
{
        size_t up = count_up(s->c);

        return up >= DRIFT_SHARE_MIN && (double)up >= DRIFT_SHARE * (double)s->c->drift.compared;
}

/* Confirmed and still so in this replay: what is confirmed outlasts a repair by some replays. */
static bool set_differs(const struct subject *s)
{
        const struct drift_view *d = &s->c->drift;

        return (d->set_shifted && d->set_shift > limit_of(s->c, s->policy, RULE_SET_DRIFT)) ||
                (d->share_moved && share_is_up(s, 0));
}

/* Everything that the baseline knows is there and answers as it did; more may have come. */
static bool same_content(const struct subject *s)
{
        const struct collection_view *c = s->c;
        const struct attribution *a = &c->attribution;

        if (!c->baseline || c->last_error || a->unfinished || set_differs(s) ||
                c->drift.compared == 0 || c->epoch.records < c->baseline->epoch.records)
                return false;
        for (size_t i = 0; i < c->query_set->count; i++)
                if (c->queries[i].judgement.expected == OUTCOME_FAIL &&
                        c->queries[i].judgement.expected_record != EXPECTED_MISSED)
                        return false;
        return a->cause == CAUSE_NONE || a->cause == CAUSE_GROWTH || a->cause == CAUSE_REKEYED;
}

static bool replaced(const struct subject *s, struct finding *f)
{
        return was_replaced(s->c) && !same_content(s);
}

static bool rebuilt(const struct subject *s, struct finding *f)
{
        return was_replaced(s->c) && same_content(s);
}

static bool not_compared(const struct subject *s, struct finding *f)
{
        const struct collection_view *c = s->c;

        if (!c->baseline)
                return c->baseline_error || s->policy->demands_baseline;
        return c->drift.compared == 0 || isnan(c->drift.set_shift);
}

/* Near-duplicates bring answers nearer, so that no distance complains of them. Without looking at
 * the records nobody can say that they crowd the answers no more. */
static bool records_known(const struct subject *s)
{
        return replayed_well(s) &&
                (s->c->attribution.cause == CAUSE_FLOOD || !s->c->attribution.unfinished);
}

static bool crowded(const struct subject *s, struct finding *f)
{
        return s->c->attribution.cause == CAUSE_FLOOD;
}

static bool unfinished(const struct subject *s, struct finding *f)
{
        return s->c->attribution.cause == CAUSE_UNFINISHED;
}

static bool answers_replaced(const struct subject *s, struct finding *f)
{
        const struct evidence *e = &s->c->attribution.evidence;

        f->limit = FINDING_LOST;
        f->value = e->places > 0 ? (double)e->lost / (double)e->places : 0;
        return f->value > f->limit;
}

static bool were_rekeyed(const struct subject *s, struct finding *f)
{
        return s->c->attribution.cause == CAUSE_REKEYED;
}

static bool set_lies_above(const struct subject *s, usec_t then)
{
        return s->c->drift.set_shift > s->limit;
}

static bool set_shifted(const struct subject *s, struct finding *f)
{
        f->value = s->c->drift.set_shift;
        return s->policy->at_once ? set_lies_above(s, 0) : s->c->drift.set_shifted;
}

static bool set_moved(const struct subject *s, struct finding *f)
{
        const struct drift_view *d = &s->c->drift;
        size_t up = s->policy->at_once ? count_up(s->c) : d->moved_up;

        f->value = (double)up;
        return s->policy->at_once ? share_is_up(s, 0) : d->share_moved;
}

static bool expected_missing(const struct subject *s, struct finding *f)
{
        const struct query_drift *d = &s->state->drift;

        f->value = s->state->judgement.distance;
        f->before = d->compared ? d->baseline[LEVEL_TOP1] : s->state->judgement.home_distance;
        return s->state->judgement.expected == OUTCOME_FAIL;
}

static bool out_of_range(const struct subject *s, struct finding *f)
{
        f->value = s->state->judgement.distance;
        return s->state->judgement.out_of_range;
}

/* A worse band than the baseline's, by more than a distance at the border varies. */
static bool band_is_worse(const struct collection_view *c, const struct query_view *q)
{
        float baseline = (float)q->drift.baseline[LEVEL_TOP1];

        return q->drift.compared && !isnan(baseline) &&
                bands_index(&c->bands, q->judgement.distance - band_hysteresis(&c->bands)) >
                bands_index(&c->bands, baseline);
}

static bool band_crossed(const struct subject *s, struct finding *f)
{
        const struct judgement *j = &s->state->judgement;

        /* That a control moves away is good. */
        if (judge_is_control(&s->c->query_set->queries[s->query]))
                return false;
        f->value = j->distance;
        f->before = s->policy->at_once ? s->state->drift.baseline[LEVEL_TOP1]
                                       : (double)j->home_distance;
        return s->policy->at_once ? band_is_worse(s->c, s->state) : j->crossed;
}

static bool band_lies_beyond_home(const struct subject *s, usec_t then)
{
        return s->state->judgement.band > s->state->judgement.home_band;
}

/* The larger shift of the two signals; of those that are confirmed, or at once of this replay. NaN
 * for none. A replay that is no sample leaves what is confirmed as it was. */
static double shift_up(const struct query_drift *d, bool at_once)
{
        double shift = NAN;

        for (size_t i = 0; i < LEVEL_COUNT; i++)
                if (at_once ? d->compared : d->moved[i] == MOVED_UP)
                        shift = fmax(shift, at_once ? d->shift[i] : d->judged[i]);
        return shift;
}

static bool lies_far(const struct subject *s, usec_t then)
{
        return shift_up(&s->state->drift, true) > s->limit;
}

static bool distant(const struct subject *s, struct finding *f)
{
        f->value = shift_up(&s->state->drift, s->policy->at_once);
        f->before = s->state->drift.baseline[LEVEL_TOP1];
        return f->value > s->limit;
}

/* One row a kind. */
static const struct {
        bool (*known)(const struct subject *s); /* whether it can be judged now; NULL: always */
        bool (*holds)(const struct subject *s, struct finding *f); /* fills in its numbers */
        /* Of what holds because several replays confirmed it, or a probe of some time ago: whether
         * the last replay, or a probe since `then`, shows it. NULL: what holds shows. */
        bool (*shows)(const struct subject *s, usec_t then);
} kinds[FINDING_COUNT] = {
        [FINDING_REPLAY_FAILED] = {NULL, replay_failed},
        [FINDING_CONFIGURATION] = {collection_known, configuration_changed},
        [FINDING_EMBEDDER_CHANGED] = {embedder_known, embedder_changed},
        [FINDING_EMBEDDER_UNREACHABLE] = {NULL, embedder_unreachable},
        [FINDING_INDEX_INCOMPLETE] = {reachability_known, index_incomplete, probed_since},
        [FINDING_RECALL_LOW] = {recall_known, recall_low, recall_still_low},
        [FINDING_REPLACED] = {collection_known, replaced},
        [FINDING_REBUILT] = {collection_known, rebuilt},
        [FINDING_NOT_COMPARED] = {replayed_well, not_compared},
        [FINDING_SET_SHIFTED] = {replayed_well, set_shifted, set_lies_above},
        [FINDING_SET_MOVED] = {replayed_well, set_moved, share_is_up},
        [FINDING_REPLACED_ANSWERS] = {replayed_well, answers_replaced},
        [FINDING_REKEYED] = {replayed_well, were_rekeyed},
        [FINDING_UNFINISHED] = {replayed_well, unfinished},
        [FINDING_CROWDED] = {records_known, crowded},
        [FINDING_MISSING] = {measured, expected_missing},
        [FINDING_OUT_OF_RANGE] = {measured, out_of_range},
        [FINDING_BAND_CROSSED] = {measured, band_crossed, band_lies_beyond_home},
        [FINDING_DISTANT] = {measured_well, distant, lies_far},
};

/* Of which kinds nobody is told in the middle of an ingest: what it may well set right. */
#define WAITS \
        (FINDING_BIT(FINDING_INDEX_INCOMPLETE) | FINDING_BIT(FINDING_RECALL_LOW) | \
                FINDING_BIT(FINDING_REPLACED) | FINDING_BIT(FINDING_SET_SHIFTED) | \
                FINDING_BIT(FINDING_SET_MOVED) | FINDING_BIT(FINDING_CROWDED) | \
                FINDING_BIT(FINDING_UNFINISHED) | FINDING_BIT(FINDING_REPLACED_ANSWERS) | \
                FINDING_BIT(FINDING_MISSING) | FINDING_BIT(FINDING_OUT_OF_RANGE) | \
                FINDING_BIT(FINDING_BAND_CROSSED) | FINDING_BIT(FINDING_DISTANT))

/* That others got no answer says nothing of a query that got one: its cause is what it was. */
static enum cause cause_of(const struct subject *s, const struct finding *earlier)
{
        enum cause label = s->c->attribution.cause;

        if (!s->state)
                return label;
        if (s->state->cause != CAUSE_UNKNOWN)
                return s->state->cause;
        if (label == CAUSE_TRANSPORT)
                return earlier ? earlier->cause : CAUSE_UNKNOWN;
        return label;
}

/* An ingest is given its time once: a finding that spoke is not silenced by the next one. Nor is
 * one told before it is known whether the records that are missing are there. */
static bool waits(const struct subject *s, const struct finding *f, const struct finding *earlier)
{
        if (!(WAITS & FINDING_BIT(f->kind)) || (earlier && !earlier->waiting))
                return false;
        return s->c->looking_up ||
                (s->c->ingest_under_way && f->seen < f->since + s->policy->grace);
}

/* What explained it before is no finding any more; what explains comes first. */
static bool outlives(const struct subject *s, const struct findings *now, const struct finding *f)
{
        const struct finding *by = &s->before->findings[f->explained];

        return !findings_find(now, by->kind, by->query);
}

/* Whether a replay looked again since what explained it was over: a probe may be first to see a
 * repair. A clock that was put back must silence nothing. */
static bool replayed_again(const struct subject *s, const struct findings *now,
        const struct finding *f, const struct finding *earlier)
{
        if (earlier->explained != SIZE_MAX)
                return s->c->last_finished > earlier->seen || !outlives(s, now, earlier);
        return s->c->last_started >= earlier->fading || earlier->fading > f->seen;
}

/* A consequence outlives what explained it: until a replay asks again, by the replays that it takes
 * to confirm that it is over, or until the ingest that repairs the collection is through. Since
 * when it has; 0 for a finding that stands by itself. */
static usec_t fades(const struct subject *s, const struct findings *now, const struct finding *f,
        const struct finding *earlier)
{
        bool consequence = earlier && earlier->explained != SIZE_MAX;
        bool probed = f->kind == FINDING_INDEX_INCOMPLETE || f->kind == FINDING_RECALL_LOW;
        usec_t since;

        if (!consequence && (!earlier || earlier->fading == 0))
                return 0;
        since = consequence ? f->seen : earlier->fading;
        if (kinds[f->kind].shows && !kinds[f->kind].shows(s, since))
                return since;
        if (!probed && !replayed_again(s, now, f, earlier))
                return since;
        return s->c->ingest_under_way && f->seen < since + s->policy->grace ? since : 0;
}

/* Nobody could look: it is as it was, but what is known of the query may have changed. A
 * consequence is no news when what explained it is over before anybody could look again. */
static int keep(struct findings *ret, const struct finding *earlier, bool excused, usec_t now)
{
        struct finding f = *earlier;

        f.excused = excused;
        if (f.explained != SIZE_MAX)
                f.fading = now;
        return findings_add(ret, &f);
}

/* Appends the finding of this kind if there is one now, or still is as far as anybody knows. */
static int judge_kind(struct findings *ret, struct subject *s, enum finding_kind kind,
        const struct finding *earlier, usec_t now)
{
        struct finding f = {.kind = kind,
                .query = s->query,
                .since = earlier ? earlier->since : now,
                .seen = now,
                .effect = finding_types[kind].effect,
                .excused = s->state && s->state->excused,
                .explained = SIZE_MAX,
                .cause = cause_of(s, earlier),
                .value = NAN,
                .before = NAN};
        int r;

        if (kinds[kind].known && !kinds[kind].known(s))
                return earlier ? keep(ret, earlier, f.excused, now) : 0;
        s->limit = f.limit = limit_of(s->c, s->policy, finding_types[kind].rule);
        if (!kinds[kind].holds(s, &f))
                return 0;
        f.waiting = waits(s, &f, earlier);
        f.fading = fades(s, ret, &f, earlier);
        r = sentence_build(s->c, &f, &f.sentence);
        if (r >= 0)
                r = findings_add(ret, &f);
        free(f.sentence);
        return r;
}

static bool explains(const struct finding *f, const struct finding *consequence)
{
        const struct finding_type *a = &finding_types[f->kind];
        const struct finding_type *b = &finding_types[consequence->kind];

        return (a->explains & FINDING_BIT(consequence->kind)) &&
                (a->causes & (1U << consequence->cause)) && a->severity >= b->severity &&
                (!a->of_query || f->query == consequence->query) && !f->waiting && !f->excused;
}

/* What comes first explains first. Findings of queries are ordered by kind, so that those of one
 * query are far apart: `first` holds the index of each query's first. */
static int explain(struct findings *f, size_t queries)
{
        _cleanup_free_ size_t *first = calloc(queries + 1, sizeof(*first));
        size_t collection = 0;

        if (!first)
                return -ENOMEM;
        for (size_t i = 0; i < queries; i++)
                first[i] = SIZE_MAX;
        for (size_t i = 0; i < f->count; i++) {
                struct finding *one = &f->findings[i];

                one->explained = SIZE_MAX;
                for (size_t k = 0; k < collection && one->explained == SIZE_MAX; k++)
                        if (explains(&f->findings[k], one))
                                one->explained = k;
                if (one->query == FINDING_COLLECTION) {
                        collection = i + 1;
                        continue;
                }
                if (first[one->query] == SIZE_MAX)
                        first[one->query] = i;
                else if (one->explained == SIZE_MAX &&
                        explains(&f->findings[first[one->query]], one))
                        one->explained = first[one->query];
        }
        return 0;
}

/* The finding of this kind and query among those before, of which `*next` is the first that was not
 * passed yet: both are in the same order. */
static const struct finding *earlier_one(
        const struct findings *before, size_t *next, enum finding_kind kind, size_t query)
{
        while (before && *next < before->count) {
                const struct finding *f = &before->findings[*next];

                if (f->kind > kind || (f->kind == kind && f->query > query))
                        return NULL;
                ++*next;
                if (f->kind == kind && f->query == query)
                        return f;
        }
        return NULL;
}

static int judge_all(const struct collection_view *c, const struct finding_policy *policy,
        const struct findings *before, usec_t now, struct findings *ret)
{
        struct subject s = {.c = c, .policy = policy, .before = before};
        size_t next = 0;
        int r = 0;

        for (enum finding_kind k = 0; k < FINDING_COUNT && r >= 0; k++) {
                bool of_query = finding_types[k].of_query;
                size_t count = of_query ? c->query_set->count : 1;

                for (size_t i = 0; i < count && r >= 0; i++) {
                        s.query = of_query ? i : FINDING_COLLECTION;
                        s.state = of_query ? &c->queries[i] : NULL;
                        r = judge_kind(ret, &s, k, earlier_one(before, &next, k, s.query), now);
                }
        }
        return r < 0 ? r : explain(ret, c->query_set->count);
}

static int set_reason(struct judgement *j, const char *sentence)
{
        char *reason;
        int r = strdup_to(&reason, sentence);

        if (r < 0)
                return r;
        free(j->reason);
        j->reason = reason;
        return 0;
}

/* A query that meets its expectation, but has a finding, has drifted. What no finding says any more
 * is taken back. */
static int apply(struct collection_view *c, const struct findings *f)
{
        int r = 0;

        for (size_t i = 0; i < c->query_set->count && r >= 0; i++) {
                struct judgement *j = &c->queries[i].judgement;

                if (j->outcome == OUTCOME_DRIFT && j->expected != OUTCOME_DRIFT)
                        r = set_reason(j, NULL);
                j->outcome = j->expected;
        }
        for (size_t i = 0; i < f->count && r >= 0; i++) {
                const struct finding *one = &f->findings[i];
                struct judgement *j =
                        one->query == FINDING_COLLECTION ? NULL : &c->queries[one->query].judgement;

                if (!j || (j->outcome != OUTCOME_PASS && j->outcome != OUTCOME_UNJUDGED))
                        continue;
                j->outcome = OUTCOME_DRIFT;
                r = set_reason(j, one->sentence);
        }
        return r;
}

int findings_judge(struct collection_view *c, const struct finding_policy *policy,
        const struct findings *before, usec_t now)
{
        _cleanup_(findings_unrefp) struct findings *f = findings_new();
        int r = f ? 0 : -ENOMEM;

        if (r >= 0 && c->replayed)
                r = judge_all(c, policy, before, now, f);
        if (r >= 0)
                r = apply(c, f);
        if (r < 0)
                return r;
        findings_unref(c->findings);
        c->findings = take_ptr(f);
        return 0;
}

bool finding_told(const struct finding *f)
{
        return !f->waiting && !f->excused && f->explained == SIZE_MAX && f->fading == 0;
}
