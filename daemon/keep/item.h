/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What rows of a state have in common, whatever they say: values are JSON, and numbers stand in
 * keys as sixteen hexadecimal digits. */

#include <jansson.h>

#include "keep/state.h"

/* Puts the value as compact JSON; the signature and the errors are state_put()'s. -ENOMEM for NULL,
 * too. */
_must_check_ int item_put(struct state *s, const struct state_kind *kind, const char *key,
        const json_t *value, uint64_t signature);

#define ITEM_NUMBER_SIZE 17 /* with the NUL */
void item_number(uint64_t number, char ret[ITEM_NUMBER_SIZE]);
/* In lower case, and nothing else. -EBADMSG, for NULL, too. */
_must_check_ int item_parse_number(const char *digits, uint64_t *ret);
