/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/rotation.h"
#include "files.h"

static char directory[] = "/tmp/test_rotation.XXXXXX";
static char credentials[64];

static const char *const folders[] = {"credentials", "secrets"};
static const char *const files[] = {
        "credentials/a", "credentials/b", "credentials/k", "secrets/a", "queries.json"};

static int set_up(void **state)
{
        if (!mkdtemp(directory) || chdir(directory) < 0)
                return -1;
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
                if (mkdir(folders[i], 0700) < 0)
                        return -1;
        (void)snprintf(credentials, sizeof(credentials), "%s/credentials", directory);
        write_file("queries.json", "{\"queries\": [{\"id\": \"q\", \"text\": \"Q?\"}]}");
        return setenv("CREDENTIALS_DIRECTORY", credentials, 1);
}

static int tear_down(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                (void)unlink(files[i]);
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
                (void)rmdir(folders[i]);
        return chdir("/") < 0 || rmdir(directory) < 0;
}

static struct timespec change_time(const char *file)
{
        struct stat st;

        assert_int_equal(stat(file, &st), 0);
        return st.st_ctim;
}

/* Until its time is another than that of the file before: clocks of file systems are coarse. */
static void write_after(const char *before, const char *name)
{
        struct timespec a = change_time(before), b;

        do {
                write_file(name, "secret\n");
                b = change_time(name);
        } while (a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec);
}

/* All credentials, one of them of two peers, one a channel's key. */
static void check(usec_t started, struct rotation *ret)
{
        static const char yaml[] =
                "servers: [{name: s, url: 'http://s', auth: {scheme: token, credential: a}}]\n"
                "embedders: [{name: e, api: tei, url: 'http://e', "
                "auth: {scheme: bearer, credential: a}}]\n"
                "collections: [{name: c, queries: queries.json, embedder: e}]\n"
                "alerting: {receivers: [{name: r, webhook_configs: [{url: 'http://x'}, "
                "{url: 'http://h', auth: {scheme: bearer, credential: b}}],\n"
                "pagerduty_configs: [{credential: k}]}]}\n";
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_(config_freep) struct config *config = NULL;
        char path[64];

        (void)snprintf(path, sizeof(path), "%s/driftwatch.yaml", directory);
        if (config_parse(path, yaml, strlen(yaml), NULL, &config, &errors) < 0)
                fail_msg("%s", errors.count > 0 ? errors.messages[0] : "");
        assert_int_equal(rotation_check(config, credentials, started, ret), 0);
}

static void a_newer_source_is_named(void **state)
{
        _cleanup_(rotation_done) struct rotation before = {0}, after = {0}, again = {0};
        char wanted[128];

        write_file("secrets/a", "secret\n");
        write_after("secrets/a", "credentials/a");
        write_file("credentials/b", "secret\n");
        write_file("credentials/k", "secret\n");
        check(USEC_INFINITY, &before);
        assert_int_equal(before.newer.count, 0);
        assert_string_equal(text_string(&before.unseen), "b, k");

        write_after("credentials/a", "secrets/a");
        check(USEC_INFINITY, &after);
        assert_int_equal(after.newer.count, 1);
        (void)snprintf(
                wanted, sizeof(wanted), "credential a: %s/secrets/a has changed since", directory);
        assert_ptr_equal(strstr(after.newer.messages[0], wanted), after.newer.messages[0]);
        assert_string_equal(text_string(&after.unseen), "b, k");

        /* As systemd does where RefreshOnReload=credentials is set. */
        write_after("secrets/a", "credentials/a");
        check(0, &again);
        assert_int_equal(again.newer.count, 0);
        assert_int_equal(again.unseen_count, 0);
}

static void only_the_service_managers_copies_are_old(void **state)
{
        static const struct {
                const char *value;
                bool copies;
        } cases[] = {
                {"/run/credentials/driftwatch.service", true},
                {"/run/user/1000/credentials/driftwatch.service", true},
                {"/etc/driftwatch/secrets", false},
                {"/etc/credentials/x", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_int_equal(setenv("CREDENTIALS_DIRECTORY", cases[i].value, 1), 0);
                assert_int_equal(rotation_directory() != NULL, cases[i].copies);
        }
        unsetenv("CREDENTIALS_DIRECTORY");
        assert_null(rotation_directory());
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_newer_source_is_named),
                cmocka_unit_test(only_the_service_managers_copies_are_old),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
