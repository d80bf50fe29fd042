/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The keys that say who hears of which incident: routes, the times they name, and escalation. What
 * they mean is made of them by routing.c and escalation.c. */

#include "schema.h"

extern const struct schema policy_schema; /* of struct policy_keys */
extern const struct schema calendar_schema; /* of struct calendar_keys */
extern const struct schema route_schema; /* of struct branch_keys, the first one */
