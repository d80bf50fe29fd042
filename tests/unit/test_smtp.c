/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "ask/smtp.h"

static char *const two[] = {(char *)"a@b", (char *)"c@d", NULL};

static void take(struct smtp *s, const char *const *lines)
{
        for (; *lines; lines++)
                smtp_take(s, *lines, strlen(*lines));
}

static void decides_as_the_server_does(void **state)
{
        static const struct {
                const char *lines[8];
                bool over;
                unsigned status;
                const char *words, *refused;
        } cases[] = {
                {{"250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 2.0.0 taken\r\n"},
                        true, 250, "2.0.0 taken", ""},
                {{"250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"}, false, 354, "go", ""},
                {{"530 5.7.0 authenticate\r\n"}, true, 530, "5.7.0 authenticate", ""},
                {{"250 ok\r\n", "550 gone\r\n"}, false, 550, "gone",
                        "1 of 2 recipients refused: a@b (550 gone)"},
                {{"250 ok\r\n", "550 gone\r\n", "250 ok\r\n"}, false, 0, "ok",
                        "1 of 2 recipients refused: a@b (550 gone)"},
                {{"250 ok\r\n", "250 ok\r\n", "550-no\r\n", "550 way\r\n", "354 go\r\n",
                         "250 ok\r\n"},
                        true, 250, "ok", "1 of 2 recipients refused: c@d (550 no way)"},
                {{"250 ok\r\n", "550 gone\r\n", "553 what\r\n"}, true, 553, "what", ""},
                {{"250 ok\r\n", "451 later\r\n", "550 gone\r\n"}, true, 451, "gone", ""},
                {{"250 ok\r\n", "550 gone\r\n", "451 later\r\n"}, true, 451, "later", ""},
                {{"250 ok\r\n", "250\r\n", "250\n", "451 4.3.0 try later\r\n"}, true, 451,
                        "4.3.0 try later", ""},
                {{"250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "554-spam\r\n",
                         "554 see there\r\n"},
                        true, 554, "spam see there", ""},
                {{"250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 ok\r\n",
                         "221 bye\r\n"},
                        true, 250, "ok", ""},
                {{"nothing\r\n", "25\r\n", "\r\n", "2 50 x\r\n"}, false, 0, "", ""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct smtp s = {.recipients = two};
                _cleanup_text_ struct text refused = {0};

                smtp_begin(&s);
                take(&s, cases[i].lines);
                smtp_append_refused(&s, &refused);
                if (s.over != cases[i].over || s.status != cases[i].status)
                        fail_msg("case %zu: %d %u", i, s.over, s.status);
                assert_string_equal(text_string(&s.words), cases[i].words);
                assert_string_equal(text_string(&refused), cases[i].refused);
                smtp_done(&s);
        }
}

/* What is said before MAIL decides nothing, but is known if nothing else comes. */
static void counts_from_the_mail_on(void **state)
{
        static const char *const before[] = {"220 mx\r\n", "250-mx\r\n", "250 AUTH PLAIN\r\n",
                "334 \r\n", "235 welcome\r\n", NULL};
        struct smtp s = {.recipients = two};

        take(&s, before);
        assert_false(s.over);
        assert_int_equal(s.status, 235);
        smtp_begin(&s);
        assert_int_equal(s.status, 0);
        smtp_take(&s, "421 closing\r\n", 13);
        assert_true(s.over);
        assert_int_equal(s.status, 421);
        smtp_done(&s);
}

static void keeps_little_of_what_is_said(void **state)
{
        static char line[4000] = "550-";
        struct smtp s = {.recipients = two};

        memset(line + 4, 'x', sizeof(line) - 4);
        smtp_begin(&s);
        smtp_take(&s, "250 ok\r\n", 8);
        for (size_t i = 0; i < 100; i++)
                smtp_take(&s, line, sizeof(line));
        line[3] = ' ';
        smtp_take(&s, line, sizeof(line));
        assert_false(s.over);
        assert_true(s.refusals.size <= SMTP_WORDS_MAX + 50);
        smtp_take(&s, line, sizeof(line));
        assert_true(s.over);
        assert_int_equal(s.words.size, SMTP_WORDS_MAX);
        assert_true(s.refusals.size <= SMTP_WORDS_MAX + 50);
        smtp_done(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(decides_as_the_server_does),
                cmocka_unit_test(counts_from_the_mail_on),
                cmocka_unit_test(keeps_little_of_what_is_said),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
