/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "expect.h"
#include "json.h"
#include "model/query_set.h"

static struct query_set *parse(const char *text)
{
        _cleanup_errors_ struct errors errors = {0};
        struct query_set *set = NULL;
        int r = query_set_parse("q.yaml", text, strlen(text), &set, &errors);

        if (r < 0)
                fail_msg("%s", errors.count > 0 ? errors.messages[0] : "no message");
        assert_int_equal(errors_total(&errors), 0);
        return set;
}

static void reads_everything(void **state)
{
        _cleanup_(query_set_unrefp) struct query_set *set =
                parse("queries:\n"
                      "  - id: react-hooks\n"
                      "    text: |\n"
                      "      How do I compose\n"
                      "      React hooks?\n"
                      "    tags: {category: frontend, kind: multi-concept}\n"
                      "    where: {$and: [{lang: {$eq: en}}, {year: {$gte: 2020}}]}\n"
                      "    where_document: {$contains: \"hé\"}\n"
                      "    expect:\n"
                      "      metadata: {filename: a.md, chunk: 2, draft: false}\n"
                      "      within: 3\n"
                      "      distance: {min: 0.7, max: 1.1}\n"
                      "  - id: by-id\n"
                      "    text: x\n"
                      "    expect: {ids: [one, 2], metadata: [{a: 1.5}, {b: \"2\"}]}\n"
                      "  - id: negative control\n"
                      "    text: gibberish\n"
                      "    expect: {distance: {min: -1}}\n"
                      "  - {id: bare, text: watched by its band only} # a comment\n"
                      "  - id: commented # stable\n"
                      "    text: What is C#?  # one that stands apart\n"
                      "    where: {lang: en} #none of a text\n");
        const struct query *q = &set->queries[0];

        assert_string_equal(set->path, "q.yaml");
        assert_int_equal(set->count, 5);
        assert_string_equal(set->queries[4].text, "What is C#?");
        assert_true(set->wants_metadata);
        assert_string_equal(q->id, "react-hooks");
        assert_string_equal(q->text, "How do I compose\nReact hooks?\n");
        assert_int_equal(q->tag_count, 2);
        assert_string_equal(q->tags[1].key, "kind");
        assert_string_equal(q->tags[1].value, "multi-concept");
        assert_string_equal(
                q->where, "{\"$and\":[{\"lang\":{\"$eq\":\"en\"}},{\"year\":{\"$gte\":2020}}]}");
        assert_string_equal(q->where_document, "{\"$contains\":\"hé\"}");
        assert_int_equal(q->expect.within, 3);
        assert_true(q->expect.distance_min == 0.7f && q->expect.distance_max == 1.1f);
        assert_int_equal(json_array_size(q->expect.metadata), 1);
        assert_int_equal(
                json_integer_value(json_object_get(json_array_get(q->expect.metadata, 0), "chunk")),
                2);
        assert_true(expectation_names_records(&q->expect));

        q = query_set_find(set, "by-id");
        assert_ptr_equal(q, &set->queries[1]);
        assert_null(q->where);
        assert_int_equal(q->expect.id_count, 2);
        assert_string_equal(q->expect.ids[1], "2");
        assert_int_equal(json_array_size(q->expect.metadata), 2);
        assert_true(json_is_string(json_object_get(json_array_get(q->expect.metadata, 1), "b")));
        assert_int_equal(q->expect.within, 0);
        assert_true(isinf(q->expect.distance_min) && q->expect.distance_min < 0);
        assert_true(isinf(q->expect.distance_max) && q->expect.distance_max > 0);

        assert_null(q->known_failing.reason);
        assert_int_equal(q->known_failing.until, 0);
        assert_int_equal(set->queries[0].line, 2);
        assert_int_equal(q->line, 13);
        assert_int_equal(set->queries[3].line, 19);
        assert_false(expectation_names_records(&set->queries[2].expect));
        assert_true(set->queries[2].expect.distance_min == -1);
        assert_false(expectation_names_records(&set->queries[3].expect));
        assert_null(query_set_find(set, "nobody"));
}

