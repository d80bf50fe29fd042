/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <math.h>

#include "fewer.h"
#include "json.h"
#include "show/gate/coverage.h"

static const char queries_text[] =
        "queries:\n"
        "  - {id: a, text: a, expect: {metadata: {file: x.md, part: 1}}}\n"
        "  - {id: b, text: b, expect: {ids: [r3]}}\n"
        "  - {id: c, text: c, expect: {metadata: {file: gone.md}}}\n"
        "  - {id: d, text: d, expect: {metadata: {part: 2}}}\n";

static void add(struct coverage *c, const char *id, const char *metadata)
{
        _cleanup_json_ json_t *value = NULL;

        assert_int_equal(json_parse("m", metadata, strlen(metadata), &value, NULL), 0);
        assert_int_equal(coverage_add(c, id, value, NULL), 0);
}

static struct query_set *parse(void)
{
        _cleanup_errors_ struct errors errors = {0};
        struct query_set *set = NULL;

        assert_int_equal(
                query_set_parse("q.yaml", queries_text, strlen(queries_text), &set, &errors), 0);
        return set;
}

static void fill(struct coverage *c, const struct query_set *set)
{
        assert_int_equal(coverage_init(c, "docs", "file", set, NULL), 0);
        add(c, "r1", "{\"file\": \"x.md\"}");
        add(c, "r2", "{\"file\": \"y.md\"}");
        add(c, "r3", "{\"file\": \"y.md\"}");
        add(c, "r4", "{\"file\": \"new\\u001b[2J.md\"}");
        add(c, "r5", "{\"file\": \"1\"}");
        add(c, "r6", "{\"file\": 1}");
        add(c, "r7", "{\"file\": 1}");
        add(c, "r8", "null");
        add(c, "r9", "{\"file\": null}");
        add(c, "r10", "{}");
        coverage_sort(c);
}

static void counts_values(void **state)
{
        _cleanup_(query_set_unrefp) struct query_set *set = parse();
        _cleanup_(coverage_done) struct coverage c;

        fill(&c, set);
        assert_int_equal(c.records, 10);
        assert_int_equal(c.without_key, 3);
        assert_int_equal(c.count, 6);
        assert_string_equal(c.values[0].text, "1");
        assert_int_equal(c.values[0].records, 2);
        assert_false(c.values[0].watched);
        /* By metadata and by id; what no record carries counts for no share. */
        assert_float_equal(coverage_values_share(&c), 2.0 / 5, 1e-12);
        assert_float_equal(coverage_records_share(&c), 3.0 / 7, 1e-12);
}

static void counts_each_element_of_a_list(void **state)
{
        static const char text[] =
                "queries: [{id: q, text: t, expect: {metadata: {tags: [refund, gone]}}},"
                " {id: r, text: t, expect: {metadata: {tags: billing}}}]";
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_(query_set_unrefp) struct query_set *set = NULL;
        _cleanup_(coverage_done) struct coverage c;
        _cleanup_text_ struct text out = {0};

        assert_int_equal(query_set_parse("q", text, strlen(text), &set, &errors), 0);
        assert_int_equal(coverage_init(&c, "docs", "tags", set, NULL), 0);
        add(&c, "r1", "{\"tags\": [\"billing\", \"refund\", \"billing\"]}");
        add(&c, "r2", "{\"tags\": [\"new\"]}");
        add(&c, "r3", "{\"tags\": []}");
        coverage_sort(&c);
        coverage_text(&c, &out);
        assert_string_equal(text_string(&out),
                "docs by metadata.tags: 66.7 % of the values, 66.7 % of the records watched\n"
                "  unwatched        1  new\n"
                "  watched          1  billing\n"
                "  watched          1  refund\n"
                "  watched          0  gone\n"
                "  1 of 3 records have no metadata.tags\n");
}

static void prints(void **state)
{
        _cleanup_(query_set_unrefp) struct query_set *set = parse();
        _cleanup_(coverage_done) struct coverage c;
        _cleanup_text_ struct text text = {0};
        _cleanup_json_ json_t *object = NULL;

        fill(&c, set);
        coverage_text(&c, &text);
        assert_string_equal(text_string(&text),
                "docs by metadata.file: 40.0 % of the values, 42.9 % of the records watched\n"
                "  unwatched        2  1\n"
                "  unwatched        1  1\n"
                "  unwatched        1  new [2J.md\n"
                "  watched          2  y.md\n"
                "  watched          1  x.md\n"
                "  watched          0  gone.md\n"
                "  3 of 10 records have no metadata.file\n");
        object = coverage_json(&c);
        assert_int_equal(json_array_size(json_object_get(object, "values")), 6);
        assert_int_equal(json_integer_value(json_object_get(object, "records_without_key")), 3);
}

static int compare(struct coverage *c, const char *earlier, struct error *error)
{
        _cleanup_json_ json_t *object = NULL;

        assert_int_equal(json_parse("e", earlier, strlen(earlier), &object, NULL), 0);
        return coverage_compare(c, "earlier.json", object, error);
}

