/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* When what survives a restart is read and written: read once, before anybody is served; written at
 * once where people would be told twice or never, or a query has another home; after a pause where
 * it is a matter of seconds. While there is nothing to write it is looked whether that could be
 * done, so that a disk that is full or read-only is told of before something is lost by it. What is
 * in the file is keep/'s business. */

#include "keep/state.h"
#include "serve/worker.h"
#include "tell/alert.h"
#include "tell/desk.h"
#include "tell/notice.h"
#include "tell/outbox.h"
#include "watch/memory.h"
#include "watch/publisher.h"
#include "watch/watch.h"

struct watches;

/* From one write of what can wait to the next, and of what failed to the next attempt. */
#define STORAGE_PAUSE USEC_PER_SEC
/* A look costs some tens of microseconds. */
#define STORAGE_LOOK_PAUSE (10 * USEC_PER_SEC)

/* Queries that are put at a time, or what takes as long: a millisecond. */
#define STORAGE_QUERIES 20
/* At the end, when nothing comes after: what could not be written by then is as it was before. */
#define STORAGE_LAST (500 * USEC_PER_MSEC)
/* Where there is more, putting and writing it takes at most this part of the time. */
#define STORAGE_SHARE 20

/* What is told, and to whom; borrowed. */
struct told_things {
        struct alerts *alerts;
        struct notices *notices;
        struct desk *desk;
        struct outbox *outbox;
};

/* How far what is known of one collection was put. */
struct portrait {
        char *label;
        struct collection_view *seen; /* a reference, when that began */
        struct written_findings findings; /* of it, that far */
        struct past_mark *marks; /* of each of `count` queries, as past_put() has it */
        size_t count, next; /* the next query to be put; `count`: the collection itself */
        bool done;
};

struct storage {
        struct state *state;
        char *snapshot; /* the file in which earlier versions kept home bands */
        char *log; /* SQLite's, whose size is what the next writes need */
        bool restored; /* what is not was of an earlier life, and not to be replaced */
        struct outbox_store outbox;
        uint64_t alerts, notices, desk; /* generations, as of the last time that they were put */
        bool safe; /* what was told or done last is on the disk */
        uint64_t homes, homes_begun; /* publisher.homes likewise, and as of the round under way */
        size_t homes_next, homes_part; /* the next collection in that, and part of it */
        struct portrait *portraits;
        size_t portrait_count;
        const struct view *incidents; /* of which the incidents were put; never read */
        usec_t due, homes_due, look_due; /* CLOCK_BOOTTIME; not written or looked before */
        sd_event_source *flushed; /* NULL: whoever writes waits for the disk */
        bool again; /* what was committed while it is flushed has to be, too */
        struct outbox *told; /* which waits until then; borrowed; NULL before teller_init() */
        struct latency writes; /* how long each kept the loop, waiting for the disk included */
        bool failing; /* and logged */
        char *error; /* why; NULL when it works, or memory is short */
};

/* Zeroed before. `event` is where it waits for the disk; NULL: it does not let others go on
 * meanwhile. A file that cannot be used is logged, and tried again. Negative errno. */
_must_check_ int storage_init(struct storage *s, sd_event *event, const char *directory);
void storage_done(struct storage *s);
/* From here on the worker waits for the disk, unless it has other work: then, and with NULL, which
 * comes before its end, the loop does. Borrowed. */
void storage_lend(struct storage *s, struct worker *worker);
/* Tells the teller's rooms, the publisher and the watches what an earlier life knew; what of it
 * cannot be used is logged. Alerts of collections that are watched no more are there, too. */
void storage_restore(struct storage *s, const struct told_things *told, struct publisher *p,
        const struct watches *watches);
/* The clock was set: what has times is put again. NULL: nothing is kept. */
void storage_jump(struct storage *s);
/* Something was decided that people are told of, or was done by somebody: it and the notifications
 * are written, and on the disk before the first is sent: until then the outbox, which its owner
 * holds, goes on being held. Failures are logged, once, and tried again until writing works; so is
 * their end. NULL: nothing is kept. */
void storage_tell(struct storage *s, const struct told_things *told);
/* Whether that is not on the disk yet. */
bool storage_waits(const struct storage *s);
/* Waits for it. NULL: it is there, or nothing is kept. Otherwise a sentence that says why it is
 * not; it is tried again. Valid until the next call of any other. */
const char *storage_unsafe(struct storage *s);
/* Writes what was published last and whatever else changed, where that is due at `now`. Returns
 * when there is more to write, or to look. USEC_INFINITY as `now` is the end: everything is written
 * then. */
usec_t storage_save(struct storage *s, const struct told_things *told, const struct publisher *p,
        const struct watches *watches, usec_t now);
