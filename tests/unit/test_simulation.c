/* SPDX-License-Identifier: Apache-2.0 */

/* A month of replays every five minutes, in a few seconds: how often the rules raise an alarm when
 * nothing happened but noise, and how soon they do when something did. Where the month is shorter,
 * budgets are smaller. */

#include "unit.h"

#include <math.h>
#include <stdio.h>

#include "fewer.h"
#include "fleet.h"
#include "judge/drift.h"
#include "judge/finding.h"
#include "judge/judge.h"
#include "random.h"

#define LOOKS_PER_DAY 288
#define ARMING 24 /* samples of a baseline */
#define POOL (1U << 16) /* draws of noise; every replay reads them from a random place on */
#define SLOTS 3 /* answers of a query that drift may hold: last and stable, and the next one */
#define QUERIES_MAX 500

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DAYS 2
#else
#define DAYS 30
#endif

static uint64_t seed;

static double normal(double sd)
{
        return sd * random_normal(&seed);
}

/* Student's t with 3 degrees of freedom, scaled to the standard deviation. */
static double student(double sd)
{
        double a = normal(1), b = normal(1), c = normal(1);

        return normal(sd) / sqrt(a * a + b * b + c * c);
}

/* 85 % exactly 0, the rest Laplace. */
static double sparse(double sd)
{
        double size = -log(random_uniform(&seed)) * sd / sqrt(2 * .15);

        return random_uniform(&seed) < .85 ? 0 : random_uniform(&seed) < .5 ? size : -size;
}

static double rounding(double width)
{
        return width * (2 * random_uniform(&seed) - 1);
}

struct noise {
        const char *name;
        double (*draw)(double size); /* NULL: none */
        double size;
        bool flaps; /* 2 % of the queries lie .006 further every other time, by chance */
        bool broken; /* 5 % of the answers are missing and .5 % arbitrary */
        double budget; /* alarms of all signals in 30 days of 500 queries, upper 95 % bound */
};

/* The bounds: no alarm in 26,000 streams, and 3 in 4 fleets of 500. */
#define NEVER .06
static const struct noise noises[] = {
        {"deterministic", NULL, 0, .budget = NEVER},
        {"rounding 1e-7", rounding, 1e-7, .budget = NEVER},
        {"Gaussian 1e-4", normal, 1e-4, .budget = NEVER},
        {"Gaussian 1e-3", normal, 1e-3, .budget = NEVER},
        {"Gaussian 3e-3", normal, 3e-3, .budget = NEVER},
        {"Gaussian 1e-2", normal, 1e-2, .budget = NEVER},
        {"Student t3 1e-3", student, 1e-3, .budget = NEVER},
        {"Student t3 3e-3", student, 3e-3, .budget = NEVER},
        {"sparse 1e-3", sparse, 1e-3, .budget = NEVER},
        {"sparse 3e-3", sparse, 3e-3, .budget = 1.94},
        {"2 % of queries flap", NULL, 0, .flaps = true, .budget = NEVER},
        {"5 % missing, .5 % bogus", normal, 1e-3, .broken = true, .budget = NEVER},
};

struct fleet {
        struct query_set *set;
        struct answer *slots[QUERIES_MAX][SLOTS], *answers[QUERIES_MAX];
        struct drift *drift;
        struct drift_view view;
        struct query_drift queries[QUERIES_MAX];
        double offset[QUERIES_MAX]; /* what happened to the query beside noise */
        const struct noise *noise;
        float *pool; /* draws of `noise` */
        size_t places; /* to read them from */
        struct collection_view *shown;
        struct band_state bands[QUERIES_MAX];
};

struct events {
        unsigned up[LEVEL_COUNT], down[LEVEL_COUNT], set, share, topics;
        unsigned findings; /* that raise an alert */
};

static void fill_pool(struct fleet *f)
{
        f->places = fewer(POOL);
        f->pool = calloc(f->places + 2 * QUERIES_MAX, sizeof(float));
        assert_non_null(f->pool);
        for (size_t i = 0; f->noise->draw && i < f->places + 2 * QUERIES_MAX; i++)
                f->pool[i] = (float)f->noise->draw(f->noise->size);
}

/* Of two records: the best at .5 and the mean at 1, the mean with half the noise. The objects are
 * used again as soon as nobody else holds them. */
static struct answer *next_answer(struct fleet *f, size_t i, const float *noise)
{
        struct answer **slots = f->slots[i], *a = slots[0];
        double best = .5 + (double)noise[0] + f->offset[i];
        double mean = 1 + (double)noise[1] / 2 + f->offset[i];

        if (f->noise->flaps && i % 50 == 0 && bootstrap_next(&seed) % 2) {
                best += .006;
                mean += .003;
        }
        if (f->noise->broken) {
                double chance = random_uniform(&seed);

                if (chance < .05)
                        return NULL;
                if (chance < .055) {
                        best = 2 * random_uniform(&seed);
                        mean = best + .5;
                }
        }
        for (size_t k = 1; k < SLOTS && a->references > 1; k++)
                a = slots[k];
        assert_int_equal(a->references, 1);
        a->distances[0] = (float)best;
        a->distances[1] = (float)(2 * mean - best);
        return a;
}

