/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Answers that take long to make - reports -, made by threads of its own so that nobody else waits:
 * each once for the same view of its collection, however many ask, and PRESS_AT_ONCE at a time. It
 * has a lock, held for some instructions; while something is made nobody holds it. All servers
 * share one. */

#include "serve/request.h"
#include "show/api/api.h"

#define PRESS_AT_ONCE 2
/* Different answers that are made, waited for, or kept. */
#define PRESS_JOBS 16
/* Longer than so nobody's next question is waited for. */
#define PRESS_KEPT (30 * USEC_PER_SEC)

struct press;
_must_check_ int press_new(struct press **ret);
/* Waits for what is being made. press_close() comes first. */
struct press *press_free(struct press *p);
/* Answers who waits with 503; nothing is made any more. */
void press_close(struct press *p);
/* A web thread: what `route` answers to `query` about the collection of the view. 1: the request
 * was suspended, and will have its print. 0: it is there already, `*ret` a reference. -EBUSY: too
 * many different ones are wanted; -ENOMEM. `view` and `query` are borrowed. */
_must_check_ int press_ask(struct press *p, struct request *r, struct view *view,
        const struct api_route *route, const struct api_query *query, struct print **ret);
/* Forgets what nobody has wanted for long, at `now` (monotonic), with the view that it was made
 * from. */
void press_tidy(struct press *p, usec_t now);
