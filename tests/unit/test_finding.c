/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <math.h>

#include "judge/epoch.h"
#include "judge/finding.h"
#include "judge/incident.h"
#include "text.h"

#define QUERIES 12
#define NOW (1800000000 * USEC_PER_SEC)

struct fixture {
        struct query_set *set;
        struct collection_view *c;
        struct finding_policy policy;
};

static struct query_set *make_set(void)
{
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_text_ struct text yaml = {0};
        struct query_set *set = NULL;

        text_append(&yaml, "queries:\n");
        for (int i = 0; i < QUERIES; i++)
                text_appendf(&yaml,
                        "  - {id: q%d, text: t%d, tags: {area: a%d}, expect: {ids: [r%d]}}\n", i, i,
                        i / 4, i);
        assert_int_equal(
                query_set_parse("q.yaml", text_string(&yaml), yaml.size, &set, &errors), 0);
        return set;
}

/* Every query passes, compared with a baseline. */
static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        struct collection_view *c = collection_view_new(QUERIES);

        f->set = make_set();
        f->c = c;
        c->query_set = query_set_ref(f->set);
        c->label = strdup("kb");
        c->name = strdup("kb");
        c->server = strdup("main");
        c->url = strdup("http://127.0.0.1:8000");
        assert_int_equal(bands_default(NULL, &c->bands), 0);
        c->baseline = baseline_new(0);
        c->baseline->results = c->results = 10;
        c->baseline->epoch.records = c->epoch.records = 100;
        c->epoch.id = strdup("id-2");
        c->replayed = c->up = true;
        c->drift.compared = c->drift.queries = QUERIES;
        c->drift.set_shift = 0;
        c->attribution.cause = CAUSE_NONE;
        for (int i = 0; i < QUERIES; i++) {
                struct query_view *q = &c->queries[i];

                q->judgement.expected = q->judgement.outcome = OUTCOME_PASS;
                q->judgement.distance = .5f;
                q->judgement.home_distance = .5f;
                q->drift.compared = q->drift.armed = true;
                for (size_t s = 0; s < LEVEL_COUNT; s++) {
                        q->drift.baseline[s] = .5;
                        q->drift.shift[s] = q->drift.judged[s] = 0;
                        q->drift.tau[s] = .005;
                }
        }
        finding_policy_init(&f->policy);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        collection_view_unref(f->c);
        query_set_unref(f->set);
        free(f);
        return 0;
}

/* What another look than a replay found. */
static void judge_again(struct fixture *f, usec_t now)
{
        assert_int_equal(findings_judge(f->c, &f->policy, f->c->findings, now), 0);
}

/* After a replay. */
static void judge(struct fixture *f, usec_t now)
{
        f->c->last_started = f->c->last_finished = now;
        judge_again(f, now);
}

static const struct finding *found(const struct fixture *f, enum finding_kind kind, size_t query)
{
        return findings_find(f->c->findings, kind, query);
}

static void every_kind_is_complete(void **state)
{
        for (enum finding_kind k = 0; k < FINDING_COUNT; k++) {
                const struct finding_type *t = &finding_types[k];

                assert_non_null(t->name);
                assert_true(t->rule <= RULE_COUNT);
                /* What comes first explains what comes after it. */
                for (enum finding_kind other = 0; other < k; other++)
                        assert_false(!t->of_query && (t->explains & FINDING_BIT(other)) &&
                                finding_types[other].rule != t->rule &&
                                other != FINDING_RECALL_LOW);
        }
}

static void all_is_well(void **state)
{
        struct fixture *f = *state;

        judge(f, NOW);
        assert_int_equal(f->c->findings->count, 0);
        f->policy.at_once = true;
        judge(f, NOW);
        assert_int_equal(f->c->findings->count, 0);
}

/* What a daemon takes as confirmed, and a gate from one replay. */
static void moved_queries_drift(void **state)
{
        struct fixture *f = *state;
        struct query_view *q = &f->c->queries[4];

        q->judgement.distance = .8f;
        q->drift.shift[LEVEL_TOP1] = .3;
        judge(f, NOW);
        assert_int_equal(f->c->findings->count, 0);
        assert_int_equal(q->judgement.outcome, OUTCOME_PASS);
        q->drift.moved[LEVEL_TOP1] = MOVED_UP;
        q->drift.judged[LEVEL_TOP1] = .3;
        judge(f, NOW);
        assert_non_null(found(f, FINDING_DISTANT, 4));
        assert_int_equal(q->judgement.outcome, OUTCOME_DRIFT);
        assert_string_equal(q->judgement.reason,
                "the best answer lies at 0.8000, 0.3000 above its baseline 0.5000; the limit is 0.2");
        q->drift.moved[LEVEL_TOP1] = MOVED_NOT;
        judge(f, NOW);
        assert_int_equal(q->judgement.outcome, OUTCOME_PASS);
        assert_null(q->judgement.reason);
        f->policy.at_once = true;
        judge(f, NOW);
        assert_non_null(found(f, FINDING_DISTANT, 4));
        assert_int_equal(q->judgement.outcome, OUTCOME_DRIFT);
}

/* Controls, whose moving away is good, and what is too noisy: neither confirms anything either. */
static void what_is_not_armed_moves_nothing_at_once(void **state)
{
        struct fixture *f = *state;

        f->policy.at_once = true;
        for (size_t i = 0; i < QUERIES; i++) {
                f->c->queries[i].drift.armed = false;
                f->c->queries[i].drift.shift[LEVEL_TOP1] = .3;
                f->c->queries[i].drift.shift[LEVEL_TOPK] = .3;
        }
        judge(f, NOW);
        assert_int_equal(f->c->findings->count, 0);
        for (size_t i = 0; i < QUERIES; i++)
                f->c->queries[i].drift.armed = true;
        judge(f, NOW);
        assert_non_null(found(f, FINDING_SET_MOVED, FINDING_COLLECTION));
        assert_non_null(found(f, FINDING_DISTANT, 0));
}

static void limits_follow_the_space(void **state)
{
        struct fixture *f = *state;

        f->policy.at_once = true;
        f->c->queries[0].drift.shift[LEVEL_TOP1] = .15;
        judge(f, NOW);
        assert_null(found(f, FINDING_DISTANT, 0));
        f->c->baseline->epoch.space = strdup("cosine");
        judge(f, NOW);
        assert_non_null(found(f, FINDING_DISTANT, 0));
        f->policy.limits[RULE_DISTANCE_DRIFT] = .16;
        judge(f, NOW);
        assert_null(found(f, FINDING_DISTANT, 0));
}

