/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/kinds.h"

#include <math.h>

#include "judge/band.h"
#include "judge/drift.h"
#include "judge/epoch.h"
#include "judge/floor.h"
#include "judge/judge.h"
#include "judge/reachability.h"
#include "judge/topic.h"

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

/* Of no text or not of all of them: what was not compared is not known to be as it was. */
static bool embedder_unreachable(const struct subject *s, struct finding *f)
{
        const struct embedder_view *e = &s->c->embedder;

        f->cause = CAUSE_UNKNOWN;
        if (!s->policy->embedder_counts)
                f->effect = EFFECT_NONE;
        return e->name && (e->error || e->unanswered > 0);
}

bool kinds_probed_since(const struct subject *s, usec_t then)
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
        int64_t baseline = floor_unreachable(s->c->baseline);

        f->value = (double)h->unreachable;
        if (h->sample.looked > 0)
                return reachability_lost(h, baseline).low > s->limit;
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

/* By what was measured since: a probe that finds enough leaves the inquiry's figure of before. */
static bool recall_still_low(const struct subject *s, usec_t then)
{
        return (kinds_probed_since(s, then) && s->c->health.recall < s->limit) ||
                (s->c->attributed > then && s->c->attribution.evidence.recall < s->limit);
}

double kinds_limit(
        const struct collection_view *c, const struct finding_policy *policy, enum rule_id rule)
{
        const char *space = c->baseline ? c->baseline->epoch.space : c->epoch.space;
        const struct rule_default *d;

        if (rule == RULE_COUNT)
                return NAN;
        if (rule == RULE_RECALL_LOW)
                return floor_recall_limit(c->baseline, policy->limits[rule]);
        d = &rule_defaults[rule];
        return drift_limit(policy->limits[rule], d->limit, d->limits_distance ? space : NULL);
}

/* Whether the distance says something: of controls and of what is too noisy it does not. */
static bool is_judged(const struct query_drift *d)
{
        return d->compared && d->armed;
}

/* Queries whose mean lies above its own noise in this replay. */
static size_t count_up(const struct collection_view *c)
{
        size_t up = 0;

        for (size_t i = 0; i < c->query_set->count; i++) {
                const struct query_drift *d = &c->queries[i].drift;

                up += is_judged(d) && d->shift[LEVEL_TOPK] > d->tau[LEVEL_TOPK];
        }
        return up;
}

static bool share_is_up(const struct subject *s, usec_t then)
{
        size_t up = count_up(s->c);

        return up >= DRIFT_SHARE_MIN && (double)up >= DRIFT_SHARE * (double)s->c->drift.compared;
}

static bool topic_is_up(const struct subject *s, usec_t then)
{
        return s->c->drift.topics[TOPIC_NOW].list.count > 0;
}

/* Confirmed and still so in this replay: what is confirmed outlasts a repair by some replays. */
static bool set_differs(const struct subject *s)
{
        const struct drift_view *d = &s->c->drift;

        return (d->set_shifted && d->set_shift > kinds_limit(s->c, s->policy, RULE_SET_DRIFT)) ||
                (d->share_moved && share_is_up(s, 0)) ||
                (d->topics[TOPIC_CONFIRMED].list.count > 0 && topic_is_up(s, 0));
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
        return (s->c->epoch_changes & EPOCH_REPLACED) && !same_content(s);
}

static bool rebuilt(const struct subject *s, struct finding *f)
{
        return (s->c->epoch_changes & EPOCH_REPLACED) && same_content(s);
}

static bool baseline_unreadable(const struct subject *s, struct finding *f)
{
        f->cause = CAUSE_UNKNOWN;
        return s->c->baseline_error != NULL;
}

static bool not_compared(const struct subject *s, struct finding *f)
{
        const struct collection_view *c = s->c;

        if (!c->baseline)
                return s->policy->demands_baseline && !c->baseline_error;
        return c->drift.compared == 0 || isnan(c->drift.set_shift);
}

/* Near-duplicates bring answers nearer, so that no distance complains of them. Without looking at
 * the records nobody can say that they crowd the answers no more. */
