/* SPDX-License-Identifier: Apache-2.0 */
/* Real threads: how work begins, how its end is told, and who owns the job meanwhile. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>

#include "serve/worker.h"

/* Work that lasts until it is told to end. */
struct job {
        sem_t go;
        unsigned done; /* not atomic: the hand-over orders it */
        bool deaf; /* to signals */
        pthread_t thread;
};

static void job_init(struct job *job)
{
        *job = (struct job){0};
        assert_int_equal(sem_init(&job->go, 0, 0), 0);
}

static void work(void *userdata)
{
        struct job *job = userdata;
        sigset_t blocked;

        while (sem_wait(&job->go) < 0 && errno == EINTR)
                ;
        pthread_sigmask(SIG_SETMASK, NULL, &blocked);
        job->deaf = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGHUP) == 1;
        job->thread = pthread_self();
        job->done++;
}

/* The next end that is told, and whether it is that of long work. */
static bool await(struct handover *h, struct worker *w)
{
        struct pollfd p = {.fd = handover_fd(h), .events = POLLIN};
        struct command *c;
        bool ended;

        assert_int_equal(poll(&p, 1, 60000), 1);
        c = handover_take(h);
        assert_non_null(c);
        assert_int_equal(c->type, COMMAND_WORKED);
        ended = w && worker_end(w, c);
        command_complete(c, 200, NULL, 0);
        return ended;
}

static void one_job_at_a_time(void **state)
{
        _cleanup_(handover_freep) struct handover *h = NULL;
        _cleanup_(worker_freep) struct worker *w = NULL;
        struct job job;

        job_init(&job);
        assert_int_equal(handover_new(&h), 0);
        assert_int_equal(worker_new(h, &w), 0);
        for (unsigned round = 1; round <= 3; round++) {
                assert_false(worker_busy(w));
                assert_int_equal(worker_start(w, work, &job), 0);
                assert_true(worker_busy(w));
                assert_int_equal(worker_start(w, work, &job), -EBUSY);
                assert_null(handover_take(h));
                assert_int_equal(sem_post(&job.go), 0);
                assert_true(await(h, w));
                assert_false(worker_busy(w));
                assert_int_equal(job.done, round);
                assert_true(job.deaf);
                assert_false(pthread_equal(job.thread, pthread_self()));
        }
        assert_int_equal(sem_destroy(&job.go), 0);
}

/* However many requests wait, the end of the work is told. */
static void a_full_queue_takes_it(void **state)
{
        _cleanup_(handover_freep) struct handover *h = NULL;
        struct worker *w;
        struct command *c;
        struct job job;

        job_init(&job);
        assert_int_equal(handover_new(&h), 0);
        assert_int_equal(worker_new(h, &w), 0);
        for (size_t i = 0; i < HANDOVER_QUEUE_MAX; i++) {
                c = command_new(COMMAND_REPLAY, NULL, false);
                assert_non_null(c);
                assert_int_equal(handover_submit(h, c), 0);
        }
        assert_int_equal(sem_post(&job.go), 0);
        assert_int_equal(worker_start(w, work, &job), 0);
        worker_free(w); /* waits for it */
        for (size_t i = 0; i < HANDOVER_QUEUE_MAX; i++) {
                c = handover_take(h);
                assert_non_null(c);
                command_complete(c, 200, NULL, 0);
        }
        assert_false(await(h, NULL));
        assert_int_equal(sem_destroy(&job.go), 0);
}

/* Long work begins when brief work has ended; brief work never waits for long work. */
static void brief_work_comes_between(void **state)
{
        _cleanup_(handover_freep) struct handover *h = NULL;
        _cleanup_(worker_freep) struct worker *w = NULL;
        struct job brief, again, lengthy;

        job_init(&brief);
        job_init(&again);
        job_init(&lengthy);
        assert_int_equal(handover_new(&h), 0);
        assert_int_equal(worker_new(h, &w), 0);
        assert_int_equal(worker_start_brief(w, work, &brief), 0);
        assert_false(worker_busy(w));
        assert_int_equal(sem_post(&brief.go), 0);
        /* Its end was not taken yet. */
        assert_int_equal(worker_start_brief(w, work, &again), 0);
        assert_int_equal(brief.done, 1);
        assert_int_equal(worker_start(w, work, &lengthy), 0);
        assert_true(worker_busy(w));
        assert_int_equal(worker_start_brief(w, work, &brief), -EBUSY);
        assert_int_equal(worker_start(w, work, &brief), -EBUSY);
        assert_int_equal(sem_post(&lengthy.go), 0);
        assert_false(await(h, w)); /* the first one's, which says nothing of the second */
        assert_true(worker_busy(w));
        assert_int_equal(sem_post(&again.go), 0);
        assert_false(await(h, w));
        assert_int_equal(again.done, 1);
        assert_true(await(h, w));
        assert_false(worker_busy(w));
        assert_int_equal(lengthy.done, 1);
        assert_int_equal(sem_destroy(&brief.go) | sem_destroy(&again.go), 0);
        assert_int_equal(sem_destroy(&lengthy.go), 0);
}

/* Its owner finds the job as if it had been begun. */
static void work_that_waits_is_begun_at_the_end(void **state)
{
        struct handover *h;
        struct worker *w;
        struct job brief, lengthy;

        job_init(&brief);
        job_init(&lengthy);
        assert_int_equal(handover_new(&h), 0);
        assert_int_equal(worker_new(h, &w), 0);
        assert_int_equal(worker_start_brief(w, work, &brief), 0);
        assert_int_equal(worker_start(w, work, &lengthy), 0);
        assert_int_equal(sem_post(&brief.go) | sem_post(&lengthy.go), 0);
        handover_close(h);
        worker_free(w);
        assert_int_equal(brief.done + lengthy.done, 2);
        handover_free(h);
        assert_int_equal(sem_destroy(&brief.go) | sem_destroy(&lengthy.go), 0);
}

/* At the end: it waits for the work, and nobody is told. */
static void the_end_waits_for_it(void **state)
{
        struct handover *h;
        struct worker *w;
        struct job job;

        job_init(&job);
        assert_int_equal(handover_new(&h), 0);
        assert_int_equal(worker_new(h, &w), 0);
        assert_int_equal(worker_start(w, work, &job), 0);
        handover_close(h);
        assert_int_equal(sem_post(&job.go), 0);
        worker_free(w);
        assert_int_equal(job.done, 1);
        assert_null(handover_take(h));
        handover_free(h);
        assert_int_equal(sem_destroy(&job.go), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_job_at_a_time),
                cmocka_unit_test(a_full_queue_takes_it),
                cmocka_unit_test(brief_work_comes_between),
                cmocka_unit_test(work_that_waits_is_begun_at_the_end),
                cmocka_unit_test(the_end_waits_for_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
