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
 * alert of many queries under the same rule is what people know. Alerts of severity "info" and
 * inhibited ones are not told; the end of what was told always is. When the clock is set back, no
 * incident waits for it. */

#include "model/alert.h"
#include "model/view.h"

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
        char *incident; /* owned, as all that is here */
        usec_t since; /* wall clock, when its first alert fired */
        /* Firing ones first, by severity, those of the whole collection before those of a query;
         * then those that were told as firing and have ended. */
        struct alert *alerts;
        size_t count;
};

struct news {
        struct notice *notices;
        size_t count;
};
void news_done(struct news *n);

struct notice_policy {
        usec_t group_wait, group_interval, repeat_interval;
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
/* When there is more to tell, as of the last update; 0 for at once, USEC_INFINITY for never. */
usec_t notices_next(const struct notices *n, const struct notice_policy *policy);
/* Appends one line for the log: which collection, how bad, which alerts, how many queries, from
 * which causes. `c` is the collection, NULL when it is watched no more. */
void notice_append(const struct notice *notice, const struct collection_view *c, struct text *t);
/* The worst severity among its alerts, "" for none; and the causes, comma-separated, "" when
 * unknown: those of `c` now, or of a closed one as they were told last. Both are valid as long as
 * the notice; `buffer` holds the causes where it has to. */
const char *notice_severity(const struct notice *notice);
const char *notice_causes(
        const struct notice *notice, const struct collection_view *c, struct text *buffer);
