/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How well the index finds what the collection holds, as the index probes saw it last. Plain data.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "duration.h"

/* Places of a sample; one in each of as many equal parts of the collection. */
#define INDEX_PLACES_MAX 100

/* What spot checks of an index found. */
struct index_sample {
        size_t looked; /* records asked for with their own vector; 0: there is no sample */
        size_t missed; /* of them: search does not find them */
        size_t copies; /* of those: a near copy is found in their place */
        size_t places;
        uint8_t looked_at[INDEX_PLACES_MAX], lost_at[INDEX_PLACES_MAX]; /* missed, without copies */
};

struct index_health {
        usec_t at; /* wall clock of the probe; 0: never */
        int64_t records; /* at that moment; -1: unknown */
        int64_t unreachable; /* live records that no query can reach; -1: unknown. An estimate where
                                there is a sample */
        int64_t copies; /* of them, as far as a sample tells: a near copy is found in their place */
        struct index_sample sample; /* of an index that is too large to be asked for everything */
        bool capped; /* more records than the configuration, or the server, lets the probe ask for
                      */
        double recall; /* recall@k by overlap with a larger k, 0 … 1; NaN: unknown */
        size_t recall_queries, recall_places; /* asked for it, and what their answers hold */
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
/* Takes a sample, and what it makes of `records`. */
void index_health_estimate(struct index_health *h, const struct index_sample *sample);
/* Unknown. */
void index_health_init(struct index_health *h);
void index_health_done(struct index_health *h);
_must_check_ int index_health_copy(const struct index_health *from, struct index_health *ret);
