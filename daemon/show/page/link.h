/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What who follows a link that acknowledges an incident gets to see: a question with a button, or
 * why there is none. Without scripts, as the status page. It decides nothing. */

#include "model/escalation.h"
#include "text.h"

enum link_state {
        LINK_ASKS, /* it is good: who has it may confirm */
        LINK_DONE, /* who had it did */
        LINK_TAKEN, /* somebody has acknowledged the incident since the link was sent */
        LINK_OVER, /* the incident is, or the link is of an earlier one */
        LINK_EXPIRED,
        LINK_FOREIGN, /* not made here, or changed on its way */
        LINK_OFF, /* there are none, or no longer */
        LINK_BUSY, /* it could not be decided now */
        LINK_FAILED,
        LINK_STATES,
};

struct link_page {
        enum link_state state;
        const char *incident, *receiver; /* NULL: not known */
        const struct escalation_status *standing; /* of the incident; NULL: not known */
        usec_t now;
};

/* The HTTP status that goes with it. */
unsigned link_page_render(struct text *t, const struct link_page *page);
