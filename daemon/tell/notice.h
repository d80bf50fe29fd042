/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* When people hear of an incident: the alerts that share a label `incident` are one notification,
 * with the times of an Alertmanager's group (dispatch/dispatch.go, notify/notify.go). It opens
 * group_wait after its first alert fired; after that a change is told group_interval after the last
 * notification at the earliest: an alert fires that nobody was told of, or all have ended; what
 * goes on unchanged is told again after repeat_interval. What ends before group_wait is never told.
 * Pure: alerts and the time come in, notices come out. Who gets them is dispatch.h's business, and
 * an Alertmanager, which groups for itself, gets alerts and no notices.
 *
 * It differs from Alertmanager where people are told less: alerts that end while others go on are
 * no news, nor is one that comes back within the incident, nor an alert of one query while the
 * alert of many queries under the same rule is what people know. Alerts of severity "info" or
 * "none" and inhibited ones are not told; the end of what was told always is. */

#include "model/alert.h"
#include "model/view.h"
#include "tell/ledger.h"

struct text;

enum notice_kind {
        NOTICE_OPENED,
        NOTICE_CHANGED, /* an alert fires that was not told yet */
        NOTICE_REPEATED,
        NOTICE_CLOSED,
        NOTICE_PASSED, /* it was over before group_wait: for the log, nobody is told */
};

struct notice {
        enum notice_kind kind;
        char *incident; /* owned, as all that is here but the next */
        const struct collection_view *collection; /* as it is now, borrowed, for who tells it; NULL:
                                                     it is watched no more, or not known yet */
        usec_t since; /* wall clock, when its first alert fired */
        /* Firing ones first, by severity, those of the whole collection before those of a query;
         * then those that were told as firing and have ended. */
        struct alert *alerts;
        size_t count;
};

void notice_done(struct notice *n);

struct news {
        struct notice *notices;
        size_t count;
};
void news_done(struct news *n);

struct notice_policy {
        usec_t group_wait, group_interval, repeat_interval;
};

/* An alert that people were told of as firing. It stays for as long as the incident: what comes
 * back is no news. */
struct told {
        uint64_t fingerprint;
        enum { TOLD_FIRING, TOLD_ENDING, TOLD_ENDED } state; /* the last: of its end, too */
        bool seen; /* in this update */
        struct alert last; /* of one that is ending, as it was then */
};

/* What outlives the process: who has to be told of an incident's end, and when of what goes on. */
struct told_group {
        char *incident;
        usec_t since; /* something fires that people should hear of; 0: not yet */
        usec_t told_at; /* 0: never */
        struct told *members;
        size_t count;
};

struct notices;

struct notices *notices_new(void);
struct notices *notices_free(struct notices *n);
DEFINE_CLEANUP(struct notices *, notices_free)

/* Takes all alerts as they are at `now` and yields what people have to hear of now; it counts as
 * told. Has to be called after every change of an alert, and at notices_next(). -ENOMEM: what could
 * be built is in `*ret` all the same, the rest is due at once. */
_must_check_ int notices_update(struct notices *n, const struct alert *const *alerts, size_t count,
        const struct notice_policy *policy, usec_t now, struct news *ret);
/* The clock was set: moves all times by as much. That is no news. */
void notices_jump(struct notices *n, int64_t by);
/* Adds the fingerprints of the alerts that people were told of as firing. -ENOMEM. */
_must_check_ int notices_told(const struct notices *n, struct ledger *l);
/* Until now another daemon told people, of the alerts in `l` and no others: what it did not tell is
 * still to be told, and what it did is not. `alerts` as they were at the last update. -ENOMEM: some
 * are told twice. */
_must_check_ int notices_align(struct notices *n, const struct alert *const *alerts, size_t count,
        const struct ledger *l, usec_t now);
/* The incident as it is now, for who hears of it later than others; it counts as nothing told.
 * -ENOENT: nobody was told of it, or it is over; -ENOMEM. */
_must_check_ int notices_show(const struct notices *n, const char *incident,
        const struct alert *const *alerts, size_t count, struct notice *ret);
/* When there is more to tell, as of the last update; 0 for at once, USEC_INFINITY for never. */
usec_t notices_next(const struct notices *n, const struct notice_policy *policy);
/* "opened", "changed", …, as a verb of the incident. */
const char *notice_verb(enum notice_kind kind);
/* The label of the collection it is about; NULL: it is about driftwatch itself. */
const char *notice_collection(const struct notice *notice);
/* Whether nothing of it goes on. */
bool notice_over(const struct notice *notice);
/* Appends one line for the log: which collection, how bad, which alerts, how many queries, from
 * which causes. */
void notice_append(const struct notice *notice, struct text *t);
/* The worst severity among its alerts, "" for none; and the causes, comma-separated, "" when
 * unknown: those of the collection now, or of a closed one as they were told last. Both are valid
 * as long as the notice; `buffer` holds the causes where it has to. */
const char *notice_severity(const struct notice *notice);
const char *notice_causes(const struct notice *notice, struct text *buffer);
/* Grows whenever what notices_group() yields may be another. */
uint64_t notices_generation(const struct notices *n);
/* The group of this number, borrowed until the next call that changes `n`; false beyond the last.
 */
bool notices_group(const struct notices *n, size_t i, struct told_group *ret);
/* Takes the members of a group of an earlier life. -EINVAL: there is one of this incident; -ENOMEM.
 */
_must_check_ int notices_restore(struct notices *n, struct told_group *group);
