/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <arpa/inet.h>
#include <crypt.h>
#include <netinet/in.h>

#include "serve/bcrypt.h"
#include "serve/login.h"

#define TOKEN "0123456789abcdef-write"

static usec_t now = USEC_PER_DAY;

/* Each look at the clock takes a millisecond: so does each comparison. */
static usec_t fake_clock(void)
{
        return now += USEC_PER_MSEC;
}

static char *hash_of(const char *password)
{
        struct crypt_data *data = calloc(1, sizeof(*data));
        char *hash;

        assert_non_null(data);
        hash = strdup(
                crypt_rn(password, "$2b$04$abcdefghijklmnopqrstuu", data, (int)sizeof(*data)));
        assert_non_null(hash);
        free(data);
        return hash;
}

static struct web_config *config(void)
{
        struct web_config *c = web_config_new();

        assert_non_null(c);
        c->users = calloc(1, sizeof(*c->users));
        assert_non_null(c->users);
        c->user_count = 1;
        c->users[0] = (struct web_user){strdup("anna"), hash_of("secret")};
        assert_int_equal(
                web_config_add_token(c, "job", "0123456789abcdef-replay", SCOPE_REPLAY), 0);
        assert_int_equal(web_config_add_token(c, "desk", TOKEN, SCOPE_READ | SCOPE_WRITE), 0);
        return c;
}

struct asked {
        unsigned scopes;
        usec_t wait;
        enum login_result result;
};

static struct asked ask(
        struct login *l, const struct web_config *c, const char *authorization, const char *address)
{
        struct sockaddr_in in = {.sin_family = AF_INET};
        struct asked a = {0};

        assert_int_equal(inet_pton(AF_INET, address, &in.sin_addr), 1);
        a.result =
                login_check(l, c, authorization, (const struct sockaddr *)&in, &a.scopes, &a.wait);
        return a;
}

#define ANNA_SECRET "Basic YW5uYTpzZWNyZXQ="
#define ANNA_WRONG "Basic YW5uYTp3cm9uZw=="
#define BEN_SECRET "Basic YmVuOnNlY3JldA=="

static void hashes_are_checked(void **state)
{
        static const struct {
                const char *hash;
                const char *wrong;
        } cases[] = {
                {"$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi", NULL},
                {"$2b$04$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi", NULL},
                {"$2a$14$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi", NULL},
                {"$2y$15$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi", "cost"},
                {"$2y$03$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi", "cost"},
                {"$2x$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi", "not a bcrypt"},
                {"$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeS", "not a bcrypt"},
                {"$2y$1x$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi", "not a bcrypt"},
                {"$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDe:i", "not a bcrypt"},
                {"secret", "not a bcrypt"},
                {"", "not a bcrypt"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *wrong = bcrypt_check_hash(cases[i].hash);

                if (!wrong != !cases[i].wrong || (wrong && !strstr(wrong, cases[i].wrong)))
                        fail_msg("%s: %s", cases[i].hash, wrong ? wrong : "right");
        }
}

/* "fakepassword", as the toolkit's own sources have it. */
static void a_known_hash_is_of_its_password(void **state)
{
        static const char hash[] = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

        assert_true(bcrypt_matches(hash, "fakepassword"));
        assert_false(bcrypt_matches(hash, "fakepasswore"));
        assert_false(bcrypt_matches("not a hash", "fakepassword"));
}

static void who_it_is(void **state)
{
        static const struct {
                const char *authorization;
                enum login_result result;
                unsigned scopes;
        } cases[] = {
                {NULL, LOGIN_MISSING, 0},
                {"", LOGIN_MISSING, 0},
                {"Digest username=anna", LOGIN_MISSING, 0},
                {"Basic", LOGIN_MISSING, 0},
                {ANNA_SECRET, LOGIN_DONE, SCOPE_ALL},
                {"basic   YW5uYTpzZWNyZXQ=", LOGIN_DONE, SCOPE_ALL},
                {ANNA_WRONG, LOGIN_WRONG, 0},
                {BEN_SECRET, LOGIN_WRONG, 0},
                {"Basic YW5uYQ==", LOGIN_WRONG, 0}, /* no colon */
                {"Basic YW5uYTpzZWNyZXQAeA==", LOGIN_WRONG, 0}, /* a NUL after it */
                {"Basic ????", LOGIN_WRONG, 0},
                {"Bearer 0123456789abcdef-replay", LOGIN_DONE, SCOPE_REPLAY},
                {"bearer " TOKEN, LOGIN_DONE, SCOPE_READ | SCOPE_WRITE},
                {"Bearer 0123456789abcdef-writ", LOGIN_WRONG, 0},
                {"Bearer 0123456789abcdef-write ", LOGIN_WRONG, 0},
                {"Bearer ", LOGIN_WRONG, 0},
        };
        _cleanup_(web_config_unrefp) struct web_config *c = config();

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct login l;
                struct asked a;

                login_init(&l, fake_clock);
                a = ask(&l, c, cases[i].authorization, "192.0.2.1");
                if (a.result != cases[i].result ||
                        (a.result == LOGIN_DONE && a.scopes != cases[i].scopes))
                        fail_msg("%s: %d, %u", cases[i].authorization, a.result, a.scopes);
        }
}

