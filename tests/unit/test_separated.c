/* SPDX-License-Identifier: Apache-2.0 */
#include "config/import/separated.h"

#include <errno.h>

#include "expect.h"

/* Rows as "1:a|b\n", with their lines; a row that is none as "1!why\n". */
static void read_all(const char *data, struct text *ret)
{
        struct separated s;
        const char *wrong;
        int r;

        separated_init(&s, data, strlen(data));
        while ((r = separated_next(&s, &wrong)) != 0) {
                text_appendf(ret, "%u", s.begins);
                if (r == -EBADMSG)
                        text_appendf(ret, "!%s", wrong);
                for (size_t i = 0; i < s.count && r == 1; i++)
                        text_appendf(ret, "%c%s", i > 0 ? '|' : ':', separated_field(&s, i));
                text_append(ret, "\n");
        }
        separated_done(&s);
}

static void reads_what_spreadsheets_write(void **state)
{
        static const struct {
                const char *data, *rows;
        } cases[] = {
                {"", ""},
                {"\n\r\n\n", ""},
                {"a,b", "1:a|b\n"},
                {"a,b\r\nc,d\r\n", "1:a|b\n2:c|d\n"},
                {"a\tb,c\td\n", "1:a|b,c|d\n"},
                {"a;b;c,d\n", "1:a|b|c,d\n"},
                {"\"a,a\";b\n", "1:a,a|b\n"},
                {"alone\nx,y\n", "1:alone\n2:x|y\n"},
                {",\n,,\n", "1:|\n2:||\n"},
                {"a,\"say \"\"hi\"\", twice\"\n", "1:a|say \"hi\", twice\n"},
                {"\"two\nlines\",b\n\nnext,c\n", "1:two\nlines|b\n4:next|c\n"},
                {"a,b\rc\n", "1:a|b\rc\n"},
                {"a, \"b\"\n", "1:a| \"b\"\n"},
                {"\"\",\"\"\n", "1:|\n"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text t = {0};

                read_all(cases[i].data, &t);
                assert_string_equal(text_string(&t), cases[i].rows);
        }
}

static void goes_on_behind_a_row_that_is_none(void **state)
{
        static const struct {
                const char *data, *rows;
        } cases[] = {
                {"a,\"b\"c\nd,e\n", "1!has text behind a closing quote\n2:d|e\n"},
                {"a,b\nc,\"d\ne\n",
                        "1:a|b\n2!has a quote that is never closed: nothing behind it is read\n"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text t = {0};

                read_all(cases[i].data, &t);
                assert_string_equal(text_string(&t), cases[i].rows);
        }
}

static void columns_are_limited(void **state)
{
        _cleanup_text_ struct text data = {0}, rows = {0};

        for (unsigned i = 0; i < SEPARATED_FIELDS_MAX; i++)
                text_append(&data, "x,");
        text_append(&data, "\na,b\n");
        read_all(data.data, &rows);
        assert_string_equal(text_string(&rows), "1!has too many columns\n2:a|b\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_what_spreadsheets_write),
                cmocka_unit_test(goes_on_behind_a_row_that_is_none),
                cmocka_unit_test(columns_are_limited),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
