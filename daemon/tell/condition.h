/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* When each rule holds, and the sentence it is told with. One row a rule; rule.c evaluates them,
 * names the alert and adds what all of them have in common. Pure. */

#include "tell/rule.h"

/* What a rule looks at. */
struct subject {
        const struct collection_view *collection;
        const struct query *query; /* NULL for a rule about the whole collection, as the next */
        const struct query_view *state;
        double limit; /* the rule's, in the unit of the collection; NaN: it has none */
};

struct condition {
        bool per_query; /* evaluated for each measured query, else once a replay */
        /* Whether there is anything to evaluate it on; NULL: always. While there is not, its alerts
         * stay as they are. */
        bool (*known)(const struct collection_view *c);
        bool (*holds)(const struct subject *s);
        /* Sets `description`, and what else the rule has to say. -ENOMEM. */
        int (*describe)(const struct subject *s, struct labels *annotations);
};
extern const struct condition conditions[RULE_COUNT];
