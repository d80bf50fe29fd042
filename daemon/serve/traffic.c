/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "serve/throttle.h"

/* libmicrohttpd may be in the middle of accepting when it is told to stop. */
#define ACCEPT_GRACE_MSEC 20

int traffic_init(struct traffic *t)
{
        *t = (struct traffic){.idle_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
        return t->idle_fd < 0 ? -errno : 0;
}

void traffic_done(struct traffic *t)
{
        close(t->idle_fd);
}

static void set_owed(struct traffic *t, struct visitor *v, bool owed)
{
        if (v->owed == owed)
                return;
        v->owed = owed;
        if (owed)
                atomic_fetch_add(&t->owed, 1);
        else if (atomic_fetch_sub(&t->owed, 1) == 1)
                (void)eventfd_write(t->idle_fd, 1);
}

static struct deadline *begin_deadline(struct traffic *t, int connection_fd)
{
        struct deadline *d = t->deadlines;
        int fd;

        while (d < t->deadlines + ARRAY_SIZE(t->deadlines) && d->used)
                d++;
        if (d == t->deadlines + ARRAY_SIZE(t->deadlines))
                return NULL;
        fd = fcntl(connection_fd, F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
                return NULL;
        d->used = true;
        atomic_store(&d->due, USEC_INFINITY);
        /* Never 0: the number begins with 1, and has not gone round while the loop looks once. */
        atomic_store(&d->claim, (uint64_t)++t->arrived << 32 | (uint32_t)fd);
        return d;
}

static void end_deadline(struct deadline *d)
{
        uint64_t claim;

        if (!d)
                return;
        claim = atomic_exchange(&d->claim, 0);
        if (claim != 0)
                close((int)(uint32_t)claim);
        d->used = false;
}

static void set_phase(struct traffic *t, struct visitor *v, enum phase phase, usec_t now)
{
        static const usec_t times[] = {[PHASE_ARRIVES] = TRAFFIC_ARRIVAL,
                [PHASE_KEPT] = 2 * TRAFFIC_ARRIVAL}; /* 0: as long as it takes */

        v->phase = phase;
        v->since = now;
        if (v->deadline)
                atomic_store(
                        &v->deadline->due, times[phase] > 0 ? now + times[phase] : USEC_INFINITY);
        set_owed(t, v, phase != PHASE_KEPT);
}

/* Not closed: the descriptor stays libmicrohttpd's, which finds its end. */
static void cut(struct visitor *v)
{
        v->cut = true;
        (void)shutdown(v->fd, SHUT_RDWR);
}

/* Of two connections, the one that is owed less: whose request takes longest to arrive, then the
 * one that is kept longest, then the one that takes longest to take its answer. */
static bool goes_before(const struct visitor *a, const struct visitor *b)
{
        static const int order[] = {
                [PHASE_ARRIVES] = 0, [PHASE_KEPT] = 1, [PHASE_ANSWERED] = 2, [PHASE_WAITS] = 3};

        return order[a->phase] != order[b->phase] ? order[a->phase] < order[b->phase]
                                                  : a->since < b->since;
}

static bool may_go(const struct visitor *v, usec_t now)
{
        return !v->cut && v->phase != PHASE_WAITS &&
                (v->phase != PHASE_ANSWERED || v->since + TRAFFIC_ARRIVAL < now);
}

static bool same_peer(const struct visitor *a, const struct visitor *b)
{
        return memcmp(a->peer, b->peer, sizeof(a->peer)) == 0;
}

/* How many there are beside those that go already, as one looks at them from `v`. */
struct crowd {
        size_t all, of_peer, half_open;
        struct visitor *goes, *peer_goes; /* who would; `v` itself when nobody else */
};

static struct crowd look(struct traffic *t, struct visitor *v, usec_t now)
{
        struct crowd c = {.goes = v, .peer_goes = v};

        for (struct visitor *o = t->first; o; o = o->next) {
                bool goes = o != v && may_go(o, now), same = same_peer(o, v);

                if (o->cut)
                        continue;
                c.all++;
                c.of_peer += same;
                c.half_open += same && o->phase == PHASE_ARRIVES;
                if (goes && (c.goes == v || goes_before(o, c.goes)))
                        c.goes = o;
                if (goes && same && (c.peer_goes == v || goes_before(o, c.peer_goes)))
                        c.peer_goes = o;
        }
        return c;
}

static void make_room(struct traffic *t, struct visitor *v, usec_t now)
{
        struct crowd c = look(t, v, now);

        if (c.half_open > TRAFFIC_HALF_OPEN_MAX || c.of_peer > TRAFFIC_PEER_MAX)
                cut(c.peer_goes);
        else if (c.all > TRAFFIC_MAX)
                cut(c.goes);
}

void traffic_arrive(
        struct traffic *t, struct visitor *v, int fd, const struct sockaddr *peer, usec_t now)
{
        *v = (struct visitor){.fd = fd, .deadline = begin_deadline(t, fd)};
        throttle_address(peer, v->peer);
        v->next = t->first;
        if (t->first)
                t->first->previous = v;
        t->first = v;
        set_phase(t, v, PHASE_ARRIVES, now);
        make_room(t, v, now);
}

void traffic_leave(struct traffic *t, struct visitor *v)
{
        if (v->next)
                v->next->previous = v->previous;
        if (v->previous)
                v->previous->next = v->next;
        else
                t->first = v->next;
        end_deadline(v->deadline);
        set_owed(t, v, false);
}

void traffic_turn(struct traffic *t, struct visitor *v, enum phase phase, usec_t now)
{
        if (v)
                set_phase(t, v, phase, now);
}

void traffic_sweep(struct traffic *t, usec_t now)
{
        for (size_t i = 0; i < ARRAY_SIZE(t->deadlines); i++) {
                struct deadline *d = &t->deadlines[i];
                uint64_t claim = atomic_load(&d->claim);

                /* Where the exchange succeeds, `due` was this connection's. */
                if (claim == 0 || atomic_load(&d->due) >= now ||
                        !atomic_compare_exchange_strong(&d->claim, &claim, 0))
                        continue;
                (void)shutdown((int)(uint32_t)claim, SHUT_RDWR);
                close((int)(uint32_t)claim);
        }
}

void traffic_drain(struct traffic *t)
{
        const usec_t end = clock_usec(CLOCK_MONOTONIC) + TRAFFIC_DRAIN_MSEC * USEC_PER_MSEC;
        struct pollfd p = {.fd = t->idle_fd, .events = POLLIN};
        eventfd_t count;

        (void)poll(NULL, 0, ACCEPT_GRACE_MSEC);
        for (usec_t now; atomic_load(&t->owed) > 0 && (now = clock_usec(CLOCK_MONOTONIC)) < end;)
                if (poll(&p, 1, (int)((end - now) / USEC_PER_MSEC) + 1) > 0)
                        (void)eventfd_read(t->idle_fd, &count);
}
