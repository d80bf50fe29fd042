/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The built-in alert rules: a table, and the functions that look at one collection after a replay
 * and say which conditions hold. Pure. Lasting, delivering and forgetting is alert.h's business. */

#include "model/alert.h"
#include "model/view.h"

enum rule_id {
        RULE_EXPECTED_RESULT_MISSING,
        RULE_BAND_CROSSED,
        RULE_DISTANCE_DRIFT,
        RULE_SET_DRIFT,
        RULE_REPLAY_FAILING,
        RULE_INDEX_INCOMPLETE,
        RULE_RECALL_LOW,
        RULE_COLLECTION_REPLACED,
        RULE_CONFIGURATION_CHANGED,
        RULE_EMBEDDER_CHANGED,
        RULE_COUNT,
};

struct rule_default {
        const char *name; /* alertname */
        const char *severity;
        usec_t for_usec, keep_firing_for_usec;
        double limit; /* above which (recall: below which) it holds; NaN: it has none */
        const char *limit_doc; /* what the limit is; NULL without one */
        bool limits_distance; /* the limit is a distance, and follows the space: drift_limit() */
        bool inhibits_server; /* while firing for a server that is not reached, the alerts of other
                                 rules about that server are not told */
        const char *summary; /* static sentence: the annotation */
        const char *doc; /* one line for the reference */
};
extern const struct rule_default rule_defaults[RULE_COUNT];
/* -ENOENT for an unknown name. */
_must_check_ int rule_find(const char *name, enum rule_id *ret);

/* As configured. */
struct rule {
        bool enabled;
        char *severity; /* owned; NULL: the default */
        usec_t for_usec, keep_firing_for_usec;
        double limit; /* NaN: the default, if it has one */
};

/* A condition that holds now. Everything else that a rule could have said and did not, is over. */
struct signal {
        enum rule_id rule;
        struct labels labels, annotations;
};

/* What one evaluation of one collection found. A query rule is evaluated for each query that was
 * measured, also when the replay as a whole failed; `unknown` lists the queries without a valid
 * answer, so that their alerts stay as they are. The same holds for the rules in `unknown_rules`,
 * whatever they are about: there is nothing to evaluate them on. */
struct signals {
        char *collection, *server;
        bool server_down; /* the server was not reached: rules with inhibits_server inhibit */
        struct signal *signals;
        size_t count;
        const char **unknown; /* query ids, ascending; borrowed from the collection view */
        size_t unknown_count;
        bool unknown_rules[RULE_COUNT];
};

/* Evaluates all enabled rules on a collection whose replay just ended; -ENODATA when none ever did.
 * `external_url` (may be NULL or "") is the base of dashboard_url. `runbook_url` (may be NULL) is
 * the base of runbook_url: the alert name in lower case is appended, after a slash unless the base
 * ends in "/", "#" or "=". Without a base there is no such annotation. */
_must_check_ int rules_evaluate(const struct rule rules[RULE_COUNT],
        const struct collection_view *collection, const char *external_url, const char *runbook_url,
        struct signals *ret);
void signals_done(struct signals *s);