static void reads_what_is_known_to_fail(void **state)
{
        _cleanup_(query_set_unrefp) struct query_set *set =
                parse("queries:\n"
                      "- {id: a, text: b, known_failing: {reason: page moved, until: 2027-01-31}}\n"
                      "- {id: c, text: d, known_failing: {reason: x, until: '2028-02-29'}}\n");
        usec_t end;

        assert_string_equal(set->queries[0].known_failing.reason, "page moved");
        assert_return_code(time_parse("2027-02-01T00:00:00Z", &end), 0);
        assert_int_equal(set->queries[0].known_failing.until, end);
        assert_return_code(time_parse("2028-03-01T00:00:00Z", &end), 0);
        assert_int_equal(set->queries[1].known_failing.until, end);
}

static void reads_json(void **state)
{
        _cleanup_(query_set_unrefp) struct query_set *set =
                parse("{\"queries\":[{\"id\":\"a\",\"text\":\"\\ud83d\\ude00\",\"expect\":"
                      "{\"ids\":[\"x\"],\"within\":1,\"distance\":{\"max\":1e0}}}]}");

        assert_string_equal(set->queries[0].text, "😀");
        assert_true(set->queries[0].expect.distance_max == 1);
        assert_false(set->wants_metadata);
}

static void is_shared_by_reference(void **state)
{
        struct query_set *set = parse("queries: [{id: a, text: b}]");
        struct query_set *other = query_set_ref(set);

        assert_ptr_equal(other, set);
        assert_null(query_set_unref(set));
        assert_string_equal(other->queries[0].id, "a");
        assert_null(query_set_unref(other));
        assert_null(query_set_unref(NULL));
}

#define QUERY "queries:\n- id: a\n  text: b\n"

