/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One query's answers, the baseline's and today's, side by side: which records left, entered or
 * stayed. It counts places; what happened to the records is suspects.h's business. */

#include "judge/attribution.h"

/* All borrowed. */
struct pair {
        const struct baseline_query *known;
        const struct answer *before, *now; /* now: NULL when not measured */
        unsigned k, before_count, now_count;
        /* What a record must be nearer than to be in the list; infinite while a list has room. */
        double before_last, now_last;
        const char *space;
        bool filtered, full;
};

/* False when the answers of query `i` cannot be compared: the baseline does not know it, or knew it
 * with another text; or it is a control, whose answers mean nothing. */
bool pair_get(const struct attribution_input *input, size_t i, struct pair *ret);
/* The rank (from 0) among today's first of the baseline's record at `rank`, and the other way
 * round; the count of those when it is not there. */
unsigned pair_rank_now(const struct pair *p, unsigned rank);
unsigned pair_rank_before(const struct pair *p, unsigned rank);
/* Of one pair of query and record, as far as a server rounds: the record is the same, whatever its
 * id. */
bool pair_same_distance(double a, double b);
/* Whether one of the first `count` of `before` is this record at this distance. */
bool pair_stood(const struct answer *before, unsigned count, const char *id, float distance);
/* Whether today another record stands at the distance of the baseline's at `rank`, where it did not
 * stand before. */
bool pair_has_heir(const struct pair *p, unsigned rank);
/* A baseline record that is missing although it was nearer than today's last one. */
bool pair_is_hole(const struct pair *p, unsigned rank);
/* A record of today that is nearer than the baseline's last one and was not there. */
bool pair_is_intruder(const struct pair *p, unsigned rank);
