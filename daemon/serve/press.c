/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/press.h"

#include <errno.h>
#include <malloc.h>

#include "clock.h"
#include "serve/thread.h"

enum state { JOB_FREE, JOB_WAITS, JOB_RUNS, JOB_DONE };

struct job {
        /* This and what follows is the web thread's, and the same while it is made. */
        enum state state;
        const struct api_route *route;
        const void *subject; /* the collection of the view that is named, or the view */
        struct view *view; /* a reference */
        struct api_query query; /* the first one; its strings are owned */
        usec_t wanted; /* last, monotonic */
        pthread_t thread; /* of JOB_RUNS */
        struct print *print; /* set by the thread before `waiters` is `made`; NULL: out of memory */
        _Atomic(struct request *) waiters; /* the last first, each a reference; or `made` */
};

struct press {
        struct job jobs[PRESS_JOBS];
        unsigned running;
        atomic_bool closed;
};

/* Instead of waiters: whoever comes now need not wait. Only its address matters. */
static struct request made;

int press_new(struct press **ret)
{
        struct press *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        atomic_init(&p->closed, false);
        for (size_t i = 0; i < PRESS_JOBS; i++)
                atomic_init(&p->jobs[i].waiters, NULL);
        *ret = p;
        return 0;
}

/* Any thread: whoever takes the waiters out answers them. */
static void answer_waiters(struct job *j, struct request *instead, struct print *print)
{
        struct request *r = atomic_exchange(&j->waiters, instead);

        while (r && r != &made) {
                struct request *next = r->next;

                request_print(r, print);
                request_unref(r);
                r = next;
        }
}

static void forget(struct job *j)
{
        answer_waiters(j, NULL, NULL);
        j->print = print_unref(j->print);
        j->view = view_unref(j->view);
        for (size_t i = 0; i < ARRAY_SIZE(j->query.parameters); i++)
                free((char *)j->query.parameters[i]);
        j->query = (struct api_query){0};
        j->state = JOB_FREE;
}

struct press *press_free(struct press *p)
{
        if (!p)
                return NULL;
        for (size_t i = 0; i < PRESS_JOBS; i++) {
                if (p->jobs[i].state == JOB_RUNS)
                        (void)pthread_join(p->jobs[i].thread, NULL);
                forget(&p->jobs[i]);
        }
        free(p);
        return NULL;
}

void press_close(struct press *p)
{
        atomic_store(&p->closed, true);
        for (size_t i = 0; i < PRESS_JOBS; i++)
                answer_waiters(&p->jobs[i], NULL, NULL);
}

static struct print *make(const struct job *j)
{
        _cleanup_text_ struct text body = {0};
        unsigned status = j->route->get(j->view, &j->query, &body);
        const char *type = j->route->type ? j->route->type(j->query.format) : NULL;
        char *bytes;
        size_t size;

        bytes = text_take(&body, &size);
        return print_new(status, type && status == 200 ? type : "application/json", bytes, size);
}

static void *run(void *userdata)
{
        struct job *j = userdata;

        j->print = make(j);
        (void)malloc_trim(0);
        answer_waiters(j, &made, j->print);
        return NULL;
}

/* Its thread is at its end, or resumes who waited. */
static void collect(struct press *p, struct job *j)
{
        (void)pthread_join(j->thread, NULL);
        p->running--;
        j->state = JOB_DONE;
        if (!j->print || j->route->current)
                forget(j);
}

/* Where there can be no thread it waits for those that run, or is given up. */
static void start(struct press *p, struct job *j)
{
        if (thread_start(&j->thread, run, j) >= 0) {
                j->state = JOB_RUNS;
                p->running++;
        } else if (p->running == 0) {
                forget(j);
        }
}

