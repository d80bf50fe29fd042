/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/queue.h"

struct queue_entry *queue_entry_new(uint64_t id, usec_t created, usec_t expires)
{
        struct queue_entry *e = calloc(1, sizeof(*e));

        if (e)
                *e = (struct queue_entry){.id = id, .created = created, .expires = expires};
        return e;
}

struct queue_entry *queue_entry_free(struct queue_entry *e)
{
        if (e) {
                http_request_done(&e->request);
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

struct queue_entry *queue_take(struct queue *q)
{
        struct queue_entry *e = q->first;

        if (!e)
                return NULL;
        q->first = e->next;
        if (!q->first)
                q->last = NULL;
        q->count--;
        q->size -= e->request.body_size;
        return e;
}

void queue_clear(struct queue *q)
{
        while (q->first)
                queue_entry_free(queue_take(q));
}
