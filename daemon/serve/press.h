/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Answers that take long to make - reports, and all that is said of a large collection -, made
 * beside the web thread so that nobody else waits: each once for the same view of its collection,
 * however many ask, by a thread that ends with it, and PRESS_AT_ONCE at a time. Each server has
 * one. All of it is the web thread's; a thread that makes something is given what does not change,
 * and takes out at its end who waits, in one exchange. */

#include "serve/request.h"
#include "show/api/api.h"

#define PRESS_AT_ONCE 2
/* Different answers that are made, waited for, or kept. */
#define PRESS_JOBS 16
/* Longer than so nobody's next question is waited for. */
#define PRESS_KEPT (30 * USEC_PER_SEC)

struct press;
_must_check_ int press_new(struct press **ret);
/* After the web thread; waits for what is being made. */
struct press *press_free(struct press *p);
/* Loop, before it stops the web thread: answers who waits with 503. Nothing is begun any more. */
void press_close(struct press *p);
/* Web thread: what `route` answers to `query` about the collection of the view that it names, or
 * the view. 1: the request was suspended, and will have its print. 0: it is there already, `*ret` a
 * reference. -EBUSY: too many different ones are wanted; -ENOMEM. `view` and `query` are borrowed.
 */
_must_check_ int press_ask(struct press *p, struct request *r, struct view *view,
        const struct api_route *route, const struct api_query *query, struct print **ret);
/* Web thread, when a request goes on or ends, and so each time that something was made: begins what
 * waits for room, and forgets what nobody has wanted for long, at `now` (monotonic). */
void press_turn(struct press *p, usec_t now);
