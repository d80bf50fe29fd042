/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Notices that somebody approved a baseline: the daemon compares with it from then on, without a
 * restart. It reads what keep/baselines.h stored and approves nothing itself. When it is read, and
 * by which thread, is reader.h's business. */

#include <systemd/sd-event.h>

#include "watch/watches.h"

/* Watches STORAGE/baselines, which is created; `handler` is called when a file there was replaced
 * or removed. On failure approvals are noticed at the next replay all the same. */
_must_check_ int approvals_watch(sd_event *event, const char *storage,
        sd_event_inotify_handler_t handler, void *userdata, sd_event_source **ret);
/* Whether the approved baseline of a collection is another one than its watch knows. */
bool approvals_differ(const char *storage, const struct watch *w);

/* What is known of a collection's baseline, and what was read of it. */
struct approval {
        char *label;
        struct vector_set *vectors; /* that are configured, a reference: what it has of them is
                                       shared */
        uint64_t known; /* baselines_signature() of the last one that was read; 0: none */
        uint64_t signature; /* of what is there; another than `known`: as follows */
        struct baseline *baseline; /* NULL: there is none, or it cannot be read … */
        int result; /* … for this reason, and in words */
        struct error error;
        bool taken; /* by the dossier, which its watch is still to be told */
};
/* Zeroed before. */
struct approvals {
        struct approval *items;
        size_t count;
};
/* What these watches know. -ENOMEM: of some of them. */
_must_check_ int approvals_note(struct approvals *a, struct watch *const *watches, size_t count);
/* Another thread than the watches' may do both: those of the collections of this configuration
 * instead, with what is known of them (-ENOMEM), and reading all that are others now. */
_must_check_ int approvals_follow(struct approvals *a, const struct config *config);
void approvals_read(struct approvals *a, const char *storage);
/* Gives each watch whose baseline is another one its new one, and says so. A file that cannot be
 * read is a finding, and the baseline in use stays. Whether anything changed. */
bool approvals_apply(const struct approvals *a, struct watch *const *watches, size_t count);
void approvals_done(struct approvals *a);
