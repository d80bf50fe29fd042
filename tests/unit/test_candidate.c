/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <math.h>

#include "fleet.h"
#include "json.h"
#include "judge/drift.h"

#define assert_close(a, b) assert_true(fabs((double)(a) - (b)) < 1e-6)

/* As many answers as there are letters: a at .5, b at .6, c twice DRIFT_EQUAL beyond a, d almost
 * at a, - not measured. */
static void make_replay(const char *letters, struct answer **ret)
{
        static const double first[] = {.5, .6, .500002, .5000005};

        for (size_t i = 0; letters[i]; i++)
                ret[i] = letters[i] == '-' ? NULL : fleet_answer("xyz", first[letters[i] - 'a']);
}

struct replays {
        struct answer *answers[32][4];
        struct answer *const *samples[32];
        size_t count, queries;
};

static struct replays *make(const char *const *rows)
{
        struct replays *r = calloc(1, sizeof(*r));

        assert_non_null(r);
        r->queries = strlen(rows[0]);
        for (; rows[r->count]; r->count++) {
                make_replay(rows[r->count], r->answers[r->count]);
                r->samples[r->count] = r->answers[r->count];
        }
        return r;
}

static void replays_free(struct replays *r)
{
        for (size_t s = 0; s < r->count; s++)
                for (size_t i = 0; i < r->queries; i++)
                        answer_unref(r->answers[s][i]);
        free(r);
}

