/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the daemon says about its own telling, in the form of what it says about collections: a
 * destination that people cannot rely on, a state that is not written, and that it is alive at all.
 * It reads the same view as page, API and metrics, and decides nothing that they do not show. Its
 * alerts have no collection. Pure. */

#include "model/shard.h"
#include "tell/notice.h"
#include "tell/signal.h"

/* Their incidents: no label of a collection, which Chroma's names make, has a space. */
#define SELFCHECK_INCIDENT "driftwatch itself"
#define SELFCHECK_HEARTBEAT "driftwatch heartbeat"

/* What it knows of itself; all borrowed. */
struct selfcheck {
        const struct channel_view *channels; /* all destinations, as they are shown */
        size_t channel_count;
        bool storage_failing; /* what must survive a restart cannot be written */
        const char *storage_error; /* why; NULL: not known */
};

/* -ENOMEM. */
_must_check_ int selfcheck_build(const struct signal_policy *policy, const struct shard *shard,
        const struct selfcheck *self, struct signals *ret);
/* What is open of SELFCHECK_INCIDENT, as a collection's incident is shown, without a collection;
 * zeroed where nothing fires. -ENOMEM. */
_must_check_ int selfcheck_incident(
        const struct alert *alerts, size_t count, struct incident_view *ret);
/* Whether anything of it is open. */
bool selfcheck_fires(const struct alert *alerts, size_t count);
/* Whether the notice is about this destination: it is told to the others. */
bool selfcheck_concerns(
        const struct notice *notice, const char *receiver, const char *channel, const char *url);