void press_turn(struct press *p, usec_t now)
{
        if (atomic_load(&p->closed))
                return;
        for (size_t i = 0; i < PRESS_JOBS; i++) {
                struct job *j = &p->jobs[i];

                if (j->state == JOB_RUNS && atomic_load(&j->waiters) == &made)
                        collect(p, j);
                if (j->state == JOB_DONE && j->wanted + PRESS_KEPT < now)
                        forget(j);
        }
        for (size_t i = 0; i < PRESS_JOBS && p->running < PRESS_AT_ONCE; i++)
                if (p->jobs[i].state == JOB_WAITS)
                        start(p, &p->jobs[i]);
}

static bool asks_the_same(
        const struct job *j, const struct api_route *route, const struct api_query *query)
{
        bool same = j->state != JOB_FREE && j->route == route;

        for (size_t i = 0; i < ARRAY_SIZE(query->parameters); i++)
                same = same && streq(j->query.parameters[i], query->parameters[i]);
        return same;
}

/* What the same question was answered before is nobody's any more, and may be large. */
static struct job *find(struct press *p, const void *subject, const struct api_route *route,
        const struct api_query *query)
{
        for (size_t i = 0; i < PRESS_JOBS; i++) {
                struct job *j = &p->jobs[i];

                if (!asks_the_same(j, route, query))
                        continue;
                if (j->subject == subject)
                        return j;
                if (j->state == JOB_DONE)
                        forget(j);
        }
        return NULL;
}

/* A free one, or the one that was wanted least lately of those that are done. */
static struct job *room(struct press *p)
{
        struct job *oldest = NULL;

        for (size_t i = 0; i < PRESS_JOBS; i++) {
                struct job *j = &p->jobs[i];

                if (j->state == JOB_FREE)
                        return j;
                if (j->state == JOB_DONE && (!oldest || j->wanted < oldest->wanted))
                        oldest = j;
        }
        if (oldest)
                forget(oldest);
        return oldest;
}

static int add(struct press *p, struct view *view, const void *subject,
        const struct api_route *route, const struct api_query *query, struct job **ret)
{
        struct job *j = room(p);

        if (!j)
                return -EBUSY;
        for (size_t i = 0; i < ARRAY_SIZE(query->parameters); i++)
                if (strdup_to((char **)&j->query.parameters[i], query->parameters[i]) < 0) {
                        forget(j);
                        return -ENOMEM;
                }
        j->state = JOB_WAITS;
        j->route = route;
        j->subject = subject;
        j->view = view_ref(view);
        j->query.now = query->now;
        *ret = j;
        return 0;
}

static void wait_for(struct press *p, struct job *j, struct request *r)
{
        struct request *first = atomic_load(&j->waiters);

        r->waited = true;
        /* First of all: whoever finds the request may resume it. */
        MHD_suspend_connection(r->connection);
        request_ref(r);
        do {
                if (first == &made) {
                        request_print(r, j->print);
                        request_unref(r);
                        return;
                }
                r->next = first;
        } while (!atomic_compare_exchange_weak(&j->waiters, &first, r));
        /* press_close() sets `closed` before it looks for waiters, here it is the other way round:
         * one of the two sees the other. */
        if (atomic_load(&p->closed))
                answer_waiters(j, NULL, NULL);
}

int press_ask(struct press *p, struct request *r, struct view *view, const struct api_route *route,
        const struct api_query *query, struct print **ret)
{
        const struct collection_view *named = view_find_collection(view, query->collection);
        const void *subject = named ? (const void *)named : view;
        const usec_t now = clock_usec(CLOCK_MONOTONIC);
        struct job *j;
        int result = 0;

        if (atomic_load(&p->closed))
                return -EBUSY;
        press_turn(p, now);
        j = find(p, subject, route, query);
        if (!j)
                result = add(p, view, subject, route, query, &j);
        if (result < 0)
                return result;
        j->wanted = now;
        if (j->state == JOB_DONE) {
                *ret = print_ref(j->print);
                return 0;
        }
        wait_for(p, j, r);
        press_turn(p, now);
        return 1;
}
