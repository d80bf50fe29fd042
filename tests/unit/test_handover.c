/* SPDX-License-Identifier: Apache-2.0 */
/* The hand-over between the threads: order, limits and ownership alone, then everything at once
 * with real threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "macro.h"
#include "serve/handover.h"

struct answer_seen {
        unsigned count, status;
        char body[32];
        size_t size;
};

static void on_completed(struct command *c, unsigned status, char *body, size_t size)
{
        struct answer_seen *seen = c->userdata;

        seen->count++;
        seen->status = status;
        seen->size = size;
        if (body)
                memcpy(seen->body, body, MIN(size, sizeof(seen->body)));
        free(body);
}

static struct command *make_command(struct answer_seen *seen, const char *collection)
{
        struct command *c = command_new(COMMAND_REPLAY, collection, true);

        assert_non_null(c);
        c->completed = on_completed;
        c->userdata = seen;
        return c;
}

static bool readable(const struct handover *h)
{
        struct pollfd p = {.fd = handover_fd(h), .events = POLLIN};

        return poll(&p, 1, 0) == 1;
}

static void commands_keep_their_order_and_wake_the_loop(void **state)
{
        static const char *const names[] = {"a", "b", "c"};
        _cleanup_(handover_freep) struct handover *h = NULL;
        struct answer_seen seen = {0};
        struct command *c;

        assert_int_equal(handover_new(&h), 0);
        assert_null(handover_take(h));
        assert_false(readable(h));
        for (int round = 0; round < 2; round++) {
                for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                        assert_int_equal(handover_submit(h, make_command(&seen, names[i])), 0);
                for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                        assert_true(readable(h));
                        c = handover_take(h);
                        assert_non_null(c);
                        assert_string_equal(c->collection, names[i]);
                        assert_true(c->wait);
                        command_complete(c, 200, NULL, 0);
                }
                assert_false(readable(h));
                assert_null(handover_take(h));
        }
        assert_int_equal(seen.count, 6);
}

static void an_answer_reaches_who_asked(void **state)
{
        struct answer_seen seen = {0};

        command_complete(make_command(&seen, NULL), 500, strdup("no such file"), 12);
        assert_int_equal(seen.count, 1);
        assert_int_equal(seen.status, 500);
        assert_int_equal(seen.size, 12);
        assert_memory_equal(seen.body, "no such file", 12);
}

static void a_command_nobody_waits_for_is_freed(void **state)
{
        struct command *c = command_new(COMMAND_RELOAD, NULL, false);

        assert_non_null(c);
        assert_null(c->collection);
        command_complete(c, 200, strdup("freed"), 5);
}

static void a_full_queue_refuses_and_leaves_the_command(void **state)
{
        _cleanup_(handover_freep) struct handover *h = NULL;
        struct answer_seen queued = {0}, refused = {0};
        struct command *c;

        assert_int_equal(handover_new(&h), 0);
        for (int i = 0; i < HANDOVER_QUEUE_MAX; i++)
                assert_int_equal(handover_submit(h, make_command(&queued, NULL)), 0);
        c = make_command(&refused, NULL);
        assert_int_equal(handover_submit(h, c), -EBUSY);
        assert_int_equal(refused.count, 0);
        command_complete(c, 503, NULL, 0);
        assert_int_equal(refused.count, 1);

        command_complete(handover_take(h), 200, NULL, 0);
        assert_int_equal(handover_submit(h, make_command(&queued, NULL)), 0);
        h = handover_free(h);
        assert_int_equal(queued.count, HANDOVER_QUEUE_MAX + 1);
        assert_int_equal(queued.status, 503);
}

static void closing_answers_the_queue_and_refuses_the_rest(void **state)
{
        _cleanup_(handover_freep) struct handover *h = NULL;
        struct answer_seen queued = {0}, taken = {0}, late = {0};
        struct command *held, *c;

        assert_int_equal(handover_new(&h), 0);
        assert_int_equal(handover_submit(h, make_command(&taken, NULL)), 0);
        assert_int_equal(handover_submit(h, make_command(&queued, NULL)), 0);
        held = handover_take(h);
        handover_close(h);
        assert_int_equal(queued.count, 1);
        assert_int_equal(queued.status, 503);
        assert_int_equal(taken.count, 0);
        assert_false(readable(h));
        c = make_command(&late, NULL);
        assert_int_equal(handover_submit(h, c), -ESHUTDOWN);
        command_complete(c, 503, NULL, 0);
        command_complete(held, 200, NULL, 0);
        assert_int_equal(taken.status, 200);
        handover_close(h);
        assert_int_equal(queued.count, 1);
}

static void a_view_lives_as_long_as_its_readers(void **state)
{
        _cleanup_(handover_freep) struct handover *h = NULL;
        struct view *first, *second;

        assert_int_equal(handover_new(&h), 0);
        assert_null(handover_acquire(h));
        first = view_new();
        assert_non_null(first);
        first->published = 1;
        handover_publish(h, first);
        assert_ptr_equal(handover_acquire(h), first);
        second = view_new();
        assert_non_null(second);
        handover_publish(h, second);
        assert_int_equal(first->published, 1);
        view_unref(first);
        assert_ptr_equal(handover_acquire(h), second);
        handover_publish(h, NULL);
        assert_null(handover_acquire(h));
        view_unref(second);
}

#define VIEWS 100000
#define READERS 3
#define SENDERS 2
#define COMMANDS 5000

struct crowd {
        struct handover *handover;
        atomic_bool stop;
        atomic_uint reads, torn, backwards, answered, senders_left;
};

/* A view is consistent when all that the publisher wrote into it is there, and none older follows a
 * newer. */
