/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The last notifications that were given up, so that people can be told what nobody heard. It
 * counts nothing: record.h does. */

#include "model/view.h"
#include "tell/queue.h"
#include "tell/record.h"

/* More than anybody reads; the log has had a line for the first of them, and metrics count all. */
#define LOSSES_MAX 100

/* Zeroed: none. */
struct losses {
        struct loss_view ring[LOSSES_MAX];
        size_t count, next;
};

void losses_done(struct losses *l);
/* Adds one at `now`, wall clock, with the record's last error; the oldest gives way. What another
 * daemon tells is not lost. Where memory is short it is not kept: the log and the counters have to
 * do. */
void losses_note(struct losses *l, const struct record *r, const struct identity *who,
        const struct queue_entry *e, const struct loss *loss, usec_t now);
/* Copies all into `ret`, a new array, the last one first. -ENOMEM. */
_must_check_ int losses_view(const struct losses *l, struct loss_view **ret, size_t *ret_count);
