/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/drift.h"

#include <errno.h>
#include <math.h>

#include "judge/judge.h"
#include "judge/similarity.h"
#include "judge/topic.h"

enum direction { UP, DOWN, DIRECTION_COUNT };

struct tracked {
        const struct query *query;
        const struct baseline_query *reference; /* NULL: none */
        struct answer *last;
        struct level_state levels[LEVEL_COUNT][DIRECTION_COUNT];
        bool advanced; /* by `last`: `before` is what the levels were before it */
        struct level_state before[LEVEL_COUNT][DIRECTION_COUNT];
        unsigned standing; /* replays with the same answer, up to DRIFT_SETTLED */
        struct query_drift shown; /* of `last` */
};

struct limits {
        double tau_min, tau_max, clip, shift;
};

/* What is confirmed of the set. */
struct confirmed {
        struct level_state level;
        bool share_up;
};

struct drift {
        struct baseline *baseline;
        struct limits limits;
        bool provoked; /* an ingest that no judged replay has come after yet */
        struct confirmed set;
        bool advanced, ingesting; /* by the last replay, in whose middle there was an ingest */
        struct confirmed before; /* what `set` was before it */
        struct topic_watch topics;
        bool without_likeness;
        size_t count;
        struct tracked queries[];
};

/* What a replay adds up to. */
struct sums {
        size_t news, armed, compared;
        size_t samples; /* terms of `shift` */
        double shift, overlap;
};

double drift_limit(double configured, double fallback, const char *space)
{
        return isnan(configured) ? fallback * space_unit(space) : configured;
}

bool drift_equal(float a, float b)
{
        return fabs((double)a - (double)b) <= DRIFT_EQUAL * fmax(1, fabs((double)a));
}

static bool tied(const struct answer *a, unsigned i)
{
        return drift_equal(a->distances[i - 1], a->distances[i]);
}

static bool holds(const struct answer *a, unsigned start, unsigned end, const char *id)
{
        for (unsigned i = start; i < end; i++)
                if (streq(a->ids[i], id))
                        return true;
        return false;
}

/* Of the ranks from `start` to before `end`. */
static bool same_ids(const struct answer *a, const struct answer *b, unsigned start, unsigned end)
{
        for (unsigned i = start; i < end; i++)
                if (!streq(a->ids[i], b->ids[i]) &&
                        !(holds(b, start, end, a->ids[i]) && holds(a, start, end, b->ids[i])))
                        return false;
        return true;
}

bool drift_same(const struct answer *a, const struct answer *b)
{
        if (a == b)
                return true;
        if (a->count != b->count)
                return false;
        for (unsigned i = 0; i < a->count; i++)
                if (!drift_equal(a->distances[i], b->distances[i]))
                        return false;
        for (unsigned start = 0, end; start < a->count; start = end) {
                end = start + 1;
                while (end < a->count && (tied(a, end) || tied(b, end)))
                        end++;
                if (!same_ids(a, b, start, end))
                        return false;
        }
        return true;
}

/* Most answers that differ do so by their distances alone. */
static bool same_order(const struct answer *a, const struct answer *b)
{
        if (a->count != b->count)
                return false;
        for (unsigned i = 0; i < a->count; i++)
                if (!streq(a->ids[i], b->ids[i]))
                        return false;
        return true;
}

static void forget(struct level_state *directions)
{
        for (size_t k = 0; k < DIRECTION_COUNT; k++)
                level_init(&directions[k]);
}

static void set_init(struct confirmed *c)
{
        level_init(&c->level);
        c->share_up = false;
}

struct drift *drift_new(const struct query_set *set)
{
        struct drift *d = calloc(1, sizeof(*d) + set->count * sizeof(d->queries[0]));

        if (!d)
                return NULL;
        if (topic_watch_init(set, &d->topics) < 0) {
                free(d);
                return NULL;
        }
        set_init(&d->set);
        d->count = set->count;
        for (size_t i = 0; i < d->count; i++) {
                struct tracked *t = &d->queries[i];

                t->query = &set->queries[i];
                query_drift_init(&t->shown);
                for (size_t s = 0; s < LEVEL_COUNT; s++)
                        forget(t->levels[s]);
        }
        drift_set_baseline(d, NULL, NULL, NAN);
        return d;
}

struct drift *drift_free(struct drift *d)
{
        if (!d)
                return NULL;
        for (size_t i = 0; i < d->count; i++)
                answer_unref(d->queries[i].last);
        baseline_unref(d->baseline);
        topic_watch_done(&d->topics);
        free(d);
        return NULL;
}

