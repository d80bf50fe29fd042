/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/attribution.h"

#include <errno.h>
#include <math.h>

#include "judge/embedder.h"
#include "judge/fit.h"
#include "judge/similarity.h"

void suspects_done(struct suspects *q)
{
        for (size_t i = 0; i < q->missing_count; i++)
                free(q->missing[i].exists_id);
        *q = (struct suspects){0};
}

static double scale(const char *space, double distance)
{
        return space_unit(space) * fmax(1, fabs(distance));
}

bool attribution_moved(const char *space, double before, double after)
{
        /* Negated so that NaN has moved. */
        return !(fabs(after - before) <= ATTRIBUTION_MOVED * scale(space, before));
}

static bool nearer(const char *space, double distance, double last)
{
        return distance + ATTRIBUTION_TIE * scale(space, distance) < last;
}

static bool has_filters(const struct query *q)
{
        return q->where || q->where_document;
}

/* One query's answers, then and now. */
struct pair {
        const struct answer *before, *now; /* now: NULL when not measured */
        unsigned k, before_count, now_count;
        /* What a record must be nearer than to be in the list; infinite while a list has room. */
        double before_last, now_last;
        const char *space;
        bool filtered, full;
};

static double last_distance(const struct answer *a, unsigned count, unsigned k)
{
        return count < k || count == 0 ? INFINITY : a->distances[count - 1];
}

static bool is_full(const struct attribution_input *input, const struct pair *p)
{
        int64_t holds = input->epoch.records < 0 ? p->before->count : input->epoch.records;

        return p->now && (p->filtered || p->now->count >= MIN((int64_t)input->results, holds));
}

/* False when the query's answers cannot be compared. */
static bool pair_get(const struct attribution_input *input, size_t i, struct pair *ret)
{
        const struct query *query = &input->set->queries[i];
        const struct baseline_query *known = baseline_find(input->baseline, query->id);
        struct pair p = {.now = input->answers[i]};

        if (!known || !known->answer || !streq(known->text, query->text))
                return false;
        p.before = known->answer;
        p.k = MIN(input->results, input->baseline->results);
        p.before_count = MIN(p.before->count, p.k);
        p.now_count = p.now ? MIN(p.now->count, p.k) : 0;
        p.before_last = last_distance(p.before, p.before_count, p.k);
        p.now_last = last_distance(p.now, p.now_count, p.k);
        p.space = input->baseline->epoch.space;
        p.filtered = has_filters(query);
        p.full = is_full(input, &p);
        *ret = p;
        return true;
}

/* The rank (from 0) of an id, `count` when it is not there. Tries its former place first, because
 * most records keep it. */
static unsigned find(const struct answer *a, unsigned count, const char *id, unsigned hint)
{
        for (unsigned i = 0; i < count; i++) {
                unsigned rank = (hint + i) % count;

                if (streq(a->ids[rank], id))
                        return rank;
        }
        return count;
}

static bool is_hole(const struct pair *p, unsigned rank)
{
        return find(p->now, p->now_count, p->before->ids[rank], rank) == p->now_count &&
                nearer(p->space, p->before->distances[rank], p->now_last);
}

static bool is_intruder(const struct pair *p, unsigned rank)
{
        return find(p->before, p->before_count, p->now->ids[rank], rank) == p->before_count &&
                nearer(p->space, p->now->distances[rank], p->before_last);
}

static size_t count_holes(const struct pair *p)
{
        size_t n = 0;

        for (unsigned rank = 0; p->now && rank < p->before_count; rank++)
                n += is_hole(p, rank);
        return n;
}

static size_t count_intruders(const struct pair *p)
{
        size_t n = 0;

        for (unsigned rank = 0; rank < p->now_count; rank++)
                n += is_intruder(p, rank);
        return n;
}

/* Records in both answers: their distances, and how many have another one. */
struct common {
        struct fit fit;
        size_t changed;
};