static void a_worse_band_counts(void **state)
{
        struct fixture *f = *state;
        struct judgement *j = &f->c->queries[2].judgement;

        f->c->queries[2].drift.baseline[LEVEL_TOP1] = .79;
        j->distance = .805f;
        f->policy.at_once = true;
        judge(f, NOW);
        assert_null(found(f, FINDING_BAND_CROSSED, 2)); /* within the hysteresis */
        j->distance = .82f;
        judge(f, NOW);
        assert_non_null(found(f, FINDING_BAND_CROSSED, 2));
        assert_string_equal(j->reason,
                "the best answer moved from band \"excellent\" (0.7900) to \"good\" (0.8200)");
        f->policy.at_once = false;
        judge(f, NOW);
        assert_null(found(f, FINDING_BAND_CROSSED, 2));
        j->crossed = true;
        judge(f, NOW);
        assert_non_null(found(f, FINDING_BAND_CROSSED, 2));
        /* Confirmed, and over already. */
        j->confirmed_band = 1;
        j->band = j->home_band = 0;
        j->distance = .79f;
        judge(f, NOW);
        assert_string_equal(found(f, FINDING_BAND_CROSSED, 2)->sentence,
                "the best answer is back from band \"good\" in \"excellent\" (0.7900), which more "
                "replays have to confirm");
}

static void a_set_that_is_back_says_so(void **state)
{
        struct fixture *f = *state;
        const struct finding *shifted;

        f->c->drift.set_shifted = true;
        f->c->drift.set_shift = .0218;
        judge(f, NOW);
        shifted = found(f, FINDING_SET_SHIFTED, FINDING_COLLECTION);
        assert_non_null(strstr(shifted->sentence, "as a set lie 0.0218 above their baseline"));
        f->c->drift.set_shift = -1e-9;
        judge(f, NOW);
        shifted = found(f, FINDING_SET_SHIFTED, FINDING_COLLECTION);
        assert_non_null(strstr(shifted->sentence,
                "as a set are back within 0.01 of their baseline, which more replays have to confirm"));
}

static void within_a_query_the_worst_is_told(void **state)
{
        struct fixture *f = *state;
        struct query_view *q = &f->c->queries[1];

        q->judgement.expected = q->judgement.outcome = OUTCOME_FAIL;
        q->judgement.reason = strdup("expected record \"r1\", but none of the 10 answers is it");
        q->judgement.crossed = true;
        q->drift.moved[LEVEL_TOP1] = MOVED_UP;
        q->drift.judged[LEVEL_TOP1] = .3;
        f->c->queries[3].judgement.crossed = true;
        judge(f, NOW);
        assert_int_equal(f->c->findings->count, 4);
        assert_true(finding_told(found(f, FINDING_MISSING, 1)));
        assert_false(finding_told(found(f, FINDING_BAND_CROSSED, 1)));
        assert_false(finding_told(found(f, FINDING_DISTANT, 1)));
        assert_true(finding_told(found(f, FINDING_BAND_CROSSED, 3)));
        assert_int_equal(q->judgement.outcome, OUTCOME_FAIL);
        assert_string_equal(
                q->judgement.reason, "expected record \"r1\", but none of the 10 answers is it");
}

/* Consequences are explained where the cause fits, and never by something milder. */
static void what_comes_first_explains(void **state)
{
        struct fixture *f = *state;

        f->c->queries[1].judgement.crossed = true;
        f->c->queries[2].judgement.expected = OUTCOME_FAIL;
        f->c->drift.set_shifted = true;
        f->c->drift.set_shift = .02;
        judge(f, NOW);
        assert_false(finding_told(found(f, FINDING_BAND_CROSSED, 1)));
        assert_true(finding_told(found(f, FINDING_MISSING, 2)));
        assert_true(finding_told(found(f, FINDING_SET_SHIFTED, FINDING_COLLECTION)));
        f->c->health.records = 100;
        f->c->health.unreachable = 20;
        f->c->attribution.cause = CAUSE_INDEX_LOSS;
        f->c->queries[2].cause = CAUSE_REMOVED;
        judge(f, NOW);
        assert_true(finding_told(found(f, FINDING_INDEX_INCOMPLETE, FINDING_COLLECTION)));
        assert_false(finding_told(found(f, FINDING_SET_SHIFTED, FINDING_COLLECTION)));
        assert_true(finding_told(found(f, FINDING_MISSING, 2))); /* deleted, not lost */
        f->c->queries[2].cause = CAUSE_INDEX_LOSS;
        judge(f, NOW);
        assert_false(finding_told(found(f, FINDING_MISSING, 2)));
}

/* 4 of 5 replays must say that it is over, but none of them is news. */
static void what_is_left_of_a_consequence_is_not_told(void **state)
{
        struct fixture *f = *state;
        struct judgement *j = &f->c->queries[1].judgement;

        j->expected = OUTCOME_FAIL;
        j->crossed = true;
        j->band = j->confirmed_band = 2;
        j->home_band = 0;
        judge(f, NOW);
        assert_false(finding_told(found(f, FINDING_BAND_CROSSED, 1)));
        j->expected = OUTCOME_PASS;
        j->band = 0;
        judge(f, NOW + USEC_PER_MINUTE);
        judge(f, NOW + 2 * USEC_PER_MINUTE);
        assert_non_null(found(f, FINDING_BAND_CROSSED, 1));
        assert_false(finding_told(found(f, FINDING_BAND_CROSSED, 1)));
        /* It was no consequence after all. */
        j->band = 2;
        judge(f, NOW + 3 * USEC_PER_MINUTE);
        assert_true(finding_told(found(f, FINDING_BAND_CROSSED, 1)));
        /* What was told stays told until it ends. */
        j->band = 0;
        judge(f, NOW + 4 * USEC_PER_MINUTE);
        assert_true(finding_told(found(f, FINDING_BAND_CROSSED, 1)));
}

/* The index is whole again, and nobody could ask since: that is no news of the queries. */
static void what_could_not_be_asked_since_is_not_told(void **state)
{
        struct fixture *f = *state;
        struct judgement *j = &f->c->queries[2].judgement;

        f->c->health.records = 100;
        f->c->health.unreachable = 20;
        f->c->attribution.cause = f->c->queries[2].cause = CAUSE_INDEX_LOSS;
        j->expected = OUTCOME_FAIL;
        judge(f, NOW);
        assert_false(finding_told(found(f, FINDING_MISSING, 2)));
        f->c->health.unreachable = 0;
        j->expected = OUTCOME_UNMEASURED;
        for (unsigned i = 1; i <= 3; i++) {
                judge(f, NOW + i * USEC_PER_MINUTE);
                assert_null(found(f, FINDING_INDEX_INCOMPLETE, FINDING_COLLECTION));
                assert_false(finding_told(found(f, FINDING_MISSING, 2)));
        }
        j->expected = OUTCOME_FAIL;
        judge(f, NOW + USEC_PER_HOUR);
        assert_true(finding_told(found(f, FINDING_MISSING, 2)));
}

