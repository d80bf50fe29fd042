/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `alerting.escalation` means: the policies, in the order of the file, with every receiver and
 * severity that they name checked. Who is told when is tell/escalation.h's business. */

#include "config/config.h"
#include "config/keys.h"

/* Complains through `reader` about what cannot be used; what was built is the caller's in any case.
 * -ENOMEM. */
_must_check_ int escalation_build(const struct schema_reader *reader,
        const struct alerting_keys *keys, struct alerting_config *ret);
