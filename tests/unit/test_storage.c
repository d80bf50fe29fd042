/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watch/storage.h"
#include "watch/watches.h"

/* Longer than any pause. */
#define LATER USEC_PER_DAY

static char directory[] = "/tmp/driftwatch-storage-XXXXXX";
static char state[sizeof(directory) + 8], file[sizeof(state) + 16], away[sizeof(state) + 8];

static int set_up(void **unused)
{
        if (!mkdtemp(directory))
                return -1;
        (void)snprintf(state, sizeof(state), "%s/state", directory);
        (void)snprintf(file, sizeof(file), "%s/" STATE_FILE, state);
        (void)snprintf(away, sizeof(away), "%s.away", state);
        return mkdir(state, 0700);
}

static int tear_down(void **unused)
{
        return rmdir(state) < 0 ? -1 : rmdir(directory);
}

struct fixture {
        struct storage storage;
        struct publisher publisher;
        struct watches watches;
        struct alerts *alerts;
        struct notices *notices;
};

static int begin(void **ret)
{
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f || storage_init(&f->storage, state) < 0)
                return -1;
        f->publisher.last = view_new();
        f->alerts = alerts_new();
        f->notices = notices_new();
        *ret = f;
        storage_restore(&f->storage, f->alerts, f->notices, NULL, &f->publisher, NULL, 0);
        return 0;
}

static int end(void **state_of_test)
{
        static const char *const parts[] = {"", "-wal", "-shm"};
        struct fixture *f = *state_of_test;

        storage_done(&f->storage);
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                char name[sizeof(file) + 8];

                (void)snprintf(name, sizeof(name), "%s%s", file, parts[i]);
                (void)unlink(name);
        }
        alerts_free(f->alerts);
        notices_free(f->notices);
        view_unref(f->publisher.last);
        free(f);
        return 0;
}

static usec_t save(struct fixture *f, usec_t now)
{
        return storage_save(&f->storage, f->alerts, f->notices, &f->publisher, &f->watches, now);
}

static void add_alert(struct fixture *f)
{
        struct alert a = {.active_at = 1, .fired_at = 1, .state = ALERT_FIRING};

        assert_int_equal(labels_set(&a.labels, "alertname", rule_defaults[0].name), 0);
        assert_int_equal(labels_set(&a.labels, "collection", "c"), 0);
        assert_int_equal(labels_set(&a.labels, "severity", "critical"), 0);
        a.fingerprint = labels_fingerprint(&a.labels);
        assert_int_equal(alerts_restore(f->alerts, &a), 0);
}

static int count_row(const char *kind, const char *key, const char *value, size_t size, bool good,
        void *userdata)
{
        ++*(size_t *)userdata;
        return 0;
}

static size_t rows(void)
{
        size_t count = 0;

        assert_int_equal(state_read(file, count_row, &count, NULL), 0);
        return count;
}

static void assert_failing(const struct fixture *f, bool failing)
{
        assert_int_equal(f->storage.failing, failing);
        assert_int_equal(f->storage.error != NULL, failing);
        if (failing && !strstr(f->storage.error, file))
                fail_msg("%s", f->storage.error);
}

static void what_people_are_told_is_written_at_once(void **unused)
{
        struct fixture *f = *unused;

        storage_tell(&f->storage, f->alerts, f->notices);
        assert_int_equal(rows(), 0);
        add_alert(f);
        storage_tell(&f->storage, f->alerts, f->notices);
        assert_int_equal(rows(), 1);
        assert_failing(f, false);
}

static void the_rest_is_written_after_a_pause(void **unused)
{
        struct fixture *f = *unused;

        (void)save(f, LATER);
        add_alert(f);
        assert_int_equal(save(f, LATER + STORAGE_PAUSE), LATER + 2 * STORAGE_PAUSE);
        assert_int_equal(rows(), 1);
        alerts_forget_collection(f->alerts, "c", 2);
        alerts_expire(f->alerts, LATER);
        assert_int_equal(save(f, LATER + STORAGE_PAUSE + 1), LATER + 2 * STORAGE_PAUSE);
        assert_int_equal(rows(), 1);
        (void)save(f, USEC_INFINITY);
        assert_int_equal(rows(), 0);
}

static void what_was_not_restored_is_not_replaced(void **unused)
{
        struct fixture *f = *unused;

        add_alert(f);
        (void)save(f, LATER);
        f->storage.restored = false;
        alerts_forget_collection(f->alerts, "c", 2);
        alerts_expire(f->alerts, LATER);
        (void)save(f, 2 * LATER);
        assert_int_equal(rows(), 1);
}

static void tries_until_it_works(void **unused)
{
        struct fixture *f = *unused;
        usec_t next;

        (void)save(f, LATER);
        assert_int_equal(rename(state, away), 0);
        add_alert(f);
        storage_tell(&f->storage, f->alerts, f->notices);
        assert_failing(f, true);
        next = save(f, 2 * LATER);
        assert_failing(f, true);
        assert_true(next < USEC_INFINITY);
        assert_int_equal(rename(away, state), 0);
        (void)save(f, 3 * LATER);
        (void)save(f, 4 * LATER);
        assert_failing(f, false);
        assert_int_equal(rows(), 1);
}

static void looks_before_something_has_to_be_written(void **unused)
{
        struct fixture *f = *unused;
        usec_t next = save(f, LATER);

        assert_int_equal(next, LATER + STORAGE_LOOK_PAUSE);
        assert_int_equal(rename(state, away), 0);
        assert_int_equal(save(f, next - 1), next);
        assert_failing(f, false);
        next = save(f, next);
        assert_failing(f, true);
        assert_int_equal(rename(away, state), 0);
        (void)save(f, next);
        assert_failing(f, false);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        what_people_are_told_is_written_at_once, begin, end),
                cmocka_unit_test_setup_teardown(the_rest_is_written_after_a_pause, begin, end),
                cmocka_unit_test_setup_teardown(what_was_not_restored_is_not_replaced, begin, end),
                cmocka_unit_test_setup_teardown(tries_until_it_works, begin, end),
                cmocka_unit_test_setup_teardown(
                        looks_before_something_has_to_be_written, begin, end),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
