/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which of the records that a query set expects are looked up when not all of them can be. Private
 * to probe.h. */

#include "model/answer.h"
#include "model/query_set.h"

/* A record that the set expects. */
struct expected {
        const char *id; /* the set's */
        bool missed; /* a query that was answered found none of the records that it expects */
        bool there; /* for the caller */
};

/* At most `max` of them, evenly spread over all, ascending by id, each once, in an array to be
 * freed. `answers`, of each query, or NULL where there is none; NULL: there are none at all.
 * -ENOMEM. */
_must_check_ int expected_choose(const struct query_set *set, struct answer *const *answers,
        size_t max, struct expected **ret, size_t *ret_count);
/* The i-th of `chosen` that are evenly spread over `total`. */
size_t expected_spread(size_t i, size_t chosen, size_t total);
