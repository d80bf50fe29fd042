/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The third thread: one piece of long work at a time - files to be read, what was read to be freed
 * - so that the loop goes on meanwhile. It has no lock and shares nothing: the loop gives it a job
 * and leaves that alone until the hand-over brings COMMAND_WORKED; then the job is the loop's
 * again. What a job does is its owner's business. */

#include "serve/handover.h"

struct worker;

/* Nobody works yet. `handover` is borrowed for life. -ENOMEM. */
_must_check_ int worker_new(struct handover *handover, struct worker **ret);
/* Has the work end at its next pulse, and waits for that. Nobody hears of it any more once the
 * hand-over is closed. */
struct worker *worker_free(struct worker *w);
DEFINE_CLEANUP(struct worker *, worker_free)
/* Has `work` done with `job` by a thread of its own, which handles no signals. -EBUSY before
 * worker_join() for what was begun before; -EAGAIN when there can be no thread, -ENOMEM. */
_must_check_ int worker_start(struct worker *w, void (*work)(void *job), void *job);
bool worker_busy(const struct worker *w);
/* After COMMAND_WORKED, where it waits for nothing: whoever calls it owns the job again. */
void worker_join(struct worker *w);
