/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the section `alerting` means: who is told, by which rules, and by which daemon. */

#include "config/config.h"
#include "config/keys.h"

/* Complains through `reader` about what cannot be used; what was built is the caller's in any case.
 * -ENOMEM. */
_must_check_ int alerting_build(const struct schema_reader *reader,
        const struct alerting_keys *keys, struct alerting_config *ret);
