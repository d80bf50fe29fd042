/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which of a collection's queries are shown, and in which order: those that a request's parameters
 * ask for. What it does not understand it leaves out, so that every address shows something. */

#include "show/page/page.h"

enum choice_order {
        ORDER_WORST, /* as summary_worst_first() */
        ORDER_ID,
        ORDER_BAND,
        ORDER_DISTANCE,
        ORDER_SHIFT, /* from the baseline */
        ORDER_RANK, /* of the expected record; not found comes last */
        ORDER_COUNT,
};

struct choice {
        size_t *indices; /* in the set: all that match, in order */
        size_t count;
        size_t page, pages; /* from 1 */
        enum choice_order order;
        bool descending;
};

/* "worst", "id", "band", "distance", "shift", "rank"; with a "-" before it, descending. */
const char *choice_order_name(enum choice_order o);
/* `text` is sought in ids and texts, in ASCII without regard to case; `tag` is "key: value".
 * -ENOMEM.
 */
_must_check_ int choose(
        const struct collection_view *c, const struct page_query *q, struct choice *ret);
void choice_done(struct choice *choice);
