/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include "judge/similarity.h"
#include "text.h"

/* One letter an id; letters within parentheses are at the same distance. */
static struct answer *answer(const char *letters)
{
        char names[32][2];
        const char *ids[32];
        float distances[32], next = .5f;
        unsigned n = 0;
        bool tied = false;

        for (; *letters; letters++) {
                if (*letters == '(' || *letters == ')') {
                        tied = *letters == '(';
                        next += .01f;
                        continue;
                }
                assert_in_range(n, 0, ARRAY_SIZE(names) - 1);
                names[n][0] = *letters;
                names[n][1] = '\0';
                ids[n] = names[n];
                distances[n++] = next;
                next += tied ? 0 : .01f;
        }
        return answer_new(n, ids, distances, NULL);
}

#define TIE 1e-6

/* The two other figures of rank-biased overlap, from the overlaps at each depth: the sum over the
 * depths seen, and its lower bound, equation 11 of Webber, Moffat and Zobel (2010). */
static void assert_depths(
        const struct answer *a, const struct answer *b, double p, const json_t *expected)
{
        unsigned k = MAX(a->count, b->count);
        double last = k * similarity_overlap(a, b, k, TIE), prefix = 0, least = 0;

        for (unsigned depth = 1; depth <= k; depth++) {
                double common = depth * similarity_overlap(a, b, depth, TIE);

                prefix += (1 - p) * pow(p, depth - 1) * common / depth;
                least += (common - last) * pow(p, depth) / depth;
        }
        assert_near(prefix, reference_number(expected, "rbo_prefix_sum"));
        assert_near(
                (1 - p) / p * (least - last * log(1 - p)), reference_number(expected, "rbo_min"));
        assert_near(similarity_rbo(a, b, p, TIE), reference_number(expected, "rbo_ext"));
}

static void lists_without_ties_are_as_the_reference_has_them(void **state)
{
        size_t rows = json_array_size(reference("rank"));

        assert_in_range(rows, 5, 100);
        for (size_t i = 0; i < rows; i++) {
                _cleanup_(answer_unrefp) struct answer *a =
                        answer(json_string_value(reference("rank.%zu.a", i)));
                _cleanup_(answer_unrefp) struct answer *b =
                        answer(json_string_value(reference("rank.%zu.b", i)));

                assert_near(
                        similarity_overlap(a, b, 0, TIE), reference_at("rank.%zu.overlap_at_k", i));
                assert_depths(a, b, .8, reference("rank.%zu.p0.8", i));
                assert_depths(a, b, RBO_P, reference("rank.%zu.p0.9", i));
        }
}

/* Groups as the reference writes them: [["a"], ["b", "c"]]. */
static struct answer *grouped(const json_t *groups)
{
        _cleanup_text_ struct text t = {};
        const json_t *group, *id;
        size_t i, k;

        json_array_foreach (groups, i, group) {
                text_append(&t, "(");
                json_array_foreach (group, k, id)
                        text_append(&t, json_string_value(id));
                text_append(&t, ")");
        }
        return answer(text_string(&t));
}

static void ties_have_no_order(void **state)
{
        size_t rows = json_array_size(reference("rank_ties"));

        assert_in_range(rows, 3, 100);
        for (size_t i = 0; i < rows; i++) {
                _cleanup_(answer_unrefp) struct answer *a =
                        grouped(reference("rank_ties.%zu.a", i));
                _cleanup_(answer_unrefp) struct answer *b =
                        grouped(reference("rank_ties.%zu.b", i));
                double p = reference_at("rank_ties.%zu.p", i);
                double expected = reference_at("rank_ties.%zu.rbo_ext_ties", i);

                assert_int_equal(MAX(a->count, b->count), (int)reference_at("rank_ties.%zu.k", i));
                assert_near(similarity_rbo(a, b, p, TIE), expected);
                assert_near(similarity_rbo(b, a, p, TIE), expected);
                assert_near(similarity_overlap(a, b, 0, TIE), reference_at("rank_ties.%zu.A_k", i));
        }
}

static void lists_of_any_length_can_be_compared(void **state)
{
        static const struct {
                const char *what, *a, *b;
                unsigned k;
                double overlap, rbo;
        } rows[] = {
                {"both empty", "", "", 0, 1, 1},
                {"one empty", "abc", "", 0, 0, 0},
                {"a prefix of the longer: two found of four", "abcd", "ab", 0, .5, 1},
                {"shorter and different: X_s/s = 1/2 goes on", "acd", "ab", 0, 1. / 3,
                        .1 * (1 + .9 / 2 + .81 * 1.5 / 3) + .729 * 1.5 / 3},
                {"only the first two are looked at", "abcd", "abxy", 2, 1,
                        .1 * (1 + .9 + .81 * 2 / 3 + .729 / 2) + .6561 / 2},
                {"more asked for than either has", "ab", "ba", 10, 1, .9},
                {"a tie across rank 2 counts as a whole", "a(bc)", "ac(b)", 2, 4. / 5,
                        .1 * (1 + .9 * 4 / 5 + .81) + .729},
                {"a repeated id is one hit", "aab", "aac", 0, 1. / 3,
                        .1 * (1 + .9 / 2 + .81 / 3) + .729 / 3},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(answer_unrefp) struct answer *a = answer(rows[i].a);
                _cleanup_(answer_unrefp) struct answer *b = answer(rows[i].b);

                assert_near(similarity_overlap(a, b, rows[i].k, TIE), rows[i].overlap);
                assert_near(similarity_overlap(b, a, rows[i].k, TIE), rows[i].overlap);
                if (fabs(similarity_rbo(a, b, RBO_P, TIE) - rows[i].rbo) > 1e-9)
                        fail_msg("%s: RBO %.12g, expected %.12g", rows[i].what,
                                similarity_rbo(a, b, RBO_P, TIE), rows[i].rbo);
                assert_near(similarity_rbo(b, a, RBO_P, TIE), rows[i].rbo);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lists_without_ties_are_as_the_reference_has_them),
                cmocka_unit_test(ties_have_no_order),
                cmocka_unit_test(lists_of_any_length_can_be_compared),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
