/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What jansson leaves to its user: a number is a number or an error - never null read as 0 -, NaN
 * is written as null, and files have limits. */

#include <jansson.h>
#include <stdbool.h>

#include "error.h"
#include "yaml.h"

/* Once, before anything is parsed: has jansson allocate in a way that tells json_parse() when
 * memory was short, which jansson itself calls an invalid token. */
void json_init(void);
/* Any JSON value, also a bare number. jansson's own recursion limit is 2048 levels; that is enough
 * for us. Duplicate keys are refused. `name` (file or URL) is used in messages: "name:line:column:
 * sentence". -EBADMSG when it is not JSON, -ENOMEM. */
_must_check_ int json_parse(
        const char *name, const char *data, size_t size, json_t **ret, struct error *e);
/* A finite real or integer: 0; JSON null or absent (NULL): -ENODATA; anything else: -EINVAL. */
_must_check_ int json_to_double(const json_t *value, double *ret);
/* The value as JSON number, null when it is not finite. A new reference, NULL without memory. */
json_t *json_from_double(double value);
/* The double nearest to the float's shortest decimal, so that json_text() writes 0.91968507, not
 * 0.919685065746307; null when it is not finite. */
json_t *json_from_float(float value);
/* The value as JSON text with jansson's dump flags; owned, NULL when memory is short. `ret_size`
 * may be NULL. Reals have at most 15 digits: enough to write every float's shortest decimal
 * unchanged and times since 1970 with milliseconds. */
char *json_text(const json_t *value, size_t flags, size_t *ret_size);
/* A YAML tree as JSON: plain scalars become null, bool, integer or real where they look like it in
 * JSON's grammar (010 and .inf are strings). New reference; NULL when memory is short. */
json_t *json_from_yaml(const struct yaml_node *node);
/* Moves the new reference into an object; -ENOMEM when `value` is NULL or memory is short. */
_must_check_ int json_put(json_t *object, const char *key, json_t *value);
/* json_decrefp() is jansson's own. */
#define _cleanup_json_ _cleanup_(json_decrefp)
