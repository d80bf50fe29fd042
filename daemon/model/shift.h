/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the comparison with the baseline found in the last replay: of each query, and of the set.
 * Plain data without pointers; unknown numbers are NaN. */

#include <stdbool.h>
#include <stddef.h>

#include "model/baseline.h"
#include "model/topic.h"

enum moved { MOVED_DOWN = -1, MOVED_NOT = 0, MOVED_UP = 1 };

/* By the last replay alone, or by what 4 of 5 confirmed. */
enum topic_look { TOPIC_NOW, TOPIC_CONFIRMED, TOPIC_LOOKS };

/* Topics of which most queries moved up, with the portions of the whole set and of the queries that
 * belong to none of them. */
struct topic_shift {
        struct topic_list list;
        struct portion whole, rest;
};

struct query_drift {
        bool compared; /* has a baseline and a valid answer */
        bool armed; /* its noise is small enough to be judged */
        bool unstable; /* raised and cleared again and again */
        bool changed; /* another answer than in the last replay */
        double baseline[LEVEL_COUNT]; /* locations; NaN without baseline */
        double tau[LEVEL_COUNT];
        double shift[LEVEL_COUNT]; /* this replay's distance minus the baseline's */
        double judged[LEVEL_COUNT]; /* the same of the last sample that moved a state; NaN */
        enum moved moved[LEVEL_COUNT]; /* confirmed: 4 of 5; also while not measured */
        double overlap; /* overlap@k with the baseline's answer, ties grouped */
        double rbo; /* rank-biased overlap, p = 0.9 */
};

struct drift_view {
        size_t queries, valid, compared; /* of the last replay */
        bool changed; /* any answer differs from the last replay's */
        bool unprovoked; /* a settled answer did, and nothing was ingested: rebuilt, edited */
        double set_shift; /* winsorised mean shift of mean top-k; NaN */
        bool set_shifted; /* beyond its limit in 4 of 5 replays */
        size_t up[LEVEL_COUNT], down[LEVEL_COUNT]; /* queries confirmed to have moved */
        bool share_moved; /* up[LEVEL_TOPK] reached max(3, 10 %) */
        size_t moved_up, moved_down; /* queries moved by either signal */
        struct topic_shift topics[TOPIC_LOOKS]; /* by mean top-k */
        double overlap; /* mean overlap@k with the baseline; NaN */
        bool pending; /* a query, or the set, is beyond its limit upwards; that is not confirmed */
};

/* Nothing compared, numbers unknown. */
void query_drift_init(struct query_drift *q);
void drift_view_init(struct drift_view *d);
