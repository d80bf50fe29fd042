/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secret.h"

struct world {
        char directory[40], path[80], next[80];
        struct secret *secret;
        usec_t now;
};

static void write_to(const char *path, const char *value)
{
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        assert_true(fputs(value, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

/* As those do who rotate secrets: another file under the same name. */
static void rotate(struct world *w, const char *value)
{
        write_to(w->next, value);
        assert_int_equal(rename(w->next, w->path), 0);
}

static const char *not_bad(const char *value)
{
        return streq(value, "bad") ? "is bad" : NULL;
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        *state = w;
        (void)snprintf(w->directory, sizeof(w->directory), "/tmp/driftwatch-XXXXXX");
        assert_non_null(mkdtemp(w->directory));
        (void)snprintf(w->path, sizeof(w->path), "%s/secret", w->directory);
        (void)snprintf(w->next, sizeof(w->next), "%s/next", w->directory);
        write_to(w->path, "first\n");
        w->now = USEC_PER_HOUR;
        assert_int_equal(secret_new(w->path, not_bad, &w->secret, NULL), 0);
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        secret_unref(w->secret);
        (void)unlink(w->path);
        (void)unlink(w->next);
        (void)rmdir(w->directory);
        free(w);
        return 0;
}

static int look(struct world *w, struct error *e)
{
        w->now += SECRET_LOOK_INTERVAL;
        return secret_refresh(w->secret, w->now, e);
}

static void a_rotated_secret_is_read(void **state)
{
        struct world *w = *state;
        _cleanup_(secret_unrefp) struct secret *shared = secret_ref(w->secret);

        assert_string_equal(secret_value(w->secret), "first");
        assert_int_equal(look(w, NULL), 0);
        rotate(w, "second\n");
        assert_int_equal(look(w, NULL), 1);
        assert_string_equal(secret_value(shared), "second");
        assert_string_equal(secret_path(shared), w->path);
        assert_int_equal(look(w, NULL), 0);
        /* In place, and as long as before. */
        write_to(w->path, "the third\n");
        assert_int_equal(look(w, NULL), 1);
        assert_string_equal(secret_value(shared), "the third");
}

static void the_file_is_not_looked_at_all_the_time(void **state)
{
        struct world *w = *state;

        assert_int_equal(look(w, NULL), 0);
        rotate(w, "second\n");
        assert_int_equal(secret_refresh(w->secret, w->now + SECRET_LOOK_INTERVAL - 1, NULL), 0);
        assert_string_equal(secret_value(w->secret), "first");
        assert_int_equal(look(w, NULL), 1);
}

static void one_that_cannot_be_used_leaves_the_old_one_and_is_told_once(void **state)
{
        struct world *w = *state;
        _cleanup_error_ struct error gone = {0}, again = {0}, bad = {0};

        assert_int_equal(unlink(w->path), 0);
        assert_int_equal(look(w, &gone), -ENOENT);
        assert_non_null(strstr(gone.message, w->path));
        assert_int_equal(look(w, &again), 0);
        assert_null(again.message);
        assert_string_equal(secret_value(w->secret), "first");
        rotate(w, "second\n");
        assert_int_equal(look(w, NULL), 1);
        rotate(w, "bad\n");
        assert_int_equal(look(w, &bad), -EBADMSG);
        assert_non_null(strstr(bad.message, " is bad"));
        assert_string_equal(secret_value(w->secret), "second");
}

static void a_bad_one_is_refused_at_first(void **state)
{
        struct world *w = *state;
        _cleanup_error_ struct error e = {0};
        struct secret *untouched = NULL;

        rotate(w, "bad\n");
        assert_int_equal(secret_new(w->path, not_bad, &untouched, &e), -EBADMSG);
        assert_null(untouched);
        assert_non_null(strstr(e.message, "the secret in "));
        assert_null(secret_ref(NULL));
        assert_null(secret_unref(NULL));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_rotated_secret_is_read, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        the_file_is_not_looked_at_all_the_time, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        one_that_cannot_be_used_leaves_the_old_one_and_is_told_once, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(a_bad_one_is_refused_at_first, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
