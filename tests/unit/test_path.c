/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "macro.h"
#include "serve/path.h"

static void what_a_path_is_about(void **state)
{
        static const struct {
                const char *pattern, *path, *subject; /* NULL: it does not match; "": without one */
        } cases[] = {
                {"/metrics", "/metrics", ""},
                {"/metrics", "/metrics/", NULL},
                {"/a/*/ack", "/a/handbook/ack", "handbook"},
                {"/a/*/ack", "/a/b/c/ack", "b/c"},
                {"/a/*/ack", "/a/ack/ack", "ack"},
                {"/a/*/ack", "/a//ack", NULL},
                {"/a/*/ack", "/a/ack", NULL},
                {"/a/*/ack", "/a/handbook", NULL},
                {"/a/*/ack", "/a/handbook/ack/", NULL},
                {"/a/*/ack", "/b/handbook/ack", NULL},
                {"/a/*/ack", "", NULL},
                {"/a/*", "/a/*", "*"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *subject = NULL;
                bool matches = path_matches(cases[i].pattern, cases[i].path, &subject);

                if (matches != (cases[i].subject != NULL))
                        fail_msg("%s of %s", cases[i].path, cases[i].pattern);
                if (matches && !streq(subject ? subject : "", cases[i].subject))
                        fail_msg("%s: %s", cases[i].path, subject);
        }
}

static void what_is_encoded_is_decoded_once(void **state)
{
        static const char *const cases[][2] = {{"", ""}, {"a%2Fb%20c", "a/b c"}, {"%2541", "%41"},
                {"%00%0", "%00%0"}, {"%", "%"}, {"%4", "%4"}, {"%zz%c3%A9", "%zz\xc3\xa9"}};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *s = strdup(cases[i][0]);

                assert_int_equal(path_unescape(s), strlen(cases[i][1]));
                assert_string_equal(s, cases[i][1]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_a_path_is_about),
                cmocka_unit_test(what_is_encoded_is_decoded_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
