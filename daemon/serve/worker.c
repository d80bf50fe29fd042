/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/worker.h"

#include <errno.h>
#include <stdatomic.h>

#include "pulse.h"
#include "serve/thread.h"

struct worker {
        struct handover *handover;
        bool busy;
        pthread_t thread;
        void (*work)(void *job);
        void *job;
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

struct worker *worker_free(struct worker *w)
{
        if (!w)
                return NULL;
        atomic_store(&w->stop, true);
        worker_join(w);
        free(w);
        return NULL;
}

static void *run(void *userdata)
{
        struct worker *w = userdata;

        pulse_begin(&w->stop);
        w->work(w->job);
        pulse_end();
        if (handover_submit(w->handover, w->done) < 0)
                command_complete(w->done, 503, NULL, 0);
        return NULL;
}

int worker_start(struct worker *w, void (*work)(void *job), void *job)
{
        int r;

        if (w->busy)
                return -EBUSY;
        w->done = command_new(COMMAND_WORKED, NULL, false);
        if (!w->done)
                return -ENOMEM;
        w->work = work;
        w->job = job;
        r = thread_start(&w->thread, run, w);
        if (r < 0)
                command_complete(w->done, 503, NULL, 0);
        w->busy = r >= 0;
        return r;
}

bool worker_busy(const struct worker *w)
{
        return w->busy;
}

void worker_join(struct worker *w)
{
        if (!w->busy)
                return;
        (void)pthread_join(w->thread, NULL);
        w->busy = false;
}
