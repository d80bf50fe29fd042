/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/attribution.h"

#include <errno.h>
#include <math.h>

#include "judge/causes.h"
#include "judge/circumstances.h"
#include "judge/common.h"
#include "judge/embedder.h"
#include "judge/floor.h"
#include "judge/pair.h"
#include "judge/similarity.h"
#include "judge/unfinished.h"

/* Overlaps: their mean over all answers, and of the full unfiltered ones how much more they vary
 * than losses that strike each record alike. */
struct overlaps {
        double sum;
        size_t answered, n;
        double mean, square;
};

static void overlaps_add(struct overlaps *o, const struct pair *p)
{
        double overlap = similarity_overlap(p->before, p->now, p->k, ATTRIBUTION_TIE);
        double difference = overlap - o->mean;

        o->sum += overlap;
        o->answered++;
        if (p->filtered || p->before_count < p->k)
                return;
        o->n++;
        o->mean += difference / (double)o->n;
        o->square += difference * (overlap - o->mean);
}

/* phi = var / (p (1 - p) / k), the variance of a binomial share; NaN without any loss. */
static double overdispersion(const struct overlaps *o, unsigned k)
{
        double binomial = o->mean * (1 - o->mean) / k;

        if (o->n < 2 || binomial < 1e-12)
                return NAN;
        return o->square / (double)(o->n - 1) / binomial;
}

static void count_suspects(const struct suspects *s, struct evidence *e)
{
        e->same = s->same;
        e->changed = s->more[FATE_EDITED];
        e->holes = s->more[FATE_UNKNOWN];
        e->intruders = s->more[FATE_NEW];
        for (size_t i = 0; i < s->count; i++) {
                const struct suspect *r = &s->records[i];

                e->changed += r->changed;
                e->holes += r->hole;
                e->intruders += r->entered && !r->left && !r->changed;
        }
}

static void compare_lists(const struct attribution_input *input, struct evidence *e)
{
        struct overlaps overlaps = {0};
        struct common common = common_records(input);
        struct pair p;

        for (size_t i = 0; i < input->set->count; i++) {
                if (!pair_get(input, i, &p))
                        continue;
                e->queries++;
                e->unanswered += !p.full;
                if (p.now)
                        overlaps_add(&overlaps, &p);
        }
        e->fit_rms = common_rms(&common.fit);
        e->square_root = common_is_root(&common.fit, input->baseline->epoch.space);
        if (overlaps.answered > 0)
                e->overlap = overlaps.sum / (double)overlaps.answered;
        e->overdispersion =
                overdispersion(&overlaps, MIN(input->results, input->baseline->results));
        e->records_before = input->baseline->epoch.records;
}

static int compare_embedder(const struct attribution_input *input, struct evidence *e)
{
        struct embedder_verdict verdict;
        int r;

        if (!input->embedder_distances)
                return 0;
        r = embedder_judge(input->embedder_distances, input->embedder_limits,
                input->embedder_lengths, input->set->count, &verdict);
        if (r < 0)
                return r;
        e->embedder_compared = verdict.compared;
        e->embedder_moved = verdict.moved;
        e->embedder_distance = verdict.median;
        e->embedder_length = verdict.length;
        return 0;
}

int attribution_compare(
        const struct attribution_input *input, struct evidence *ret, struct suspects *ret_suspects)
{
        _cleanup_(suspects_done) struct suspects s = {0};
        struct attribution a;
        int r;

        attribution_init(&a);
        a.evidence.records_after = input->epoch.records;
        r = compare_embedder(input, &a.evidence);
        if (r >= 0)
                r = suspects_collect(input, &s);
        if (r < 0)
                return r;
        if (input->baseline) {
                compare_lists(input, &a.evidence);
                count_suspects(&s, &a.evidence);
        }
        *ret = a.evidence;
        *ret_suspects = s;
        s = (struct suspects){0};
        return 0;
}

static bool nothing_to_compare(const struct circumstances *c)
{
        return c->e->queries == 0;
}

static bool other_space(const struct circumstances *c)
{
        const struct epoch *before = &c->input->baseline->epoch, *now = &c->input->epoch;

        return (before->space && now->space && !streq(before->space, now->space)) ||
                (before->dimension != 0 && now->dimension != 0 &&
                        before->dimension != now->dimension);
}

static bool index_fault(const struct circumstances *c)
{
        return c->e->present * 2 > c->e->sampled;
}

/* Short answers are the index's fault when what they lack is in the collection. */
static bool unanswered(const struct circumstances *c)
{
        double tolerated = ATTRIBUTION_UNANSWERED * (double)c->e->queries;

        return (double)c->silent > tolerated ||
                ((double)c->e->unanswered > tolerated && !index_fault(c));
}

static bool distances_kept(const struct circumstances *c)
{
        return c->e->kept > 0 &&
                (double)c->e->kept >= ATTRIBUTION_KEPT * (double)c->places.compared;
}

