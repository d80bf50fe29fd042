/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What spot checks say of a whole index: the share of its records that search cannot reach, as an
 * interval. Records of one place are lost together - what was written together is - so that they
 * say less than as many independent ones: the sample counts for as many as its design effect
 * leaves (Kish 1965), and Clopper and Pearson's interval, whose coverage is never below the nominal
 * one, is that of those. */

#include "judge/interval.h"
#include "model/health.h"

#define REACHABILITY_CONFIDENCE 0.95

/* How much wider the variance is than that of as many independent records; 1 or more. */
double reachability_design_effect(const struct index_sample *sample);
/* Of records that no query can reach, 0 … 1; without a sample both ends are the share itself.
 * INTERVAL_NONE while it is unknown. */
struct interval reachability_unreachable(const struct index_health *h);
/* Of those that count as lost: index_health_lost(). */
struct interval reachability_lost(const struct index_health *h, int64_t baseline_unreachable);
