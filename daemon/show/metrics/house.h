/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The metrics of the daemon itself: which one it is, and how its configuration and its storage are.
 * Each function is a row's in metrics.c. */

#include "model/view.h"
#include "show/metrics/exposition.h"

void house_build(struct exposition *x, const struct view *view);
/* Absent where there is none. */
void house_runbook(struct exposition *x, const struct view *view);
void house_shard(struct exposition *x, const struct view *view);
void house_reloads(struct exposition *x, const struct view *view);
double house_elsewhere(const struct view *view);
double house_reload_successful(const struct view *view);
double house_reload_success_at(const struct view *view);
/* Absent without a lease. */
double house_lease_held(const struct view *view);
double house_storage_failing(const struct view *view);
