/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "sample_notice.h"

static void posts_what_opens_and_what_ends(void **state)
{
        static const char *const names[] = {"teams.opened", "teams.closed"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct sample_notice s;

                sample_notice_init(&s, i == 1);
                sample_notice_compare(&s, &channel_teams, names[i]);
                sample_notice_done(&s);
        }
}

/* Text of quotes takes twice its size, lines take more. */
static void fits_whatever_the_text(void **state)
{
        static const char *const parts[] = {"x", "\"", "\n", "a\n", "\\ü", "\t"};

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                _cleanup_(http_request_done) struct http_request request = {0};
                struct sample_notice s;

                sample_notice_init(&s, false);
                sample_notice_fill(&s, parts[i], 5000);
                assert_int_equal(channel_teams.build(&s.context, s.pointers, 2, &request), 0);
                assert_true(request.body_size <= 18 << 10);
                assert_non_null(strstr(request.body, "Action.OpenUrl"));
                sample_notice_done(&s);
        }
}

static void sees_a_refusal_behind_a_success(void **state)
{
        static const struct {
                unsigned status;
                const char *body;
                enum delivery delivery;
        } cases[] = {
                {202, "", DELIVERY_DONE},
                {200, "1", DELIVERY_DONE},
                {200,
                        "Webhook message delivery failed with error: Microsoft Teams endpoint "
                        "returned HTTP error 429 with ContextId tcid=0",
                        DELIVERY_RETRY},
                {400, "HTTP error 429", DELIVERY_FAILED},
                {413, "", DELIVERY_FAILED},
                {429, "", DELIVERY_RETRY},
                {502, "", DELIVERY_RETRY},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (sample_judge(&channel_teams, cases[i].status, cases[i].body) !=
                        cases[i].delivery)
                        fail_msg("case %zu", i);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(posts_what_opens_and_what_ends),
                cmocka_unit_test(fits_whatever_the_text),
                cmocka_unit_test(sees_a_refusal_behind_a_success),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
