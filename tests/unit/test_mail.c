/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "mail.h"
#include "text.h"

static void has_the_addresses_without_names(void **state)
{
        _cleanup_(mail_envelope_freep) struct mail_envelope *e =
                mail_envelope_new("Me <me@b>", "Search <a@b>, c@d");
        _cleanup_(mail_envelope_freep) struct mail_envelope *copy = mail_envelope_copy(e);

        assert_string_equal(copy->from, "me@b");
        assert_string_equal(copy->to[0], "a@b");
        assert_string_equal(copy->to[1], "c@d");
        assert_null(copy->to[2]);
        assert_ptr_not_equal(copy->to[0], e->to[0]);
        assert_null(mail_envelope_free(NULL));
}

static void has_no_more_than_servers_take(void **state)
{
        _cleanup_(mail_envelope_freep) struct mail_envelope *e = NULL;
        _cleanup_text_ struct text to = {0};
        size_t count = 0;

        for (size_t i = 0; i < 2 * MAIL_RECIPIENTS_MAX; i++)
                text_appendf(&to, "%sa%zu@b", i > 0 ? "," : "", i);
        e = mail_envelope_new("me@b", text_string(&to));
        while (e->to[count])
                count++;
        assert_int_equal(count, MAIL_RECIPIENTS_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(has_the_addresses_without_names),
                cmocka_unit_test(has_no_more_than_servers_take),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
