/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/lane.h"

#include <errno.h>

#include "hash.h"

struct lane {
        LIST_ENTRY(lane) siblings;
        uint64_t hash;
        char *name;
        struct heap waiting; /* by turn */
        unsigned going;
};

uint64_t lanes_turn(struct lanes *l)
{
        return ++l->last_turn;
}

static struct lane *find(const struct lanes *l, uint64_t hash, const char *name)
{
        struct lane *lane;

        LIST_FOREACH(lane, &l->all, siblings)
        if (lane->hash == hash && streq(lane->name, name))
                break;
        return lane;
}

static struct lane *open_lane(struct lanes *l, uint64_t hash, const char *name)
{
        struct lane *lane = calloc(1, sizeof(*lane));

        if (!lane || strdup_to(&lane->name, name) < 0) {
                free(lane);
                return NULL;
        }
        lane->hash = hash;
        LIST_INSERT_HEAD(&l->all, lane, siblings);
        return lane;
}

static void close_empty(struct lane *lane)
{
        if (lane->going > 0 || lane->waiting.count > 0)
                return;
        LIST_REMOVE(lane, siblings);
        heap_done(&lane->waiting);
        free(lane->name);
        free(lane);
}

int lanes_join(
        struct lanes *l, const char *name, unsigned limit, uint64_t turn, struct ticket *ticket)
{
        uint64_t hash = hash_text(HASH_INIT, name);
        struct lane *lane = find(l, hash, name);
        int r;

        if (!lane)
                lane = open_lane(l, hash, name);
        if (!lane)
                return -ENOMEM;
        r = heap_put(&lane->waiting, &ticket->item, turn);
        if (r < 0) {
                close_empty(lane);
                return r;
        }
        ticket->lane = lane;
        ticket->limit = limit;
        ticket->going = false;
        return 0;
}

static struct ticket *first_waiting(const struct lane *lane)
{
        struct heap_item *item = heap_first(&lane->waiting);

        return item ? (struct ticket *)((char *)item - offsetof(struct ticket, item)) : NULL;
}

static struct ticket *admit(struct lanes *l, struct lane *lane)
{
        struct ticket *ticket = first_waiting(lane);

        if (!ticket || lane->going >= ticket->limit ||
                (l->going >= LANES_GOING_MAX && lane->going > 0))
                return NULL;
        heap_remove(&lane->waiting, &ticket->item);
        ticket->going = true;
        lane->going++;
        l->going++;
        return ticket;
}

struct ticket *lanes_admit(struct lanes *l, struct lane *in)
{
        struct ticket *ticket = in ? admit(l, in) : NULL;
        struct lane *lane;

        if (in)
                return ticket;
        LIST_FOREACH(lane, &l->all, siblings)
        {
                ticket = admit(l, lane);
                if (ticket)
                        break;
        }
        return ticket;
}

void lanes_leave(struct lanes *l, struct ticket *ticket)
{
        struct lane *lane = take_ptr(ticket->lane);

        if (!lane)
                return;
        if (ticket->going) {
                lane->going--;
                l->going--;
        }
        heap_remove(&lane->waiting, &ticket->item);
        close_empty(lane);
}
