/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/request.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct request *request_new(struct MHD_Connection *connection)
{
        struct request *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        atomic_init(&r->references, 1);
        r->connection = connection;
        return r;
}

struct request *request_ref(struct request *r)
{
        atomic_fetch_add_explicit(&r->references, 1, memory_order_relaxed);
        return r;
}

struct request *request_unref(struct request *r)
{
        if (!r || atomic_fetch_sub_explicit(&r->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        free(r->body);
        free(r);
        return NULL;
}

/* Any thread that holds a reference. A suspended connection lives until it is resumed, and only the
 * one who claimed the request resumes it. */
static void answer(struct request *r, unsigned status, char *body, size_t size)
{
        if (atomic_exchange(&r->claimed, true)) {
                free(body);
                return;
        }
        r->status = status;
        r->body = body;
        r->body_size = size;
        atomic_store_explicit(&r->answered, true, memory_order_release);
        MHD_resume_connection(r->connection);
}

static void on_completed(struct command *c, unsigned status, char *body, size_t size)
{
        struct request *r = c->userdata;

        answer(r, status, body, size);
        request_unref(r);
}

int waiting_init(struct waiting *w)
{
        *w = (struct waiting){.idle_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
        return w->idle_fd < 0 ? -errno : 0;
}

/* Only the web thread fills slots, so one that is free stays so. */
static _Atomic(struct request *) *free_slot(struct waiting *w)
{
        for (size_t i = 0; i < WAITING_MAX; i++)
                if (!atomic_load(&w->slots[i]))
                        return &w->slots[i];
        return NULL;
}

int waiting_submit(
        struct waiting *w, struct request *r, struct handover *handover, struct command *command)
{
        _Atomic(struct request *) *slot = free_slot(w);

        if (!slot) {
                command_complete(command, 503, NULL, 0);
                return -EBUSY;
        }
        r->waited = true;
        atomic_fetch_add(&w->count, 1);
        /* First of all: whoever finds the request in its slot or its command may resume it. */
        MHD_suspend_connection(r->connection);
        atomic_store(slot, request_ref(r));
        command->completed = on_completed;
        command->userdata = request_ref(r);
        if (handover_submit(handover, command) < 0)
                command_complete(command, 503, NULL, 0);
        /* waiting_close() sets `closed` before it looks into the slots, here the slot is filled
         * before the look at `closed`: one of the two sees the other. */
        if (atomic_load(&w->closed))
                answer(r, 503, NULL, 0);
        return 0;
}

void waiting_finish(struct waiting *w, struct request *r)
{
        if (!r->waited)
                return;
        for (size_t i = 0; i < WAITING_MAX; i++) {
                struct request *expected = r;

                if (atomic_compare_exchange_strong(&w->slots[i], &expected, NULL)) {
                        request_unref(r);
                        break;
                }
        }
        if (atomic_fetch_sub(&w->count, 1) == 1)
                (void)eventfd_write(w->idle_fd, 1);
}

static usec_t now_monotonic(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (usec_t)ts.tv_sec * USEC_PER_SEC + (usec_t)ts.tv_nsec / 1000;
}

static void drain(struct waiting *w)
{
        const usec_t end = now_monotonic() + WAITING_DRAIN_USEC;
        struct pollfd p = {.fd = w->idle_fd, .events = POLLIN};
        eventfd_t count;

        for (usec_t now; atomic_load(&w->count) > 0 && (now = now_monotonic()) < end;) {
                if (poll(&p, 1, (int)((end - now) / USEC_PER_MSEC) + 1) > 0)
                        (void)eventfd_read(w->idle_fd, &count);
        }
}

void waiting_close(struct waiting *w)
{
        atomic_store(&w->closed, true);
        for (size_t i = 0; i < WAITING_MAX; i++) {
                struct request *r = atomic_exchange(&w->slots[i], NULL);

                if (r) {
                        answer(r, 503, NULL, 0);
                        request_unref(r);
                }
        }
        drain(w);
}

void waiting_done(struct waiting *w)
{
        close(w->idle_fd);
}
