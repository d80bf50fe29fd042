/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From the findings of one collection to what its alerts say: one signal an alert, with labels and
 * annotations. Findings that wait, are excused or are the consequence of another one raise none,
 * and many queries of one rule raise one signal together. Pure; it judges nothing. Lasting,
 * delivering and forgetting is alert.h's business. */

#include "model/alert.h"
#include "model/view.h"

/* A description is read on a telephone, and a notification must stay small. */
#define SIGNAL_DESCRIPTION_MAX 3000
/* Of it, for causes, records and advice; what is wrong has the rest, and what they leave. */
#define SIGNAL_WHY_MAX 2200

/* How signals are made. */
struct signal_policy {
        const struct rule *rules; /* RULE_COUNT */
        unsigned query_alerts_max; /* more queries of one rule, or a tenth of the set, are one */
        const char *external_url; /* base of dashboard_url; NULL or "": no such annotation */
        const char *runbook_url; /* by signal_runbook_base(); NULL: no such annotation */
};

/* Something that holds. Everything else that the collection's alerts said is over. */
struct signal {
        enum rule_id rule;
        bool stale; /* it could not be looked at this time: what was said of it stays */
        struct labels labels, annotations;
};

struct signals {
        char *collection, *server;
        bool server_down; /* the server was not reached: rules with inhibits_server inhibit */
        bool failed; /* the replay did: what it does not say may hold all the same */
        struct signal *signals;
        size_t count;
};

/* Of a collection whose replay ended; -ENODATA when none ever did. */
_must_check_ int signals_build(const struct signal_policy *policy,
        const struct collection_view *collection, struct signals *ret);
void signals_done(struct signals *s);
/* What alert names, in lower case, are appended to: the configured base, or else our own pages
 * below the external URL. It ends in "/", "#" or "="; NULL where the configuration wants none, or
 * where nobody knows an address that holds beyond this machine. Owned. -ENOMEM. */
_must_check_ int signal_runbook_base(const char *configured, const char *external_url, char **ret);
/* Sets runbook_url of an alert of this name; `base` as the policy's. -ENOMEM. */
_must_check_ int signal_set_runbook(
        struct labels *annotations, const char *base, const char *alertname);