/* Documents moved along with their vectors, as far as their first words tell. */
static bool documents_moved(const struct circumstances *c)
{
        return c->e->words_changed > c->e->words_kept;
}

static bool rekeyed(const struct circumstances *c)
{
        double renamed = (double)c->places.rekeyed;

        return (renamed > 0 && renamed >= ATTRIBUTION_RENAMED * c->gone && renamed >= c->edited) ||
                (distances_kept(c) && documents_moved(c));
}

static bool mispaired(const struct circumstances *c)
{
        return distances_kept(c) && c->edited >= c->gone;
}

static bool other_distance(const struct circumstances *c)
{
        return (double)c->places.changed >= ATTRIBUTION_CHANGED * (double)c->places.same &&
                (common_is_root(&c->fit, c->input->baseline->epoch.space) ||
                        common_is_affine(&c->fit, c->input->baseline->epoch.space));
}

/* Where other vectors left hardly a record in its answer, those that were looked up count, too. */
static bool changed_throughout(const struct circumstances *c)
{
        double there = c->edited - (double)c->places.changed + (double)c->places.same + c->present;

        return c->edited > 0 && c->edited >= ATTRIBUTION_CHANGED * there && c->edited >= c->gone;
}

static bool replaced(const struct circumstances *c)
{
        return changed_throughout(c) && documents_moved(c);
}

static bool scaled(const struct circumstances *c)
{
        return other_distance(c) && !isnan(c->e->scale) &&
                fabs(c->e->scale - 1) > ATTRIBUTION_SCALE;
}

/* The share of all places whose records are there, unchanged, and missed. */
static double missed_share(const struct circumstances *c)
{
        return c->places.compared > 0 ? fmin(c->present / (double)c->places.compared, 1) : 0;
}

/* Records that do not even find themselves, in more places than a few strays that every index has.
 */
static bool not_themselves(const struct circumstances *c)
{
        const struct evidence *e = c->e;

        return (double)e->self_found < ATTRIBUTION_SELF * (double)e->self_asked &&
                missed_share(c) * (double)(e->self_asked - e->self_found) >
                floor_lost_limit(c->input->baseline) * (double)e->self_asked;
}

/* What unreachable records mean. */
static enum cause index_cause(const struct circumstances *c)
{
        double limit = floor_recall_limit(c->input->baseline, c->input->recall_limit);

        if (c->e->unreadable > 0 || not_themselves(c))
                return CAUSE_INDEX_LOSS;
        return 1 - missed_share(c) < limit ? CAUSE_ANN_RECALL : CAUSE_NONE;
}

static bool lost_by_index(const struct circumstances *c)
{
        return index_fault(c) && index_cause(c) == CAUSE_INDEX_LOSS;
}

static bool missed_by_index(const struct circumstances *c)
{
        return index_fault(c) && index_cause(c) == CAUSE_ANN_RECALL;
}

static bool edited(const struct circumstances *c)
{
        return c->edited > 0 && c->edited >= c->gone && c->edited >= c->twins;
}

static bool removed(const struct circumstances *c)
{
        bool fewer = c->e->records_after >= 0 && c->e->records_after < c->e->records_before;

        return c->gone > 0 && c->gone >= c->twins && (c->e->sampled > 0 || fewer);
}

static bool removed_topic(const struct circumstances *c)
{
        return removed(c) && c->e->overdispersion > ATTRIBUTION_TOPIC;
}

static bool not_looked_up(const struct circumstances *c)
{
        return c->e->holes > 0 && c->e->sampled == 0;
}

static bool flooded(const struct circumstances *c)
{
        return c->twins > 0;
}

static bool embedder_moved(const struct circumstances *c)
{
        return c->e->embedder_compared > 0 &&
                (double)c->e->embedder_moved >= EMBEDDER_SHARE * (double)c->e->embedder_compared;
}

/* As many records as before, the same last one. */
static bool untouched(const struct circumstances *c)
{
        const char *before = c->input->baseline->epoch.newest, *now = c->input->epoch.newest;

        return c->e->records_before == c->e->records_after && before && now && streq(before, now);
}

/* A record that nobody added was missed by search when the baseline was recorded: where the order
 * of addition was looked at, that tells; else whether the collection is as it was. */
static bool is_added(const struct circumstances *c, const struct suspect *r)
{
        return r->fate == FATE_NEW && (r->placed || !untouched(c));
}

static bool grown(const struct circumstances *c)
{
        const struct suspects *s = c->suspects;

        for (size_t i = 0; i < s->count; i++)
                if (is_added(c, &s->records[i]))
                        return true;
        return c->e->records_before >= 0 && c->e->records_after > c->e->records_before;
}

