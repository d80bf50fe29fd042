/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The built-in alert rules as a table: names, severities, limits and how long a finding must last
 * before it is told. Plain data. Which finding raises which rule is judge/finding.h's business,
 * when the two rules about driftwatch itself hold is tell/selfcheck.h's, lasting and telling are
 * tell/alert.h's. */

#include <stdbool.h>

#include "duration.h"
#include "macro.h"

/* Default limits. Distances are of squared L2 of unit vectors; other spaces follow space_unit(). */
#define RULE_DISTANCE_LIMIT 0.2 /* of one query above its baseline */
#define RULE_SHIFT_LIMIT 0.01 /* of the whole set */
/* The share of a collection's records that search may miss: random directions leave some tenths of
 * a percent unreached in a collection that was just loaded, and writing 2,300 records of real text
 * once more up to 1.3 % of them. */
#define RULE_UNREACHABLE_LIMIT 0.02
#define RULE_RECALL_LIMIT 0.9

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
        RULE_EMBEDDER_UNREACHABLE,
        RULE_NOTIFICATION_FAILING,
        RULE_STORAGE_FAILING,
        RULE_HEARTBEAT,
        RULE_COUNT,
};

struct rule_default {
        const char *name; /* alertname */
        const char *severity; /* "none": as "info", and of no news at all */
        bool off; /* unless the configuration names it */
        usec_t for_usec, keep_firing_for_usec;
        double limit; /* above which (recall: below which) it holds; NaN: it has none */
        const char *limit_doc; /* what the limit is; NULL without one */
        bool limits_distance; /* the limit is a distance, and follows the space: drift_limit() */
        bool inhibits_server; /* while firing for a server that is not reached, the alerts of other
                                 rules about that server are not told */
        const char *summary; /* static sentence: the annotation */
        const char *together; /* what many queries do that raise it as one; NULL: of no query */
        const char *doc; /* one line for the reference */
};
extern const struct rule_default rule_defaults[RULE_COUNT];
/* What a rule's alerts may be, the worst first; ends with NULL. */
extern const char *const rule_severities[];
/* 0 for the worst, more for what is less; the most for what is none of them. */
unsigned rule_severity_rank(const char *severity);
/* -ENOENT for an unknown name. */
_must_check_ int rule_find(const char *name, enum rule_id *ret);

/* As configured. */
struct rule {
        bool enabled;
        char *severity; /* owned; NULL: the default */
        usec_t for_usec, keep_firing_for_usec;
        double limit; /* NaN: the default, if it has one */
};
