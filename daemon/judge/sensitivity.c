/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/sensitivity.h"

#include <errno.h>
#include <float.h>
#include <math.h>

#include "judge/bootstrap.h"
#include "judge/distribution.h"
#include "judge/drift.h"
#include "judge/finding.h"
#include "judge/judge.h"
#include "judge/verdict.h"

/* Any moment: nothing is compared with it. */
#define NOW 1
/* Where it is unknown how many records there are: so many that one more or less is no matter. */
#define MANY (UINT32_C(1) << 30)

/* A record in an answer, or after it. */
struct place {
        const char *id;
        float distance;
        size_t record; /* the same for all places of a record */
        bool expected;
};

/* A query whose answer is known. */
struct known {
        size_t query; /* index in the set */
        const struct baseline_query *baseline; /* NULL: there is no baseline */
        const struct answer *answer; /* as it was */
        struct place *places; /* those of the answer, then what follows it */
        size_t count;
        size_t top; /* places of the answer that is asked for */
        bool followed;
        bool whole_list; /* no record lies behind the places */
        struct answer *whole; /* with nothing lost, and the rank of its first expected record */
        unsigned rank;
        bool touched; /* by the last loss */
};

struct experiment {
        const struct collection_view *c;
        struct known *known;
        size_t known_count, record_count;
        struct place *places;
        size_t place_count;
        bool *gone; /* by record */
        uint64_t random;
        /* What a replay after the loss would show. */
        struct collection_view *view;
        struct finding_policy policy;
        struct drift *drift;
        struct answer **answers; /* by query of the set, references */
        struct query_drift *drifts;
        const char **ids; /* room for one answer */
        float *distances;
};

static void experiment_done(struct experiment *e)
{
        for (size_t i = 0; i < e->known_count; i++)
                answer_unref(e->known[i].whole);
        for (size_t i = 0; e->answers && i < e->c->query_set->count; i++)
                answer_unref(e->answers[i]);
        drift_free(e->drift);
        collection_view_unref(e->view);
        free(e->known);
        free(e->places);
        free(e->gone);
        free(e->answers);
        free(e->drifts);
        free(e->ids);
        free(e->distances);
}

static bool known_of(const struct collection_view *c, size_t query, struct known *ret)
{
        const struct query *q = &c->query_set->queries[query];
        const struct baseline_query *b = c->baseline ? baseline_find(c->baseline, q->id) : NULL;

        if (b && !streq(b->text, q->text))
                b = NULL;
        *ret = (struct known){.query = query, .baseline = b};
        ret->answer = b ? b->answer : c->baseline ? NULL : c->queries[query].answer;
        ret->followed = b && b->beyond.records && query < SENSITIVITY_QUERIES_MAX;
        ret->whole_list =
                ret->followed && b->beyond.records->count < beyond_size(c->baseline->results);
        return ret->answer;
}

static size_t size_of(const struct known *k)
{
        return k->answer->count + (k->followed ? k->baseline->beyond.records->count : 0);
}

static int find_known(struct experiment *e)
{
        size_t count = e->c->query_set->count, longest = 0;

        e->known = calloc(count + 1, sizeof(*e->known));
        if (!e->known)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                if (known_of(e->c, i, &e->known[e->known_count])) {
                        size_t size = size_of(&e->known[e->known_count++]);

                        e->place_count += size;
                        longest = MAX(longest, size);
                }
        e->places = calloc(e->place_count + 1, sizeof(*e->places));
        e->ids = calloc(longest + 1, sizeof(char *));
        e->distances = calloc(longest + 1, sizeof(float));
        return e->places && e->ids && e->distances ? 0 : -ENOMEM;
}

static void add_places(struct known *k, const struct answer *a)
{
        for (unsigned i = 0; i < a->count; i++)
                k->places[k->count++] =
                        (struct place){.id = a->ids[i], .distance = a->distances[i]};
}

/* Records that are named by id are expected whatever was when the baseline was recorded. */
static void mark_expected(const struct query *q, struct known *k)
{
        const struct beyond *b = &k->baseline->beyond;

        for (size_t i = 0; i < k->count; i++)
                k->places[i].expected = judge_expects(q, NULL, k->places[i].id);
        for (size_t i = 0; q->expect.metadata && i < b->expected_count; i++)
                k->places[b->expected[i] - 1].expected = true;
}

