/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Reference values of the statistics and detection rules, computed elsewhere with scipy: the
 * numbers of detection-reference.json by path. A path that is not there fails the test, so that a
 * renamed key is never a test that passes by comparing nothing. */

#include "unit.h"

#include <math.h>

#include "json.h"

/* The value at a path of keys and array indices joined by dots, printf-like:
 * "paired.loss20_10.mean", "data.base%zu", "normal.ppf.3.1". Keys may themselves contain dots.
 * Borrowed. */
_printf_(1, 2) const json_t *reference(const char *path, ...);
/* A member (or with a NULL key the value itself) as number; JSON null is NaN. */
double reference_number(const json_t *value, const char *key);
/* As reference_number(reference(path), NULL). */
_printf_(1, 2) double reference_at(const char *path, ...);
/* All numbers of an array into `ret`, of which there must be at most `max` (else the test fails).
 * How many there are. */
size_t reference_array(const json_t *value, double *ret, size_t max);

/* Equal within `tolerance` of the larger of 1 and the expected magnitude; NaN equals NaN. */
#define assert_within(actual, expected, tolerance) \
        reference_within(actual, expected, tolerance, #actual, __FILE__, __LINE__)
/* To what the reference values promise. */
#define assert_near(actual, expected) assert_within(actual, expected, 1e-9)
/* To as many digits of however small a probability. */
#define assert_digits(actual, expected) assert_within((actual) / (expected), 1, 1e-9)
void reference_within(double actual, double expected, double tolerance, const char *what,
        const char *file, int line);
