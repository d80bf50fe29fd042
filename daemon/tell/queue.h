/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The queue of one destination: ready-made requests in the order of delivery, counted in entries
 * and in bytes. How many there may be and what happens to them is outbox.h's business. */

#include <stdint.h>

#include "http.h"

struct queue_entry {
        struct queue_entry *next;
        uint64_t id; /* ascending */
        struct http_request request;
        usec_t created, expires; /* wall clock */
        unsigned attempts;
};

/* Without a request yet. NULL when memory is short. */
struct queue_entry *queue_entry_new(uint64_t id, usec_t created, usec_t expires);
struct queue_entry *queue_entry_free(struct queue_entry *e);
DEFINE_CLEANUP(struct queue_entry *, queue_entry_free)

/* Zeroed: empty. */
struct queue {
        struct queue_entry *first, *last;
        size_t count;
        size_t size; /* of the bodies */
};

/* Both take the entry: to the end, or as the next one to be delivered. */
void queue_add(struct queue *q, struct queue_entry *e);
void queue_add_first(struct queue *q, struct queue_entry *e);
/* The first entry, the caller's now; NULL when there is none. */
struct queue_entry *queue_take(struct queue *q);
/* Frees all entries. */
void queue_clear(struct queue *q);
