/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The level rule: one signal of one query against its baseline. It is raised when 4 of the last 5
 * valid samples lie more than tau beyond it and cleared after `need` samples in a row within tau/2;
 * a signal that is raised again soon after needs twice as many to be cleared (hold-down). Formulas,
 * and the measurements behind the numbers, are in docs/detection.md. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEVEL_TAU_MIN 0.005 /* squared L2 of unit vectors; half of it for cosine */
#define LEVEL_SCALE_FACTOR 5.0
#define LEVEL_NEEDED 4 /* of LEVEL_WINDOW */
#define LEVEL_WINDOW 5
#define LEVEL_CLEAR 5
#define LEVEL_HOLD_MAX 288
/* Noisier than this (tau > 0.05) and a query says nothing. */
#define LEVEL_SCALE_MAX 0.01
/* From here on a query is called unstable. */
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
/* `shift` = sample - location, finite; its negative for the mirrored rule. */
enum level_event level_update(struct level_state *s, double shift, double tau);
bool level_unstable(const struct level_state *s);

/* max(`floor`, 5 s). */
double level_tau(double scale, double floor);
/* Location and scale from `n` samples: the median, and the largest of 1.4826 MAD, the 90 % order
 * statistic of the absolute deviations / 1.6449, and `pool` (0 for none). -EINVAL when n is 0 or a
 * sample is not finite; -ENOMEM. */
int level_measure(
        const double *samples, size_t n, double pool, double *ret_location, double *ret_scale);
/* RMS of the smallest 99 % of the `n` absolute deviations of all queries of a set from their own
 * medians; reorders them. 0 for n = 0. */
double level_pool(double *deviations, size_t n);
