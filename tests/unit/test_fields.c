/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "duration.h"
#include "hash.h"
#include "json.h"
#include "keep/fields.h"

enum colour { RED, GREEN };

struct sample {
        usec_t time, never;
        uint64_t count;
        size_t size;
        unsigned few;
        int below;
        int64_t far;
        bool yes;
        float near, unknown;
        double third, beyond;
        char *text, *none;
        enum colour colour;
};

static const char *const colours[] = {"red", "green"};

static const struct field fields[] = {
        FIELD(struct sample, time, FIELD_TIME),
        FIELD(struct sample, never, FIELD_TIME),
        FIELD(struct sample, count, FIELD_COUNT),
        FIELD(struct sample, size, FIELD_SIZE),
        FIELD_WITHIN(struct sample, few, FIELD_UNSIGNED, 0, 9),
        FIELD(struct sample, below, FIELD_INT),
        FIELD_WITHIN(struct sample, far, FIELD_INT64, -1, 1e15),
        FIELD(struct sample, yes, FIELD_BOOL),
        FIELD(struct sample, near, FIELD_FLOAT),
        FIELD(struct sample, unknown, FIELD_FLOAT),
        FIELD(struct sample, third, FIELD_DOUBLE),
        FIELD(struct sample, beyond, FIELD_DOUBLE),
        FIELD(struct sample, text, FIELD_TEXT),
        FIELD(struct sample, none, FIELD_TEXT),
        FIELD_OF_WORDS(struct sample, colour, colours),
};

static void sample_done(struct sample *s)
{
        free(s->text);
        free(s->none);
}

static void what_is_built_is_parsed_to_the_last_digit(void **unused)
{
        struct sample from = {1800000000000001, USEC_INFINITY, 7, 8, 9, -3, -1, true, .91968507f,
                NAN, 1.0 / 3, -INFINITY, (char[]){"a \"b\""}, NULL, GREEN};
        _cleanup_(sample_done) struct sample to = {.none = strdup("freed")};
        _cleanup_json_ json_t *built = fields_build(fields, ARRAY_SIZE(fields), &from);
        _cleanup_json_ json_t *json = NULL;
        _cleanup_free_ char *text = json_text(built, JSON_COMPACT, NULL);

        assert_int_equal(json_parse("it", text, strlen(text), &json, NULL), 0);
        assert_int_equal(fields_parse(fields, ARRAY_SIZE(fields), json, &to, NULL), 0);
        assert_int_equal(to.time, from.time);
        assert_int_equal(to.never, USEC_INFINITY);
        assert_int_equal(to.count, 7);
        assert_int_equal(to.size, 8);
        assert_int_equal(to.few, 9);
        assert_int_equal(to.below, -3);
        assert_int_equal(to.far, -1);
        assert_true(to.yes);
        assert_true(to.near == from.near);
        assert_true(isnan(to.unknown));
        assert_true(to.third == from.third);
        assert_true(to.beyond == -INFINITY);
        assert_string_equal(to.text, from.text);
        assert_null(to.none);
        assert_int_equal(to.colour, GREEN);
}

/* Each member counts, whatever it is. */
static void what_is_another_has_another_hash(void **unused)
{
        const struct sample one = {.text = (char[]){"a"}};
        uint64_t hash = FIELDS_HASH(HASH_INIT, fields, &one);
        struct sample others[] = {one, one, one, one, one, one, one, one, one, one, one, one, one};

        others[0].time = others[1].count = 1;
        others[2].size = 1;
        others[3].few = 1;
        others[4].below = -1;
        others[5].far = INT64_MIN;
        others[6].yes = true;
        others[7].near = 1;
        others[8].third = 1;
        others[9].text = (char[]){"b"};
        others[10].text = NULL;
        others[11].colour = GREEN;
        others[12].never = USEC_INFINITY;
        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                if (FIELDS_HASH(HASH_INIT, fields, &others[i]) == hash)
                        fail_msg("%zu", i);
        assert_int_equal(FIELDS_HASH(HASH_INIT, fields, &one), hash);
}

static void what_is_missing_stays(void **unused)
{
        struct sample s = {.count = 5, .near = 2};
        _cleanup_json_ json_t *json = json_pack("{s:i, s:i}", "few", 3, "unknown to this", 1);

        assert_int_equal(fields_parse(fields, ARRAY_SIZE(fields), json, &s, NULL), 0);
        assert_int_equal(s.count, 5);
        assert_int_equal(s.few, 3);
        assert_true(s.near == 2);
}

static void what_cannot_be_is_refused(void **unused)
{
        static const char *const cases[] = {"[]", "null", "{\"time\":-1}", "{\"time\":\"now\"}",
                "{\"time\":1.5}", "{\"count\":null}", "{\"few\":10}", "{\"few\":4294967296}",
                "{\"below\":2147483648}", "{\"below\":-2147483649}", "{\"far\":-2}",
                "{\"far\":null}", "{\"yes\":1}", "{\"near\":\"near\"}", "{\"near\":true}",
                "{\"third\":\"nan\"}", "{\"third\":\"1x\"}", "{\"third\":\"\"}", "{\"text\":5}",
                "{\"colour\":\"blue\"}", "{\"colour\":0}", "{\"colour\":null}"};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(sample_done) struct sample s = {0};
                _cleanup_error_ struct error e = {0};
                _cleanup_json_ json_t *json = NULL;

                assert_int_equal(json_parse("it", cases[i], strlen(cases[i]), &json, NULL), 0);
                if (fields_parse(fields, ARRAY_SIZE(fields), json, &s, &e) != -EBADMSG)
                        fail_msg("%s", cases[i]);
                assert_non_null(e.message);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_built_is_parsed_to_the_last_digit),
                cmocka_unit_test(what_is_another_has_another_hash),
                cmocka_unit_test(what_is_missing_stays),
                cmocka_unit_test(what_cannot_be_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
