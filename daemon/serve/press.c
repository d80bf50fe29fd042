/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/press.h"

#include <errno.h>
#include <malloc.h>

#include "clock.h"
#include "serve/thread.h"

enum state { JOB_FREE, JOB_WAITS, JOB_RUNS, JOB_DONE };

struct job {
        enum state state;
        const struct api_route *route;
        const struct collection_view *subject; /* of the view */
        struct view *view; /* a reference */
        char *collection, *format; /* of the query; may be NULL */
        usec_t asked; /* wall clock, of the first query */
        usec_t wanted; /* last, monotonic */
        struct print *print; /* of JOB_DONE; NULL: memory was short */
        struct request **waiters; /* references */
        size_t waiter_count;
};

struct press {
        pthread_mutex_t mutex;
        pthread_cond_t idle;
        struct job jobs[PRESS_JOBS];
        unsigned threads;
        bool closed;
};

int press_new(struct press **ret)
{
        struct press *p = calloc(1, sizeof(*p));
        int r;

        if (!p)
                return -ENOMEM;
        r = pthread_mutex_init(&p->mutex, NULL);
        if (r == 0) {
                r = pthread_cond_init(&p->idle, NULL);
                if (r != 0)
                        pthread_mutex_destroy(&p->mutex);
        }
        if (r != 0) {
                free(p);
                return -r;
        }
        *ret = p;
        return 0;
}

/* With the lock held, but for the waiters, who are answered without. */
static void answer_waiters(struct job *j, struct print *print)
{
        for (size_t i = 0; i < j->waiter_count; i++) {
                request_print(j->waiters[i], print);
                request_unref(j->waiters[i]);
        }
        free(j->waiters);
        j->waiters = NULL;
        j->waiter_count = 0;
}

static void forget(struct job *j)
{
        answer_waiters(j, NULL);
        print_unref(j->print);
        view_unref(j->view);
        free(j->collection);
        free(j->format);
        *j = (struct job){0};
}

struct press *press_free(struct press *p)
{
        if (!p)
                return NULL;
        pthread_mutex_lock(&p->mutex);
        while (p->threads > 0)
                pthread_cond_wait(&p->idle, &p->mutex);
        pthread_mutex_unlock(&p->mutex);
        for (size_t i = 0; i < PRESS_JOBS; i++)
                forget(&p->jobs[i]);
        pthread_cond_destroy(&p->idle);
        pthread_mutex_destroy(&p->mutex);
        free(p);
        return NULL;
}

void press_close(struct press *p)
{
        pthread_mutex_lock(&p->mutex);
        p->closed = true;
        for (size_t i = 0; i < PRESS_JOBS; i++) {
                answer_waiters(&p->jobs[i], NULL);
                if (p->jobs[i].state == JOB_WAITS)
                        forget(&p->jobs[i]);
        }
        pthread_mutex_unlock(&p->mutex);
}

/* Without the lock: what a job that runs was given does not change. */
static struct print *make(const struct job *j)
{
        const struct api_query query = {
                .collection = j->collection, .format = j->format, .now = j->asked};
        _cleanup_text_ struct text body = {0};
        unsigned status = j->route->get(j->view, &query, &body);
        const char *type = j->route->type ? j->route->type(query.format) : NULL;
        char *bytes;
        size_t size;

        bytes = text_take(&body, &size);
        return print_new(status, type && status == 200 ? type : "application/json", bytes, size);
}

static struct job *next_job(struct press *p)
{
        for (size_t i = 0; i < PRESS_JOBS && !p->closed; i++)
                if (p->jobs[i].state == JOB_WAITS)
                        return &p->jobs[i];
        return NULL;
}

/* Makes what is wanted, one after another, until nothing is. */
static void *run(void *userdata)
{
        struct press *p = userdata;
        struct job *j;

        pthread_mutex_lock(&p->mutex);
        while ((j = next_job(p))) {
                struct print *print;

                j->state = JOB_RUNS;
                pthread_mutex_unlock(&p->mutex);
                print = make(j);
                (void)malloc_trim(0);
                pthread_mutex_lock(&p->mutex);
                j->state = JOB_DONE;
                j->print = print;
                answer_waiters(j, print);
                if (!print)
                        forget(j);
        }
        p->threads--;
        pthread_cond_signal(&p->idle);
        pthread_mutex_unlock(&p->mutex);
        return NULL;
}

static int start_thread(struct press *p)
{
        pthread_t thread;
        int r;

        if (p->threads >= PRESS_AT_ONCE)
                return 0;
        r = thread_start(&thread, run, p);
        if (r < 0)
                return p->threads > 0 ? 0 : r;
        p->threads++;
        (void)pthread_detach(thread);
        return 0;
}

static struct job *find(struct press *p, const struct collection_view *subject,
        const struct api_route *route, const struct api_query *query)
{
        for (size_t i = 0; i < PRESS_JOBS; i++) {
                struct job *j = &p->jobs[i];

                if (j->state != JOB_FREE && j->route == route && j->subject == subject &&
                        streq(j->collection, query->collection) && streq(j->format, query->format))
                        return j;
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

static int add(struct press *p, struct view *view, const struct collection_view *subject,
        const struct api_route *route, const struct api_query *query, struct job **ret)
{
        struct job *j = p->closed ? NULL : room(p);
        int r;

        if (!j)
                return -EBUSY;
        r = strdup_to(&j->collection, query->collection);
        if (r >= 0)
                r = strdup_to(&j->format, query->format);
        if (r >= 0)
                r = start_thread(p);
        if (r < 0) {
                forget(j);
                return r;
        }
        j->state = JOB_WAITS;
        j->route = route;
        j->subject = subject;
        j->view = view_ref(view);
        j->asked = query->now;
        *ret = j;
        return 0;
}

static int wait_for(struct job *j, struct request *r)
{
        struct request **grown =
                reallocarray(j->waiters, j->waiter_count + 1, sizeof(struct request *));

        if (!grown)
                return -ENOMEM;
        j->waiters = grown;
        j->waiters[j->waiter_count++] = request_ref(r);
        r->waited = true;
        MHD_suspend_connection(r->connection);
        return 1;
}

int press_ask(struct press *p, struct request *r, struct view *view, const struct api_route *route,
        const struct api_query *query, struct print **ret)
{
        const struct collection_view *subject =
                query->collection ? view_find_collection(view, query->collection) : NULL;
        struct job *j;
        int result = 0;

        pthread_mutex_lock(&p->mutex);
        j = p->closed ? NULL : find(p, subject, route, query);
        if (!j)
                result = add(p, view, subject, route, query, &j);
        if (result >= 0) {
                j->wanted = clock_usec(CLOCK_MONOTONIC);
                if (j->state == JOB_DONE)
                        *ret = print_ref(j->print);
                else
                        result = wait_for(j, r);
        }
        pthread_mutex_unlock(&p->mutex);
        return result;
}

void press_tidy(struct press *p, usec_t now)
{
        pthread_mutex_lock(&p->mutex);
        for (size_t i = 0; i < PRESS_JOBS; i++)
                if (p->jobs[i].state == JOB_DONE && p->jobs[i].wanted + PRESS_KEPT < now)
                        forget(&p->jobs[i]);
        pthread_mutex_unlock(&p->mutex);
}
