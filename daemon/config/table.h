/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How a table of keys is written: a row for each key, with the member of a structure that it fills,
 * and the schema of a whole table. What there is to say of a key is schema.h's. */

#include <stddef.h>

#include "schema.h"

/* Names in metrics and alerts; longer ones make series nobody can read. */
#define NAME_MAX_BYTES 200

#define KEY(structure, field, key_name, key_type, ...) \
        { \
                .name = key_name, .type = key_type, .offset = offsetof(struct structure, field), \
                __VA_ARGS__ \
        }
#define SCHEMA(table, structure) \
        { \
                table, ARRAY_SIZE(table), sizeof(struct structure) \
        }
#define BETWEEN(low, high) .min = (double)(low), .max = (double)(high)
#define NAME_BYTES BETWEEN(1, NAME_MAX_BYTES)
#define NAME_CHECKED NAME_BYTES, .check = schema_check_value
