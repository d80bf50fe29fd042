/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One round over the chosen collections, for commands that measure once: every collection is
 * embedded, replayed and probed side by side, compared with its approved baseline if there is one.
 */

#include <systemd/sd-event.h>

#include "commands/command.h"
#include "commands/progress.h"
#include "watch/watch.h"

struct round {
        sd_event *event;
        struct http_client *client;
        struct config *config;
        struct watch_owner owner;
        bool needs_baselines; /* an approved one that cannot be read is an error */
        struct watch **watches;
        const struct collection_view **views; /* count, after round_run(); borrowed */
        size_t count;
        struct progress progress;
        usec_t started; /* wall clock */
        usec_t duration;
};

/* Reads the configuration and the approved baselines of what options->collections chooses (all,
 * when empty), unless --no-baseline. Every error is printed: -EBADMSG then. A baseline that cannot
 * be read, or with --baseline is missing, is a finding of its collection, unless
 * r->needs_baselines. r->owner, where it is set, hears of replays. */
_must_check_ int round_load(struct round *r, const struct options *options);
/* Only the configuration: for commands that measure nothing. */
_must_check_ int round_load_config(struct round *r, const struct options *options);
/* Whether this collection (label) was chosen. */
bool round_chosen(const struct options *options, const char *label);
/* Measures; a server that does not answer is no error but a view that says so. */
_must_check_ int round_run(struct round *r);
void round_done(struct round *r);
