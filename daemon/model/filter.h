/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What Chroma certainly refuses in a `where` or `where_document` filter, found before a server is
 * asked. Whatever some server takes passes: of those, it is the server that says so. The filter
 * itself travels as it is; nothing is rewritten. */

#include "schema.h"

enum filter_kind { FILTER_METADATA, FILTER_DOCUMENT, FILTER_KINDS };

/* Adds a complaint for each mistake, at its place, under `place` and the filter's key. */
void filter_check(const struct schema_reader *reader, const struct schema_place *place,
        enum filter_kind kind, const struct yaml_node *filter);
