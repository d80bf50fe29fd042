/* SPDX-License-Identifier: Apache-2.0 */
/* What takes long: made once, two at a time, for whoever asks. Connections are made up; what is
 * suspended and resumed is counted. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "clock.h"
#include "serve/press.h"

static atomic_uint suspended, resumed, made, running, most;
static sem_t begun, go_on;

void __wrap_MHD_suspend_connection(struct MHD_Connection *connection);
void __wrap_MHD_resume_connection(struct MHD_Connection *connection);

void __wrap_MHD_suspend_connection(struct MHD_Connection *connection)
{
        atomic_fetch_add(&suspended, 1);
}

void __wrap_MHD_resume_connection(struct MHD_Connection *connection)
{
        atomic_fetch_add(&resumed, 1);
}

/* Waits until the test lets it go on. */
static unsigned get_slowly(const struct view *view, const struct api_query *query, struct text *t)
{
        unsigned now = atomic_fetch_add(&running, 1) + 1;

        if (now > atomic_load(&most))
                atomic_store(&most, now);
        sem_post(&begun);
        while (sem_wait(&go_on) < 0)
                ;
        atomic_fetch_sub(&running, 1);
        text_appendf(t, "%s %s %u", query->collection, query->format ? query->format : "-",
                atomic_fetch_add(&made, 1) + 1);
        return 200;
}

static const char *type_of(const char *format)
{
        return "text/plain";
}

static const struct api_route route = {"/slow", get_slowly, NULL, type_of, NULL, false};
static const struct api_route current = {"/now", get_slowly, NULL, type_of, NULL, true};

#define NAMES 20

struct bed {
        struct press *press;
        struct view *view;
};

static struct view *view_of(struct collection_view *const *collections)
{
        struct view *v = view_new();

        assert_non_null(v);
        v->collections = calloc(NAMES, sizeof(struct collection_view *));
        assert_non_null(v->collections);
        for (; v->collection_count < NAMES; v->collection_count++) {
                struct collection_view *c = collections
                        ? collection_view_ref(collections[v->collection_count])
                        : collection_view_new(0);

                assert_non_null(c);
                if (!collections) {
                        c->label = calloc(1, 8);
                        assert_non_null(c->label);
                        c->label[0] = (char)('a' + v->collection_count);
                }
                v->collections[v->collection_count] = c;
        }
        return v;
}

static int setup(void **state)
{
        struct bed *b = calloc(1, sizeof(*b));

        assert_non_null(b);
        suspended = resumed = made = running = most = 0;
        assert_int_equal(sem_init(&begun, 0, 0), 0);
        assert_int_equal(sem_init(&go_on, 0, 0), 0);
        assert_int_equal(press_new(&b->press), 0);
        b->view = view_of(NULL);
        *state = b;
        return 0;
}

static int teardown(void **state)
{
        struct bed *b = *state;

        for (int i = 0; i < 100; i++)
                sem_post(&go_on);
        press_close(b->press);
        press_free(b->press);
        assert_int_equal(suspended, resumed);
        view_unref(b->view);
        free(b);
        return 0;
}

static int ask_for(struct bed *b, const struct api_route *what, const struct api_query *query,
        struct request **ret, struct print **ret_print)
{
        *ret = request_new(NULL);
        assert_non_null(*ret);
        return press_ask(b->press, *ret, b->view, what, query, ret_print);
}

static int ask(struct bed *b, const char *collection, const char *format, struct request **ret,
        struct print **ret_print)
{
        const struct api_query query = {.collection = collection, .format = format};

        return ask_for(b, &route, &query, ret, ret_print);
}

/* As the web thread, which has a turn at each request. */
static void wait_for(struct bed *b, const atomic_uint *count, unsigned least)
{
        usec_t end = clock_usec(CLOCK_MONOTONIC) + USEC_PER_MINUTE;

        while (atomic_load(count) < least)
                if (press_turn(b->press, end - USEC_PER_MINUTE), clock_usec(CLOCK_MONOTONIC) > end)
                        fail_msg("%u of %u", atomic_load(count), least);
}

