/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What survives a restart, a crash and a loss of power: one SQLite file of rows, each a value under
 * a kind and a key. Rows that are put or removed are collected, and written together when the owner
 * says so: what was committed is there after a crash, what was not is lost as a whole. What cannot
 * be written stays collected and is written by a later commit, so that a full disk costs nothing
 * but the time until there is room. It knows nothing of what the values say, and one thread uses
 * it.
 *
 * Each row carries a check sum, because a file that SQLite can read may still have been changed by
 * a disk. A file that is damaged, or was written by a newer program, is set aside and another one
 * begun. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define STATE_FILE "state.db"
/* Of one value: the largest body that the outbox takes, and what is said of it. */
#define STATE_VALUE_MAX (20U << 20)
#define STATE_KEY_MAX 1024
/* More rows than the largest number of queries that was measured needs. */
#define STATE_ROWS_MAX 4000000
/* Pages of the file, of 4 KiB each: a daemon fills no disk. */
#define STATE_PAGES_MAX (1 << 20)
/* Bytes that one commit of what is in bulk writes: below ten milliseconds of the loop's time. */
#define STATE_SLICE (128U << 10)

/* How much a crash may cost: nothing, or what was committed in the last seconds - it never damages
 * what was there before. */
struct state_kind {
        const char *name;
        bool bulk;
};

struct state;

/* Opens the file PATH, or begins it. `*ret` is there whenever memory is: 0; 1 where a file was set
 * aside, with a sentence; another negative errno, with a sentence, where the file cannot be written
 * now - state_commit() tries again; until it is called state_each() reads what can be read. */
_must_check_ int state_open(const char *path, struct state **ret, struct error *e);
/* Closes it; what was not committed is lost. */
struct state *state_free(struct state *s);
DEFINE_CLEANUP(struct state *, state_free)
const char *state_path(const struct state *s);

/* Puts a row, copied, in place of the one of this kind and key. `signature` is another one whenever
 * the value is; 0: it is computed. Nothing is written where it is what was put last. -EINVAL for
 * keys and values that are too long, -ENOSPC for too many rows, -ENOMEM. */
_must_check_ int state_put(struct state *s, const struct state_kind *kind, const char *key,
        const void *value, size_t size, uint64_t signature);
void state_remove(struct state *s, const struct state_kind *kind, const char *key);
/* Whether the row was put with this signature last: then it counts as put again. */
_must_check_ bool state_has(
        struct state *s, const struct state_kind *kind, const char *key, uint64_t signature);
/* Whether the file has such a row, or will have it. */
_must_check_ bool state_holds(
        const struct state *s, const struct state_kind *kind, const char *key);
/* From here on rows of this kind are put as if there were none, until state_end() removes those
 * that were not put since. */
void state_begin(struct state *s, const struct state_kind *kind);
void state_end(struct state *s, const struct state_kind *kind);

/* Calls back for each row of the kind as it was committed last, ascending by key. A row whose check
 * sum is wrong, or that `take` returns a negative errno for, is removed, and counted in `*refused`;
 * but -ENOMEM ends it all. `refused` and `e`, which gets a sentence on the first of them, may be
 * NULL. */
typedef int (*state_take_t)(
        const char *key, const char *value, size_t size, void *userdata, struct error *e);
_must_check_ int state_each(struct state *s, const struct state_kind *kind, state_take_t take,
        void *userdata, size_t *refused, struct error *e);

/* Takes rows whose check sum is wrong out of the file: a name that was damaged nobody asks for.
 * Those that state_each() did not refuse are counted and told of as there. Nothing happens while
 * the file cannot be written; negative errno, with a sentence, where that fails: all of them stay.
 */
_must_check_ int state_sweep(struct state *s, size_t *refused, struct error *e);

/* Whether there is something to write. */
bool state_pending(const struct state *s, bool bulk);
/* Writes all that is not in bulk, in one transaction that is on the disk when this returns. On
 * failure nothing of it is, and all of it stays pending. -EBADMSG and -ESTALE: the file was
 * damaged, moved away or deleted, another one was begun, and what is not pending has to be put
 * again. */
_must_check_ int state_commit(struct state *s, struct error *e);
/* The same without waiting for the disk: it survives the process, and a loss of power once a
 * state_flush() that came later has ended. */
_must_check_ int state_commit_soon(struct state *s, struct error *e);
/* The same for STATE_SLICE bytes of what is in bulk; 1 where there is more. */
_must_check_ int state_commit_bulk(struct state *s, struct error *e);

/* From here on `begin` (NULL: nobody) has `work` done with `job` by another thread, or refuses with
 * a negative errno; `work` of a state that is freed meanwhile is waited for. */
typedef int (*state_work_t)(void (*work)(void *job), void *job, void *userdata);
void state_lend(struct state *s, state_work_t begin, void *userdata);
/* Has all that was committed so far written through to the disk, and the log, where it has become
 * long, moved into the file, while the caller goes on, or where nobody else does it at once; not
 * while that is under way. */
void state_flush(struct state *s);
bool state_flushing(const struct state *s);
/* Whether the log has become so long. */
bool state_full_log(const struct state *s);
/* Becomes readable when it has ended, which state_flushed() takes: negative errno, with a sentence,
 * where it may not be on the disk. */
int state_flush_fd(const struct state *s);
_must_check_ int state_flushed(struct state *s, struct error *e);
/* Waits until all that was committed is on the disk, and makes the file one again. */
_must_check_ int state_sync(struct state *s, struct error *e);

/* Reads all of a file that is not this process's, and changes nothing: every row, by kind and key,
 * whatever kinds there are. `good` is false for a row whose check sum is wrong. -ENOENT without a
 * file; -EBADMSG where it is damaged, -EPROTONOSUPPORT where it is of a newer version. */
typedef int (*state_row_t)(const char *kind, const char *key, const char *value, size_t size,
        bool good, void *userdata);
_must_check_ int state_read(const char *path, state_row_t row, void *userdata, struct error *e);
