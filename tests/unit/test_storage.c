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
        struct told_things told; /* without an outbox */
        struct desk_policy policy;
};

static int begin(void **ret)
{
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f || storage_init(&f->storage, NULL, state) < 0)
                return -1;
        f->publisher.last = view_new();
        f->told = (struct told_things){alerts_new(), notices_new(), desk_new(), NULL};
        desk_configure(f->told.desk, &f->policy);
        *ret = f;
        storage_restore(&f->storage, &f->told, &f->publisher, &f->watches);
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
        alerts_free(f->told.alerts);
        notices_free(f->told.notices);
        desk_free(f->told.desk);
        view_unref(f->publisher.last);
        free(f);
        return 0;
}

static usec_t save(struct fixture *f, usec_t now)
{
        return storage_save(&f->storage, &f->told, &f->publisher, &f->watches, now);
}

static void add_alert(struct fixture *f)
{
        struct alert a = {.active_at = 1, .fired_at = 1, .state = ALERT_FIRING};

        assert_int_equal(labels_set(&a.labels, "alertname", rule_defaults[0].name), 0);
        assert_int_equal(labels_set(&a.labels, "collection", "c"), 0);
        assert_int_equal(labels_set(&a.labels, "severity", "critical"), 0);
        a.fingerprint = labels_fingerprint(&a.labels);
        assert_int_equal(alerts_restore(f->told.alerts, &a), 0);
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

        storage_tell(&f->storage, &f->told);
        assert_int_equal(rows(), 0);
        add_alert(f);
        storage_tell(&f->storage, &f->told);
        assert_int_equal(rows(), 1);
        assert_failing(f, false);
}

static void take_alert(struct fixture *f)
{
        struct escalation_actions actions;
        const struct news none = {0};
        _cleanup_free_ const struct alert **all = NULL;
        size_t count;

        assert_int_equal(alerts_list(f->told.alerts, &all, &count), 0);
        assert_int_equal(acks_add(desk_acks(f->told.desk), all[0]->fingerprint, "anna", NULL,
                                 USEC_INFINITY, 2),
                0);
        assert_int_equal(desk_update(f->told.desk, &none, all, count, 2, &actions), 0);
        escalation_actions_done(&actions);
}

/* Who is answered that it is done may count on it. */
static void what_people_do_is_written_at_once(void **unused)
{
        struct fixture *f = *unused;

        add_alert(f);
        take_alert(f);
        storage_tell(&f->storage, &f->told);
        assert_int_equal(rows(), 2);
        assert_null(storage_unsafe(&f->storage));
        (void)save(f, LATER);
        assert_int_equal(rename(state, away), 0);
        desk_jump(f->told.desk, 1);
        storage_tell(&f->storage, &f->told);
        assert_non_null(strstr(storage_unsafe(&f->storage), file));
        assert_int_equal(rename(away, state), 0);
        storage_tell(&f->storage, &f->told);
        assert_null(storage_unsafe(&f->storage));
        assert_null(storage_unsafe(NULL));
}

static void the_rest_is_written_after_a_pause(void **unused)
{
        struct fixture *f = *unused;

        (void)save(f, LATER);
        add_alert(f);
        assert_int_equal(save(f, LATER + STORAGE_PAUSE), LATER + 2 * STORAGE_PAUSE);
        assert_int_equal(rows(), 1);
        alerts_forget_collection(f->told.alerts, "c", 2);
        alerts_expire(f->told.alerts, LATER);
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
        alerts_forget_collection(f->told.alerts, "c", 2);
        alerts_expire(f->told.alerts, LATER);
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
        storage_tell(&f->storage, &f->told);
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
                cmocka_unit_test_setup_teardown(what_people_do_is_written_at_once, begin, end),
                cmocka_unit_test_setup_teardown(the_rest_is_written_after_a_pause, begin, end),
                cmocka_unit_test_setup_teardown(what_was_not_restored_is_not_replaced, begin, end),
                cmocka_unit_test_setup_teardown(tries_until_it_works, begin, end),
                cmocka_unit_test_setup_teardown(
                        looks_before_something_has_to_be_written, begin, end),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
