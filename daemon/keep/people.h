/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What people did, and how far each incident has come with them, as rows of a state: who has taken
 * which alert, what is silenced, and of each open incident who was told, who is next and who has
 * taken it. Written before anybody is told, or answered, of it. */

#include "keep/state.h"
#include "tell/desk.h"

/* All of it, in place of what was there before. -ENOMEM. */
_must_check_ int people_put(struct state *s, struct desk *desk);
/* Gives it to a desk that is configured and knows nothing yet, at `now`: a time that lies ahead of
 * it was of a clock that is set right since. What is no such thing is removed, counted in
 * `*refused`, and the first of it told; so is a silence that is kept no longer, which is not
 * counted. -ENOMEM. */
_must_check_ int people_restore(
        struct state *s, struct desk *desk, usec_t now, size_t *refused, struct error *e);
