/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/traffic.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "serve/throttle.h"

/* libmicrohttpd may be in the middle of accepting when it is told to stop. */
#define ACCEPT_GRACE_MSEC 20

int traffic_init(struct traffic *t)
{
        int r;

        *t = (struct traffic){.idle_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
        if (t->idle_fd < 0)
                return -errno;
        r = pthread_mutex_init(&t->mutex, NULL);
        if (r != 0)
                close(t->idle_fd);
        return -r;
}

void traffic_done(struct traffic *t)
{
        pthread_mutex_destroy(&t->mutex);
        close(t->idle_fd);
}

static void set_owed(struct traffic *t, struct visitor *v, bool owed)
{
        if (v->owed == owed)
                return;
        v->owed = owed;
        if (owed)
                t->owed++;
        else if (--t->owed == 0)
                (void)eventfd_write(t->idle_fd, 1);
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
        *v = (struct visitor){.fd = fd, .phase = PHASE_ARRIVES, .since = now};
        throttle_address(peer, v->peer);
        pthread_mutex_lock(&t->mutex);
        v->next = t->first;
        if (t->first)
                t->first->previous = v;
        t->first = v;
        t->count++;
        set_owed(t, v, true);
        make_room(t, v, now);
        pthread_mutex_unlock(&t->mutex);
}

void traffic_leave(struct traffic *t, struct visitor *v)
{
        pthread_mutex_lock(&t->mutex);
        if (v->next)
                v->next->previous = v->previous;
        if (v->previous)
                v->previous->next = v->next;
        else
                t->first = v->next;
        t->count--;
        set_owed(t, v, false);
        pthread_mutex_unlock(&t->mutex);
}

void traffic_turn(struct traffic *t, struct visitor *v, enum phase phase, usec_t now)
{
        if (!v)
                return;
        pthread_mutex_lock(&t->mutex);
        v->phase = phase;
        v->since = now;
        set_owed(t, v, phase != PHASE_KEPT);
        pthread_mutex_unlock(&t->mutex);
}

static bool is_late(const struct visitor *v, usec_t now)
{
        return (v->phase == PHASE_ARRIVES && v->since + TRAFFIC_ARRIVAL < now) ||
                (v->phase == PHASE_KEPT && v->since + 2 * TRAFFIC_ARRIVAL < now);
}

void traffic_sweep(struct traffic *t, usec_t now)
{
        pthread_mutex_lock(&t->mutex);
        for (struct visitor *v = t->first; v; v = v->next)
                if (!v->cut && is_late(v, now))
                        cut(v);
        pthread_mutex_unlock(&t->mutex);
}

static bool owes(struct traffic *t)
{
        bool owed;

        pthread_mutex_lock(&t->mutex);
        owed = t->owed > 0;
        pthread_mutex_unlock(&t->mutex);
        return owed;
}

void traffic_drain(struct traffic *t)
{
        const usec_t end = clock_usec(CLOCK_MONOTONIC) + TRAFFIC_DRAIN_MSEC * USEC_PER_MSEC;
        struct pollfd p = {.fd = t->idle_fd, .events = POLLIN};
        eventfd_t count;

        (void)poll(NULL, 0, ACCEPT_GRACE_MSEC);
        for (usec_t now; owes(t) && (now = clock_usec(CLOCK_MONOTONIC)) < end;)
                if (poll(&p, 1, (int)((end - now) / USEC_PER_MSEC) + 1) > 0)
                        (void)eventfd_read(t->idle_fd, &count);
}