static void common_add(struct common *c, const struct pair *p)
{
        for (unsigned i = 0; i < p->before_count && p->now; i++) {
                unsigned rank = find(p->now, p->now_count, p->before->ids[i], i);
                double x = p->before->distances[i];

                if (rank == p->now_count)
                        continue;
                fit_add(&c->fit, x, p->now->distances[rank]);
                c->changed += attribution_moved(p->space, x, p->now->distances[rank]);
        }
}

static struct common common_records(const struct attribution_input *input)
{
        struct common c = {0};
        struct pair p;

        for (size_t i = 0; i < input->set->count; i++)
                if (pair_get(input, i, &p))
                        common_add(&c, &p);
        return c;
}

static double fit_rms(const struct fit *f)
{
        return f->n < ATTRIBUTION_FIT_PAIRS ? NAN : fit_linear_rms(f);
}

static bool is_square_root(const struct fit *f, const char *space)
{
        return f->n >= ATTRIBUTION_FIT_PAIRS &&
                fit_root_rms(f) < ATTRIBUTION_ROOT_RMS * scale(space, f->mean_y);
}

/* Small noise on every vector is affine too, with slope 1: then the fit leaves what it was. */
static bool is_affine(const struct fit *f, const char *space)
{
        double rms = fit_rms(f);

        return rms < ATTRIBUTION_FIT_RMS * scale(space, f->mean_y) &&
                rms <= ATTRIBUTION_FIT_LEAVES * fit_shift_rms(f);
}

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

/* Whether the i-th of n is one of `take` that are spread evenly over them. */
static bool evenly(size_t i, size_t n, size_t take)
{
        return (i + 1) * take / n > i * take / n;
}

static void add_hole(
        const struct attribution_input *input, struct suspects *q, size_t query, size_t nth)
{
        const struct vector_set *vectors = input->baseline->vectors;
        const float *vector = vector_set_find(vectors, input->set->queries[query].id);
        struct pair p;

        if (!vector || !pair_get(input, query, &p))
                return;
        q->dimension = vectors->dimension;
        for (unsigned rank = 0; rank < p.before_count; rank++)
                if (is_hole(&p, rank) && nth-- == 0) {
                        q->holes[q->hole_count++] = (struct hole){.query = query,
                                .id = p.before->ids[rank],
                                .distance = p.before->distances[rank],
                                .vector = vector};
                        return;
                }
}

/* The first hole of each query, then the second, …: evenly spread where not all can be taken.
 * Queries with filters come last, because a record that exists may have left their filter. */
static void choose_holes(
        const struct attribution_input *input, const size_t *holes, struct suspects *q)
{
        const struct query_set *set = input->set;

        for (int filtered = 0; filtered <= 1; filtered++)
                for (size_t nth = 0; q->hole_count < SUSPECTS_HOLES; nth++) {
                        size_t n = 0, k = 0, take;

                        for (size_t i = 0; i < set->count; i++)
                                n += holes[i] > nth && has_filters(&set->queries[i]) == filtered;
                        if (n == 0)
                                break;
                        take = MIN(n, SUSPECTS_HOLES - q->hole_count);
                        for (size_t i = 0; i < set->count; i++)
                                if (holes[i] > nth && has_filters(&set->queries[i]) == filtered &&
                                        evenly(k++, n, take))
                                        add_hole(input, q, i, nth);
                }
}

static void choose_lists(const struct attribution_input *input, struct suspects *q)
{
        struct pair p;
        size_t n = 0, k = 0;

        for (size_t i = 0; i < input->set->count; i++)
                n += pair_get(input, i, &p) && p.now;
        for (size_t i = 0; i < input->set->count; i++)
                if (pair_get(input, i, &p) && p.now &&
                        evenly(k++, n, MIN(n, (size_t)SUSPECTS_LISTS)))
                        q->lists[q->list_count++] =
                                (struct twin_list){.query = i, .answer = p.now, .before = p.before};
}

static bool misses_records(const struct attribution_input *input, size_t i)
{
        return input->outcomes[i] == OUTCOME_FAIL &&
                expectation_names_records(&input->set->queries[i].expect);
}

