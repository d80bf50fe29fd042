/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>

#include "unit.h"

#include "serve/form.h"

static void knows_a_form(void **state)
{
        assert_true(form_is("application/x-www-form-urlencoded"));
        assert_true(form_is("Application/X-WWW-Form-Urlencoded; charset=UTF-8"));
        assert_false(form_is("application/x-www-form-urlencodedish"));
        assert_false(form_is("application/json"));
        assert_false(form_is("text/plain"));
        assert_false(form_is(""));
        assert_false(form_is(NULL));
}

static void becomes_json(void **state)
{
        static const struct {
                const char *body, *json, *back;
        } cases[] = {
                {"", "{}", NULL},
                {"by=anna&comment=", "{\"by\":\"anna\"}", NULL},
                {"by=a+b%2Bc%22%0A&comment=%C3%BC", "{\"by\":\"a b+c\\\"\\n\",\"comment\":\"ü\"}",
                        NULL},
                {"a=1=2&&b&=c", "{\"a\":\"1=2\",\"\":\"c\"}", NULL},
                {"by=x&back=%3Fincident%3Da%2520b", "{\"by\":\"x\"}", "?incident=a%20b"},
                {"back=%3Fa%3Db%26c%3Dd", "{}", "?a=b&c=d"},
                /* Nowhere else, and no other header. */
                {"back=https%3A%2F%2Fevil.example", "{}", NULL},
                {"back=%2F%2Fevil.example", "{}", NULL},
                {"back=%3Fa%0D%0ASet-Cookie%3A+b", "{}", NULL},
                {"a=%zz%4", "{\"a\":\"%zz%4\"}", NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text json = {0};
                _cleanup_free_ char *back = NULL;

                assert_int_equal(form_read(cases[i].body, &json, &back), 0);
                assert_string_equal(text_string(&json), cases[i].json);
                if (cases[i].back)
                        assert_string_equal(back, cases[i].back);
                else
                        assert_null(back);
        }
}

static void refuses_other_encodings(void **state)
{
        _cleanup_text_ struct text json = {0};
        char *back = NULL;

        assert_int_equal(form_read("by=%ff", &json, &back), -EINVAL);
        assert_int_equal(form_read("%ff=a", &json, &back), -EINVAL);
        assert_null(back);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(knows_a_form),
                cmocka_unit_test(becomes_json),
                cmocka_unit_test(refuses_other_encodings),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
