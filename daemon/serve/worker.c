/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/worker.h"

#include <errno.h>
#include <stdatomic.h>

#include "pulse.h"
#include "serve/thread.h"

struct piece {
        void (*work)(void *job); /* NULL: none */
        void *job;
};

struct worker {
        struct handover *handover;
        pthread_t thread;
        bool running; /* until the thread is joined */
        bool brief; /* what it does, or did last, is */
        struct piece piece; /* that */
        struct piece waiting; /* long work that begins where brief work ends */
        struct command *done; /* made before, so that the end can always be told */
        atomic_bool stop; /* nobody wants the work any more */
};

int worker_new(struct handover *handover, struct worker **ret)
{
        struct worker *w = calloc(1, sizeof(*w));

        if (!w)
                return -ENOMEM;
        w->handover = handover;
        atomic_init(&w->stop, false);
        *ret = w;
        return 0;
}

static void perform(struct worker *w, const struct piece *p)
{
        pulse_begin(&w->stop);
        p->work(p->job);
        pulse_end();
}

static void join(struct worker *w)
{
        if (w->running)
                (void)pthread_join(w->thread, NULL);
        w->running = false;
}

/* Work that waited begins, and ends at its first pulse, as if there had been time to begin it. */
struct worker *worker_free(struct worker *w)
{
        if (!w)
                return NULL;
        atomic_store(&w->stop, true);
        join(w);
        if (w->waiting.work)
                perform(w, &w->waiting);
        free(w);
        return NULL;
}

static void *run(void *userdata)
{
        struct worker *w = userdata;

        perform(w, &w->piece);
        if (handover_submit(w->handover, w->done) < 0)
                command_complete(w->done, 503, NULL, 0);
        return NULL;
}

static int launch(struct worker *w, struct piece piece, bool brief)
{
        int r;

        w->done = command_new(COMMAND_WORKED, NULL, false);
        if (!w->done)
                return -ENOMEM;
        w->piece = piece;
        r = thread_start(&w->thread, run, w);
        if (r < 0)
                command_complete(w->done, 503, NULL, 0);
        w->running = r >= 0;
        w->brief = brief;
        return r;
}

bool worker_busy(const struct worker *w)
{
        return w->waiting.work || (w->running && !w->brief);
}

int worker_start(struct worker *w, void (*work)(void *job), void *job)
{
        struct piece piece = {work, job};

        if (worker_busy(w))
                return -EBUSY;
        if (!w->running)
                return launch(w, piece, false);
        w->waiting = piece;
        return 0;
}

int worker_start_brief(struct worker *w, void (*work)(void *job), void *job)
{
        if (worker_busy(w))
                return -EBUSY;
        join(w);
        return launch(w, (struct piece){work, job}, true);
}

/* Of brief work that was joined for other work the end is still told: that is another command. */
bool worker_end(struct worker *w, const struct command *c)
{
        struct piece next = w->waiting;

        if (!w->running || c != w->done)
                return false;
        join(w);
        if (!w->brief)
                return true;
        w->waiting = (struct piece){0};
        if (!next.work || launch(w, next, false) >= 0)
                return false;
        perform(w, &next);
        return true;
}