static void choose_missing(const struct attribution_input *input, struct suspects *q)
{
        size_t n = 0, k = 0;

        for (size_t i = 0; i < input->set->count; i++)
                n += misses_records(input, i);
        for (size_t i = 0; i < input->set->count; i++)
                if (misses_records(input, i) && evenly(k++, n, MIN(n, (size_t)SUSPECTS_EXPECTED)))
                        q->missing[q->missing_count++] = (struct missing){.query = i};
}

static int compare_lists(
        const struct attribution_input *input, struct evidence *e, struct suspects *q)
{
        _cleanup_free_ size_t *holes = calloc(input->set->count + 1, sizeof(*holes));
        struct overlaps overlaps = {0};
        struct common common = common_records(input);
        struct pair p;

        if (!holes)
                return -ENOMEM;
        for (size_t i = 0; i < input->set->count; i++) {
                if (!pair_get(input, i, &p))
                        continue;
                e->queries++;
                e->unanswered += !p.full;
                if (!p.now)
                        continue;
                overlaps_add(&overlaps, &p);
                holes[i] = count_holes(&p);
                e->holes += holes[i];
                e->intruders += count_intruders(&p);
        }
        e->same = common.fit.n;
        e->changed = common.changed;
        e->fit_rms = fit_rms(&common.fit);
        e->square_root = is_square_root(&common.fit, input->baseline->epoch.space);
        if (overlaps.answered > 0)
                e->overlap = overlaps.sum / (double)overlaps.answered;
        e->overdispersion =
                overdispersion(&overlaps, MIN(input->results, input->baseline->results));
        e->records_before = input->baseline->epoch.records;
        choose_holes(input, holes, q);
        if (e->intruders > 0)
                choose_lists(input, q);
        return 0;
}

static int compare_embedder(const struct attribution_input *input, struct evidence *e)
{
        struct embedder_verdict verdict;
        int r;

        if (!input->embedder_distances)
                return 0;
        r = embedder_judge(
                input->embedder_distances, input->embedder_limits, input->set->count, &verdict);
        if (r < 0)
                return r;
        e->embedder_compared = verdict.compared;
        e->embedder_moved = verdict.moved;
        e->embedder_distance = verdict.median;
        return 0;
}

int attribution_compare(
        const struct attribution_input *input, struct evidence *ret, struct suspects *ret_suspects)
{
        struct suspects q = {0};
        struct attribution a;
        int r;

        attribution_init(&a);
        a.evidence.records_after = input->epoch.records;
        choose_missing(input, &q);
        r = compare_embedder(input, &a.evidence);
        if (r >= 0 && input->baseline)
                r = compare_lists(input, &a.evidence, &q);
        if (r < 0)
                return r;
        *ret = a.evidence;
        *ret_suspects = q;
        return 0;
}

/* The findings beside the evidence, and what each of them speaks for, as numbers of places in the
 * answers. */
struct circumstances {
        const struct attribution_input *input;
        const struct evidence *e;
        struct fit fit; /* of the distances of records in both answers */
        size_t silent; /* queries without any answer */
        size_t holed, intruded; /* queries with a hole, with an intruder */
        double gone, edited, twins;
};

/* A filtered query's record that exists as it was but left the answer: the index lost it only if
 * its own vector does not find it either; otherwise its metadata was edited out of the filter. */
static bool left_filter(const struct attribution_input *input, const struct hole *h)
{
        return has_filters(&input->set->queries[h->query]) && !h->unreadable &&
                !(h->self_asked && !h->self_found);
}

static void count_findings(
        const struct attribution_input *input, const struct suspects *findings, struct evidence *e)
{
        for (size_t i = 0; i < findings->hole_count; i++) {
                const struct hole *h = &findings->holes[i];

                e->sampled += h->looked_up;
                e->gone += h->looked_up && !h->exists;
                if (!h->looked_up || !h->exists)
                        continue;
                if (h->moved || left_filter(input, h))
                        e->edited++;
                else
                        e->present++;
                e->unreadable += h->unreadable;
                e->self_asked += h->self_asked;
                e->self_found += h->self_asked && h->self_found;
        }
        for (size_t i = 0; i < findings->list_count; i++) {
                e->entries += findings->lists[i].looked_up;
                e->near_duplicates += findings->lists[i].near_duplicates;
        }
}

