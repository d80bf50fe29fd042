/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who is connected, since when, and who has to go. A request has a total time to arrive in, however
 * slowly its bytes keep coming; where one peer, or all together, hold too many connections, those
 * that are owed least make room, so that whoever asks and listens is always let in. A server that
 * stops lets those who are owed an answer have it; a connection that is merely kept alive is owed
 * nothing. It reads no request and sends nothing: to cut a connection is to shut its socket down,
 * which libmicrohttpd then closes. All of it is the web thread's, but for what is atomic. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "duration.h"
#include "macro.h"

/* From the beginning of a connection, handshake included, to the last byte of the request's head;
 * from there to the last of its body; and, on a connection that is kept, from one answer to the
 * next request, which is twice that. */
#define TRAFFIC_ARRIVAL (10 * USEC_PER_SEC)
/* Connections in all, from one address, and those of one whose request has not arrived. */
#define TRAFFIC_MAX 128
/* Those that go already, until they are closed. */
#define TRAFFIC_GOING_MAX 32
#define TRAFFIC_PEER_MAX 96
#define TRAFFIC_HALF_OPEN_MAX 64
/* How long a server that stops waits for answers: less than anybody waits for a daemon to end. */
#define TRAFFIC_DRAIN_MSEC 500

enum phase {
        PHASE_ARRIVES, /* connected, no whole request yet */
        PHASE_ANSWERED, /* its request is here; not cut but when it takes long to take the answer */
        PHASE_WAITS, /* for the loop or the press: never cut */
        PHASE_KEPT, /* answered, and kept for the next request */
};

/* Until when a connection may be as it is. The loop, which looks, has a descriptor of its own for
 * it: who exchanges `claim` for 0 closes that, so that nobody shuts down a number that meanwhile is
 * another's. */
struct deadline {
        bool used; /* web thread */
        _Atomic uint64_t claim; /* above 32 bits a number never used again, below the descriptor */
        _Atomic usec_t due; /* monotonic; USEC_INFINITY */
};

/* A connection, in its owner's memory. Only these functions look into it. */
struct visitor {
        struct visitor *next, *previous;
        unsigned char peer[16]; /* as throttle.h has it */
        int fd;
        enum phase phase;
        usec_t since; /* the phase; monotonic */
        bool owed, cut;
        struct deadline *deadline; /* NULL: no descriptor was left for one */
};

struct traffic {
        struct visitor *first; /* the newest */
        uint32_t arrived;
        struct deadline deadlines[TRAFFIC_MAX + TRAFFIC_GOING_MAX];
        atomic_size_t owed;
        int idle_fd; /* eventfd, written when `owed` becomes 0 */
};

_must_check_ int traffic_init(struct traffic *t);
void traffic_done(struct traffic *t);
/* Web thread: a connection was accepted, or is about to be closed. One that must go to make room,
 * which may be the new one itself, is cut. `peer` may be NULL. */
void traffic_arrive(
        struct traffic *t, struct visitor *v, int fd, const struct sockaddr *peer, usec_t now);
void traffic_leave(struct traffic *t, struct visitor *v);
/* Web thread: its request came on, or was answered. `v` may be NULL, where memory was short. */
void traffic_turn(struct traffic *t, struct visitor *v, enum phase phase, usec_t now);
/* Loop, about once a second: cuts those whose request does not arrive. */
void traffic_sweep(struct traffic *t, usec_t now);
/* Loop, after the server stopped accepting: waits until nobody is owed anything, or
 * TRAFFIC_DRAIN_MSEC. */
void traffic_drain(struct traffic *t);
