/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/traffic.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"

/* libmicrohttpd may be in the middle of accepting when it is told to stop. */
#define ACCEPT_GRACE_MSEC 20

/* What a connection's context points to; it has none when memory was short, and is not waited for
 * then. */
struct connection {
        bool owed;
};

int traffic_init(struct traffic *t)
{
        *t = (struct traffic){.idle_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
        return t->idle_fd < 0 ? -errno : 0;
}

void traffic_done(struct traffic *t)
{
        close(t->idle_fd);
}

static void set_owed(struct traffic *t, struct connection *c, bool owed)
{
        if (!c || c->owed == owed)
                return;
        c->owed = owed;
        if (owed)
                atomic_fetch_add(&t->owed, 1);
        else if (atomic_fetch_sub(&t->owed, 1) == 1)
                (void)eventfd_write(t->idle_fd, 1);
}

void traffic_on_connection(void *userdata, struct MHD_Connection *connection, void **context,
        enum MHD_ConnectionNotificationCode code)
{
        if (code == MHD_CONNECTION_NOTIFY_STARTED)
                *context = calloc(1, sizeof(struct connection));
        set_owed(userdata, *context, code == MHD_CONNECTION_NOTIFY_STARTED);
        if (code == MHD_CONNECTION_NOTIFY_CLOSED)
                free(*context);
}

static struct connection *context_of(struct MHD_Connection *connection)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

        return info ? info->socket_context : NULL;
}

void traffic_request(struct traffic *t, struct MHD_Connection *connection)
{
        set_owed(t, context_of(connection), true);
}

void traffic_answered(struct traffic *t, struct MHD_Connection *connection)
{
        set_owed(t, context_of(connection), false);
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
