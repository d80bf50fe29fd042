/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The bands of a collection as they are configured. What a band means is model/bands.h's. */

#include "config/keys.h"
#include "model/bands.h"

/* Fills the zeroed `ret`, as far as there is no complaint; the default bands, and another source
 * than BANDS_CONFIGURED, where none are configured. -ENOMEM. */
_must_check_ int borders_build(const struct schema_reader *reader,
        const struct collection_keys *keys, enum bands_source *ret_source, struct bands *ret);
