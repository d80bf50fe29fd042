/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The level rule: one signal of one query against its baseline. It is raised when 4 of the last 5
 * valid samples lie more than tau beyond it and cleared after `need` samples in a row within tau/2;
 * a signal that is raised again soon after needs twice as many to be cleared (hold-down). Formulas,
 * and the measurements behind the numbers, are in docs/detection.md. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/baseline.h"

#define LEVEL_TAU_MIN 0.005 /* squared L2 of unit vectors; half of it for cosine */
#define LEVEL_SCALE_FACTOR 5.0
#define LEVEL_NEEDED 4 /* of LEVEL_WINDOW */
#define LEVEL_WINDOW 5
#define LEVEL_CLEAR 5
/* Raised again within so many samples of the last clearing, a signal needs twice as many as then;
 * 288 are a day of 5 minutes. */
#define LEVEL_HOLD_WINDOW 288
#define LEVEL_HOLD_MAX 288
/* Noisier than this (tau > 0.05) and a query says nothing; half of it for cosine. */
#define LEVEL_SCALE_MAX 0.01
/* A signal that needs so many to be cleared is called unstable. */
#define LEVEL_UNSTABLE 40

struct level_state {
        uint8_t recent; /* one bit a sample, newest lowest: beyond tau */
        bool on;
        uint16_t inside; /* samples in a row within tau/2 */
        uint16_t need; /* to clear */
        uint32_t samples; /* valid ones so far */
        uint32_t cleared; /* of which the last clearing was this one; 0: never */
};

enum level_event { LEVEL_STAYS, LEVEL_RAISED, LEVEL_CLEARED };

void level_init(struct level_state *s);
/* The same state in as few different values as there are differences that matter: it stays what it
 * is while samples come that change nothing. */
struct level_state level_normal(const struct level_state *s);
/* `shift` = sample - location, finite; its negative for the mirrored rule. */
enum level_event level_update(struct level_state *s, double shift, double tau);
/* Whether the last sample was beyond tau and that does not count yet. */
bool level_pending(const struct level_state *s);
/* Until a day of samples has passed without it being raised again. */
bool level_unstable(const struct level_state *s);

/* What an answer says of a signal: its best distance, or the mean of the first `results`. NaN when
 * it is no sample: without a record, and for the mean with fewer than asked for, unless the
 * collection holds no more (`records`, -1: unknown) or the query is `filtered`. */
double level_sample(const struct answer *answer, enum level_signal signal, unsigned results,
        int64_t records, bool filtered);

/* max(`floor`, 5 s). */
double level_tau(double scale, double floor);
/* Location and scale from `n` samples: the median, and the largest of 1.4826 MAD, the 90 % order
 * statistic of the absolute deviations / 1.6449, and `pool` (0 for none). -EINVAL when n is 0 or a
 * sample is not finite; -ENOMEM. */
_must_check_ int level_measure(
        const double *samples, size_t n, double pool, double *ret_location, double *ret_scale);
/* RMS of the smallest 99 % of the `n` absolute deviations of all queries of a set from their own
 * medians; reorders them. 0 for n = 0. */
double level_pool(double *deviations, size_t n);