static void refuses(void **state)
{
        static const struct {
                const char *yaml, *errors[3];
        } cases[] = {
                {"", {"q:1:1: queries: no query: an empty set would always look healthy"}},
                {"queries: []",
                        {"q:1:10: queries: no query: an empty set would always look healthy"}},
                {"queries:", {"q:1:9: queries: no query: an empty set would always look healthy"}},
                {"queries: {a: b}", {"q:1:10: queries: a mapping is not a list"}},
                {"querys: []", {"q:1:1: querys: unknown key; did you mean \"queries\"?"}},
                {"[a]", {"q:1:1: a list is not a mapping"}},
                {"queries: [", {"q:2:1: did not find expected node content"}},
                {"queries: [x]", {"q:1:11: queries[0]: \"x\" is not a mapping"}},
                {"queries:\n- text: b\n", {"q:2:3: queries[0].id: is required"}},
                {"queries:\n- id: a\n", {"q:2:3: queries[0].text: is required"}},
                {"queries:\n- id: ''\n  text: ''\n",
                        {"q:2:7: queries[0].id: must not be empty",
                                "q:3:9: queries[0].text: must not be empty"}},
                {"queries:\n- id: \"a\\nb\"\n  text: b\n",
                        {"q:2:7: queries[0].id: must not contain control characters"}},
                {QUERY "- id: a\n  text: c\n- id: a\n  text: d\n",
                        {"q:4:7: queries[1].id: \"a\" is used by queries[0] already",
                                "q:6:7: queries[2].id: \"a\" is used by queries[0] already"}},
                {QUERY "  expects: {ids: [x]}\n",
                        {"q:4:3: queries[0].expects: unknown key; did you mean \"expect\"?"}},
                {QUERY "  tags: [x]\n",
                        {"q:4:9: queries[0].tags: a list is not a mapping of names to strings"}},
                {QUERY "  where: []\n", {"q:4:10: queries[0].where: a list is not a mapping"}},
                {QUERY "  where_document: {}\n",
                        {"q:4:19: queries[0].where_document: is an empty mapping"}},
                {QUERY "  expect: {}\n",
                        {"q:4:11: queries[0].expect: expects nothing; give ids, metadata, "
                         "grades or distance, or leave it out"}},
                {QUERY "  expect:\n",
                        {"q:4:10: queries[0].expect: expects nothing; give ids, metadata, "
                         "grades or distance, or leave it out"}},
                {QUERY "  expect: x\n", {"q:4:11: queries[0].expect: \"x\" is not a mapping"}},
                {QUERY "  expect: {ids: []}\n",
                        {"q:4:17: queries[0].expect.ids: is empty: leave it out"}},
                {QUERY "  expect: {ids: [x, '']}\n",
                        {"q:4:21: queries[0].expect.ids[1]: \"\" is not a non-empty string"}},
                {QUERY "  expect: {ids: [x], within: 0}\n",
                        {"q:4:30: queries[0].expect.within: \"0\" is out of range (1 … 1000)"}},
                {QUERY "  expect: {within: 3}\n",
                        {"q:4:20: queries[0].expect.within: needs ids, metadata or grades: which record "
                         "must stand there?"}},
                {QUERY "  expect: {grades: {}}\n",
                        {"q:4:20: queries[0].expect.grades: no grade is above 0: which record is "
                         "relevant?"}},
                {QUERY "  expect: {grades: {x: 0}}\n",
                        {"q:4:20: queries[0].expect.grades: no grade is above 0"}},
                {QUERY "  expect: {grades: {x: 11}}\n",
                        {"q:4:24: queries[0].expect.grades: \"11\" is not a whole number from 0 to "
                         "10"}},
                {QUERY "  expect: {ids: [x], grades: {a: -1, b: '+1', c: ' 1'}}\n",
                        {"q:4:34: queries[0].expect.grades: \"-1\" is not a whole number",
                                "q:4:41: queries[0].expect.grades: \"+1\" is not a whole number",
                                "q:4:50: queries[0].expect.grades: \" 1\" is not a whole number"}},
                {QUERY "  expect: {ids: [x, y], grades: {a: 1, y: 0}}\n",
                        {"q:4:43: queries[0].expect.grades: \"y\" is among the ids and graded "
                         "irrelevant"}},
                {QUERY "  expect: {grades: [x]}\n",
                        {"q:4:20: queries[0].expect.grades: a list is not a mapping"}},
                {QUERY "  expect: {metadata: {}}\n",
                        {"q:4:22: queries[0].expect.metadata: must be a mapping that is not empty, "
                         "or a list of such mappings"}},
                {QUERY "  expect: {metadata: [{a: 1}, x]}\n",
                        {"q:4:31: queries[0].expect.metadata: must be a mapping that is not empty, "
                         "or a list of such mappings"}},
                {QUERY "  expect: {metadata: []}\n",
                        {"q:4:22: queries[0].expect.metadata: must be a mapping that is not empty, "
                         "or a list of such mappings"}},
                {QUERY "  expect: {metadata: {a: [1, []], b: null}}\n",
                        {"q:4:26: queries[0].expect.metadata: the value of \"a\" must be a string, "
                         "a number, true or false, or a list of these",
                                "q:4:38: queries[0].expect.metadata: the value of \"b\" must be"}},
                {QUERY "  expect: {distance: {}}\n",
                        {"q:4:22: queries[0].expect.distance: needs min, max or both"}},
                {QUERY "  expect: {distance: {min: 2, max: 1}}\n",
                        {"q:4:28: queries[0].expect.distance.min: is greater than max"}},
                {QUERY "  expect: {distance: {max: .inf}}\n",
                        {"q:4:28: queries[0].expect.distance.max: \".inf\" is out of range (finite "
                         "as a 32-bit float)"}},
                {QUERY "  expect: {distance: {max: 1e39}, ids: [x]}\n",
                        {"q:4:28: queries[0].expect.distance.max: \"1e39\" is out of range"}},
                {QUERY "  known_failing:\n",
                        {"q:4:17: queries[0].known_failing.reason: is required",
                                "q:4:17: queries[0].known_failing.until: is required"}},
                {QUERY "  known_failing: {reason: x, until: 2027-02-29}\n",
                        {"q:4:37: queries[0].known_failing.until: \"2027-02-29\" is not a day such "
                         "as 2027-01-31"}},
                {QUERY "  known_failing: {reason: x, until: 2027-01-31T00:00:00Z}\n",
                        {"q:4:37: queries[0].known_failing.until: \"2027-01-31T00:00:00Z\" is not a "
                         "day"}},
                {QUERY "  known_failing: {reason: \"a\\nb\", until: 2027-01-31}\n",
                        {"q:4:27: queries[0].known_failing.reason: must not contain control "
                         "characters"}},
                {"queries:\n- id: a\n  text: How do I close issue #42?\n",
                        {"q:3:30: a comment begins here, and what it says is no part of the value: "
                         "put the text in quotes, or a space behind the # where a comment"}},
                {"queries:\n- id: a\n  text: What is C # in music?\n",
                        {"q:3:19: a comment begins here, and what it says is no part of the value: "
                         "put the text in quotes, or two spaces before the # where a comment"}},
                {QUERY "  expect: {metadata: [{a: b},\n    {title: Release #4\n}]}\n",
                        {"q:5:21: a comment begins here"}},
                {QUERY "  known_failing:\n    reason: waits for # 4\n    until: 2027-01-31\n",
                        {"q:5:23: a comment begins here"}},
                {QUERY "- {id: b}\n- {text: c}\n- {id: d, text: e, expect: {within: no}}\n",
                        {"q:4:3: queries[1].text: is required", "q:5:3: queries[2].id: is required",
                                "q:6:37: queries[3].expect.within: \"no\" is not a whole number"}},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_errors_ struct errors errors = {0};
                struct query_set *set = NULL;

                assert_int_equal(
                        query_set_parse("q", cases[i].yaml, strlen(cases[i].yaml), &set, &errors),
                        -EBADMSG);
                assert_null(set);
                assert_errors(&errors, cases[i].errors, 3, cases[i].yaml);
        }
}