static bool crowded(const struct evidence *e)
{
        return (double)e->near_duplicates > ATTRIBUTION_FLOOD * (double)e->entries;
}

/* Samples are scaled up to all places, so that causes which coincide can be weighed. Holes that
 * could not be looked up are taken for gone. */
static void weigh(struct circumstances *c, const struct suspects *findings)
{
        const struct evidence *e = c->e;
        double each = e->sampled > 0 ? (double)e->holes / (double)e->sampled : 0;

        c->gone = e->sampled > 0 ? each * (double)e->gone : (double)e->holes;
        c->edited = each * (double)e->edited + (double)e->changed;
        if (crowded(e))
                c->twins = (double)e->near_duplicates * (double)(e->queries - c->silent) /
                        (double)findings->list_count;
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

static bool other_distance(const struct circumstances *c)
{
        return (double)c->e->changed >= ATTRIBUTION_CHANGED * (double)c->e->same &&
                (is_square_root(&c->fit, c->input->baseline->epoch.space) ||
                        is_affine(&c->fit, c->input->baseline->epoch.space));
}

/* Where other vectors left hardly a record in its answer, those that were looked up count, too. */
static bool changed_throughout(const struct circumstances *c)
{
        double present = c->edited - (double)c->e->changed + (double)c->e->same;

        if (c->e->sampled > 0)
                present += (double)c->e->present * (double)c->e->holes / (double)c->e->sampled;
        return c->edited > 0 && c->edited >= ATTRIBUTION_CHANGED * present && c->edited >= c->gone;
}

/* So few answers differ after any restart: a server inserts what is still in its log into the index
 * in another order each time. */
static bool by_itself(const struct circumstances *c, size_t queries)
{
        return (double)queries <= fmax(1, ATTRIBUTION_BY_ITSELF * (double)c->e->queries);
}

static bool lost_by_index(const struct circumstances *c)
{
        bool not_itself = c->e->self_asked > 0 &&
                (double)c->e->self_found < ATTRIBUTION_SELF * (double)c->e->self_asked;

        return index_fault(c) && (c->e->unreadable > 0 || not_itself);
}

static bool missed_by_index(const struct circumstances *c)
{
        return index_fault(c) && !by_itself(c, c->holed);
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

static bool grown(const struct circumstances *c)
{
        return (c->e->intruders > 0 && !(untouched(c) && by_itself(c, c->intruded))) ||
                (c->e->records_before >= 0 && c->e->records_after > c->e->records_before);
}

/* The first that applies is the cause. */
static const struct {
        bool (*applies)(const struct circumstances *c);
        enum cause cause;
} rules[] = {
        {nothing_to_compare, CAUSE_UNKNOWN},
        {other_space, CAUSE_METRIC}, /* before the next: another dimension answers nothing */
        {unanswered, CAUSE_TRANSPORT},
        {other_distance, CAUSE_METRIC},
        {changed_throughout, CAUSE_REEMBED},
        {lost_by_index, CAUSE_INDEX_LOSS},
        {missed_by_index, CAUSE_ANN_RECALL},
        {edited, CAUSE_EDIT},
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

static void count_queries(struct circumstances *c)
{
        struct pair p;

        for (size_t i = 0; i < c->input->set->count; i++) {
                if (!pair_get(c->input, i, &p))
                        continue;
                c->silent += !p.now;
                c->holed += count_holes(&p) > 0;
                c->intruded += count_intruders(&p) > 0;
        }
}

void attribution_decide(const struct attribution_input *input, const struct suspects *findings,
        const struct evidence *compared, struct attribution *ret)
{
        struct attribution a = {.cause = CAUSE_UNKNOWN, .evidence = *compared};
        struct circumstances c = {.input = input, .e = &a.evidence};

        count_findings(input, findings, &a.evidence);
        if (input->baseline) {
                c.fit = common_records(input).fit;
                count_queries(&c);
                weigh(&c, findings);
                a.cause = first_rule(&c);
        }
        *ret = a;
}
