/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/weakness.h"

#include "expect.h"

#define CONTROL(n) \
        "- {id: c" #n ", text: 'c" #n "', tags: {kind: control}, expect: {distance: {min: 1}}}\n"
#define QUERY(n) "- {id: q" #n ", text: 'q" #n "', tags: {kind: plain}, expect: {ids: [a]}}\n"
#define TEN(x) \
        QUERY(x##0) \
        QUERY(x##1) \
        QUERY(x##2) \
        QUERY(x##3) QUERY(x##4) QUERY(x##5) QUERY(x##6) QUERY(x##7) QUERY(x##8) QUERY(x##9)
/* 29 exclude a tenth: 1 - 0.05^(1/29) = 0.098. */
#define TWENTY_EIGHT \
        TEN(1) \
        TEN(2) QUERY(30) QUERY(31) QUERY(32) QUERY(33) QUERY(34) QUERY(35) QUERY(36) QUERY(37)

static void a_weak_set_is_told(void **state)
{
        static const struct {
                const char *queries, *warnings[6];
        } cases[] = {
                {TWENTY_EIGHT CONTROL(1), {NULL}},
                {TWENTY_EIGHT "- {id: r, text: r, tags: {kind: other}, expect: {ids: [a]}}\n",
                        {"s.yaml: no negative control"}},
                {TEN(1) TEN(2) CONTROL(1),
                        {"s.yaml: 21 queries: as long as all pass, up to 13 % of users' questions may fail (95 % confidence)"}},
                {TWENTY_EIGHT
                        "- {id: c, text: c, tags: {kind: plain}, expect: {distance: {min: 1}}}\n",
                        {"s.yaml: one area only: every query has kind: plain"}},
                /* A second tag tells them apart. */
                {TWENTY_EIGHT
                        "- {id: c, text: c, tags: {kind: plain, b: x}, expect: {distance: {min: 1}}}\n",
                        {NULL}},
                {"- {id: a, text: a}\n",
                        {"s.yaml: 1 query: as long as all pass, up to 95 %",
                                "s.yaml: no negative control", "s.yaml: no query has tags",
                                "s.yaml: no query expects anything"}},
                {TWENTY_EIGHT CONTROL(1) "- {id: again, text: q13, expect: {ids: [b]}}\n"
                                         "- {id: filtered, text: q13, where: {a: 1}}\n",
                        {"s.yaml:31: \"again\" asks what \"q13\" asks in line 5"}},
                {TWENTY_EIGHT TEN(4) "- {id: a, text: q40}\n"
                                     "- {id: b, text: q40}\n"
                                     "- {id: c, text: q40}\n"
                                     "- {id: d, text: q40}\n"
                                     "- {id: e, text: q41}\n" CONTROL(1),
                        {"s.yaml:40: \"a\" asks what \"q40\" asks in line 30",
                                "s.yaml:41: \"b\" asks what \"a\" asks in line 40",
                                "s.yaml:42: \"c\" asks what \"b\" asks in line 41",
                                "s.yaml: 2 more queries ask what others ask"}},
                {TWENTY_EIGHT CONTROL(1) "- {id: w, text: w, expect: {ids: [b], within: 10}}\n"
                                         "- {id: v, text: v, expect: {ids: [b], within: 9}}\n",
                        {"s.yaml:31: expect.within: 10 is no narrower than the 10 results"}},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(query_set_unrefp) struct query_set *set = NULL;
                _cleanup_errors_ struct errors errors = {0}, warnings = {0};
                _cleanup_text_ struct text t = {0};

                text_appendf(&t, "queries:\n%s", cases[i].queries);
                if (query_set_parse("s.yaml", t.data, t.size, &set, &errors) < 0)
                        fail_msg("%s", errors.messages[0]);
                weakness_find(set, 10, &warnings);
                assert_errors(&warnings, cases[i].warnings, ARRAY_SIZE(cases[i].warnings), t.data);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_weak_set_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
