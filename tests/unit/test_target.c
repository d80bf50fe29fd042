/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "a_secret.h"
#include "tell/target.h"

static struct target *make(const char *url, const char *topic)
{
        struct http_peer peer = {.url = (char *)url};
        struct channel_settings settings = {0};
        struct target *t;

        assert_int_equal(labels_set(&settings.values, "topic", topic), 0);
        t = target_new(&peer, &settings);
        channel_settings_done(&settings);
        assert_non_null(t);
        return t;
}

static void lives_as_long_as_it_is_referenced(void **state)
{
        struct target *t = make("http://a", "x"), *other = target_ref(t);

        assert_null(target_unref(t));
        assert_string_equal(other->http.url, "http://a");
        assert_string_equal(channel_setting(&other->settings, "topic"), "x");
        assert_string_equal(channel_setting(&other->settings, "none"), "");
        assert_null(target_unref(other));
        assert_null(target_unref(NULL));
}

static void sees_a_password_too(void **state)
{
        struct http_peer peer = {.url = (char *)"smtp://h:1", .secret = a_secret("p4ss")};
        _cleanup_(target_unrefp) struct target *t = target_new(&peer, NULL);
        const struct http_response told = {.status = 535, .body = "p4ss is wrong", .body_size = 13},
                                   not_told = {.status = 535, .body = "wrong", .body_size = 5};

        assert_true(target_betrayed(t, &told));
        assert_false(target_betrayed(t, &not_told));
        secret_unref(peer.secret);
}

static void is_the_same_with_the_same_address_and_settings(void **state)
{
        static const struct {
                const char *url, *topic;
                bool same;
        } cases[] = {{"http://a", "x", true}, {"http://b", "x", false}, {"http://a", "y", false},
                {"http://a", NULL, false}};
        _cleanup_(target_unrefp) struct target *t = make("http://a", "x");

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(target_unrefp) struct target *other = make(cases[i].url, cases[i].topic);

                assert_int_equal(target_same(t, other), cases[i].same);
        }
}

/* A gateway's error page may say what it was asked for. */
static void notices_an_answer_that_repeats_a_secret(void **state)
{
        static const struct {
                const char *url, *key, *body;
                bool betrayed;
        } cases[] = {
                {NULL, "123:abc", "not found: /bot123:abc/sendMessage", true},
                {NULL, "123:abc", "not found: /bot123:ab", false},
                {NULL, "123:abc", "", false},
                {NULL, NULL, "anything", false},
                {"https://h/services/T/B/x", NULL, "no route for /services/T/B/x", true},
                {"https://h/services/T/B/x", NULL, "no route for /services/T/B", false},
                {"https://h?key=x", NULL, "?key=x", true},
                {"https://h/", NULL, "</p>", false},
                {"https://h", NULL, "</p>", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct http_peer peer = {
                        .url = (char *)"https://h", .secret_url = a_secret(cases[i].url)};
                struct channel_settings settings = {.key = a_secret(cases[i].key)};
                _cleanup_(target_unrefp) struct target *t = target_new(&peer, &settings);
                const struct http_response response = {
                        .status = 404, .body = cases[i].body, .body_size = strlen(cases[i].body)};

                assert_non_null(t);
                if (target_betrayed(t, &response) != cases[i].betrayed)
                        fail_msg("case %zu", i);
                secret_unref(peer.secret_url);
                channel_settings_done(&settings);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lives_as_long_as_it_is_referenced),
                cmocka_unit_test(sees_a_password_too),
                cmocka_unit_test(is_the_same_with_the_same_address_and_settings),
                cmocka_unit_test(notices_an_answer_that_repeats_a_secret),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
