/* SPDX-License-Identifier: Apache-2.0 */
/* The web configuration file: what it means, and what is wrong with it, each at its place. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/web.h"
#include "file.h"

#define HASH "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"

static void parse(const char *text, struct web_config **ret, struct errors *errors)
{
        _cleanup_(web_files_done) struct web_files files = {0};
        int r = web_parse("/nonexistent/web.yaml", text, strlen(text), ret, &files, errors);

        assert_int_equal(r, errors->count > 0 ? -EBADMSG : 0);
        assert_int_equal(*ret == NULL, r < 0);
}

static void nothing_is_nothing(void **state)
{
        static const char *const texts[] = {"", "{}", "tls_server_config: {}\n",
                "http_server_config: {http2: false}\nbasic_auth_users: {}\n",
                "tls_server_config: {min_version: TLS13, client_auth_type: NoClientCert}\n"};

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_(web_config_unrefp) struct web_config *c = NULL;
                _cleanup_errors_ struct errors errors = {0};

                parse(texts[i], &c, &errors);
                assert_int_equal(errors.count, 0);
                assert_null(c->tls);
                assert_false(web_config_locked(c));
                assert_int_equal(c->rate_interval, 0);
        }
        assert_false(web_config_locked(NULL));
}

static void what_stands_there_is_meant(void **state)
{
        static const char text[] = "http_server_config:\n"
                                   "  headers:\n"
                                   "    X-Frame-Options: deny\n"
                                   "    Strict-Transport-Security: max-age=31536000\n"
                                   "basic_auth_users:\n"
                                   "  anna: " HASH "\n"
                                   "  \"ben van\": \"" HASH "\"\n"
                                   "rate_limit: {interval: 100ms, burst: 20}\n";
        _cleanup_(web_config_unrefp) struct web_config *c = NULL;
        _cleanup_errors_ struct errors errors = {0};

        parse(text, &c, &errors);
        assert_int_equal(errors.count, 0);
        assert_true(web_config_locked(c));
        assert_int_equal(c->user_count, 2);
        assert_string_equal(web_config_user(c, "ben van")->hash, HASH);
        assert_null(web_config_user(c, "carl"));
        assert_null(c->headers[0]);
        assert_string_equal(c->headers[1], "deny");
        assert_string_equal(c->headers[4], "max-age=31536000");
        assert_int_equal(c->rate_interval, 100 * USEC_PER_MSEC);
        assert_int_equal(c->rate_burst, 20);
}

/* "PLACE: what" of each complaint, in order; the place without the file's name. */
static void what_is_wrong_is_told_at_its_place(void **state)
{
        static const struct {
                const char *text;
                const char *errors[3];
        } cases[] = {
                {"tls_server_confg: {}\n", {":1:1: tls_server_confg: "}},
                {"tls_server_config:\n  certfile: a\n", {":2:3: tls_server_config.certfile: "}},
                {"tls_server_config: {cert_file: a.pem}\n",
                        {":1:32: tls_server_config.cert_file: cannot open /nonexistent/a.pem",
                                ":1:20: tls_server_config: key_file is missing"}},
                {"tls_server_config: {client_auth_type: RequireAndVerifyClientCert}\n",
                        {"cert_file is missing", "key_file is missing"}},
                {"tls_server_config: {client_auth_type: Sometimes}\n",
                        {":1:39: tls_server_config.client_auth_type: "}},
                {"tls_server_config: {cert: x, cert_file: a, key: y}\n",
                        {"there is \"cert\" already"}},
                {"tls_server_config: {cert: x, key: y}\n",
                        {"tls_server_config: there is no certificate in PEM"}},
                {"tls_server_config: {cert: \"-----BEGIN CERTIFICATE-----\", key: y}\n",
                        {"tls_server_config: there is no key in PEM"}},
                {"tls_server_config: {cert: \"-----BEGIN CERTIFICATE-----\", "
                 "key: \"-----BEGIN PRIVATE KEY-----\"}\n",
                        {"tls_server_config: certificate or key cannot be used: "}},
                {"tls_server_config: {cert: x, key: y, client_ca: z}\n",
                        {"client_ca: nobody is asked for a certificate"}},
                {"tls_server_config: {cert: x, key: y, client_allowed_sans: [a], "
                 "client_auth_type: VerifyClientCertIfGiven}\n",
                        {"client_allowed_sans: a client may come without"}},
                {"tls_server_config: {min_version: TLS14}\n",
                        {":1:34: tls_server_config.min_version: "}},
                {"tls_server_config: {min_version: TLS13, max_version: TLS12}\n",
                        {"min_version TLS13 is above max_version TLS12"}},
                {"tls_server_config: {cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}\n",
                        {"is no cipher suite that is offered"}},
                {"http_server_config: {headers: {X-Powered-By: x}}\n",
                        {":1:32: http_server_config.headers.X-Powered-By: "}},
                {"http_server_config: {headers: {X-Frame-Options: never}}\n",
                        {":1:49: http_server_config.headers.X-Frame-Options: "}},
                {"basic_auth_users: {anna: secret}\n",
                        {":1:26: basic_auth_users: anna: is not a bcrypt hash"}},
                {"basic_auth_users: {\"a:b\": " HASH "}\n", {"has no colon"}},
                {"rate_limit: {interval: soon}\n", {":1:24: rate_limit.interval: "}},
                {"bearer_tokens: [{name: a, scopes: [read]}]\n",
                        {":1:17: bearer_tokens[0]: give token_file or credential"}},
                {"bearer_tokens: [{name: a, token_file: t, scopes: [admin]}]\n",
                        {":1:51: bearer_tokens[0].scopes: \"admin\" is none of",
                                "bearer_tokens[0].token_file: cannot open /nonexistent/t"}},
                {"bearer_tokens: [{token_file: t, scopes: [read]}]\n",
                        {"bearer_tokens[0].name: ", "token_file: cannot open"}},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(web_config_unrefp) struct web_config *c = NULL;
                _cleanup_errors_ struct errors errors = {0};

                parse(cases[i].text, &c, &errors);
                for (size_t k = 0; k < ARRAY_SIZE(cases[i].errors) && cases[i].errors[k]; k++)
                        if (k >= errors.count || !strstr(errors.messages[k], cases[i].errors[k]))
                                fail_msg("%s: \"%s\"", cases[i].text,
                                        k < errors.count ? errors.messages[k] : "no complaint");
        }
}