static void many_who_ask_for_the_same_wait_for_one(void **state)
{
        struct bed *b = *state;
        struct request *requests[30], *late;
        struct print *print = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
                assert_int_equal(ask(b, "a", NULL, &requests[i], &print), 1);
        assert_int_equal(suspended, ARRAY_SIZE(requests));
        sem_post(&go_on);
        wait_for(b, &resumed, ARRAY_SIZE(requests));
        assert_int_equal(made, 1);
        for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
                assert_ptr_equal(requests[i]->print, requests[0]->print);
                assert_int_equal(requests[i]->status, 200);
        }
        assert_string_equal(requests[0]->print->body, "a - 1");
        assert_string_equal(requests[0]->print->type, "text/plain");
        assert_int_equal(ask(b, "a", NULL, &late, &print), 0);
        assert_ptr_equal(print, requests[0]->print);
        print_unref(print);
        request_unref(late);
        for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
                request_unref(requests[i]);
}

static void two_are_made_at_a_time(void **state)
{
        static const char *const names[] = {"a", "b", "c", "d"};
        struct bed *b = *state;
        struct request *requests[ARRAY_SIZE(names) * 2];
        struct print *print = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
                assert_int_equal(
                        ask(b, names[i % ARRAY_SIZE(names)], i < ARRAY_SIZE(names) ? NULL : "html",
                                &requests[i], &print),
                        1);
        for (int i = 0; i < PRESS_AT_ONCE; i++)
                assert_int_equal(sem_wait(&begun), 0);
        for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
                sem_post(&go_on);
        wait_for(b, &resumed, ARRAY_SIZE(requests));
        assert_int_equal(made, ARRAY_SIZE(requests));
        assert_int_equal(most, PRESS_AT_ONCE);
        for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
                request_unref(requests[i]);
}

/* Another view of the same collections has the same reports, one of other collections has not. */
static void a_report_is_of_its_collection(void **state)
{
        struct bed *b = *state;
        struct view *first = b->view;
        struct request *r;
        struct print *print = NULL;

        sem_post(&go_on);
        assert_int_equal(ask(b, "a", NULL, &r, &print), 1);
        wait_for(b, &resumed, 1);
        request_unref(r);
        b->view = view_of(first->collections);
        view_unref(first);
        assert_int_equal(ask(b, "a", NULL, &r, &print), 0);
        print_unref(print);
        request_unref(r);
        view_unref(b->view);
        b->view = view_of(NULL);
        sem_post(&go_on);
        assert_int_equal(ask(b, "a", NULL, &r, &print), 1);
        wait_for(b, &resumed, 2);
        request_unref(r);
        assert_int_equal(made, 2);
}

/* Each parameter makes it another question, to which there is another answer. */
static void every_parameter_counts(void **state)
{
        struct bed *b = *state;
        struct api_query query = {.collection = "a"};
        struct request *r;
        struct print *print = NULL;

        for (unsigned i = 0; i <= ARRAY_SIZE(query.parameters); i++) {
                if (i > 0)
                        query.parameters[i - 1] = "b";
                sem_post(&go_on);
                assert_int_equal(ask_for(b, &route, &query, &r, &print), 1);
                wait_for(b, &resumed, i + 1);
                request_unref(r);
        }
        assert_int_equal(made, ARRAY_SIZE(query.parameters) + 1);
}

/* Who asks of a newer view has nothing kept of the older one. */
static void a_newer_answer_takes_the_place_of_an_older(void **state)
{
        struct bed *b = *state;
        struct view *first = view_ref(b->view);
        struct request *r;
        struct print *print = NULL;

        sem_post(&go_on);
        assert_int_equal(ask(b, "a", NULL, &r, &print), 1);
        wait_for(b, &resumed, 1);
        request_unref(r);
        assert_int_equal(first->references, 3);
        view_unref(b->view);
        b->view = view_of(NULL);
        sem_post(&go_on);
        assert_int_equal(ask(b, "a", NULL, &r, &print), 1);
        assert_int_equal(first->references, 1);
        wait_for(b, &resumed, 2);
        request_unref(r);
        view_unref(first);
}