/* Points `t` at its place in a baseline. Whether a signal that was judged before lies elsewhere
 * now, so that its states had to start afresh. */
static bool link_query(struct tracked *t, const struct baseline *b, const struct limits *limits)
{
        const struct baseline_query *q = b ? baseline_find(b, t->query->id) : NULL;
        const struct query_drift before = t->shown;
        bool moved = false;

        t->advanced = false;
        t->reference = q && streq(q->text, t->query->text) ? q : NULL;
        query_drift_init(&t->shown);
        t->shown.armed = t->reference && !isnan(q->levels[LEVEL_TOP1].location) &&
                !judge_is_control(t->query);
        for (size_t s = 0; t->reference && s < LEVEL_COUNT; s++) {
                t->shown.baseline[s] = q->levels[s].location;
                t->shown.tau[s] = level_tau(q->levels[s].scale, limits->tau_min);
                t->shown.armed = t->shown.armed && t->shown.tau[s] <= limits->tau_max;
        }
        for (size_t s = 0; s < LEVEL_COUNT; s++) {
                double distance = fabs(t->shown.baseline[s] - before.baseline[s]);

                if (t->shown.armed && distance <= t->shown.tau[s]) {
                        t->shown.judged[s] =
                                before.judged[s] + before.baseline[s] - t->shown.baseline[s];
                        continue;
                }
                moved = moved || (before.armed && !isnan(before.baseline[s]));
                forget(t->levels[s]);
        }
        return moved;
}

static void link_all(struct drift *d, struct baseline *b, const struct limits *limits)
{
        struct baseline *old = d->baseline;
        bool moved = false;

        for (size_t i = 0; i < d->count; i++)
                moved = link_query(&d->queries[i], b, limits) || moved;
        d->advanced = false;
        if (moved) {
                set_init(&d->set);
                topic_watch_forget(&d->topics);
        }
        d->limits = *limits;
        d->baseline = baseline_ref(b);
        baseline_unref(old);
}

void drift_set_baseline(
        struct drift *d, struct baseline *baseline, const char *space, double set_shift_limit)
{
        const struct limits l = {
                .tau_min = drift_limit(NAN, LEVEL_TAU_MIN, space),
                .tau_max = drift_limit(NAN, LEVEL_SCALE_FACTOR * LEVEL_SCALE_MAX, space),
                .clip = drift_limit(NAN, DRIFT_CLIP, space),
                .shift = drift_limit(set_shift_limit, RULE_SHIFT_LIMIT, space),
        };

        link_all(d, baseline, &l);
}

void drift_omit_likeness(struct drift *d)
{
        d->without_likeness = true;
}

static int compare_ids(const void *a, const void *b)
{
        const struct tracked *const *x = a, *const *y = b;

        return strcmp((*x)->query->id, (*y)->query->id);
}

/* Whether its states had to start afresh. */
static bool adopt_query(struct drift *d, struct tracked *t, struct tracked *old)
{
        const struct query *query = t->query;
        struct tracked swap = *t;

        *t = *old;
        *old = swap;
        t->query = query;
        return link_query(t, d->baseline, &d->limits);
}

int drift_adopt(struct drift *d, struct drift *old)
{
        _cleanup_free_ struct tracked **sorted = calloc(old->count, sizeof(*sorted));
        bool adopted = false, moved = false;

        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; i < old->count; i++)
                sorted[i] = &old->queries[i];
        qsort(sorted, old->count, sizeof(struct tracked *), compare_ids);
        if (!d->baseline)
                link_all(d, old->baseline, &old->limits);
        for (size_t i = 0; i < d->count; i++) {
                struct tracked *t = &d->queries[i], **found;

                found = bsearch(&t, sorted, old->count, sizeof(struct tracked *), compare_ids);
                if (!found || !streq((*found)->query->text, t->query->text))
                        continue;
                moved = adopt_query(d, t, *found) || moved;
                adopted = true;
        }
        d->provoked = old->provoked;
        if (!adopted || moved)
                return 0;
        d->set = old->set;
        topic_watch_adopt(&d->topics, &old->topics);
        return 0;
}

/* Distances that vary by themselves have no order within 3 times their scale. */
static double tie_of(const struct tracked *t)
{
        double scale = t->reference ? t->reference->levels[LEVEL_TOP1].scale : 0;

        return fmax(DRIFT_EQUAL, 3 * scale);
}