/* More may be asked for by now than when the baseline was recorded. */
static size_t asked_for(const struct collection_view *c, const struct known *k)
{
        bool more = k->followed && c->results > c->baseline->results;

        return MIN((size_t)c->results, more ? k->count : k->answer->count);
}

static void find_places(struct experiment *e)
{
        struct place *next = e->places;

        for (size_t i = 0; i < e->known_count; i++) {
                struct known *k = &e->known[i];

                k->places = next;
                add_places(k, k->answer);
                if (k->followed) {
                        add_places(k, k->baseline->beyond.records);
                        mark_expected(&e->c->query_set->queries[k->query], k);
                }
                k->top = asked_for(e->c, k);
                next += k->count;
        }
}

static int compare_places(const void *a, const void *b)
{
        const struct place *const *x = a, *const *y = b;

        return strcmp((*x)->id, (*y)->id);
}

static int number_records(struct experiment *e)
{
        _cleanup_free_ struct place **sorted = calloc(e->place_count + 1, sizeof(*sorted));

        e->gone = calloc(e->place_count + 1, sizeof(*e->gone));
        if (!sorted || !e->gone)
                return -ENOMEM;
        for (size_t i = 0; i < e->place_count; i++)
                sorted[i] = &e->places[i];
        qsort(sorted, e->place_count, sizeof(struct place *), compare_places);
        for (size_t i = 0; i < e->place_count; i++) {
                e->record_count += i == 0 || !streq(sorted[i]->id, sorted[i - 1]->id);
                sorted[i]->record = e->record_count - 1;
        }
        return 0;
}

/* Records whose loss changes an answer. */
static size_t count_watched(struct experiment *e)
{
        size_t watched = 0;

        memset(e->gone, 0, e->record_count * sizeof(*e->gone));
        for (size_t i = 0; i < e->known_count; i++)
                for (size_t k = 0; k < e->known[i].top; k++) {
                        bool *seen = &e->gone[e->known[i].places[k].record];

                        watched += !*seen;
                        *seen = true;
                }
        return watched;
}

/* Of its records, the first ones that are left. `*ret_rank` is the rank of the first expected one,
 * from 1; 0: none. NULL when memory is short. */
static struct answer *answer_left(
        const struct experiment *e, const struct known *k, unsigned *ret_rank)
{
        unsigned n = 0, rank = 0;

        for (size_t i = 0; i < k->count && n < k->top; i++) {
                const struct place *p = &k->places[i];

                if (k->followed && e->gone[p->record])
                        continue;
                e->ids[n] = p->id;
                e->distances[n++] = p->distance;
                if (rank == 0 && p->expected)
                        rank = n;
        }
        *ret_rank = rank;
        return answer_new(n, e->ids, e->distances, NULL);
}

/* Takes the reference to `a` to be the answer of the query. */
static int judge(struct experiment *e, const struct known *k, struct answer *a, unsigned rank)
{
        const struct judge_case one = {
                &e->c->query_set->queries[k->query], k->baseline, a, rank, a};
        struct judgement *shown = &e->view->queries[k->query].judgement, v;
        struct band_state band;
        int r;

        if (!a)
                return -ENOMEM;
        answer_unref(e->answers[k->query]);
        e->answers[k->query] = a;
        band_state_init(&band);
        r = judge_exact(&one, &e->view->bands, &band, &v);
        if (r < 0)
                return r;
        judgement_done(shown);
        *shown = v;
        return 0;
}

static bool is_touched(const struct experiment *e, const struct known *k)
{
        for (size_t i = 0; k->followed && i < k->top; i++)
                if (e->gone[k->places[i].record])
                        return true;
        return false;
}

/* Whether the places that are left are the answer. Too few of them would be, with records that
 * nobody knows behind them: such a query is taken for one that is not touched. */
static bool leaves_answer(const struct experiment *e, const struct known *k)
{
        size_t left = 0;

        for (size_t i = 0; i < k->count && left < k->top; i++)
                left += !e->gone[k->places[i].record];
        return left == k->top || k->whole_list;
}

static int judge_known(struct experiment *e, struct known *k)
{
        bool before = k->touched;
        unsigned rank = k->rank;

        k->touched = is_touched(e, k) && leaves_answer(e, k);
        if (k->touched) {
                struct answer *a = answer_left(e, k, &rank);

                return judge(e, k, a, rank);
        }
        return before ? judge(e, k, answer_ref(k->whole), rank) : 0;
}