static void failures_are_few_from_each_address(void **state)
{
        _cleanup_(web_config_unrefp) struct web_config *c = config();
        struct login l;
        struct asked a;

        login_init(&l, fake_clock);
        for (int i = 0; i < LOGIN_FAILURES_BURST; i++) {
                assert_int_equal(ask(&l, c, ANNA_WRONG, "192.0.2.1").result, LOGIN_WRONG);
                now += 10 * USEC_PER_MSEC;
        }
        a = ask(&l, c, ANNA_SECRET, "192.0.2.1");
        assert_int_equal(a.result, LOGIN_LATER); /* even the right one: it is not looked at */
        assert_in_range(a.wait, 1, LOGIN_FAILURES_INTERVAL);
        assert_int_equal(ask(&l, c, "Bearer wrong", "192.0.2.1").result, LOGIN_LATER);
        assert_int_equal(ask(&l, c, "Bearer " TOKEN, "192.0.2.1").result, LOGIN_DONE);
        assert_int_equal(ask(&l, c, ANNA_SECRET, "192.0.2.2").result, LOGIN_DONE);
        /* Who was right once is known, wherever he comes from. */
        assert_int_equal(ask(&l, c, ANNA_SECRET, "192.0.2.1").result, LOGIN_DONE);
        now += LOGIN_FAILURES_INTERVAL;
        assert_int_equal(ask(&l, c, ANNA_WRONG, "192.0.2.1").result, LOGIN_WRONG);
}

/* From as many addresses as they like. */
static void failures_cost_a_quarter_of_the_time(void **state)
{
        _cleanup_(web_config_unrefp) struct web_config *c = config();
        struct login l;

        login_init(&l, fake_clock);
        assert_int_equal(ask(&l, c, ANNA_WRONG, "192.0.2.1").result, LOGIN_WRONG);
        assert_int_equal(
                ask(&l, c, "Bearer wrong", "192.0.2.2").result, LOGIN_WRONG); /* costs nothing */
        assert_int_equal(ask(&l, c, ANNA_WRONG, "192.0.2.2").result, LOGIN_LATER);
        now += LOGIN_REST * USEC_PER_MSEC;
        assert_int_equal(ask(&l, c, ANNA_WRONG, "192.0.2.3").result, LOGIN_WRONG);
}

static void another_hash_makes_the_old_password_wrong(void **state)
{
        _cleanup_(web_config_unrefp) struct web_config *c = config(), *changed = config();
        struct login l;

        login_init(&l, fake_clock);
        assert_int_equal(ask(&l, c, ANNA_SECRET, "192.0.2.1").result, LOGIN_DONE);
        free(changed->users[0].hash);
        changed->users[0].hash = hash_of("another");
        assert_int_equal(ask(&l, changed, ANNA_SECRET, "192.0.2.1").result, LOGIN_WRONG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(hashes_are_checked),
                cmocka_unit_test(a_known_hash_is_of_its_password),
                cmocka_unit_test(who_it_is),
                cmocka_unit_test(failures_are_few_from_each_address),
                cmocka_unit_test(failures_cost_a_quarter_of_the_time),
                cmocka_unit_test(another_hash_makes_the_old_password_wrong),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
