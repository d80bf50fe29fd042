/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/queue.h"

const char *entry_kind_name(enum entry_kind kind)
{
        static const char *const names[ENTRY_KIND_COUNT] = {
                [ENTRY_OPENED] = "opened",
                [ENTRY_CLOSED] = "closed",
                [ENTRY_CHANGED] = "changed",
                [ENTRY_REPEATED] = "repeated",
                [ENTRY_ACKNOWLEDGED] = "acknowledged",
                [ENTRY_ALERTS] = "alerts",
        };

        return names[kind];
}

struct queue_entry *queue_entry_new(uint64_t id, usec_t deadline)
{
        struct queue_entry *e = calloc(1, sizeof(*e));

        if (e)
                *e = (struct queue_entry){.id = id, .deadline = deadline};
        return e;
}

struct queue_entry *queue_entry_free(struct queue_entry *e)
{
        if (e) {
                http_request_done(&e->request);
                free(e->incident);
                free(e);
        }
        return NULL;
}

static void count(struct queue *q, const struct queue_entry *e)
{
        q->count++;
        q->size += e->request.body_size;
}

void queue_add(struct queue *q, struct queue_entry *e)
{
        e->next = NULL;
        if (q->last)
                q->last->next = e;
        else
                q->first = e;
        q->last = e;
        count(q, e);
}

void queue_add_first(struct queue *q, struct queue_entry *e)
{
        e->next = q->first;
        q->first = e;
        if (!q->last)
                q->last = e;
        count(q, e);
}

/* Takes out the entry after `before`; NULL for the first one. */
static struct queue_entry *take_after(struct queue *q, struct queue_entry *before)
{
        struct queue_entry **link = before ? &before->next : &q->first, *e = *link;

        if (!e)
                return NULL;
        *link = e->next;
        if (q->last == e)
                q->last = before;
        q->count--;
        q->size -= e->request.body_size;
        return e;
}

struct queue_entry *queue_take(struct queue *q)
{
        return take_after(q, NULL);
}

struct queue_entry *queue_take_least(struct queue *q)
{
        static const unsigned char worth[ENTRY_KIND_COUNT] = {
                [ENTRY_REPEATED] = 0,
                [ENTRY_ALERTS] = 0,
                [ENTRY_ACKNOWLEDGED] = 1,
                [ENTRY_CHANGED] = 1,
                [ENTRY_OPENED] = 2,
                [ENTRY_CLOSED] = 3,
        };
        struct queue_entry *before = NULL, *least_before = NULL, *least = q->first;

        for (struct queue_entry *e = q->first; e && worth[least->kind] > 0; e = e->next) {
                if (worth[e->kind] < worth[least->kind]) {
                        least = e;
                        least_before = before;
                }
                before = e;
        }
        return take_after(q, least_before);
}

void queue_clear(struct queue *q)
{
        while (q->first)
                queue_entry_free(queue_take(q));
}
