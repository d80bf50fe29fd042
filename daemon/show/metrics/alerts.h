/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Samples of driftwatch_alerts, a row of the table in metrics.c: alerts of the view counted by what
 * they have in common. Which alerts there are is decided elsewhere. */

#include "model/view.h"
#include "show/metrics/exposition.h"

/* Of each rule, collection and severity that has an alert, and of each rule for what belongs to no
 * collection, which is 0 most of the time: how many alerts are in which state. */
void alerts_counts(struct exposition *x, const struct view *view);
