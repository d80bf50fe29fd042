/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "json.h"
#include "sample_notice.h"

static void posts_what_opens_and_what_ends(void **state)
{
        static const char *const names[] = {"discord.opened", "discord.closed"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct sample_notice s;

                sample_notice_init(&s, i == 1);
                sample_notice_compare(&s, &channel_discord, names[i]);
                sample_notice_done(&s);
        }
}

static const char *string_at(const json_t *object, const char *key)
{
        const char *value = json_string_value(json_object_get(object, key));

        assert_non_null(value);
        return value;
}

static void fits_escaped(void **state)
{
        _cleanup_json_ json_t *body = NULL;
        struct sample_notice s;
        json_t *embed, *field;
        char url[501];
        size_t sum, i;

        sample_notice_init(&s, false);
        sample_notice_fill(&s, "@everyone **[x](http://y)** ", 1000);
        memset(url, 'x', sizeof(url) - 1);
        url[sizeof(url) - 1] = '\0';
        for (enum message_link link = 0; link < MESSAGE_LINKS; link++)
                s.message.urls[link] = url;
        body = sample_notice_body(&s, &channel_discord);
        embed = json_array_get(json_object_get(body, "embeds"), 0);
        assert_in_range(strlen(string_at(embed, "title")), 200, 256);
        assert_in_range(strlen(string_at(embed, "description")), 4000, 4096);
        assert_non_null(strstr(
                string_at(embed, "description"), "\\@everyone \\*\\*\\[x\\](http://y)\\*\\* "));
        sum = strlen(string_at(embed, "title")) + strlen(string_at(embed, "description"));
        json_array_foreach (json_object_get(embed, "fields"), i, field)
                sum += strlen(string_at(field, "name")) + strlen(string_at(field, "value"));
        assert_int_equal(i, MESSAGE_LINKS);
        assert_true(sum <= 6000);
        assert_int_equal(json_array_size(json_object_get(
                                 json_object_get(body, "allowed_mentions"), "parse")),
                0);
        sample_notice_done(&s);
}

/* Half of a link leads elsewhere. */
static void a_link_that_is_too_long_is_left_out(void **state)
{
        _cleanup_json_ json_t *body = NULL;
        struct sample_notice s;
        char url[800] = "https://drift.example.org/?collection=";

        memset(url + strlen(url), 'x', sizeof(url) - strlen(url) - 1);
        url[sizeof(url) - 1] = '\0';
        sample_notice_init(&s, false);
        s.message.urls[MESSAGE_PAGE] = url;
        body = sample_notice_body(&s, &channel_discord);
        assert_int_equal(json_array_size(json_object_get(
                                 json_array_get(json_object_get(body, "embeds"), 0), "fields")),
                MESSAGE_LINKS - 1);
        sample_notice_done(&s);
}

static void waits_as_it_is_told(void **state)
{
        static const struct {
                const char *body;
                usec_t wait;
        } cases[] = {
                {"{\"message\":\"...\",\"retry_after\":64.5,\"global\":false}",
                        64500 * USEC_PER_MSEC},
                {"{\"retry_after\":2}", 2 * USEC_PER_SEC},
                {"{\"retry_after\":1e300}", USEC_PER_DAY},
                {"{\"retry_after\":-3}", 0},
                {"{\"retry_after\":\"3\"}", 0},
                {"{\"retry_after\":null}", 0},
                {"[3]", 0},
                {"<html>", 0},
                {"", 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (sample_wait(&channel_discord, cases[i].body) != cases[i].wait)
                        fail_msg("case %zu", i);
        assert_int_equal(sample_judge(&channel_discord, 204, ""), DELIVERY_DONE);
        assert_int_equal(sample_judge(&channel_discord, 404, ""), DELIVERY_FAILED);
        assert_int_equal(sample_judge(&channel_discord, 429, ""), DELIVERY_RETRY);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(posts_what_opens_and_what_ends),
                cmocka_unit_test(fits_escaped),
                cmocka_unit_test(a_link_that_is_too_long_is_left_out),
                cmocka_unit_test(waits_as_it_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