static bool records_known(const struct subject *s)
{
        return replayed_well(s) &&
                (s->c->attribution.cause == CAUSE_FLOOD || !s->c->attribution.unfinished);
}

static bool labelled(const struct subject *s, struct finding *f)
{
        static const enum cause labels[FINDING_COUNT] = {
                [FINDING_REKEYED] = CAUSE_REKEYED,
                [FINDING_UNFINISHED] = CAUSE_UNFINISHED,
                [FINDING_CROWDED] = CAUSE_FLOOD,
        };

        return s->c->attribution.cause == labels[f->kind];
}

/* Of the places in all answers. */
static double lost_share(const struct collection_view *c)
{
        const struct evidence *e = &c->attribution.evidence;

        return e->places > 0 ? (double)e->lost / (double)e->places : 0;
}

static bool answers_replaced(const struct subject *s, struct finding *f)
{
        f->limit = FINDING_LOST;
        f->value = lost_share(s->c);
        return f->value > f->limit;
}

static bool topic_lost(const struct subject *s, struct finding *f)
{
        const struct portion *p = &s->lost.told[0].portion;

        if (s->lost.count == 0 || lost_share(s->c) > FINDING_LOST)
                return false;
        f->limit = FINDING_LOST;
        f->value = (double)p->hit / (double)p->all;
        f->topics = s->lost;
        return true;
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

static bool share_moved(const struct subject *s)
{
        return s->policy->at_once ? share_is_up(s, 0) : s->c->drift.share_moved;
}

static bool set_moved(const struct subject *s, struct finding *f)
{
        const struct drift_view *d = &s->c->drift;

        f->value = (double)(s->policy->at_once ? count_up(s->c) : d->moved_up);
        return share_moved(s);
}

/* Of a set that moved its topics say nothing of their own. */
static bool topic_moved(const struct subject *s, struct finding *f)
{
        enum topic_look look = s->policy->at_once ? TOPIC_NOW : TOPIC_CONFIRMED;

        topics_moved(s->c, look, &f->topics);
        f->value = f->topics.told[0].portion.hit;
        return f->topics.count > 0 &&
                !(share_moved(s) && topic_shift_is_set(&s->c->drift.topics[look]));
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
                if (at_once ? is_judged(d) : d->moved[i] == MOVED_UP)
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

const struct kind kinds[FINDING_COUNT] = {
        [FINDING_REPLAY_FAILED] = {NULL, replay_failed},
        [FINDING_CONFIGURATION] = {collection_known, configuration_changed},
        [FINDING_EMBEDDER_CHANGED] = {embedder_known, embedder_changed},
        [FINDING_EMBEDDER_UNREACHABLE] = {NULL, embedder_unreachable},
        [FINDING_INDEX_INCOMPLETE] = {reachability_known, index_incomplete, kinds_probed_since},
        [FINDING_RECALL_LOW] = {recall_known, recall_low, recall_still_low},
        [FINDING_REPLACED] = {collection_known, replaced},
        [FINDING_REBUILT] = {collection_known, rebuilt},
        [FINDING_BASELINE_UNREADABLE] = {NULL, baseline_unreadable},
        [FINDING_NOT_COMPARED] = {replayed_well, not_compared},
        [FINDING_TOPIC_LOST] = {replayed_well, topic_lost},
        [FINDING_TOPIC_MOVED] = {replayed_well, topic_moved, topic_is_up},
        [FINDING_SET_SHIFTED] = {replayed_well, set_shifted, set_lies_above},
        [FINDING_SET_MOVED] = {replayed_well, set_moved, share_is_up},
        [FINDING_REPLACED_ANSWERS] = {replayed_well, answers_replaced},
        [FINDING_REKEYED] = {replayed_well, labelled},
        [FINDING_UNFINISHED] = {replayed_well, labelled},
        [FINDING_CROWDED] = {records_known, labelled},
        [FINDING_MISSING] = {measured, expected_missing},
        [FINDING_OUT_OF_RANGE] = {measured, out_of_range},
        [FINDING_BAND_CROSSED] = {measured, band_crossed, band_lies_beyond_home},
        [FINDING_DISTANT] = {measured_well, distant, lies_far},
};