struct directory {
        char path[32], config[64], token[64];
};

static void write_file(const char *path, const char *text)
{
        assert_int_equal(file_replace(path, text, strlen(text), NULL), 0);
}

static int make_directory(void **state)
{
        struct directory *d = calloc(1, sizeof(*d));

        assert_non_null(d);
        (void)snprintf(d->path, sizeof(d->path), "/tmp/test_web.XXXXXX");
        assert_non_null(mkdtemp(d->path));
        (void)snprintf(d->config, sizeof(d->config), "%s/web.yaml", d->path);
        (void)snprintf(d->token, sizeof(d->token), "%s/token", d->path);
        *state = d;
        return 0;
}

static int remove_directory(void **state)
{
        struct directory *d = *state;

        (void)unlink(d->config);
        (void)unlink(d->token);
        assert_int_equal(rmdir(d->path), 0);
        free(d);
        return 0;
}

static void a_token_is_read_beside_the_file(void **state)
{
        struct directory *d = *state;
        _cleanup_(web_config_unrefp) struct web_config *c = NULL;
        _cleanup_(web_files_done) struct web_files files = {0};
        _cleanup_errors_ struct errors errors = {0};

        write_file(d->config,
                "bearer_tokens: [{name: job, token_file: token, scopes: [replay, read]}]\n");
        write_file(d->token, "0123456789abcdef\n");
        assert_int_equal(web_load(d->config, &c, &files, &errors), 0);
        assert_true(web_config_locked(c));
        assert_int_equal(web_config_token_scopes(c, "0123456789abcdef"), SCOPE_REPLAY | SCOPE_READ);
        assert_int_equal(web_config_token_scopes(c, "0123456789abcdeg"), 0);
        assert_int_equal(web_config_token_scopes(c, ""), 0);
        assert_int_equal(files.count, 2);
        assert_string_equal(files.paths[1], d->token);
        assert_int_equal(web_files_stamp(&files), files.stamp);
        write_file(d->token, "fedcba9876543210\n");
        assert_int_not_equal(web_files_stamp(&files), files.stamp);
}

static void a_bad_token_is_not_told(void **state)
{
        static const struct {
                const char *token, *says;
        } cases[] = {
                {"hunter2\n", "is shorter than 16 characters"},
                {"hunter2 hunter2 hunter2\n", "has characters that"},
                {"\n", "empty"},
        };
        struct directory *d = *state;

        write_file(d->config, "bearer_tokens: [{name: a, token_file: token, scopes: [read]}]\n");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(web_config_unrefp) struct web_config *c = NULL;
                _cleanup_(web_files_done) struct web_files files = {0};
                _cleanup_errors_ struct errors errors = {0};

                write_file(d->token, cases[i].token);
                assert_int_equal(web_load(d->config, &c, &files, &errors), -EBADMSG);
                assert_int_equal(errors.count, 1);
                assert_non_null(strstr(errors.messages[0], d->token));
                assert_null(strstr(errors.messages[0], "hunter2"));
                if (!strstr(errors.messages[0], cases[i].says))
                        fail_msg("%s", errors.messages[0]);
        }
}

#define CASE_OF(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_is_nothing),
                cmocka_unit_test(what_stands_there_is_meant),
                cmocka_unit_test(what_is_wrong_is_told_at_its_place),
                CASE_OF(a_token_is_read_beside_the_file),
                CASE_OF(a_bad_token_is_not_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
