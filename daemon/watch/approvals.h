/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Notices that somebody approved a baseline: the daemon compares with it from then on, without a
 * restart. It reads what keep/baselines.h stored and approves nothing itself. */

#include <systemd/sd-event.h>

#include "watch/watch.h"

/* Watches STORAGE/baselines, which is created; `handler` is called when a file there was replaced
 * or removed. On failure approvals are noticed at the next replay all the same. */
_must_check_ int approvals_watch(sd_event *event, const char *storage,
        sd_event_inotify_handler_t handler, void *userdata, sd_event_source **ret);
/* Gives every watch whose approved baseline is another one than before its new one. A file that
 * cannot be used is logged once, and the baseline in use stays. Whether any changed. */
bool approvals_check(const char *storage, struct watch *const *watches, size_t count);