static void *read_views(void *userdata)
{
        struct crowd *crowd = userdata;
        usec_t last = 0;

        while (!atomic_load(&crowd->stop)) {
                _cleanup_(view_unrefp) struct view *v = handover_acquire(crowd->handover);

                if (v) {
                        atomic_fetch_add(&crowd->reads, 1);
                        atomic_fetch_add(&crowd->torn,
                                v->started != 2 * v->published ||
                                        v->per_query_limit != (unsigned)v->published);
                        atomic_fetch_add(&crowd->backwards, v->published < last);
                        last = v->published;
                }
                sched_yield();
        }
        return NULL;
}

static void count_answer(struct command *c, unsigned status, char *body, size_t size)
{
        struct crowd *crowd = c->userdata;

        atomic_fetch_add(&crowd->answered, status == 200 && size == 2 && streq(body, "ok"));
        free(body);
}

static void *send_commands(void *userdata)
{
        struct crowd *crowd = userdata;

        for (int i = 0; i < COMMANDS; i++) {
                struct command *c = command_new(COMMAND_REPLAY, "docs", i % 2);

                if (!c)
                        abort();
                c->completed = count_answer;
                c->userdata = crowd;
                while (handover_submit(crowd->handover, c) < 0)
                        sched_yield();
        }
        atomic_fetch_sub(&crowd->senders_left, 1);
        return NULL;
}

static void publish(struct handover *h, usec_t i)
{
        struct view *v = view_new();

        assert_non_null(v);
        v->published = i;
        v->started = 2 * i;
        v->per_query_limit = (unsigned)i;
        handover_publish(h, v);
}

static unsigned answer_all(struct handover *h)
{
        unsigned count = 0;

        for (struct command *c; (c = handover_take(h)); count++)
                command_complete(c, 200, strdup("ok"), 2);
        return count;
}

static void threads_see_whole_views_and_lose_no_command(void **state)
{
        _cleanup_(handover_freep) struct handover *h = NULL;
        struct crowd crowd = {0};
        pthread_t threads[READERS + SENDERS];
        unsigned taken = 0;

        assert_int_equal(handover_new(&h), 0);
        crowd.handover = h;
        crowd.senders_left = SENDERS;
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL,
                                         i < READERS ? read_views : send_commands, &crowd),
                        0);
        for (usec_t i = 1; i <= VIEWS; i++) {
                publish(h, i);
                if (readable(h))
                        taken += answer_all(h);
        }
        while (atomic_load(&crowd.senders_left) > 0 || readable(h)) {
                taken += answer_all(h);
                sched_yield();
        }
        atomic_store(&crowd.stop, true);
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                assert_int_equal(pthread_join(threads[i], NULL), 0);
        taken += answer_all(h);
        assert_int_equal(taken, SENDERS * COMMANDS);
        assert_int_equal(crowd.answered, SENDERS * COMMANDS);
        assert_true(crowd.reads > 0);
        assert_int_equal(crowd.torn, 0);
        assert_int_equal(crowd.backwards, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(commands_keep_their_order_and_wake_the_loop),
                cmocka_unit_test(an_answer_reaches_who_asked),
                cmocka_unit_test(a_command_nobody_waits_for_is_freed),
                cmocka_unit_test(a_full_queue_refuses_and_leaves_the_command),
                cmocka_unit_test(closing_answers_the_queue_and_refuses_the_rest),
                cmocka_unit_test(a_view_lives_as_long_as_its_readers),
                cmocka_unit_test(threads_see_whole_views_and_lose_no_command),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
