/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What alerting.route and alerting.time_intervals mean: matchers that are compiled, names that are
 * found, and the time zones, whose files are read here and never again before the next reload. Who
 * then hears of an alert is tell/routing.h's business. */

#include "config/config.h"
#include "config/keys.h"

/* Makes the routing of the receivers that were built before; leaves NULL where the file has no
 * route. Complains through `reader` about what cannot be used. -ENOMEM. */
_must_check_ int routing_build(const struct schema_reader *reader, const struct alerting_keys *keys,
        struct alerting_config *ret);