/* The first that applies is the cause. */
static const struct {
        bool (*applies)(const struct circumstances *c);
        enum cause cause;
} rules[] = {
        {nothing_to_compare, CAUSE_UNKNOWN},
        {other_space, CAUSE_METRIC}, /* before the next: another dimension answers nothing */
        {unanswered, CAUSE_TRANSPORT},
        {rekeyed, CAUSE_REKEYED}, /* before what it looks like: records gone, or other vectors */
        {mispaired, CAUSE_MISPAIRED},
        {scaled, CAUSE_SCALE},
        {other_distance, CAUSE_METRIC},
        {replaced, CAUSE_REPLACED},
        {changed_throughout, CAUSE_REEMBED},
        {lost_by_index, CAUSE_INDEX_LOSS},
        {missed_by_index, CAUSE_ANN_RECALL},
        {edited, CAUSE_EDIT},
        {unfinished_applies, CAUSE_UNFINISHED},
        {removed_topic, CAUSE_REMOVED_TOPIC},
        {removed, CAUSE_REMOVED},
        {not_looked_up, CAUSE_UNKNOWN},
        {flooded, CAUSE_FLOOD},
        {embedder_moved, CAUSE_EMBEDDER},
        {grown, CAUSE_GROWTH},
};

static enum cause first_rule(const struct circumstances *c)
{
        for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
                if (rules[i].applies(c))
                        return rules[i].cause;
        return CAUSE_NONE;
}

/* What edited records mean. */
static enum cause edit_cause(const struct circumstances *c, enum cause label)
{
        switch (label) {
        case CAUSE_REKEYED:
                return distances_kept(c) ? CAUSE_REKEYED : CAUSE_EDIT;
        case CAUSE_MISPAIRED:
        case CAUSE_REPLACED:
        case CAUSE_REEMBED:
                return label;
        default:
                return changed_throughout(c) ? CAUSE_REEMBED : CAUSE_EDIT;
        }
}

/* What gone records mean. */
static enum cause gone_cause(const struct circumstances *c)
{
        if (unfinished_applies(c))
                return CAUSE_UNFINISHED;
        return c->e->overdispersion > ATTRIBUTION_TOPIC ? CAUSE_REMOVED_TOPIC : CAUSE_REMOVED;
}

static bool expects_lost(const struct suspects *s)
{
        for (size_t i = 0; i < s->count; i++) {
                const struct suspect *r = &s->records[i];

                if (r->expected && (r->fate == FATE_GONE || r->fate == FATE_UNREACHABLE))
                        return true;
        }
        for (size_t i = 0; i < s->missing_count; i++)
                if (s->missing[i].looked_up && !s->missing[i].exists)
                        return true;
        return false;
}

static int decide_records(const struct circumstances *c, enum cause label, enum cause *causes,
        struct fates **ret_fates)
{
        struct causes_setting setting = {
                .label = label,
                .edited = edit_cause(c, label),
                .gone = gone_cause(c),
                .index = index_cause(c),
                .crowded = circumstances_crowded(c),
                .overrun = circumstances_overrun(c),
                .embedder = embedder_moved(c),
                .added = grown(c),
        };
        _cleanup_(fates_unrefp) struct fates *f = NULL;
        int r = 0;

        if (cause_is_distance(label))
                f = fates_new();
        else
                r = suspects_fates(c->suspects, &f);
        if (r < 0 || !f)
                return r < 0 ? r : -ENOMEM;
        /* Some copies stand in answers without what they are copies of. */
        if (setting.overrun ||
                (setting.crowded &&
                        f->totals[FATE_NEW] < f->totals[FATE_NEAR_COPY] / ATTRIBUTION_STRAYS))
                setting.added = false;
        f->expected_lost = !cause_is_distance(label) && expects_lost(c->suspects);
        r = causes_of_queries(c->input, c->suspects, &setting, causes, f);
        if (r >= 0 && ret_fates)
                *ret_fates = take_ptr(f);
        return r;
}

int attribution_decide(const struct attribution_input *input, struct suspects *findings,
        const struct evidence *compared, struct attribution *ret, enum cause *causes,
        struct fates **ret_fates)
{
        struct attribution a = {.cause = CAUSE_UNKNOWN, .evidence = *compared};
        struct circumstances c = {.input = input, .suspects = findings, .e = &a.evidence};
        int r = suspects_settle(findings);

        if (r < 0)
                return r;
        circumstances_count(findings, &a.evidence);
        unfinished_count(findings, &a.evidence);
        if (input->baseline) {
                circumstances_find(&c, &a.evidence);
                a.cause = first_rule(&c);
                if (cause_is_distance(a.cause))
                        a.evidence.lost = 0;
                if (a.evidence.sampled > 0 || a.evidence.holes == 0)
                        a.evidence.recall = 1 - missed_share(&c);
                a.evidence.other_space = other_space(&c);
        }
        r = decide_records(&c, a.cause, causes, ret_fates);
        if (r >= 0)
                *ret = a;
        return r;
}