/* The numbers of `t->last` against the baseline, which knows the query. */
static void compare(const struct drift *d, struct tracked *t, int64_t records)
{
        const struct answer *before = t->reference->answer;
        bool filtered = t->query->where || t->query->where_document;

        t->shown.compared = before;
        if (!before)
                return;
        for (enum level_signal s = 0; s < LEVEL_COUNT; s++)
                t->shown.shift[s] =
                        level_sample(t->last, s, d->baseline->results, records, filtered) -
                        t->shown.baseline[s];
        t->shown.overlap = t->shown.rbo = NAN;
        if (d->without_likeness)
                return;
        t->shown.overlap = t->shown.rbo = 1;
        if (same_order(t->last, before))
                return;
        t->shown.overlap = similarity_overlap(t->last, before, d->baseline->results, tie_of(t));
        t->shown.rbo = similarity_rbo(t->last, before, RBO_P, tie_of(t));
}

/* Takes over the answer of a replay; whether it is news. */
static bool take(const struct drift *d, struct tracked *t, struct answer *a, int64_t records)
{
        bool other = a != t->last, settled = t->standing >= DRIFT_SETTLED;

        t->shown.changed = other && t->last && !drift_same(a, t->last);
        t->standing = t->shown.changed ? 1 : MIN(t->standing + 1, DRIFT_SETTLED);
        if (other) {
                answer_unref(t->last);
                t->last = answer_ref(a);
        }
        /* What a short answer is a sample of depends on how much the collection holds. */
        if (t->reference && (other || !t->shown.compared || a->count < d->baseline->results))
                compare(d, t, records);
        return t->shown.changed && settled;
}

static void advance(struct tracked *t)
{
        t->advanced = true;
        memcpy(t->before, t->levels, sizeof(t->levels));
        for (size_t s = 0; s < LEVEL_COUNT; s++) {
                double shift = t->shown.shift[s], tau = t->shown.tau[s];

                if (isnan(shift))
                        continue;
                t->shown.judged[s] = shift;
                (void)level_update(&t->levels[s][UP], shift, tau);
                (void)level_update(&t->levels[s][DOWN], -shift, tau);
        }
}

/* The same answer, better known: what it was taken for is forgotten. */
static void take_again(const struct drift *d, struct tracked *t, struct answer *a, int64_t records)
{
        answer_unref(t->last);
        t->last = answer_ref(a);
        if (t->reference)
                compare(d, t, records);
        if (!t->advanced)
                return;
        memcpy(t->levels, t->before, sizeof(t->levels));
        advance(t);
}

static void add_numbers(const struct drift *d, const struct tracked *t, struct sums *sums)
{
        double shift = t->shown.shift[LEVEL_TOPK];

        if (!t->shown.compared || judge_is_control(t->query))
                return;
        sums->compared++;
        sums->overlap += t->shown.overlap;
        if (!t->shown.armed || isnan(shift))
                return;
        sums->samples++;
        sums->shift += fmin(fmax(shift, -d->limits.clip), d->limits.clip);
}

/* What is confirmed, whether it was measured this time or not. */
static void show(struct tracked *t, bool measured, struct drift_view *view, struct query_drift *ret)
{
        bool up = false, down = false, unstable = false;

        for (size_t s = 0; s < LEVEL_COUNT; s++) {
                const struct level_state *l = t->levels[s];

                t->shown.moved[s] = l[UP].on ? MOVED_UP : l[DOWN].on ? MOVED_DOWN : MOVED_NOT;
                unstable = unstable || level_unstable(&l[UP]) || level_unstable(&l[DOWN]);
                view->up[s] += l[UP].on;
                view->down[s] += l[DOWN].on;
                view->pending |= measured && level_pending(&l[UP]);
                up = up || l[UP].on;
                down = down || l[DOWN].on;
        }
        t->shown.unstable = unstable;
        view->moved_up += up;
        view->moved_down += down;
        *ret = t->shown;
        if (measured)
                return;
        ret->compared = ret->changed = false;
        ret->overlap = ret->rbo = NAN;
        for (size_t s = 0; s < LEVEL_COUNT; s++)
                ret->shift[s] = NAN;
}

bool drift_reached(bool on, size_t moved, double needed)
{
        return (double)moved >= (on ? needed / 2 : needed);
}

static void show_set(const struct sums *sums, struct drift_view *ret)
{
        if (sums->compared > 0)
                ret->overlap = sums->overlap / (double)sums->compared;
        if (sums->samples > 0 && (double)sums->samples >= DRIFT_VALID * (double)sums->armed)
                ret->set_shift = sums->shift / (double)sums->samples;
}