/* It is shared by those who ask while it is made, and nobody else. */
static void what_is_of_the_moment_is_not_kept(void **state)
{
        static const struct api_query all = {0};
        struct bed *b = *state;
        struct request *requests[3];
        struct print *print = NULL;

        for (unsigned i = 0; i < 2; i++)
                assert_int_equal(ask_for(b, &current, &all, &requests[i], &print), 1);
        sem_post(&go_on);
        wait_for(b, &resumed, 2);
        assert_int_equal(made, 1);
        sem_post(&go_on);
        assert_int_equal(ask_for(b, &current, &all, &requests[2], &print), 1);
        wait_for(b, &resumed, 3);
        assert_int_equal(made, 2);
        for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
                request_unref(requests[i]);
}

static void what_nobody_wants_any_more_is_forgotten(void **state)
{
        struct bed *b = *state;
        struct request *r;
        struct print *print = NULL;
        usec_t now = clock_usec(CLOCK_MONOTONIC);

        sem_post(&go_on);
        assert_int_equal(ask(b, "a", NULL, &r, &print), 1);
        wait_for(b, &resumed, 1);
        request_unref(r);
        press_turn(b->press, now);
        assert_int_equal(ask(b, "a", NULL, &r, &print), 0);
        print_unref(print);
        request_unref(r);
        press_turn(b->press, clock_usec(CLOCK_MONOTONIC) + PRESS_KEPT + 1);
        sem_post(&go_on);
        assert_int_equal(ask(b, "a", NULL, &r, &print), 1);
        wait_for(b, &resumed, 2);
        request_unref(r);
}

static void too_many_different_ones_are_refused(void **state)
{
        struct bed *b = *state;
        struct request *requests[PRESS_JOBS], *more;
        struct print *print = NULL;
        char name[2] = "a";

        for (size_t i = 0; i < ARRAY_SIZE(requests); i++, name[0]++)
                assert_int_equal(ask(b, name, NULL, &requests[i], &print), 1);
        assert_int_equal(ask(b, name, NULL, &more, &print), -EBUSY);
        for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
                sem_post(&go_on);
        wait_for(b, &resumed, ARRAY_SIZE(requests));
        request_unref(more);
        sem_post(&go_on);
        assert_int_equal(ask(b, name, NULL, &more, &print), 1); /* instead of one that is done */
        wait_for(b, &resumed, ARRAY_SIZE(requests) + 1);
        request_unref(more);
        for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
                request_unref(requests[i]);
}

static void closing_answers_who_waits(void **state)
{
        static const char *const names[] = {"a", "b", "c", "a"};
        struct bed *b = *state;
        struct request *requests[ARRAY_SIZE(names)], *late;
        struct print *print = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_int_equal(ask(b, names[i], NULL, &requests[i], &print), 1);
        for (int i = 0; i < PRESS_AT_ONCE; i++)
                assert_int_equal(sem_wait(&begun), 0);
        press_close(b->press);
        assert_int_equal(resumed, ARRAY_SIZE(names));
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                assert_int_equal(requests[i]->status, 503);
                assert_null(requests[i]->print);
                request_unref(requests[i]);
        }
        assert_int_equal(ask(b, "a", NULL, &late, &print), -EBUSY);
        request_unref(late);
}

#define CASE_OF(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE_OF(many_who_ask_for_the_same_wait_for_one),
                CASE_OF(two_are_made_at_a_time),
                CASE_OF(a_report_is_of_its_collection),
                CASE_OF(every_parameter_counts),
                CASE_OF(a_newer_answer_takes_the_place_of_an_older),
                CASE_OF(what_is_of_the_moment_is_not_kept),
                CASE_OF(what_nobody_wants_any_more_is_forgotten),
                CASE_OF(too_many_different_ones_are_refused),
                CASE_OF(closing_answers_who_waits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