/* What an earlier run counted: one value that is still there, three that no record has any more,
 * and one that none had then. */
static void tells_what_is_lost(void **state)
{
        static const char earlier[] =
                "{\"collection\": \"docs\", \"key\": \"file\", \"values\": ["
                "{\"value\": \"y.md\", \"records\": 9, \"watched\": false},"
                "{\"value\": \"1\", \"records\": 1, \"watched\": false},"
                "{\"value\": \"old\\u001b.md\", \"records\": 4, \"watched\": false},"
                "{\"value\": \"seen.md\", \"records\": 5, \"watched\": true},"
                "{\"value\": \"gone.md\", \"records\": 2, \"watched\": true},"
                "{\"value\": \"never.md\", \"records\": 0, \"watched\": true}]}";
        _cleanup_(query_set_unrefp) struct query_set *set = parse();
        _cleanup_(coverage_done) struct coverage c;
        _cleanup_text_ struct text text = {0};
        _cleanup_json_ json_t *object = NULL;
        const json_t *first;

        assert_int_equal(coverage_init(&c, "docs", "file", set, NULL), 0);
        assert_int_equal(compare(&c, earlier, NULL), 0);
        add(&c, "r1", "{\"file\": \"x.md\"}");
        add(&c, "r2", "{\"file\": \"y.md\"}");
        add(&c, "r3", "{\"file\": 1}");
        assert_int_equal(coverage_find_lost(&c), 0);
        coverage_sort(&c);
        assert_int_equal(coverage_lost(&c), 3);
        assert_float_equal(coverage_values_share(&c), 2.0 / 3, 1e-12);
        coverage_text(&c, &text);
        assert_string_equal(text_string(&text),
                "docs by metadata.file: 66.7 % of the values, 66.7 % of the records watched\n"
                "3 values that had records have none any more\n"
                "  lost             0  seen.md (5 before, watched)\n"
                "  lost             0  old .md (4 before, unwatched)\n"
                "  lost             0  gone.md (2 before, watched)\n"
                "  unwatched        1  y.md\n"
                "  watched          1  1\n"
                "  watched          1  x.md\n");
        object = coverage_json(&c);
        assert_int_equal(json_integer_value(json_object_get(object, "lost_values")), 3);
        first = json_array_get(json_object_get(object, "values"), 0);
        assert_int_equal(json_integer_value(json_object_get(first, "records_before")), 5);
}

static void compares_with_its_own_output(void **state)
{
        _cleanup_(query_set_unrefp) struct query_set *set = parse();
        _cleanup_(coverage_done) struct coverage before, now;
        _cleanup_json_ json_t *printed = NULL;

        fill(&before, set);
        printed = coverage_json(&before);
        assert_true(json_is_null(json_object_get(printed, "lost_values")));
        assert_int_equal(coverage_init(&now, "docs", "file", set, NULL), 0);
        assert_int_equal(coverage_compare(&now, "e", printed, NULL), 0);
        assert_int_equal(coverage_find_lost(&now), 0);
        assert_int_equal(coverage_lost(&now), 4); /* "1" and 1 look alike */
        coverage_done(&now);
        assert_int_equal(coverage_init(&now, "docs", "file", set, NULL), 0);
        assert_int_equal(coverage_compare(&now, "e", printed, NULL), 0);
        add(&now, "r1", "{\"file\": [\"x.md\", \"y.md\", \"1\", \"new\\u001b[2J.md\"]}");
        assert_int_equal(coverage_find_lost(&now), 0);
        assert_int_equal(coverage_lost(&now), 0);
}

static void refuses_what_it_did_not_print(void **state)
{
        static const struct {
                const char *earlier, *words;
        } rows[] = {
                {"[]", "is not what driftwatch coverage --format=json printed"},
                {"{\"collection\": \"docs\", \"key\": \"file\"}", "is not what"},
                {"{\"collection\": \"other\", \"key\": \"file\", \"values\": []}",
                        "is of other by metadata.file, not of docs by metadata.file"},
                {"{\"collection\": \"docs\", \"key\": \"part\", \"values\": []}",
                        "is of docs by metadata.part"},
                {"{\"collection\": \"docs\", \"key\": \"file\", \"values\": [{\"value\": 1}]}",
                        "values[0] has no value with records and watched"},
        };
        _cleanup_(query_set_unrefp) struct query_set *set = parse();

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(coverage_done) struct coverage c;
                _cleanup_error_ struct error error = {0};

                assert_int_equal(coverage_init(&c, "docs", "file", set, NULL), 0);
                assert_int_equal(compare(&c, rows[i].earlier, &error), -EBADMSG);
                if (!strstr(error.message, rows[i].words))
                        fail_msg("row %zu: %s", i, error.message);
        }
}

