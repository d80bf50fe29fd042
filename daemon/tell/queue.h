/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The queue of one destination: ready-made requests in the order of delivery, counted in entries
 * and in bytes. How many there may be and what happens to them is outbox.h's business. */

#include <stdint.h>

#include "http.h"
#include "tell/sieve.h"

/* What a notification says of its incident, and so what is lost with it. */
enum entry_kind {
        ENTRY_OPENED,
        ENTRY_CLOSED,
        ENTRY_CHANGED,
        ENTRY_REPEATED,
        ENTRY_ACKNOWLEDGED, /* what was opened stays open, but nobody has to take it any more */
        ENTRY_ALERTS, /* to an Alertmanager, which is told again anyway */
        ENTRY_KIND_COUNT,
};
/* "opened", "closed", …: static. */
const char *entry_kind_name(enum entry_kind kind);

struct queue_entry {
        struct queue_entry *next;
        uint64_t id; /* ascending */
        enum entry_kind kind;
        char *incident; /* owned; NULL: of none */
        usec_t created; /* CLOCK_BOOTTIME */
        char key[33]; /* the same for every attempt, in this life and in others */
        struct http_request request;
        struct sieve sieve; /* what of it is sent next; not kept over a restart */
        usec_t deadline; /* CLOCK_BOOTTIME; pointless afterwards, USEC_INFINITY for never */
        unsigned attempts;
};

/* Without a request yet. NULL when memory is short. */
struct queue_entry *queue_entry_new(uint64_t id, usec_t deadline);
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
/* The entry that is missed least, the caller's now: the oldest repetition, which is followed by
 * another, or the oldest payload for an Alertmanager; else the oldest change; else the oldest
 * opening, because what goes on is repeated; and an end, which is told once, when there is nothing
 * but ends. NULL when there is none. */
struct queue_entry *queue_take_least(struct queue *q);
/* Frees all entries. */
void queue_clear(struct queue *q);