/* A probe sees it first: a replay that began before may still have met what was wrong. */
static void what_was_not_asked_since_is_not_told(void **state)
{
        struct fixture *f = *state;
        usec_t repaired = NOW + USEC_PER_MINUTE;

        f->c->health.records = 100;
        f->c->health.unreachable = 20;
        f->c->attribution.cause = f->c->queries[2].cause = CAUSE_INDEX_LOSS;
        f->c->queries[2].judgement.expected = OUTCOME_FAIL;
        f->c->drift.set_shifted = true;
        f->c->drift.set_shift = .02;
        judge(f, NOW);
        f->c->health.unreachable = 0;
        judge_again(f, repaired);
        assert_false(finding_told(found(f, FINDING_MISSING, 2)));
        assert_false(finding_told(found(f, FINDING_SET_SHIFTED, FINDING_COLLECTION)));
        f->c->last_started = repaired - 1;
        f->c->last_finished = repaired + 1;
        judge_again(f, repaired + 1);
        assert_false(finding_told(found(f, FINDING_MISSING, 2)));
        judge(f, repaired + 2);
        assert_true(finding_told(found(f, FINDING_MISSING, 2)));
        assert_true(finding_told(found(f, FINDING_SET_SHIFTED, FINDING_COLLECTION)));
}

/* The server goes away in the middle of a replay, after some queries were answered as before. */
static void a_cut_replay_tells_no_consequence(void **state)
{
        struct fixture *f = *state;
        struct query_view *q = &f->c->queries[2];

        f->c->epoch_changes = EPOCH_CONFIGURATION;
        f->c->attribution.cause = q->cause = CAUSE_ANN_RECALL;
        q->judgement.expected = OUTCOME_FAIL;
        judge(f, NOW);
        assert_false(finding_told(found(f, FINDING_MISSING, 2)));
        f->c->last_error = strdup("connection refused");
        f->c->attribution.cause = f->c->queries[3].cause = CAUSE_TRANSPORT;
        f->c->queries[3].judgement.expected = OUTCOME_UNMEASURED;
        q->cause = CAUSE_UNKNOWN;
        judge(f, NOW + USEC_PER_MINUTE);
        assert_int_equal(found(f, FINDING_MISSING, 2)->cause, CAUSE_ANN_RECALL);
        assert_false(finding_told(found(f, FINDING_MISSING, 2)));
}

/* A consequence whose reason is over is told of once a replay has looked again: the clock that is
 * set meanwhile is no replay, and hides none. */
static void a_clock_that_is_set_changes_nothing(void **state)
{
        const usec_t years = 20 * 365 * USEC_PER_DAY;
        struct fixture *f = *state;

        f->c->health.records = 100;
        f->c->health.unreachable = 20;
        f->c->attribution.cause = f->c->queries[2].cause = CAUSE_INDEX_LOSS;
        f->c->queries[2].judgement.expected = OUTCOME_FAIL;
        judge(f, NOW);
        f->c->health.unreachable = 0;
        judge_again(f, NOW + USEC_PER_MINUTE);
        assert_false(finding_told(found(f, FINDING_MISSING, 2)));
        assert_int_equal(collection_view_jump(f->c, -(int64_t)years), 0);
        assert_int_equal(found(f, FINDING_MISSING, 2)->since, NOW - years);
        assert_int_equal(found(f, FINDING_MISSING, 2)->seen, NOW + USEC_PER_MINUTE - years);
        assert_int_equal(found(f, FINDING_MISSING, 2)->fading, NOW + USEC_PER_MINUTE - years);
        judge_again(f, NOW + USEC_PER_HOUR - years);
        assert_false(finding_told(found(f, FINDING_MISSING, 2)));
        judge(f, NOW + USEC_PER_HOUR - years);
        assert_true(finding_told(found(f, FINDING_MISSING, 2)));
}

static void while_an_ingest_repairs_consequences_wait(void **state)
{
        struct fixture *f = *state;

        f->policy.grace = 5 * USEC_PER_MINUTE;
        f->c->epoch_changes = EPOCH_REPLACED | EPOCH_CONFIGURATION;
        f->c->attribution.cause = CAUSE_METRIC;
        judge(f, NOW);
        assert_true(finding_told(found(f, FINDING_CONFIGURATION, FINDING_COLLECTION)));
        assert_false(finding_told(found(f, FINDING_REPLACED, FINDING_COLLECTION)));
        f->c->epoch_changes = EPOCH_REPLACED;
        f->c->ingest_under_way = true;
        f->c->attribution.cause = CAUSE_REMOVED;
        judge(f, NOW + USEC_PER_HOUR);
        assert_false(finding_told(found(f, FINDING_REPLACED, FINDING_COLLECTION)));
        judge(f, NOW + USEC_PER_HOUR + 4 * USEC_PER_MINUTE);
        assert_false(finding_told(found(f, FINDING_REPLACED, FINDING_COLLECTION)));
        judge(f, NOW + USEC_PER_HOUR + 5 * USEC_PER_MINUTE);
        assert_true(finding_told(found(f, FINDING_REPLACED, FINDING_COLLECTION)));
}

/* A probe is of some time ago: only the next one knows whether the index is right again. */
static void what_a_probe_found_is_told_by_the_next_one(void **state)
{
        struct fixture *f = *state;

        f->c->epoch_changes = EPOCH_CONFIGURATION;
        f->c->attribution.cause = CAUSE_ANN_RECALL;
        f->c->health.recall = .5;
        f->c->health.at = NOW - USEC_PER_HOUR;
        judge(f, NOW);
        assert_false(finding_told(found(f, FINDING_RECALL_LOW, FINDING_COLLECTION)));
        f->c->epoch_changes = 0;
        judge(f, NOW + USEC_PER_MINUTE);
        assert_false(finding_told(found(f, FINDING_RECALL_LOW, FINDING_COLLECTION)));
        f->c->health.at = NOW + 2 * USEC_PER_MINUTE;
        judge(f, NOW + 2 * USEC_PER_MINUTE);
        assert_true(finding_told(found(f, FINDING_RECALL_LOW, FINDING_COLLECTION)));
}