/* Advances the rules of the set from where they were before this replay. */
static void judge_set(struct drift *d, const struct sums *sums, const struct drift_view *view)
{
        double needed = fmax(DRIFT_SHARE_MIN, ceil(DRIFT_SHARE * (double)sums->armed));

        d->set = d->before;
        if (!d->ingesting && !isnan(view->set_shift))
                (void)level_update(&d->set.level, view->set_shift, d->limits.shift);
        d->set.share_up = drift_reached(d->set.share_up, view->up[LEVEL_TOPK], needed);
}

static void show_confirmed(
        struct drift *d, const struct query_drift *queries, struct drift_view *ret)
{
        ret->pending |= d->advanced && level_pending(&d->set.level);
        ret->set_shifted = d->set.level.on;
        ret->share_moved = d->set.share_up;
        topic_watch_update(&d->topics, queries, ret);
}

void drift_update(struct drift *d, struct answer *const *answers, int64_t records, bool ingesting,
        bool epoch_changed, struct drift_view *ret, struct query_drift *queries)
{
        struct sums sums = {0};
        size_t known = 0; /* the others have nothing to be asked with, which is no fault */
        bool judged;

        drift_view_init(ret);
        ret->queries = d->count;
        for (size_t i = 0; i < d->count; i++) {
                ret->valid += answers[i] != NULL;
                known += answers[i] || d->queries[i].last;
        }
        judged = (double)ret->valid >= DRIFT_VALID * (double)known;
        d->provoked = d->provoked || epoch_changed || ingesting;
        for (size_t i = 0; i < d->count; i++) {
                struct tracked *t = &d->queries[i];
                bool measured = judged && answers[i];

                t->advanced = false;
                sums.armed += t->shown.armed;
                if (measured) {
                        sums.news += take(d, t, answers[i], records);
                        if (!ingesting && t->shown.armed)
                                advance(t);
                        add_numbers(d, t, &sums);
                        ret->changed = ret->changed || t->shown.changed;
                } else if (judged && d->provoked) {
                        /* It may answer otherwise next time, for what is known now. */
                        t->standing = 0;
                }
                show(t, measured, ret, &queries[i]);
        }
        d->advanced = judged;
        d->ingesting = ingesting;
        d->before = d->set;
        if (judged) {
                ret->compared = sums.compared;
                ret->unprovoked = sums.news > 0 && !d->provoked;
                show_set(&sums, ret);
                judge_set(d, &sums, ret);
                d->provoked = ingesting;
        }
        show_confirmed(d, queries, ret);
}

void drift_revise(struct drift *d, struct answer *const *answers, int64_t records,
        struct drift_view *view, struct query_drift *queries)
{
        struct drift_view revised;
        struct sums sums = {0};

        drift_view_init(&revised);
        revised.queries = view->queries;
        revised.valid = view->valid;
        revised.compared = view->compared;
        revised.changed = view->changed;
        revised.unprovoked = view->unprovoked;
        for (size_t i = 0; i < d->count; i++) {
                struct tracked *t = &d->queries[i];

                sums.armed += t->shown.armed;
                if (answers[i]) {
                        if (answers[i] != t->last)
                                take_again(d, t, answers[i], records);
                        add_numbers(d, t, &sums);
                }
                show(t, answers[i], &revised, &queries[i]);
        }
        show_set(&sums, &revised);
        if (d->advanced)
                judge_set(d, &sums, &revised);
        show_confirmed(d, queries, &revised);
        *view = revised;
}

void drift_recall(const struct drift *d, size_t query, struct drift_memory *ret)
{
        const struct tracked *t = &d->queries[query];

        memcpy(ret->baseline, t->shown.baseline, sizeof(ret->baseline));
        memcpy(ret->levels, t->levels, sizeof(ret->levels));
        ret->standing = t->standing;
}

void drift_restore(struct drift *d, size_t query, const struct drift_memory *memory)
{
        struct tracked *t = &d->queries[query];

        for (size_t s = 0; s < LEVEL_COUNT; s++)
                if (t->shown.armed &&
                        fabs(t->shown.baseline[s] - memory->baseline[s]) <= t->shown.tau[s])
                        memcpy(t->levels[s], memory->levels[s], sizeof(t->levels[s]));
        t->standing = MIN(memory->standing, (unsigned)DRIFT_SETTLED);
}

void drift_recall_set(const struct drift *d, struct level_state *ret, bool *ret_share_moved)
{
        *ret = d->set.level;
        *ret_share_moved = d->set.share_up;
}

void drift_restore_set(struct drift *d, const struct level_state *set, bool share_moved)
{
        d->set = (struct confirmed){*set, share_moved};
}