static void is_unknown_without_the_key(void **state)
{
        _cleanup_(query_set_unrefp) struct query_set *set = parse();
        _cleanup_(coverage_done) struct coverage c;
        _cleanup_text_ struct text text = {0};

        assert_int_equal(coverage_init(&c, "docs", "nosuch", set, NULL), 0);
        add(&c, "r1", "{\"file\": \"x.md\"}");
        coverage_sort(&c);
        assert_true(isnan(coverage_values_share(&c)));
        assert_true(isnan(coverage_records_share(&c)));
        coverage_text(&c, &text);
        assert_non_null(strstr(text_string(&text), "no values to watch"));
}

static void is_bounded(void **state)
{
        _cleanup_(query_set_unrefp) struct query_set *set = parse();
        _cleanup_(coverage_done) struct coverage c;
        _cleanup_error_ struct error error = {0};
        int r = 0;
        json_int_t n = 0;

        assert_int_equal(coverage_init(&c, "docs", "file", set, NULL), 0);
        for (; r == 0 && n < 2 * COVERAGE_VALUES_MAX; n++) {
                _cleanup_json_ json_t *metadata = json_pack("{s:I}", "file", n);

                r = coverage_add(&c, "r", metadata, &error);
        }
        assert_int_equal(r, -E2BIG);
        assert_int_equal(c.count, COVERAGE_VALUES_MAX);
        assert_int_equal(c.records, COVERAGE_VALUES_MAX - 2); /* two are expected */
        assert_non_null(strstr(error.message, "metadata.file has more than 100000 values"));
}

static void refuses_what_would_fill_the_memory(void **state)
{
        _cleanup_(query_set_unrefp) struct query_set *set = parse();
        _cleanup_(coverage_done) struct coverage c;
        size_t size = fewer(COVERAGE_BYTES_MAX / 4);
        _cleanup_free_ char *filler = malloc(size);
        int r = 0;
        int n = 0;

        assert_non_null(filler);
        memset(filler, 'x', size);
        assert_int_equal(coverage_init(&c, "docs", "file", set, NULL), 0);
        c.bytes += COVERAGE_BYTES_MAX - 4 * size;
        for (; r == 0 && n < 9; n++) {
                _cleanup_json_ json_t *metadata = NULL;

                filler[0] = (char)('0' + n);
                metadata = json_pack("{s:s%}", "file", filler, size);
                assert_non_null(metadata);
                r = coverage_add(&c, "r", metadata, NULL);
        }
        assert_int_equal(r, -E2BIG);
        assert_int_equal(n, 4);
}

/* By its id, and by metadata other than the key. */
static void watches_what_a_query_would_find(void **state)
{
        static const struct {
                const char *id, *metadata;
                bool watched;
        } cases[] = {
                {"r3", "{\"file\": \"z.md\"}", true},
                {"r4", "{\"file\": \"z.md\"}", false},
                {"r4", "{\"file\": \"z.md\", \"part\": 1}", false},
                {"r4", "{\"file\": \"z.md\", \"part\": 2}", true},
                {"r4", "{\"file\": \"z.md\", \"part\": 2.0}", true},
                {"r4", "{\"file\": \"z.md\", \"part\": \"2\"}", false},
                {"r4", "{\"file\": \"x.md\", \"part\": 7}", true},
        };
        _cleanup_(query_set_unrefp) struct query_set *set = parse();

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(coverage_done) struct coverage c;

                assert_int_equal(coverage_init(&c, "docs", "file", set, NULL), 0);
                add(&c, cases[i].id, cases[i].metadata);
                assert_float_equal(coverage_values_share(&c), cases[i].watched, 0);
        }
}

static void takes_equal_numbers_for_one_value(void **state)
{
        _cleanup_(query_set_unrefp) struct query_set *set = parse();
        _cleanup_(coverage_done) struct coverage c;

        assert_int_equal(coverage_init(&c, "docs", "part", set, NULL), 0);
        add(&c, "r1", "{\"part\": 1}");
        add(&c, "r2", "{\"part\": 1.0}");
        add(&c, "r5", "{\"part\": 1.5}");
        add(&c, "r6", "{\"part\": 1e300}");
        add(&c, "r7", "{\"part\": true}");
        coverage_sort(&c);
        assert_int_equal(c.count, 5);
        assert_float_equal(coverage_values_share(&c), 1.0 / 4, 1e-12);
        assert_string_equal(c.values[3].text, "1");
        assert_int_equal(c.values[3].records, 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(counts_values),
                cmocka_unit_test(counts_each_element_of_a_list),
                cmocka_unit_test(prints),
                cmocka_unit_test(tells_what_is_lost),
                cmocka_unit_test(compares_with_its_own_output),
                cmocka_unit_test(refuses_what_it_did_not_print),
                cmocka_unit_test(is_unknown_without_the_key),
                cmocka_unit_test(is_bounded),
                cmocka_unit_test(refuses_what_would_fill_the_memory),
                cmocka_unit_test(watches_what_a_query_would_find),
                cmocka_unit_test(takes_equal_numbers_for_one_value),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
