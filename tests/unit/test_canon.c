/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "fewer.h"
#include "growing.h"
#include "json.h"
#include "keep/canon.h"
#include "random.h"
#include "text.h"

static int take(const struct stream_event *event, void *userdata)
{
        return canon_take(userdata, event);
}

static int digest(const char *json, char ret[DIGEST_TEXT_MAX])
{
        struct canon c;
        _cleanup_(stream_freep) struct stream *s = stream_new(take, &c);
        int r = canon_init(&c);

        assert_int_equal(r, 0);
        r = feed(s, json, strlen(json), 7, NULL);
        if (r >= 0)
                r = canon_end(&c, ret);
        canon_done(&c);
        return r;
}

/* The digest of what jansson makes of it. */
static void assert_same(const char *json)
{
        _cleanup_json_ json_t *value = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        char wanted[DIGEST_TEXT_MAX], found[DIGEST_TEXT_MAX];
        _cleanup_free_ char *text = NULL;
        size_t size;

        assert_non_null(value);
        text = json_text(value, JSON_COMPACT, &size);
        assert_int_equal(digest_sha256(text, size, wanted), 0);
        assert_int_equal(digest(json, found), 0);
        if (!streq(wanted, found))
                fail_msg("%s is not taken as %s", json, text);
}

static void values_of_every_kind(void **state)
{
        static const char *const cases[] = {"null", "[]", "{}", "[ [ ] , { } ]",
                "{\"a\" : [1, true,false,null], \"b\":{\"c\":{}} , \"d\":\"\"}",
                "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u0000\\u007f\\u00e9\\ud83d\\ude00\"",
                "\"\xc3\xa9 / \x7f\"", "[\"a\",\"b\\n\",\"\"]", "{\"\\n\\\"\":1}"};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_same(cases[i]);
}

static void numbers_as_they_would_be_written(void **state)
{
        static const char *const cases[] = {"0", "-0", "-0.0", "0.0", "1.0", "1.10", "0.10", "1e5",
                "1E+5", "1e-7", "1e-07", "0.0001", "0.00001", "0.000012", "0.00010", "-0.00012",
                "123456789012345", "1234567890123456", "9223372036854775807", "123456789012345.0",
                "1234567890123456.5", "0.123456789012345", "0.1234567890123456", "1e22", "1e300",
                "0.30000000000000004", "100000000000000000000.0", "12345678901234.5", "10.0",
                "1.00", "0.000", "-5", "1.5e-5", "0.91968507"};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_same(cases[i]);
        for (uint64_t chance = 3, i = 0; i < fewer(20000); i++) {
                uint64_t bits = bootstrap_next(&chance);
                char text[64];

                (void)snprintf(text, sizeof(text), "%.*f", (int)(bits & 15) + 1,
                        random_normal(&chance) * pow(10, (double)(bits >> 8 & 31) - 16));
                assert_same(text);
        }
}

static void the_order_of_keys_counts(void **state)
{
        char a[DIGEST_TEXT_MAX], b[DIGEST_TEXT_MAX];

        assert_int_equal(digest("{\"a\":1,\"b\":2}", a), 0);
        assert_int_equal(digest("{\"b\":2,\"a\":1}", b), 0);
        assert_string_not_equal(a, b);
}

static void what_nothing_reads_is_refused(void **state)
{
        char found[DIGEST_TEXT_MAX];

        assert_int_equal(digest("[1e999]", found), -EBADMSG);
        assert_int_equal(digest("[99999999999999999999]", found), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_of_every_kind),
                cmocka_unit_test(numbers_as_they_would_be_written),
                cmocka_unit_test(the_order_of_keys_counts),
                cmocka_unit_test(what_nothing_reads_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