/* What was measured while nobody touched the content is no finding, unless somebody wants more. */
static void what_an_index_does_by_itself_is_told_to_nobody(void **state)
{
        struct fixture *f = *state;
        const struct finding *low;

        f->c->health.recall = .88;
        f->c->health.records = 100;
        f->c->health.unreachable = 4;
        judge(f, NOW);
        assert_non_null(found(f, FINDING_RECALL_LOW, FINDING_COLLECTION));
        assert_non_null(found(f, FINDING_INDEX_INCOMPLETE, FINDING_COLLECTION));
        f->c->baseline->floor = (struct index_floor){3, .88, 500, .05, 3};
        judge(f, NOW);
        assert_null(found(f, FINDING_RECALL_LOW, FINDING_COLLECTION));
        assert_null(found(f, FINDING_INDEX_INCOMPLETE, FINDING_COLLECTION));
        f->c->health.recall = .8;
        judge(f, NOW);
        low = found(f, FINDING_RECALL_LOW, FINDING_COLLECTION);
        assert_non_null(low);
        assert_true(low->limit < .88 && low->limit > .8);
        assert_non_null(strstr(low->sentence,
                "; at worst its index had by itself: recall 0.880 of 500 places, 5.0 % of the "
                "places in the answers moved, 3 unreachable records, in 3 measurements"));
        f->c->health.recall = .88;
        f->policy.limits[RULE_RECALL_LOW] = .95;
        judge(f, NOW);
        assert_non_null(found(f, FINDING_RECALL_LOW, FINDING_COLLECTION));
}

/* Nor is what records told before the repair. */
static void what_records_told_is_told_when_they_were_looked_up_again(void **state)
{
        struct fixture *f = *state;

        f->c->epoch_changes = EPOCH_CONFIGURATION;
        f->c->attribution.cause = CAUSE_ANN_RECALL;
        f->c->attribution.evidence.recall = .5;
        f->c->attributed = NOW;
        judge(f, NOW);
        f->c->epoch_changes = 0;
        judge(f, NOW + USEC_PER_MINUTE);
        judge(f, NOW + 2 * USEC_PER_MINUTE);
        assert_false(finding_told(found(f, FINDING_RECALL_LOW, FINDING_COLLECTION)));
        /* A probe that finds enough does not confirm what they said before. */
        f->c->health.recall = 1;
        f->c->health.at = NOW + 2 * USEC_PER_MINUTE + 1;
        judge(f, NOW + 2 * USEC_PER_MINUTE + 2);
        assert_false(finding_told(found(f, FINDING_RECALL_LOW, FINDING_COLLECTION)));
        f->c->attributed = NOW + 3 * USEC_PER_MINUTE;
        judge(f, NOW + 3 * USEC_PER_MINUTE);
        assert_true(finding_told(found(f, FINDING_RECALL_LOW, FINDING_COLLECTION)));
}

/* What several replays confirmed does not count against a collection that was just put right. */
static void a_rebuild_puts_right(void **state)
{
        struct fixture *f = *state;

        f->c->epoch_changes = EPOCH_REPLACED;
        f->c->drift.set_shifted = f->c->drift.share_moved = true;
        f->c->drift.set_shift = .02;
        judge(f, NOW);
        assert_non_null(found(f, FINDING_REPLACED, FINDING_COLLECTION));
        f->c->drift.set_shift = 0;
        judge(f, NOW);
        assert_non_null(found(f, FINDING_REBUILT, FINDING_COLLECTION));
        for (size_t i = 0; i < 3; i++)
                f->c->queries[i].drift.shift[LEVEL_TOPK] = .006;
        judge(f, NOW);
        assert_non_null(found(f, FINDING_REPLACED, FINDING_COLLECTION));
}

/* Three of the four queries of the first tag; of the others `others`. */
static void move_topic(struct fixture *f, enum topic_look look, uint32_t others)
{
        f->c->drift.topics[look] = (struct topic_shift){
                .list = {.count = 1, .told = {{.topic = 0, .portion = {3, 4}}}},
                .whole = {3 + others, QUERIES},
                .rest = {others, QUERIES - 4},
        };
        f->c->drift.share_moved = true;
        f->c->drift.moved_up = 3 + others;
        for (size_t i = 0; i < QUERIES; i++) {
                struct query_drift *d = &f->c->queries[i].drift;
                bool up = i < 3 || (i >= 4 && i < 4 + others);

                d->shift[LEVEL_TOPK] = up ? .006 : 0;
                d->moved[LEVEL_TOPK] = up && look == TOPIC_CONFIRMED ? MOVED_UP : MOVED_NOT;
        }
}

/* What one tag suffers from is no news of the set, and explains nothing of other queries. */
static void a_topic_explains_its_own_queries(void **state)
{
        struct fixture *f = *state;
        const struct finding *one;

        f->c->queries[3].judgement.crossed = f->c->queries[4].judgement.crossed = true;
        f->c->queries[2].judgement.expected = OUTCOME_FAIL;
        f->c->drift.set_shifted = true;
        f->c->drift.set_shift = .02;
        move_topic(f, TOPIC_CONFIRMED, 2);
        judge(f, NOW);
        one = found(f, FINDING_TOPIC_MOVED, FINDING_COLLECTION);
        assert_true(finding_told(one));
        assert_string_equal(one->sentence,
                "3 of 4 canonical queries tagged area=a0 of collection kb moved up from their "
                "baseline.");
        assert_int_equal(one->effect, EFFECT_DRIFT);
        assert_false(finding_told(found(f, FINDING_SET_SHIFTED, FINDING_COLLECTION)));
        assert_false(finding_told(found(f, FINDING_SET_MOVED, FINDING_COLLECTION)));
        assert_false(finding_told(found(f, FINDING_BAND_CROSSED, 3)));
        assert_true(finding_told(found(f, FINDING_BAND_CROSSED, 4)));
        assert_true(finding_told(found(f, FINDING_MISSING, 2)));
        /* With more queries of other tags it is the set, which explains them all. */
        move_topic(f, TOPIC_CONFIRMED, 3);
        judge(f, NOW + USEC_PER_MINUTE);
        assert_null(found(f, FINDING_TOPIC_MOVED, FINDING_COLLECTION));
        assert_true(finding_told(found(f, FINDING_SET_MOVED, FINDING_COLLECTION)));
        assert_false(finding_told(found(f, FINDING_BAND_CROSSED, 3)));
        assert_false(finding_told(found(f, FINDING_BAND_CROSSED, 4)));
}

static void one_replay_moves_a_topic_at_once(void **state)
{
        struct fixture *f = *state;

        move_topic(f, TOPIC_NOW, 0);
        judge(f, NOW);
        assert_null(found(f, FINDING_TOPIC_MOVED, FINDING_COLLECTION));
        f->policy.at_once = true;
        judge(f, NOW);
        assert_non_null(found(f, FINDING_TOPIC_MOVED, FINDING_COLLECTION));
}

