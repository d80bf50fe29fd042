/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The third thread: one piece of work at a time, so that the loop goes on meanwhile. Long work is
 * files to be read, answers to be judged, what was read to be freed; brief work, which waits for
 * nothing but the disk, comes between. It has no lock and shares nothing: the loop gives it a job
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
/* Has long `work` done with `job` by a thread of its own, which handles no signals; where brief
 * work is under way, after that. -EBUSY before worker_end() of other long work; -EAGAIN when there
 * can be no thread, -ENOMEM. */
_must_check_ int worker_start(struct worker *w, void (*work)(void *job), void *job);
/* The same of brief work, whose job tells its owner of its end itself, as the last thing it does:
 * for what was begun so before, that has happened. -EBUSY while there is long work, too: whoever
 * cannot wait for that does it at once. */
_must_check_ int worker_start_brief(struct worker *w, void (*work)(void *job), void *job);
/* Whether there is long work, begun or not. */
bool worker_busy(const struct worker *w);
/* For each COMMAND_WORKED, before that is completed; it waits for nothing. Whether long work has
 * ended, whose job is its owner's again. */
_must_check_ bool worker_end(struct worker *w, const struct command *c);
