/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/matcher.h"

static void build(const struct matchers *m, const char *expected)
{
        _cleanup_text_ struct text t = {0};

        matchers_build(m, &t);
        assert_string_equal(text_string(&t), expected);
}

static void reads_and_writes_back(void **state)
{
        static const struct {
                const char *text, *canonical;
        } rows[] = {
                {"severity=critical", "{severity=\"critical\"}"},
                {" severity = \"critical\" ", "{severity=\"critical\"}"},
                {"a!=b", "{a!=\"b\"}"},
                {"a=~\"b.*\"", "{a=~\"b.*\"}"},
                {"a!~b|c", "{a!~\"b|c\"}"},
                {"{a=\"b\",c=~\"d\"}", "{a=\"b\",c=~\"d\"}"},
                {"{ a = b , c !~ d , }", "{a=\"b\",c!~\"d\"}"},
                {"a=b,c=d", "{a=\"b\",c=\"d\"}"},
                {"a=b,", NULL},
                {"{}", "{}"},
                {"a=", "{a=\"\"}"},
                {"a=\"x\\\"y\\\\z\\n\"", "{a=\"x\\\"y\\\\z\\n\"}"},
                {"a=~\"\\d+\"", "{a=~\"\\\\d+\"}"},
                {"a=\"b,c}d e\"", "{a=\"b,c}d e\"}"},
                {"a=größe", "{a=\"größe\"}"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(matchers_done) struct matchers m = {0}, again = {0};
                _cleanup_error_ struct error e = {0};
                int r = matchers_parse(&m, rows[i].text, &e);

                if (!rows[i].canonical) {
                        assert_int_equal(r, -EINVAL);
                        continue;
                }
                if (r < 0)
                        fail_msg("%s: %s", rows[i].text, error_text(&e, r));
                build(&m, rows[i].canonical);
                assert_int_equal(matchers_parse(&again, rows[i].canonical, &e), 0);
                build(&again, rows[i].canonical);
        }
}

static void refuses_with_the_reason(void **state)
{
        static const struct {
                const char *text, *why;
        } rows[] = {
                {"", "the name of a label is missing"},
                {"{a=b", "a { is not closed"},
                {"{a=b]", "a { is not closed"},
                {"{a=b}}", "nothing more was expected"},
                {"a=b}", "at \"}\" nothing more"},
                {"9a=b", "at \"9a=b\" the name of a label"},
                {"a b", "after a one of = != =~ !~"},
                {"a", "after a one of"},
                {"a==b", "nothing more was expected"},
                {"a=b c", "at \"c\" nothing more was expected"},
                {"{a=b c=d}", "at \"c=d}\" a , or } was expected"},
                {"a=\"b", "a quote is not closed"},
                {"a='b'", "stands in quotes"},
                {"a=~\"(\"", "a ( is not closed"},
                {"a=\"\xff\"", "the value of a is not UTF-8"},
                {"größe=b", "after gr one of"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(matchers_done) struct matchers m = {0};
                _cleanup_error_ struct error e = {0};
                int r;

                assert_int_equal(matchers_add(&m, MATCHER_EQUAL, "kept", "x", &e), 0);
                r = matchers_parse(&m, rows[i].text, &e);
                assert_int_equal(r, -EINVAL);
                if (!strstr(e.message, rows[i].why))
                        fail_msg("%s: \"%s\", not \"%s\"", rows[i].text, e.message, rows[i].why);
                build(&m, "{kept=\"x\"}");
        }
}

static void bounds_what_is_hostile(void **state)
{
        _cleanup_(matchers_done) struct matchers m = {0};
        char name[MATCHER_NAME_MAX + 2], value[MATCHER_VALUE_MAX + 2];

        memset(name, 'n', sizeof(name) - 1);
        memset(value, 'v', sizeof(value) - 1);
        name[sizeof(name) - 1] = value[sizeof(value) - 1] = '\0';
        assert_int_equal(matchers_add(&m, MATCHER_EQUAL, name, "x", NULL), -EINVAL);
        assert_int_equal(matchers_add(&m, MATCHER_EQUAL, "a", value, NULL), -EINVAL);
        assert_int_equal(matchers_add(&m, MATCHER_EQUAL, name + 1, value + 1, NULL), 0);
        while (m.count < MATCHERS_MAX)
                assert_int_equal(matchers_add(&m, MATCHER_PATTERN, "a", "x", NULL), 0);
        assert_int_equal(matchers_add(&m, MATCHER_EQUAL, "a", "b", NULL), -EINVAL);
        assert_int_equal(matchers_parse(&m, "a=b", NULL), -EINVAL);
        assert_int_equal(m.count, MATCHERS_MAX);
}

static void matches_label_sets(void **state)
{
        static const struct {
                const char *matchers;
                bool matches, vacuous;
        } rows[] = {
                {"{}", true, true},
                {"collection=docs", true, false},
                {"collection=doc", false, false},
                {"collection!=docs", false, true},
                {"collection!=other", true, true},
                {"collection=~do.*", true, false},
                {"collection=~do", false, false},
                {"collection!~do", true, true},
                {"collection!~.*", false, false},
                {"query=\"\"", true, true},
                {"query!=\"\"", false, false},
                {"query=~.*", true, true},
                {"query=~.+", false, false},
                {"{collection=docs,severity=critical}", true, false},
                {"{collection=docs,severity=warning}", false, false},
                {"{collection=~\"docs|wiki\",severity!=info,team=\"\"}", true, false},
        };
        _cleanup_(labels_done) struct labels l = {0};

        assert_int_equal(labels_set(&l, "collection", "docs"), 0);
        assert_int_equal(labels_set(&l, "severity", "critical"), 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(matchers_done) struct matchers m = {0};

                assert_int_equal(matchers_parse(&m, rows[i].matchers, NULL), 0);
                if (matchers_match(&m, &l) != rows[i].matches ||
                        matchers_vacuous(&m) != rows[i].vacuous)
                        fail_msg("%s", rows[i].matchers);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_and_writes_back),
                cmocka_unit_test(refuses_with_the_reason),
                cmocka_unit_test(bounds_what_is_hostile),
                cmocka_unit_test(matches_label_sets),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