static void next_replay(struct fleet *f)
{
        const float *noise = f->pool + bootstrap_next(&seed) % f->places;
        bool still = !f->noise->draw && !f->noise->flaps;

        for (size_t i = 0; i < f->set->count; i++)
                if (!still || !f->answers[i] ||
                        (double)f->answers[i]->distances[0] != (double)(float)(.5 + f->offset[i]))
                        f->answers[i] = next_answer(f, i, noise + 2 * i);
}

/* The whole judgement of a replay, as the daemon makes it. */
static unsigned judge(struct fleet *f, usec_t now)
{
        static struct finding_policy policy;
        struct collection_view *c = f->shown;
        unsigned told = 0;

        finding_policy_init(&policy);
        c->drift = f->view;
        for (size_t i = 0; i < f->set->count; i++) {
                judgement_done(&c->queries[i].judgement);
                assert_int_equal(
                        judge_answer(&f->set->queries[i], f->slots[i][0], f->answers[i], "missing",
                                &c->bands, &f->bands[i], &c->queries[i].judgement),
                        0);
                c->queries[i].drift = f->queries[i];
        }
        assert_int_equal(findings_judge(c, &policy, c->findings, now), 0);
        for (size_t i = 0; i < c->findings->count; i++) {
                const struct finding *one = &c->findings->findings[i];

                told += finding_told(one) && one->since == now &&
                        finding_types[one->kind].rule != RULE_COUNT;
        }
        return told;
}

static void look(struct fleet *f, bool ingested, struct events *events)
{
        bool set = f->view.set_shifted, share = f->view.share_moved;
        bool topics = f->view.topics[TOPIC_CONFIRMED].list.count > 0;
        static signed char before[QUERIES_MAX][LEVEL_COUNT];

        for (size_t i = 0; i < f->set->count; i++)
                for (size_t s = 0; s < LEVEL_COUNT; s++)
                        before[i][s] = (signed char)f->queries[i].moved[s];
        drift_update(f->drift, f->answers, 5000, false, ingested, &f->view, f->queries);
        for (size_t i = 0; i < f->set->count; i++)
                for (size_t s = 0; s < LEVEL_COUNT; s++) {
                        enum moved now = f->queries[i].moved[s];

                        if (now == (enum moved)before[i][s])
                                continue;
                        events->up[s] += now == MOVED_UP;
                        events->down[s] += now == MOVED_DOWN;
                }
        events->set += f->view.set_shifted && !set;
        events->share += f->view.share_moved && !share;
        events->topics += f->view.topics[TOPIC_CONFIRMED].list.count > 0 && !topics;
        f->shown->replays++;
        events->findings += judge(f, f->shown->replays * 5 * USEC_PER_MINUTE);
}

static struct answer *copy_answer(const struct answer *a)
{
        return a ? answer_new(a->count, (const char *const *)a->ids, a->distances, NULL) : NULL;
}

/* With a baseline of ARMING replays. */
static struct fleet *fleet_new(const struct noise *noise, size_t count)
{
        static struct answer *replays[ARMING][QUERIES_MAX];
        struct answer *const *samples[ARMING];
        struct fleet *f = calloc(1, sizeof(*f));
        struct baseline *b;

        assert_non_null(f);
        f->set = fleet_set(count);
        fleet_tag(f->set, 6); /* of which three at once are a finding */
        f->noise = noise;
        seed = 42;
        fill_pool(f);
        for (size_t i = 0; i < count; i++)
                for (size_t k = 0; k < SLOTS; k++)
                        f->slots[i][k] = fleet_answer("ab", .5);
        for (size_t s = 0; s < ARMING; s++) {
                next_replay(f);
                for (size_t i = 0; i < count; i++)
                        replays[s][i] = copy_answer(f->answers[i]);
                samples[s] = replays[s];
        }
        b = fleet_baseline(f->set, samples, ARMING, 2);
        for (size_t s = 0; s < ARMING; s++)
                for (size_t i = 0; i < count; i++)
                        answer_unref(replays[s][i]);
        f->drift = drift_new(f->set);
        assert_non_null(f->drift);
        drift_set_baseline(f->drift, b, "l2", NAN);
        f->shown = collection_view_new(count);
        f->shown->query_set = query_set_ref(f->set);
        f->shown->label = strdup("kb");
        f->shown->baseline = b;
        f->shown->replayed = f->shown->up = true;
        assert_int_equal(bands_default(NULL, &f->shown->bands), 0);
        for (size_t i = 0; i < count; i++)
                band_state_init(&f->bands[i]);
        return f;
}

static void fleet_free(struct fleet *f)
{
        drift_free(f->drift);
        collection_view_unref(f->shown);
        for (size_t i = 0; i < f->set->count; i++)
                for (size_t k = 0; k < SLOTS; k++)
                        answer_unref(f->slots[i][k]);
        query_set_unref(f->set);
        free(f->pool);
        free(f);
}

