/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a person did about incidents, from the request to the answer: done at the teller's desk,
 * logged, and told at the next teller_tell(), which has something to do then. What an act means is
 * tell/act.h's business; the view is published by its owner, before the answer is sent. */

#include "tell/act.h"
#include "watch/teller.h"

/* Returns the HTTP status and yields the body, owned, in the API's envelope; NULL when memory was
 * short. */
unsigned acting_perform(
        struct teller *t, struct act *a, usec_t now, char **ret_body, size_t *ret_size);
