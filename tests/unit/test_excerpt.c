/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "json.h"
#include "model/excerpt.h"
#include "text.h"

static void documents_become_one_clean_line(void **state)
{
        static const struct {
                const char *document, *line;
        } cases[] = {
                {"", ""},
                {"Refunds are paid within 14 days.", "Refunds are paid within 14 days."},
                {"  # Refunds\n\n\tpaid\r\n", "# Refunds paid"},
                {"a\x1b[31mb\x07"
                 "c",
                        "a [31mb c"},
                {"pay \xe2\x80\xae"
                 "fdp.exe\xe2\x81\xa9 now",
                        "pay fdp.exe now"},
                {"a\xc2\x85"
                 "b",
                        "a b"},
                {"x\xff"
                 "y",
                        "x\xef\xbf\xbdy"},
                {"Grüße", "Grüße"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *line =
                        excerpt_line(cases[i].document, strlen(cases[i].document), 80);

                assert_string_equal(line, cases[i].line);
        }
}

static void lines_without_words_are_passed_over(void **state)
{
        static const struct {
                const char *document, *words;
        } cases[] = {
                {"***\n\nRefunds\npaid", "Refunds paid"},
                {"---\r\ntitle: Leave\r\n---\r\n", "title: Leave ---"},
                {"  \n```\n#\n# 1\n", "# 1"},
                {"*****\nÜ", "Ü"},
                {"=====\n休暇\n", "休暇"},
                {"*** Leave ***\nAsk", "*** Leave *** Ask"},
                {"*** ---\n***", "*** --- ***"}, /* better than nothing */
                {"\n\n", ""},
                {"", ""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *words =
                        excerpt_words(cases[i].document, strlen(cases[i].document), 80);

                assert_string_equal(words, cases[i].words);
        }
}

static void long_ones_are_cut_between_characters(void **state)
{
        char document[4000];

        for (size_t max = 77; max <= 83; max++) {
                _cleanup_free_ char *line = NULL;

                for (size_t i = 0; i < sizeof(document); i += 2)
                        memcpy(document + i, "ä", 2);
                line = excerpt_line(document, sizeof(document), max);
                assert_in_range(strlen(line), max - 1, max);
                assert_true(utf8_valid(line, strlen(line)));
                assert_string_equal(line + strlen(line) - strlen("…"), "…");
        }
        memset(document, 'x', 80);
        for (size_t size = 79; size <= 81; size++) {
                _cleanup_free_ char *line = excerpt_line(document, size, 80);

                document[80] = 'x';
                assert_int_equal(strlen(line), MIN(size, 80u));
                assert_int_equal(strstr(line, "…") != NULL, size == 81);
        }
}

/* More blanks than are looked at. */
static void what_follows_many_blanks_is_not_denied(void **state)
{
        char document[4000];
        _cleanup_free_ char *line = NULL;

        memset(document, '\n', sizeof(document));
        document[0] = 'a';
        document[sizeof(document) - 1] = 'b';
        line = excerpt_line(document, sizeof(document), 80);
        assert_string_equal(line, "a…");
}

static void expected_metadata_is_named(void **state)
{
        _cleanup_json_ json_t *matches = json_loads(
                "[{\"file\": \"a.md\", \"n\": 1}, {\"n\": 2, \"new\": true}, {\"none\": 1}]", 0,
                NULL);
        _cleanup_json_ json_t *metadata = json_loads(
                "{\"file\": \"b\\n.md\", \"n\": 2.5, \"new\": false, \"other\": 1}", 0, NULL);
        const struct expectation expect = {.metadata = matches}, nothing = {0};
        struct excerpt e, copy;

        assert_return_code(excerpt_make(metadata, "text", 4, &expect, &e), 0);
        assert_string_equal(e.about, "file: b .md, n: 2.5, new: false");
        assert_string_equal(e.words, "text");
        assert_return_code(excerpt_copy(&e, &copy), 0);
        excerpt_done(&e);
        assert_string_equal(copy.words, "text");
        excerpt_done(&copy);
        assert_return_code(excerpt_make(metadata, NULL, 0, &nothing, &e), 0);
        assert_null(e.about);
        assert_null(e.words);
        assert_return_code(excerpt_make(NULL, "", 0, &expect, &e), 0);
        assert_null(e.about);
        assert_string_equal(e.words, "");
        excerpt_done(&e);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(documents_become_one_clean_line),
                cmocka_unit_test(lines_without_words_are_passed_over),
                cmocka_unit_test(long_ones_are_cut_between_characters),
                cmocka_unit_test(what_follows_many_blanks_is_not_denied),
                cmocka_unit_test(expected_metadata_is_named),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