/* A few that few know of: no share of the set, and still a finding of their tag. */
static void a_topic_is_told_where_the_set_has_not_moved(void **state)
{
        struct fixture *f = *state;

        move_topic(f, TOPIC_CONFIRMED, 0);
        f->c->drift.share_moved = false;
        f->c->drift.topics[TOPIC_CONFIRMED].rest.all = 1;
        f->c->drift.topics[TOPIC_CONFIRMED].list.count = 5;
        f->c->drift.topics[TOPIC_CONFIRMED].list.told[1].topic = 2;
        f->c->drift.topics[TOPIC_CONFIRMED].list.told[1].portion = (struct portion){3, 3};
        f->c->drift.topics[TOPIC_CONFIRMED].list.told[2].topic = 1;
        f->c->drift.topics[TOPIC_CONFIRMED].list.told[2].portion = (struct portion){4, 4};
        judge(f, NOW);
        assert_string_equal(found(f, FINDING_TOPIC_MOVED, FINDING_COLLECTION)->sentence,
                "3 of 4 canonical queries tagged area=a0, 3 of 3 tagged area=a2, 4 of 4 tagged "
                "area=a1 and more of 2 other tags of collection kb moved up from their baseline.");
}

static void lose(struct fixture *f, size_t query, uint32_t places)
{
        f->c->fates->lost[query].hit = places;
        f->c->attribution.evidence.lost += places;
}

/* Five of fifty queries, whose records are gone, are 10 % of the places. */
static void a_lost_topic_fails(void **state)
{
        struct fixture *f = *state;
        const struct finding *one;

        f->c->fates = fates_new();
        f->c->fates->lost = calloc(QUERIES, sizeof(*f->c->fates->lost));
        f->c->attribution.evidence.places = 10 * QUERIES;
        for (size_t i = 0; i < QUERIES; i++)
                f->c->fates->lost[i].all = 10;
        for (size_t i = 4; i < 7; i++)
                lose(f, i, 4);
        judge(f, NOW);
        assert_int_equal(f->c->findings->count, 0); /* 12 of 40 */
        lose(f, 4, 5);
        f->c->queries[5].judgement.expected = OUTCOME_FAIL;
        f->c->queries[6].judgement.crossed = f->c->queries[8].judgement.crossed = true;
        judge(f, NOW);
        one = found(f, FINDING_TOPIC_LOST, FINDING_COLLECTION);
        assert_true(finding_told(one));
        assert_int_equal(one->effect, EFFECT_FAIL);
        assert_string_equal(one->sentence,
                "13 of 40 places in the answers to queries tagged area=a1 of collection kb were "
                "held by records that are gone or hold something else now; the limit is 30 % of a "
                "tag's.");
        assert_true(finding_told(found(f, FINDING_MISSING, 5)));
        assert_false(finding_told(found(f, FINDING_BAND_CROSSED, 6)));
        assert_true(finding_told(found(f, FINDING_BAND_CROSSED, 8)));
        assert_null(found(f, FINDING_REPLACED_ANSWERS, FINDING_COLLECTION));
        /* What it explains of distances, and not those of another tag. */
        move_topic(f, TOPIC_CONFIRMED, 0);
        judge(f, NOW);
        assert_true(finding_told(found(f, FINDING_TOPIC_MOVED, FINDING_COLLECTION)));
        f->c->drift.topics[TOPIC_CONFIRMED].list.told[0].topic = 1;
        judge(f, NOW);
        assert_false(finding_told(found(f, FINDING_TOPIC_MOVED, FINDING_COLLECTION)));
        assert_false(finding_told(found(f, FINDING_SET_MOVED, FINDING_COLLECTION)));
        assert_false(finding_told(found(f, FINDING_BAND_CROSSED, 6)));
        assert_true(finding_told(found(f, FINDING_BAND_CROSSED, 8)));
        f->c->drift.topics[TOPIC_CONFIRMED].rest.hit = 3;
        judge(f, NOW + USEC_PER_MINUTE);
        assert_true(finding_told(found(f, FINDING_SET_MOVED, FINDING_COLLECTION)));
        /* More than the topic is lost. */
        f->c->attribution.evidence.lost = 4 * QUERIES;
        judge(f, NOW);
        assert_null(found(f, FINDING_TOPIC_LOST, FINDING_COLLECTION));
        assert_non_null(found(f, FINDING_REPLACED_ANSWERS, FINDING_COLLECTION));
        /* Its alert is a warning: it silences no page about a missing record. */
        assert_true(finding_told(found(f, FINDING_MISSING, 5)));
        assert_false(finding_told(found(f, FINDING_BAND_CROSSED, 8)));
}

/* What is known to fail is no part of a topic. */
static void a_topic_that_is_known_to_fail_is_no_finding(void **state)
{
        struct fixture *f = *state;
        const struct finding *one;

        move_topic(f, TOPIC_CONFIRMED, 0);
        f->c->queries[3].excused = true;
        judge(f, NOW);
        one = found(f, FINDING_TOPIC_MOVED, FINDING_COLLECTION);
        assert_int_equal(one->topics.told[0].portion.hit, 3);
        assert_int_equal(one->topics.told[0].portion.all, 3);
        f->c->queries[2].excused = true;
        judge(f, NOW);
        assert_null(found(f, FINDING_TOPIC_MOVED, FINDING_COLLECTION));
        f->c->fates = fates_new();
        f->c->fates->lost = calloc(QUERIES, sizeof(*f->c->fates->lost));
        f->c->attribution.evidence.places = 10 * QUERIES;
        for (size_t i = 4; i < 8; i++) {
                f->c->fates->lost[i].all = 10;
                lose(f, i, 4);
        }
        judge(f, NOW);
        assert_int_equal(found(f, FINDING_TOPIC_LOST, FINDING_COLLECTION)->topics.count, 1);
        f->c->queries[4].excused = f->c->queries[5].excused = true;
        judge(f, NOW);
        assert_null(found(f, FINDING_TOPIC_LOST, FINDING_COLLECTION));
}

