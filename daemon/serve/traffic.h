/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which connections are owed an answer: those just accepted, whose request is on its way, and those
 * whose request is not answered completely. A server that stops lets these finish; a connection
 * that is merely kept alive is owed nothing. It reads no request and sends nothing. */

#include <microhttpd.h>
#include <stdatomic.h>

#include "macro.h"

/* How long a server that stops waits for them: less than anybody waits for a daemon to end. */
#define TRAFFIC_DRAIN_MSEC 500

struct traffic {
        atomic_uint owed;
        int idle_fd; /* eventfd, written when `owed` becomes 0 */
};

_must_check_ int traffic_init(struct traffic *t);
void traffic_done(struct traffic *t);
/* Web thread: for MHD_OPTION_NOTIFY_CONNECTION, with the traffic as its userdata. */
void traffic_on_connection(void *userdata, struct MHD_Connection *connection, void **context,
        enum MHD_ConnectionNotificationCode code);
/* Web thread: a request began on the connection, or it was answered or given up. */
void traffic_request(struct traffic *t, struct MHD_Connection *connection);
void traffic_answered(struct traffic *t, struct MHD_Connection *connection);
/* Loop, after the server stopped accepting: waits until nobody is owed anything, or
 * TRAFFIC_DRAIN_MSEC. */
void traffic_drain(struct traffic *t);