static void three_equal_replays_are_stable(void **state)
{
        static const struct {
                const char *rows[6];
                bool stable;
        } cases[] = {
                {{"ab", "ab", "ab"}, true},
                {{"ab", "ad", "ab"}, false},
                {{"ab", "db", "ab"}, true},
                {{"ab", "cb", "ab"}, false},
                {{"ab", "ab"}, false},
                {{"bb", "ab", "ab", "ab"}, true},
                {{"ab", "ab", "ab", "bb"}, false},
                {{"a-", "a-", "a-"}, true},
                {{"ab", "a-", "ab"}, false},
                {{"a-", "ab", "ab"}, false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct replays *r = make(cases[i].rows);

                if (candidate_stable(r->samples, r->count, r->queries) != cases[i].stable)
                        fail_msg("row %zu", i);
                replays_free(r);
        }
}

static void it_holds_what_was_seen(void **state)
{
        static const char *const rows[] = {"ab-", "ab-", "a--", NULL};
        _cleanup_(query_set_unrefp) struct query_set *set = fleet_set(3);
        _cleanup_(vector_set_unrefp) struct vector_set *vectors = vector_set_new("v", "m", 2, 0);
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;
        const enum outcome outcomes[] = {OUTCOME_DRIFT, OUTCOME_PASS, OUTCOME_UNMEASURED};
        const unsigned ranks[] = {2, 1, 0};
        struct replays *r = make(rows);
        struct epoch epoch = {.id = (char *)"uuid", .space = (char *)"l2", .records = 9};
        struct candidate_input input = {
                "docs", "handbook", set, vectors, &epoch, r->samples, 3, outcomes, ranks, 3, 77};

        /* Out of order, so that they have to be sorted. */
        set->queries[0].id[0] = 'z';
        assert_int_equal(candidate_new(&input, &b), 0);
        assert_string_equal(b->collection, "docs");
        assert_string_equal(b->name, "handbook");
        assert_string_equal(b->epoch.id, "uuid");
        assert_int_equal(b->epoch.records, 9);
        assert_int_equal(b->recorded, 77);
        assert_int_equal(b->approved, 0);
        assert_int_equal(b->results, 3);
        assert_int_equal(b->samples, 3);
        assert_ptr_equal(b->vectors, vectors);
        assert_string_equal(b->queries[2].id, "z0000");
        assert_string_equal(b->queries[2].text, "text 0");
        assert_int_equal(b->queries[2].outcome, OUTCOME_DRIFT);
        assert_int_equal(b->queries[2].expected_rank, 2);
        assert_ptr_equal(b->queries[2].answer, r->answers[2][0]);
        assert_close(b->queries[2].levels[LEVEL_TOP1].location, .5);
        assert_close(b->queries[2].levels[LEVEL_TOPK].location, .51);
        assert_true(b->queries[2].levels[LEVEL_TOPK].scale == 0);
        /* Not measured in the last replay, and in none. */
        assert_ptr_equal(b->queries[0].answer, r->answers[1][1]);
        assert_close(b->queries[0].levels[LEVEL_TOP1].location, .6);
        assert_null(b->queries[1].answer);
        assert_true(isnan(b->queries[1].levels[LEVEL_TOP1].location));
        replays_free(r);
}

static void noise_of_one_query_is_part_of_all(void **state)
{
        static const char *const quiet[] = {"ad", "aa", "ad", "aa", NULL};
        static const char *const noisy[] = {"aa", "ba", "aa", "ba", NULL};
        _cleanup_(query_set_unrefp) struct query_set *set = fleet_set(2);
        struct replays *q = make(quiet), *n = make(noisy);
        _cleanup_(baseline_unrefp) struct baseline *equal = fleet_baseline(set, q->samples, 4, 3);
        _cleanup_(baseline_unrefp) struct baseline *b = fleet_baseline(set, n->samples, 4, 3);

        for (size_t s = 0; s < LEVEL_COUNT; s++) {
                assert_true(equal->queries[1].levels[s].scale == 0);
                assert_close(b->queries[0].levels[s].location, s == LEVEL_TOP1 ? .55 : .56);
                assert_close(b->queries[0].levels[s].scale, 1.4826 * .05);
                /* Root mean square of four deviations of .05 and four of 0. */
                assert_close(b->queries[1].levels[s].scale, sqrt(.05 * .05 / 2));
        }
        replays_free(q);
        replays_free(n);
}

static void filtered_queries_may_answer_with_less(void **state)
{
        static const char *const rows[] = {"aa", NULL};
        _cleanup_(query_set_unrefp) struct query_set *set = fleet_set(2);
        struct replays *r = make(rows);

        set->queries[1].where = strdup("{}");
        {
                _cleanup_(baseline_unrefp) struct baseline *b =
                        fleet_baseline(set, r->samples, 1, 10);

                assert_true(isnan(b->queries[0].levels[LEVEL_TOPK].location));
                assert_close(b->queries[0].levels[LEVEL_TOP1].location, .5);
                assert_close(b->queries[1].levels[LEVEL_TOPK].location, .51);
        }
        replays_free(r);
}

static struct vector_set *make_vectors(unsigned dimension, float first)
{
        struct vector_set *v = vector_set_new("v", NULL, dimension, 3);

        for (size_t i = 0; i < 3; i++) {
                char id[] = "q000?";

                id[4] = (char)('0' + i);
                assert_int_equal(strdup_to(&v->ids[i], id), 0);
                v->rows[i][0] = first + (float)i;
        }
        return v;
}

static struct baseline *make_baseline(const char *row, float first_vector, unsigned results)
{
        const char *const rows[] = {row, NULL};
        _cleanup_(query_set_unrefp) struct query_set *set = fleet_set(strlen(row));
        struct replays *r = make(rows);
        struct baseline *b = fleet_baseline(set, r->samples, 1, results);

        b->vectors = make_vectors(1, first_vector);
        replays_free(r);
        return b;
}

/* q0000 is the same, q0001 has another text, q0002 is gone and q0003 is new. */
static void only_what_is_new_comes_from_the_fresh_one(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *approved = make_baseline("aaa", 10, 3);
        _cleanup_(baseline_unrefp) struct baseline *fresh = make_baseline("bbb", 20, 3);
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;

        approved->epoch.records = 5;
        approved->approved = 3;
        approved->queries[0].expected_rank = 4;
        fresh->queries[1].text[0] = 'T';
        fresh->queries[2].id[4] = '3';
        assert_int_equal(candidate_merge(approved, fresh, &b), 0);
        assert_int_equal(b->count, 3);
        assert_int_equal(b->approved, 0);
        assert_int_equal(b->epoch.records, 5);
        assert_ptr_equal(b->queries[0].answer, approved->queries[0].answer);
        assert_int_equal(b->queries[0].expected_rank, 4);
        assert_close(b->queries[0].levels[LEVEL_TOP1].location, .5);
        assert_ptr_equal(b->queries[1].answer, fresh->queries[1].answer);
        assert_string_equal(b->queries[1].text, "Text 1");
        assert_close(b->queries[1].levels[LEVEL_TOP1].location, .6);
        assert_string_equal(b->queries[2].id, "q0003");
        assert_null(baseline_find(b, "q0002"));
        assert_int_equal(b->vectors->count, 2);
        assert_true(*vector_set_find(b->vectors, "q0000") == 10);
        assert_true(*vector_set_find(b->vectors, "q0001") == 21);
        assert_null(vector_set_find(b->vectors, "q0002"));
}

static void what_was_measured_otherwise_cannot_be_merged(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *approved = make_baseline("aaa", 10, 3);
        _cleanup_(baseline_unrefp) struct baseline *fresh = make_baseline("aaa", 20, 2);
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;

        assert_int_equal(candidate_merge(approved, fresh, &b), -EINVAL);
        fresh->results = 3;
        vector_set_unref(fresh->vectors);
        fresh->vectors = make_vectors(2, 0);
        assert_int_equal(candidate_merge(approved, fresh, &b), -EINVAL);
        assert_null(b);
        fresh->vectors = vector_set_unref(fresh->vectors);
        assert_int_equal(candidate_merge(approved, fresh, &b), 0);
        assert_true(*vector_set_find(b->vectors, "q0002") == 12);
}

/* q0000 has no vector but the same text, q0001 neither, q0002 another text and a vector of it. */
static void another_text_without_a_vector_stays_unasked(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *approved = make_baseline("aaa", 10, 3);
        _cleanup_(baseline_unrefp) struct baseline *b = make_baseline("bbb", 20, 3);

        b->queries[1].text[0] = b->queries[2].text[0] = 'T';
        free(b->vectors->ids[0]);
        free(b->vectors->ids[1]);
        b->vectors->ids[0] = b->vectors->ids[2];
        b->vectors->rows[0][0] = 22;
        b->vectors->count = 1;
        assert_int_equal(candidate_keep_unasked(approved, b), 0);
        assert_ptr_not_equal(b->queries[0].answer, approved->queries[0].answer);
        assert_string_equal(b->queries[1].text, approved->queries[1].text);
        assert_ptr_equal(b->queries[1].answer, approved->queries[1].answer);
        assert_string_equal(b->queries[2].text, "Text 2");
        assert_int_equal(b->vectors->count, 2);
        assert_true(*vector_set_find(b->vectors, "q0001") == 11);
        assert_true(*vector_set_find(b->vectors, "q0002") == 22);
}

static struct baseline_query found(const char *letters)
{
        return (struct baseline_query){.answer = letters ? fleet_answer(letters, .5) : NULL};
}

static void query_done(struct baseline_query *q)
{
        answer_unref(q->answer);
        beyond_done(&q->beyond);
}

static void it_knows_what_follows_an_answer(void **state)
{
        static char *const ids[] = {(char *)"b", (char *)"d", (char *)"z"};
        const struct expectation expect = {.ids = (char **)ids, .id_count = 3};
        struct answer *deep = fleet_answer("abcdefg", .5);
        _cleanup_(query_done) struct baseline_query q = found("abc"), all = found("abc");

        assert_int_equal(candidate_deepen(&q, &expect, deep, 3), 0);
        assert_int_equal(q.beyond.records->count, 3);
        assert_string_equal(q.beyond.records->ids[0], "d");
        assert_string_equal(q.beyond.records->ids[2], "f");
        assert_close(q.beyond.records->distances[0], .53);
        assert_int_equal(q.beyond.expected_count, 2);
        assert_int_equal(q.beyond.expected[0], 2);
        assert_int_equal(q.beyond.expected[1], 4);
        assert_int_equal(candidate_deepen(&all, NULL, deep, 10), 0);
        assert_int_equal(all.beyond.records->count, 4);
        assert_int_equal(all.beyond.expected_count, 0);
        answer_unref(deep);
}

static void metadata_tell_what_is_expected(void **state)
{
        _cleanup_json_ json_t *wanted = json_pack("[{s:s}]", "file", "a");
        const struct expectation expect = {.metadata = wanted};
        struct answer *deep = fleet_answer("abcde", .5);
        _cleanup_(query_done) struct baseline_query q = found("ab");

        deep->metadatas =
                json_pack("[{s:s}, {s:s}, n, {s:s}, {}]", "file", "a", "file", "b", "file", "a");
        assert_int_equal(candidate_deepen(&q, &expect, deep, 10), 0);
        assert_int_equal(q.beyond.expected_count, 2);
        assert_int_equal(q.beyond.expected[0], 1);
        assert_int_equal(q.beyond.expected[1], 4);
        answer_unref(deep);
}

/* The collection is another one by now, or what was missed stands before. */
static void what_does_not_follow_is_not_kept(void **state)
{
        static const struct {
                const char *answer, *deep;
                double first;
                int follow; /* -1: unknown */
        } cases[] = {
                {"abc", "abd", .5, -1},
                {"abc", "abcd", .6, -1},
                {NULL, "abcd", .5, -1},
                {"abc", "abc", .5, 0},
                {"bcd", "abcde", .49, 1},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(query_done) struct baseline_query q = found(cases[i].answer);
                struct answer *deep = fleet_answer(cases[i].deep, cases[i].first);

                assert_int_equal(candidate_deepen(&q, NULL, deep, 10), 0);
                assert_int_equal(
                        q.beyond.records ? (int)q.beyond.records->count : -1, cases[i].follow);
                answer_unref(deep);
        }
}

static void what_follows_is_taken_over(void **state)
{
        struct query_set *set = fleet_set(2);
        struct answer *answers[] = {fleet_answer("ab", .5), fleet_answer("cd", .5)};
        struct answer *const *samples[] = {answers, answers, answers};
        struct answer *deep = fleet_answer("abxyz", .5);
        struct baseline *approved = fleet_baseline(set, samples, 3, 2), *merged = NULL;
        struct baseline *fresh = fleet_baseline(set, samples, 3, 2);

        assert_int_equal(candidate_deepen(&approved->queries[0], NULL, deep, 10), 0);
        assert_int_equal(candidate_merge(approved, fresh, &merged), 0);
        assert_int_equal(merged->queries[0].beyond.records->count, 3);
        assert_null(merged->queries[1].beyond.records);
        baseline_unref(approved);
        baseline_unref(fresh);
        baseline_unref(merged);
        answer_unref(deep);
        answer_unref(answers[0]);
        answer_unref(answers[1]);
        query_set_unref(set);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(three_equal_replays_are_stable),
                cmocka_unit_test(it_holds_what_was_seen),
                cmocka_unit_test(noise_of_one_query_is_part_of_all),
                cmocka_unit_test(filtered_queries_may_answer_with_less),
                cmocka_unit_test(only_what_is_new_comes_from_the_fresh_one),
                cmocka_unit_test(what_was_measured_otherwise_cannot_be_merged),
                cmocka_unit_test(another_text_without_a_vector_stays_unasked),
                cmocka_unit_test(it_knows_what_follows_an_answer),
                cmocka_unit_test(metadata_tell_what_is_expected),
                cmocka_unit_test(what_does_not_follow_is_not_kept),
                cmocka_unit_test(what_follows_is_taken_over),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
