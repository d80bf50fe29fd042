/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who may ask which server now: a lane for each, by name, in which so many go at a time and the
 * others wait for their turn, the earliest first. A server that does not answer fills its own lane
 * and holds up nobody in another. Pure: it knows neither what is asked nor how. */

#include <stdbool.h>
#include <sys/queue.h>

#include "heap.h"

/* In all lanes together; beyond that each lane has one at a time, so that none is blocked by the
 * others. Descriptors are what it spares: a service may open 1024. */
#define LANES_GOING_MAX 512

struct lane;
LIST_HEAD(lane_list, lane);

/* Zeroed, there are none. */
struct lanes {
        struct lane_list all;
        unsigned going;
        uint64_t last_turn;
};

/* A place in a lane, part of what waits. */
struct ticket {
        struct heap_item item;
        struct lane *lane; /* NULL: in none */
        unsigned limit; /* as many may go at a time, this one included */
        bool going;
};

/* The next turn: what takes it stands behind all who have one. Whoever asks many things one after
 * the other keeps his, and is done before those who came later begin. From 1 on. */
uint64_t lanes_turn(struct lanes *l);
/* Waits in the lane of this name. `limit` > 0 is the waiting one's own: it goes when fewer do.
 * -ENOMEM. */
_must_check_ int lanes_join(
        struct lanes *l, const char *name, unsigned limit, uint64_t turn, struct ticket *ticket);
/* Lets the next one go, of `in` (NULL: of any lane): NULL when nobody waits or may go. */
struct ticket *lanes_admit(struct lanes *l, struct lane *in);
/* Leaves, waiting or going; a no-op in none. */
void lanes_leave(struct lanes *l, struct ticket *ticket);
