/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Has what SQLite wrote to its log written through to the disk, and moved into the file, by
 * whoever works for it: that takes as long as the disk likes, and the loop goes on meanwhile. It
 * makes no thread itself. One piece of work at a time, without a lock: what it is about is the
 * other thread's from syncer_start() to syncer_end(). For the move it opens the database itself,
 * which SQLite allows beside who writes. */

#include <stdbool.h>

#include "keep/state.h"

struct syncer;

/* Of the database PATH, copied. Nothing is done yet. Negative errno. */
_must_check_ int syncer_new(const char *path, struct syncer **ret);
/* Waits for what is under way. */
struct syncer *syncer_free(struct syncer *s);
/* From here on who works for it; as state_lend(). */
void syncer_lend(struct syncer *s, state_work_t begin, void *userdata);
/* Becomes readable when there is an end to take. */
int syncer_fd(const struct syncer *s);
bool syncer_busy(const struct syncer *s);
/* Begins with all that was written so far; with `move` it goes on into the file. Where
 * nobody else does it, it is done at once. Not while it is busy. */
void syncer_start(struct syncer *s, bool move);
/* Takes the end, and waits for it where it is not reached; 0 where nothing was begun. Negative
 * errno, with a sentence: it is not known what of it is on the disk. */
_must_check_ int syncer_end(struct syncer *s, struct error *e);
/* The same of what nobody wants to know any more. */
void syncer_wait(struct syncer *s);