/* Without ids and metadata, what is graded above 0 is expected; a negative control may name what is
 * irrelevant. */
static void grades_name_records(void **state)
{
        static const char yaml[] =
                "queries:\n"
                "- {id: a, text: t, expect: {grades: {x: 0, y: 10, z: 1}}}\n"
                "- {id: b, text: t, expect: {ids: [v], grades: {x: 0, y: 2}}}\n"
                "- {id: c, text: t, expect: {grades: {x: 0}, distance: {min: 1}}}\n";
        _cleanup_(query_set_unrefp) struct query_set *set = NULL;
        _cleanup_errors_ struct errors errors = {0};
        const struct expectation *e;

        assert_return_code(query_set_parse("q", yaml, strlen(yaml), &set, &errors), 0);
        e = &set->queries[0].expect;
        assert_int_equal(e->grade_count, 3);
        assert_string_equal(e->grades[0].id, "x");
        assert_int_equal(e->grades[1].grade, 10);
        assert_int_equal(e->id_count, 2);
        assert_string_equal(e->ids[0], "y");
        assert_string_equal(e->ids[1], "z");
        e = &set->queries[1].expect;
        assert_int_equal(e->grade_count, 2);
        assert_int_equal(e->id_count, 1);
        assert_string_equal(e->ids[0], "v");
        assert_false(expectation_names_records(&set->queries[2].expect));
}

static void ids_have_a_limit(void **state)
{
        char id[QUERY_ID_MAX + 2], yaml[QUERY_ID_MAX + 64];

        for (size_t length = QUERY_ID_MAX; length <= QUERY_ID_MAX + 1; length++) {
                _cleanup_(query_set_unrefp) struct query_set *set = NULL;
                _cleanup_errors_ struct errors errors = {0};

                memset(id, 'x', length);
                id[length] = '\0';
                (void)snprintf(yaml, sizeof(yaml), "queries: [{id: %s, text: t}]", id);
                assert_int_equal(query_set_parse("q", yaml, strlen(yaml), &set, &errors),
                        length > QUERY_ID_MAX ? -EBADMSG : 0);
        }
}

static void reads_a_file(void **state)
{
        char path[] = "/tmp/test_query_set.XXXXXX";
        _cleanup_(query_set_unrefp) struct query_set *set = NULL;
        _cleanup_errors_ struct errors errors = {0};
        int fd = mkstemp(path), r;

        assert_true(fd >= 0);
        assert_int_equal(write(fd, QUERY, strlen(QUERY)), strlen(QUERY));
        assert_int_equal(close(fd), 0);
        r = query_set_load(path, NULL, &set, &errors);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(r, 0);
        assert_string_equal(set->path, path);
        assert_int_equal(query_set_load(path, NULL, &set, &errors), -ENOENT);
        assert_int_equal(errors.count, 1);
        assert_int_equal(set->count, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_everything),
                cmocka_unit_test(reads_what_is_known_to_fail),
                cmocka_unit_test(reads_json),
                cmocka_unit_test(is_shared_by_reference),
                cmocka_unit_test(refuses),
                cmocka_unit_test(grades_name_records),
                cmocka_unit_test(ids_have_a_limit),
                cmocka_unit_test(reads_a_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