static void findings_move_with_their_tags(void **state)
{
        static const char other[] = "queries:\n"
                                    "  - {id: b0, text: t, tags: {area: a}}\n"
                                    "  - {id: b1, text: t, tags: {area: a}}\n"
                                    "  - {id: b2, text: t, tags: {area: a}}\n"
                                    "  - {id: b3, text: t, tags: {area: a0}}\n"
                                    "  - {id: b4, text: t, tags: {area: a0}}\n"
                                    "  - {id: b5, text: t, tags: {area: a0}}\n";
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_(query_set_unrefp) struct query_set *to = NULL;
        _cleanup_(findings_unrefp) struct findings *moved = NULL;
        struct fixture *f = *state;
        const struct finding *one;

        assert_int_equal(query_set_parse("o.yaml", other, strlen(other), &to, &errors), 0);
        move_topic(f, TOPIC_CONFIRMED, 0);
        judge(f, NOW);
        moved = findings_rebase(f->c->findings, f->set, to);
        one = findings_find(moved, FINDING_TOPIC_MOVED, FINDING_COLLECTION);
        assert_string_equal(to->topics.topics[one->topics.told[0].topic].tag->value, "a0");
        /* A tag that the other set does not have. */
        f->c->drift.topics[TOPIC_CONFIRMED].list.told[0].topic = 1;
        judge(f, NOW);
        findings_unref(moved);
        moved = findings_rebase(f->c->findings, f->set, to);
        assert_null(findings_find(moved, FINDING_TOPIC_MOVED, FINDING_COLLECTION));
        assert_true(moved->count > 0);
}

static void what_cannot_be_looked_at_stays(void **state)
{
        struct fixture *f = *state;
        struct query_view *q = &f->c->queries[5];
        const struct finding *finding;

        q->judgement.expected = OUTCOME_FAIL;
        q->judgement.reason = strdup("expected record \"r5\"");
        judge(f, NOW);
        q->judgement.expected = OUTCOME_UNMEASURED;
        free(q->judgement.reason);
        q->judgement.reason = strdup("no answer");
        judge(f, NOW + USEC_PER_MINUTE);
        finding = found(f, FINDING_MISSING, 5);
        assert_non_null(finding);
        assert_string_equal(finding->sentence, "expected record \"r5\"");
        assert_int_equal(finding->seen, NOW);
        assert_int_equal(finding->since, NOW);
        assert_int_equal(q->judgement.outcome, OUTCOME_UNMEASURED);
        assert_string_equal(q->judgement.reason, "no answer");
        q->judgement.expected = OUTCOME_PASS;
        judge(f, NOW + 2 * USEC_PER_MINUTE);
        assert_null(found(f, FINDING_MISSING, 5));
}

static void findings_wait_while_an_ingest_is_under_way(void **state)
{
        struct fixture *f = *state;

        f->policy.grace = 5 * USEC_PER_MINUTE;
        f->c->ingest_under_way = true;
        f->c->queries[0].judgement.expected = OUTCOME_FAIL;
        judge(f, NOW);
        incident_update(f->c, 0, NOW);
        assert_true(found(f, FINDING_MISSING, 0)->waiting);
        assert_false(finding_told(found(f, FINDING_MISSING, 0)));
        assert_int_equal(f->c->queries[0].judgement.outcome, OUTCOME_FAIL);
        assert_int_equal(f->c->incident_since, 0);
        judge(f, NOW + 4 * USEC_PER_MINUTE);
        assert_true(found(f, FINDING_MISSING, 0)->waiting);
        /* A probe does not know what has become of the record since the last replay. */
        judge_again(f, NOW + 5 * USEC_PER_MINUTE);
        assert_true(found(f, FINDING_MISSING, 0)->waiting);
        judge(f, NOW + 5 * USEC_PER_MINUTE);
        assert_true(finding_told(found(f, FINDING_MISSING, 0)));
        /* What spoke is not silenced again. */
        judge(f, NOW + 6 * USEC_PER_MINUTE);
        assert_true(finding_told(found(f, FINDING_MISSING, 0)));
        /* Another one has its own time, and speaks when the ingest is over. */
        f->c->queries[1].judgement.expected = OUTCOME_FAIL;
        judge(f, NOW + 7 * USEC_PER_MINUTE);
        assert_true(found(f, FINDING_MISSING, 1)->waiting);
        f->c->ingest_under_way = false;
        judge(f, NOW + 8 * USEC_PER_MINUTE);
        assert_true(finding_told(found(f, FINDING_MISSING, 1)));
}

/* What a near copy stands for, or what was so when the baseline was approved, is not lost. */
static void unreachable_is_not_yet_lost(void **state)
{
        static const struct {
                int64_t unreachable, copies, baseline;
                bool lost;
        } rows[] = {
                {-1, 0, -1, false},
                {1, 0, -1, false},
                {2, 0, -1, false},
                {3, 0, -1, true},
                {25, 25, -1, false},
                {25, 22, -1, true},
                {25, 0, 23, false},
                {25, 10, 20, true},
        };
        struct fixture *f = *state;

        f->c->health.records = 100;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                f->c->health.unreachable = rows[i].unreachable;
                f->c->health.copies = rows[i].copies;
                f->c->baseline->unreachable = rows[i].baseline;
                f->c->findings = findings_unref(f->c->findings);
                judge(f, NOW);
                assert_int_equal(found(f, FINDING_INDEX_INCOMPLETE, FINDING_COLLECTION) != NULL,
                        rows[i].lost);
        }
}

/* Of a sample only what is beyond doubt is told: the lower end of the interval. */
static void a_sample_is_told_as_an_interval(void **state)
{
        static const struct {
                unsigned lost_each; /* at each of 100 places, of 20 records */
                unsigned places_more; /* so many have one more */
                bool told;
        } rows[] = {{0, 0, false}, {0, 40, false}, {0, 50, false}, {0, 70, true}, {1, 0, true}};
        struct fixture *f = *state;

        f->c->health.records = 1000000;
        f->c->baseline->unreachable = -1;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct index_sample sample = {.places = 100, .looked = 2000};
                const struct finding *found_one;

                for (size_t k = 0; k < 100; k++) {
                        sample.looked_at[k] = 20;
                        sample.lost_at[k] =
                                (uint8_t)(rows[i].lost_each + (k < rows[i].places_more));
                        sample.missed += sample.lost_at[k];
                }
                index_health_estimate(&f->c->health, &sample);
                f->c->findings = findings_unref(f->c->findings);
                judge(f, NOW);
                found_one = found(f, FINDING_INDEX_INCOMPLETE, FINDING_COLLECTION);
                assert_int_equal(found_one != NULL, rows[i].told);
        }
        assert_true(f->c->health.unreachable == 50000);
        assert_non_null(strstr(found(f, FINDING_INDEX_INCOMPLETE, FINDING_COLLECTION)->sentence,
                "Between 4.1 % and 6 % of the 1000000 records of collection"));
}