/* Of the baseline's places, as far as they count for causes. */
static void count_places(struct experiment *e)
{
        struct evidence *v = &e->view->attribution.evidence;

        v->places = v->lost = 0;
        for (size_t i = 0; i < e->known_count; i++) {
                const struct known *k = &e->known[i];
                size_t places = MIN(k->top, (size_t)k->answer->count);

                if (judge_is_control(&e->c->query_set->queries[k->query]))
                        continue;
                v->places += places;
                for (size_t p = 0; k->followed && p < places; p++)
                        v->lost += e->gone[k->places[p].record];
        }
}

/* Whether the gate fails with so many records left (-1: unknown), without those that are gone. */
static int look(struct experiment *e, int64_t left, bool *ret_red)
{
        int r = 0;

        for (size_t i = 0; i < e->known_count && r >= 0; i++)
                r = judge_known(e, &e->known[i]);
        if (r < 0)
                return r;
        drift_update(e->drift, e->answers, left, true, true, &e->view->drift, e->drifts);
        for (size_t i = 0; i < e->c->query_set->count; i++)
                e->view->queries[i].drift = e->drifts[i];
        count_places(e);
        r = findings_judge(e->view, &e->policy, NULL, NOW);
        *ret_red = verdict_judge(e->view, NULL) == VERDICT_FAIL;
        return r;
}

/* A view of a replay that found the collection as it was approved. */
static int describe(struct experiment *e)
{
        const struct collection_view *c = e->c;
        struct collection_view *v = collection_view_new(c->query_set->count);
        int r;

        e->view = v;
        if (!v)
                return -ENOMEM;
        v->query_set = query_set_ref(c->query_set);
        v->baseline = baseline_ref(c->baseline);
        v->results = c->results;
        v->replayed = v->up = true;
        r = bands_copy(&c->bands, &v->bands);
        if (r >= 0)
                r = strdup_to(&v->label, c->label);
        if (r >= 0)
                r = epoch_copy(&c->baseline->epoch, &v->epoch);
        for (size_t i = 0; i < c->query_set->count; i++) {
                judgement_init(&v->queries[i].judgement);
                v->queries[i].excused = c->queries[i].excused;
        }
        return r;
}

/* Where it is unknown what follows an answer, one expected record of it is known. */
static int judge_whole(struct experiment *e, struct known *k)
{
        k->whole = answer_left(e, k, &k->rank);
        if (!k->followed)
                k->rank = k->baseline->expected_rank;
        return judge(e, k, answer_ref(k->whole), k->rank);
}

static int prepare(struct experiment *e)
{
        size_t count = e->c->query_set->count;
        int r = describe(e);

        if (r < 0)
                return r;
        finding_policy_init(&e->policy);
        e->policy.at_once = true;
        memcpy(e->policy.limits, e->c->limits, sizeof(e->policy.limits));
        memset(e->gone, 0, e->record_count * sizeof(*e->gone));
        e->answers = calloc(count + 1, sizeof(struct answer *));
        e->drifts = calloc(count + 1, sizeof(*e->drifts));
        e->drift = drift_new(e->c->query_set);
        if (!e->answers || !e->drifts || !e->drift)
                return -ENOMEM;
        drift_set_baseline(e->drift, e->c->baseline, e->c->baseline->epoch.space,
                e->c->limits[RULE_SET_DRIFT]);
        drift_omit_likeness(e->drift);
        for (size_t i = 0; i < e->known_count && r >= 0; i++)
                r = judge_whole(e, &e->known[i]);
        return r;
}

/* How many records there are, and how many of them such a loss takes. */
static uint32_t population(const struct sensitivity *s)
{
        return s->records < 0 ? MANY : (uint32_t)MIN(s->records, (int64_t)UINT32_MAX);
}

static uint32_t size_of_loss(const struct sensitivity *s, size_t loss)
{
        return (uint32_t)llround(s->losses[loss].share * population(s));
}

/* Loses more records, beyond those of the loss before, one after the other those that the answers
 * know, each with the probability that it is among the ones to be lost of all that are left.
 * (Selection sampling: Fan, Muller and Rezucha 1962.) */
