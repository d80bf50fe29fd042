/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a person did about incidents, from the request to the answer: done at the teller's desk,
 * logged, told and kept at the next teller_tell(), which has something to do then, and answered.
 * What an act means is tell/act.h's business; the view is published by its owner, before the answer
 * is sent. */

#include "tell/act.h"
#include "watch/teller.h"

/* Those of act_perform(), with a sentence. */
_must_check_ int acting_perform(struct teller *t, struct act *a, usec_t now, struct error *e);
/* After teller_tell(): says what came of it, `result` and `e` being acting_perform()'s. Returns the
 * HTTP status - 200 for what is done and survives a restart, 202 for what is done and could not be
 * written yet, with a warning that says why - and yields the body, owned, in the API's envelope;
 * NULL when memory was short. */
unsigned acting_answer(const struct teller *t, const struct act *a, int result,
        const struct error *e, char **ret_body, size_t *ret_size);
