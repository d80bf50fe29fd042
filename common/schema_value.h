/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Single values of a schema: scalars, lists of strings, raw nodes. The inner half of schema.c,
 * which knows how values make structures; nobody else needs this. */

#include "schema.h"

/* Reads one value of any type but the structured ones; complains and leaves `target` alone when it
 * is not what the key holds. */
void schema_read_value(const struct schema_reader *reader, const struct schema_place *place,
        const struct schema_key *key, const struct yaml_node *node, void *target);
/* Complains that the value is not `wanted` ("a list"), or is missing. `key` may be NULL. */
void schema_wrong_type(const struct schema_reader *reader, const struct schema_place *place,
        const char *key, const struct yaml_node *node, const char *wanted);
/* Whether the number of bytes, items or the value itself is allowed. */
bool schema_in_bounds(const struct schema_key *key, double value);
/* "token, bearer, basic" of an array that ends with NULL; cut when the buffer is small. */
const char *schema_word_list(const char *const *words, char *buffer, size_t size);