static void a_rebuild_with_the_same_content_is_information(void **state)
{
        static const struct {
                enum cause cause;
                bool unfinished;
                int64_t records;
                enum finding_kind kind;
        } rows[] = {
                {CAUSE_NONE, false, 100, FINDING_REBUILT},
                {CAUSE_GROWTH, false, 120, FINDING_REBUILT},
                {CAUSE_NONE, true, 100, FINDING_REPLACED},
                {CAUSE_NONE, false, 99, FINDING_REPLACED},
                {CAUSE_REEMBED, false, 100, FINDING_REPLACED},
                {CAUSE_UNKNOWN, false, 100, FINDING_REPLACED},
        };
        struct fixture *f = *state;

        f->c->epoch_changes = EPOCH_REPLACED;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                f->c->attribution.cause = rows[i].cause;
                f->c->attribution.unfinished = rows[i].unfinished;
                f->c->epoch.records = rows[i].records;
                judge(f, NOW);
                assert_int_equal(f->c->findings->count, 1);
                assert_int_equal(f->c->findings->findings[0].kind, rows[i].kind);
        }
}

static void the_embedder_is_judged(void **state)
{
        struct fixture *f = *state;
        struct embedder_view *e = &f->c->embedder;

        e->name = strdup("minilm");
        judge(f, NOW);
        assert_int_equal(f->c->findings->count, 0); /* not asked yet */
        e->at = NOW;
        e->compared = QUERIES;
        e->moved = 2;
        e->median = .1;
        e->partial = true;
        judge(f, NOW);
        assert_int_equal(
                found(f, FINDING_EMBEDDER_CHANGED, FINDING_COLLECTION)->cause, CAUSE_EMBEDDER);
        e->error = strdup("http://127.0.0.1:1/v1/embeddings: connection refused");
        e->partial = false;
        judge(f, NOW);
        /* Nobody can say that it is over. */
        assert_non_null(found(f, FINDING_EMBEDDER_CHANGED, FINDING_COLLECTION));
        assert_int_equal(found(f, FINDING_EMBEDDER_UNREACHABLE, FINDING_COLLECTION)->effect,
                EFFECT_UNMEASURED);
        f->policy.embedder_counts = false;
        judge(f, NOW);
        assert_int_equal(
                found(f, FINDING_EMBEDDER_UNREACHABLE, FINDING_COLLECTION)->effect, EFFECT_NONE);
}

static void a_baseline_that_does_not_help_is_a_finding(void **state)
{
        struct fixture *f = *state;

        f->c->drift.compared = 0;
        judge(f, NOW);
        assert_non_null(found(f, FINDING_NOT_COMPARED, FINDING_COLLECTION));
        f->c->drift.compared = QUERIES;
        baseline_unref(f->c->baseline);
        f->c->baseline = NULL;
        judge(f, NOW);
        assert_null(found(f, FINDING_NOT_COMPARED, FINDING_COLLECTION));
        f->policy.demands_baseline = true;
        judge(f, NOW);
        assert_non_null(found(f, FINDING_NOT_COMPARED, FINDING_COLLECTION));
}

static void a_baseline_that_cannot_be_read_is_a_finding(void **state)
{
        struct fixture *f = *state;
        struct baseline *used = f->c->baseline;
        const struct finding *one;

        judge(f, NOW);
        assert_null(found(f, FINDING_BASELINE_UNREADABLE, FINDING_COLLECTION));
        f->c->baseline = NULL;
        f->c->baseline_error = strdup("kb.json:1:1: not JSON");
        f->policy.demands_baseline = true;
        judge(f, NOW);
        assert_null(found(f, FINDING_NOT_COMPARED, FINDING_COLLECTION));
        one = found(f, FINDING_BASELINE_UNREADABLE, FINDING_COLLECTION);
        assert_int_equal(one->effect, EFFECT_UNMEASURED);
        assert_true(finding_told(one));
        assert_string_equal(one->sentence,
                "The approved baseline of collection kb cannot be read, so that nothing is "
                "compared with it: kb.json:1:1: not JSON.");
        f->c->baseline = used;
        f->c->last_error = strdup("connection refused");
        judge(f, NOW);
        one = found(f, FINDING_BASELINE_UNREADABLE, FINDING_COLLECTION);
        assert_non_null(strstr(one->sentence, "compared with only until a restart: kb.json:1:1"));
        free(take_ptr(f->c->baseline_error));
        judge(f, NOW);
        assert_null(found(f, FINDING_BASELINE_UNREADABLE, FINDING_COLLECTION));
}

static void findings_move_with_their_queries(void **state)
{
        static const char other[] = "queries:\n"
                                    "  - {id: q7, text: t7, expect: {ids: [r7]}}\n"
                                    "  - {id: q3, text: other, expect: {ids: [r3]}}\n";
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_(query_set_unrefp) struct query_set *to = NULL;
        _cleanup_(findings_unrefp) struct findings *moved = NULL;
        struct fixture *f = *state;

        assert_int_equal(query_set_parse("o.yaml", other, strlen(other), &to, &errors), 0);
        f->c->queries[3].judgement.expected = OUTCOME_FAIL;
        f->c->queries[7].judgement.expected = OUTCOME_FAIL;
        f->c->queries[9].judgement.expected = OUTCOME_FAIL;
        f->c->drift.set_shifted = f->c->queries[7].judgement.crossed = true;
        judge(f, NOW);
        moved = findings_rebase(f->c->findings, f->set, to);
        assert_int_equal(moved->count, 3);
        assert_non_null(findings_find(moved, FINDING_SET_SHIFTED, FINDING_COLLECTION));
        assert_non_null(findings_find(moved, FINDING_MISSING, 0));
        /* A consequence stays that of the same finding. */
        f->c->drift.set_shifted = false;
        judge(f, NOW);
        assert_int_equal(found(f, FINDING_BAND_CROSSED, 7)->explained, 1);
        findings_unref(moved);
        moved = findings_rebase(f->c->findings, f->set, to);
        assert_int_equal(findings_find(moved, FINDING_BAND_CROSSED, 0)->explained, 0);
        assert_null(findings_rebase(NULL, f->set, to));
}