static void lose(struct experiment *e, const struct sensitivity *s, size_t loss)
{
        uint32_t before = loss > 0 ? size_of_loss(s, loss - 1) : 0;
        uint32_t wanted = size_of_loss(s, loss) - before, left = population(s) - before;

        for (size_t i = 0; i < e->record_count && left > 0; i++) {
                if (e->gone[i])
                        continue;
                e->gone[i] = bootstrap_index(&e->random, left--) < wanted;
                wanted -= e->gone[i];
        }
}

/* One trial: more and more is lost, so that larger losses are not seen less by chance. */
static int try(struct experiment *e, struct sensitivity *s, size_t losses)
{
        int r = 0;

        memset(e->gone, 0, e->record_count * sizeof(*e->gone));
        for (size_t i = 0; i < losses && r >= 0; i++) {
                struct sensitivity_loss *l = &s->losses[i];
                bool red = false;

                lose(e, s, i);
                r = look(e, s->records < 0 ? -1 : s->records - l->records, &red);
                l->red.hits += red;
                l->red.of++;
        }
        return r;
}

static size_t count_trials(size_t followed)
{
        return MIN(MAX(SENSITIVITY_ANSWERS / followed, (size_t)SENSITIVITY_TRIALS_MIN),
                (size_t)SENSITIVITY_TRIALS);
}

static int run(struct experiment *e, struct sensitivity *s)
{
        size_t trials = count_trials(s->followed), losses = SENSITIVITY_LOSSES;
        int r = 0;

        for (size_t t = 0; t < trials && r >= 0; t++) {
                while (t == SENSITIVITY_CERTAIN && losses > 0 &&
                        s->losses[losses - 1].red.hits == t)
                        losses--;
                r = try(e, s, losses);
        }
        for (size_t i = 0; i < SENSITIVITY_LOSSES; i++) {
                struct proportion *red = &s->losses[i].red;

                *red = proportion_of(
                        red->hits, s->losses[i].records != 0 ? red->of : 0, SENSITIVITY_CONFIDENCE);
        }
        return r;
}

static int simulate(struct experiment *e, struct sensitivity *s)
{
        bool fails;
        int r = prepare(e);

        if (r >= 0)
                r = look(e, s->records, &fails);
        if (r < 0)
                return r;
        s->gap = fails ? SENSITIVITY_FAILS_ALREADY : SENSITIVITY_KNOWN;
        return fails ? 0 : run(e, s);
}

/* Probability that so many of all records include one of the watched: hypergeometric, and where it
 * is unknown how many there are, binomial. 1 is certain, and nothing else is rounded to it. */
static double changes(const struct sensitivity *s, const struct sensitivity_loss *l)
{
        size_t all = (size_t)MAX(s->records, (int64_t)s->watched), lost = (size_t)l->records;
        double none;

        if (s->watched == 0 || lost == 0)
                return NAN;
        if (s->records >= 0 && lost > all - s->watched)
                return 1;
        if (s->records < 0)
                none = (double)s->watched * log1p(-l->share);
        else
                none = log_choose(all - s->watched, lost) - log_choose(all, lost);
        return fmin(-expm1(none), 1 - DBL_EPSILON);
}

static void size_losses(struct sensitivity *s)
{
        static const double shares[SENSITIVITY_LOSSES] = {0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2};

        for (size_t i = 0; i < SENSITIVITY_LOSSES; i++) {
                struct sensitivity_loss *l = &s->losses[i];

                *l = (struct sensitivity_loss){.share = shares[i], .records = -1};
                if (s->records >= 0)
                        l->records = size_of_loss(s, i);
                l->changes = changes(s, l);
                l->red = proportion_of(0, 0, SENSITIVITY_CONFIDENCE);
        }
}

int sensitivity_compute(const struct collection_view *c, struct sensitivity *ret)
{
        _cleanup_(experiment_done) struct experiment e = {.c = c, .random = SENSITIVITY_SEED};
        struct sensitivity s = {.queries = c->query_set->count};
        int r = find_known(&e);

        if (r < 0)
                return r;
        find_places(&e);
        r = number_records(&e);
        if (r < 0)
                return r;
        for (size_t i = 0; i < e.known_count; i++)
                s.followed += e.known[i].followed;
        s.watched = count_watched(&e);
        s.records = c->baseline ? c->baseline->epoch.records : c->epoch.records;
        size_losses(&s);
        s.gap = c->baseline ? SENSITIVITY_NOT_KEPT : SENSITIVITY_NO_BASELINE;
        if (s.followed > 0)
                r = simulate(&e, &s);
        if (r >= 0)
                *ret = s;
        return r;
}
