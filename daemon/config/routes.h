/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The destinations that a configuration names, as routes for dispatch(): every Alertmanager and
 * every receiver's channels. Keys are stable over reloads and restarts as long as the receiver
 * keeps its name and order. */

#include "config/config.h"
#include "tell/dispatch.h"

/* Receiver name under which the Alertmanagers are shown. */
#define ROUTES_ALERTMANAGER "alertmanager"

struct routes {
        struct route *routes;
        size_t count;
};

/* The routes borrow `alerting`. */
_must_check_ int routes_build(const struct alerting_config *alerting, struct routes *ret);
/* Makes them the outbox's destinations. */
_must_check_ int routes_configure(const struct routes *r, struct outbox *outbox);
void routes_done(struct routes *r);