static void an_incident_is_what_is_open_together(void **state)
{
        _cleanup_text_ struct text summary = {0}, why = {0};
        struct fixture *f = *state;
        struct incident incident;

        judge(f, NOW);
        incident_update(f->c, 0, NOW);
        assert_false(incident_of(f->c, &incident));
        for (size_t i = 2; i < 9; i++) {
                f->c->queries[i].judgement.crossed = true;
                f->c->queries[i].judgement.distance = .8f + .01f * (float)i;
        }
        f->c->queries[11].judgement.expected = OUTCOME_FAIL;
        f->c->attribution.cause = CAUSE_REMOVED;
        judge(f, NOW);
        incident_update(f->c, 0, NOW);
        assert_true(incident_of(f->c, &incident));
        assert_string_equal(incident.id, "kb");
        assert_int_equal(incident.since, NOW);
        assert_int_equal(incident.severity, SEVERITY_CRITICAL);
        assert_int_equal(incident.queries, 8);
        assert_int_equal(incident.worst_count, INCIDENT_WORST);
        assert_int_equal(incident.worst[0], 11); /* misses its record */
        assert_int_equal(incident.worst[1], 8); /* then the farthest */
        assert_int_equal(incident.worst[4], 5);
        assert_int_equal(incident.cause_count, 1);
        assert_int_equal(incident.causes[0], CAUSE_REMOVED);
        incident_summarise(f->c, &summary);
        assert_string_equal(text_string(&summary), "of 12 queries 1 fail, 7 drifted, 4 pass");
        incident_explain(f->c, " ", &why);
        assert_non_null(strstr(text_string(&why), "Probable cause: REMOVED: "));
        incident_update(f->c, NOW, NOW + USEC_PER_HOUR);
        assert_int_equal(f->c->incident_since, NOW);
}

static void causes_are_told_together(void **state)
{
        struct fixture *f = *state;
        enum cause causes[CAUSE_COUNT];

        f->c->fates = fates_new();
        f->c->fates->cause_queries[CAUSE_EDIT] = 2;
        f->c->fates->cause_queries[CAUSE_REMOVED] = 3;
        f->c->fates->cause_queries[CAUSE_GROWTH] = 1;
        f->c->attribution.cause = CAUSE_REMOVED;
        assert_int_equal(incident_causes(f->c, causes), 2);
        assert_int_equal(causes[0], CAUSE_REMOVED);
        assert_int_equal(causes[1], CAUSE_EDIT);
        f->c->fates = fates_unref(f->c->fates);
        f->c->attribution.cause = CAUSE_GROWTH;
        assert_int_equal(incident_causes(f->c, causes), 1);
        assert_int_equal(causes[0], CAUSE_GROWTH);
        f->c->attribution.cause = CAUSE_UNKNOWN;
        assert_int_equal(incident_causes(f->c, causes), 0);
}

/* It is shown like any other, and nobody is told. */
static void what_is_known_to_fail_is_excused(void **state)
{
        struct fixture *f = *state;
        _cleanup_text_ struct text summary = {0};
        struct judgement *j = &f->c->queries[3].judgement;
        const struct finding *one;
        struct incident incident;

        j->expected = OUTCOME_FAIL;
        judge(f, NOW);
        assert_true(incident_of(f->c, &incident));
        f->c->queries[3].excused = true;
        judge(f, NOW + 1);
        one = found(f, FINDING_MISSING, 3);
        assert_non_null(one);
        assert_true(one->excused && !finding_told(one));
        assert_int_equal(j->outcome, OUTCOME_FAIL);
        assert_false(incident_of(f->c, &incident));
        incident_summarise(f->c, &summary);
        assert_string_equal(text_string(&summary), "of 12 queries 1 known to fail, 11 pass");
        /* What could not be measured keeps its finding, not its excuse. */
        j->expected = OUTCOME_UNMEASURED;
        f->c->queries[3].excused = false;
        judge(f, NOW + 2);
        assert_true(finding_told(found(f, FINDING_MISSING, 3)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* The probe sees first what a deletion leaves of the index. */
static void what_a_probe_finds_is_told_by_the_next_replay(void **state)
{
        struct fixture *f = *state;

        judge(f, NOW);
        f->c->health.at = NOW + USEC_PER_SEC;
        f->c->health.recall = .5;
        judge_again(f, NOW + USEC_PER_SEC);
        assert_true(found(f, FINDING_RECALL_LOW, FINDING_COLLECTION)->waiting);
        f->c->health.at = NOW + 2 * USEC_PER_SEC; /* another probe is no replay */
        judge_again(f, NOW + 2 * USEC_PER_SEC);
        assert_true(found(f, FINDING_RECALL_LOW, FINDING_COLLECTION)->waiting);
        judge(f, NOW + 3 * USEC_PER_SEC);
        assert_false(found(f, FINDING_RECALL_LOW, FINDING_COLLECTION)->waiting);
        f->c->health.at = NOW + 4 * USEC_PER_SEC;
        judge_again(f, NOW + 4 * USEC_PER_SEC);
        assert_false(found(f, FINDING_RECALL_LOW, FINDING_COLLECTION)->waiting);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(every_kind_is_complete),
                TEST(all_is_well),
                TEST(moved_queries_drift),
                TEST(what_is_not_armed_moves_nothing_at_once),
                TEST(limits_follow_the_space),
                TEST(a_worse_band_counts),
                TEST(a_set_that_is_back_says_so),
                TEST(within_a_query_the_worst_is_told),
                TEST(what_comes_first_explains),
                TEST(what_a_probe_finds_is_told_by_the_next_replay),
                TEST(what_is_left_of_a_consequence_is_not_told),
                TEST(what_could_not_be_asked_since_is_not_told),
                TEST(what_was_not_asked_since_is_not_told),
                TEST(a_cut_replay_tells_no_consequence),
                TEST(a_clock_that_is_set_changes_nothing),
                TEST(while_an_ingest_repairs_consequences_wait),
                TEST(what_a_probe_found_is_told_by_the_next_one),
                TEST(what_an_index_does_by_itself_is_told_to_nobody),
                TEST(what_records_told_is_told_when_they_were_looked_up_again),
                TEST(a_rebuild_puts_right),
                TEST(a_topic_explains_its_own_queries),
                TEST(one_replay_moves_a_topic_at_once),
                TEST(a_topic_is_told_where_the_set_has_not_moved),
                TEST(a_lost_topic_fails),
                TEST(a_topic_that_is_known_to_fail_is_no_finding),
                TEST(findings_move_with_their_tags),
                TEST(what_cannot_be_looked_at_stays),
                TEST(findings_wait_while_an_ingest_is_under_way),
                TEST(unreachable_is_not_yet_lost),
                TEST(a_sample_is_told_as_an_interval),
                TEST(a_rebuild_with_the_same_content_is_information),
                TEST(the_embedder_is_judged),
                TEST(a_baseline_that_does_not_help_is_a_finding),
                TEST(a_baseline_that_cannot_be_read_is_a_finding),
                TEST(findings_move_with_their_queries),
                TEST(an_incident_is_what_is_open_together),
                TEST(causes_are_told_together),
                TEST(what_is_known_to_fail_is_excused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
