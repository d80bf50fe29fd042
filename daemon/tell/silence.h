/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Silences as Alertmanager knows them: somebody says which label sets nobody shall be told of, from
 * when until when, and why. One is pending, active, then expired, and is kept for a while so that
 * people can see why nobody was told. They only say what is silenced: what is told is decided by
 * who asks. Ids are the caller's, because chance is no part of a pure module. Pure. */

#include "duration.h"
#include "model/matcher.h"

/* Of all states; when there are as many, the one that expired first goes. */
#define SILENCES_MAX 1000
/* A silence that nobody remembers is an alert that nobody gets. */
#define SILENCE_LENGTH_MAX (366 * USEC_PER_DAY)
#define SILENCE_AHEAD_MAX (366 * USEC_PER_DAY)
/* Alertmanager's retention. */
#define SILENCE_RETENTION (5 * USEC_PER_DAY)
/* Comparisons that a character of a label takes, of the expressions of all silences that have not
 * expired (pattern.h): five hundred of twenty letters each, and milliseconds an alert. */
#define SILENCES_COST_MAX 100000
#define SILENCE_ID_LENGTH 36
#define SILENCE_AUTHOR_MAX 200 /* bytes */
#define SILENCE_COMMENT_MAX 1024

enum silence_state {
        SILENCE_PENDING,
        SILENCE_ACTIVE,
        SILENCE_EXPIRED,
        SILENCE_STATE_COUNT,
};

struct silence {
        char *id; /* a UUID in lower case */
        struct matchers matchers;
        char *created_by, *comment;
        usec_t created_at, starts_at, ends_at; /* wall clock */
        bool relative; /* the last two are of this daemon's clock, "for two hours"; not a date that
                        * somebody wrote, which is right whatever the clock says */
};
void silence_done(struct silence *s);
enum silence_state silence_state(const struct silence *s, usec_t now);
/* "pending", "active", "expired". */
const char *silence_state_name(enum silence_state state);

struct silences;
/* NULL when memory is short. */
struct silences *silences_new(void);
struct silences *silences_free(struct silences *s);
DEFINE_CLEANUP(struct silences *, silences_free)

/* Takes the silence, which was made at `now`; one that was to start before starts now. It is
 * refused unless some matcher matches more than the empty value, its end lies after its start and
 * after now, author and comment are given, and all limits are kept. -EINVAL, -EEXIST for its id or
 * -ENOSPC with a sentence, -ENOMEM; the caller's silence is as it was then. */
_must_check_ int silences_add(
        struct silences *s, struct silence *silence, usec_t now, struct error *e);
/* Takes one that an earlier life kept, with its times, in any order. The same errors; -ESTALE when
 * it expired so long ago that it is kept no longer. */
_must_check_ int silences_restore(
        struct silences *s, struct silence *silence, usec_t now, struct error *e);
/* Ends it now; one that has not begun never does. -ENOENT, or -EALREADY when it has expired, with a
 * sentence. */
_must_check_ int silences_expire(struct silences *s, const char *id, usec_t now, struct error *e);
/* Drops what expired SILENCE_RETENTION ago. True when there was any. */
bool silences_prune(struct silences *s, usec_t now);
/* All of them, in the order in which they were made; the `i`-th, NULL beyond the last. */
const struct silence *silences_at(const struct silences *s, size_t i);
/* The silences that mute this label set at `now`, one after the other: the next after `last`, or
 * the first when that is NULL; NULL when there is none. */
const struct silence *silences_muting(
        const struct silences *s, const struct labels *l, usec_t now, const struct silence *last);
/* Whether it is muted; then the reason is appended, of the silence that ends last: "silenced by
 * anna until 2026-11-27T10:00:00Z: re-ingest". `why` may be NULL. */
bool silences_mute(const struct silences *s, const struct labels *l, usec_t now, struct text *why);
/* When next one begins, ends or is dropped; USEC_INFINITY when nothing does. */
usec_t silences_due(const struct silences *s, usec_t now);
/* The clock was set: moves what is of it by as much. */
void silences_jump(struct silences *s, int64_t by);