/* The least count that a Poisson variable of this mean stays within in 99 of 100 cases: what a
 * budget allows one month with a fixed seed. */
static unsigned poisson_bound(double mean)
{
        double term = exp(-mean), sum = term;
        unsigned n = 0;

        while (sum < .99) {
                term *= mean / ++n;
                sum += term;
        }
        return n;
}

static void noise_alone_raises_no_more_than_its_budget(void **state)
{
        const size_t sizes[] = {12, 50, fewer(500)};
        const size_t looks = fewer(DAYS * LOOKS_PER_DAY);

        print_message(
                "%zu replays, alarms: top-1 up, top-k up, top-1 down, top-k down, set, share\n",
                looks);
        for (size_t n = 0; n < ARRAY_SIZE(noises); n++) {
                print_message("%-24s", noises[n].name);
                for (size_t m = 0; m < ARRAY_SIZE(sizes); m++) {
                        double share = (double)(looks * sizes[m]) / (30 * LOOKS_PER_DAY * 500);
                        struct fleet *f = fleet_new(&noises[n], sizes[m]);
                        struct events e = {0};
                        unsigned total;

                        for (size_t t = 0; t < looks; t++) {
                                next_replay(f);
                                look(f, false, &e);
                        }
                        print_message(" | %3zu: %u %u %u %u %u %u", sizes[m], e.up[0], e.up[1],
                                e.down[0], e.down[1], e.set, e.share);
                        total = e.up[0] + e.up[1] + e.down[0] + e.down[1];
                        if (total > poisson_bound(noises[n].budget * share))
                                fail_msg("%s, %zu queries: %u alarms, budget %g", noises[n].name,
                                        sizes[m], total, noises[n].budget * share);
                        assert_int_equal(e.set, 0);
                        assert_int_equal(e.share, 0);
                        assert_int_equal(e.topics, 0);
                        assert_int_equal(e.findings, 0);
                        fleet_free(f);
                }
                print_message("\n");
        }
}

/* Replays from a shift of one query's distances to the alarm; 0 when there is none in a day. */
static unsigned delay(const struct noise *noise, double shift)
{
        struct fleet *f = fleet_new(noise, 50);
        struct events e = {0};
        unsigned t = 0;

        for (; t < 20; t++) {
                next_replay(f);
                look(f, false, &e);
        }
        f->offset[7] = shift;
        for (t = 1; t <= LOOKS_PER_DAY; t++) {
                next_replay(f);
                look(f, false, &e);
                if (f->queries[7].moved[LEVEL_TOPK] == (shift > 0 ? MOVED_UP : MOVED_DOWN))
                        break;
        }
        fleet_free(f);
        return t > LOOKS_PER_DAY ? 0 : t;
}

static void a_shift_above_tau_is_known_after_four_replays(void **state)
{
        static const struct {
                const char *noise;
                double shift;
                unsigned delay;
        } steps[] = {
                {"deterministic", .0051, 4},
                {"deterministic", .0049, 0},
                {"deterministic", .3, 4},
                {"deterministic", -.0051, 4},
                {"rounding 1e-7", .0051, 4},
                {"Gaussian 1e-4", .006, 4},
                {"Gaussian 1e-3", .012, 4},
                {"Gaussian 3e-3", .03, 4},
                {"Student t3 1e-3", .02, 4},
                {"sparse 3e-3", .04, 4},
                {"2 % of queries flap", .0051, 4},
        };

        for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
                for (size_t n = 0; n < ARRAY_SIZE(noises); n++) {
                        unsigned seen;

                        if (!streq(noises[n].name, steps[i].noise))
                                continue;
                        seen = delay(&noises[n], steps[i].shift);
                        if (seen != steps[i].delay)
                                fail_msg(
                                        "%s, %g: %u replays", steps[i].noise, steps[i].shift, seen);
                }
}

/* One query in ten gets a nearer record every day, up to .02 nearer. */
static void growth_never_raises_an_alarm(void **state)
{
        const size_t days = fewer(30);
        struct fleet *f = fleet_new(&noises[0], 50);
        struct events e = {0};
        unsigned unprovoked = 0;

        for (size_t t = 0; t < days * LOOKS_PER_DAY; t++) {
                bool ingested = t % LOOKS_PER_DAY == LOOKS_PER_DAY / 2;

                for (size_t i = 0; ingested && i < 50; i++)
                        if (random_uniform(&seed) < .1)
                                f->offset[i] -= .02 * random_uniform(&seed);
                next_replay(f);
                look(f, ingested, &e);
                unprovoked += f->view.unprovoked;
        }
        assert_int_equal(e.up[LEVEL_TOP1] + e.up[LEVEL_TOPK] + e.set + e.share + e.findings, 0);
        assert_in_range(e.down[LEVEL_TOPK], days * 25 / 30, (days * 100 + 29) / 30);
        assert_int_equal(unprovoked, 0);
        fleet_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(noise_alone_raises_no_more_than_its_budget),
                cmocka_unit_test(a_shift_above_tau_is_known_after_four_replays),
                cmocka_unit_test(growth_never_raises_an_alarm),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
