/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How well the index finds what the collection holds, as the index probes saw it last. Plain data.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "duration.h"

struct index_health {
        usec_t at; /* wall clock of the probe; 0: never */
        int64_t records; /* at that moment; -1: unknown */
        int64_t unreachable; /* live records that no query can reach; -1: unknown */
        int64_t copies; /* of them, as far as a sample tells: a near copy is found in their place */
        bool capped; /* more records than the configuration, or the server, lets the probe ask for
                      */
        double recall; /* recall@k by overlap with a larger k, 0 … 1; NaN: unknown */
        size_t recall_queries; /* asked for it */
        size_t self_asked, self_found; /* expected records asked for with their own vector */
        size_t expected; /* expected record ids looked up */
        size_t gone; /* of them: no longer in the collection */
        size_t lost; /* of them: in the collection, but a query that expects them found none of
                        those that it expects */
        char *error; /* a sentence when the last probe could not be finished; owned */
};

/* Unreachable records that count as lost: without those that a near copy stands for, or those that
 * were unreachable when the baseline was approved (-1: unknown), whichever are more. 0 while
 * reachability is unknown. */
int64_t index_health_lost(const struct index_health *h, int64_t baseline_unreachable);
/* Unknown. */
void index_health_init(struct index_health *h);
void index_health_done(struct index_health *h);
_must_check_ int index_health_copy(const struct index_health *from, struct index_health *ret);
