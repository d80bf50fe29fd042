/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An alert as data: what it is about, in which state, since when. Its identity is its label set.
 * The state machine is tell/alert.c; payload builders, API and pages read this. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "duration.h"

struct text;

enum alert_state {
        ALERT_PENDING,
        ALERT_FIRING,
        ALERT_RESOLVED, /* kept for a while so that the resolution is delivered */
        ALERT_STATE_COUNT,
};

struct label {
        char *name, *value; /* UTF-8; owned by the set */
};

/* Labels ascending by name, no empty values. Also used for annotations. */
struct labels {
        struct label *labels;
        size_t count;
};

struct alert {
        uint64_t fingerprint; /* labels_fingerprint() */
        struct labels labels; /* alertname, severity, collection and, where one is meant, query */
        struct labels annotations; /* summary, description, … */
        char *server; /* whose failure inhibits this alert */
        enum alert_state state;
        bool inhibited; /* news of it stay back; what was told before is re-sent and resolved */
        bool inhibits; /* while firing: its rule does, and the server was not reached */
        usec_t active_at; /* when the condition was first seen; wall clock, as all times here */
        usec_t fired_at; /* 0 unless it fired */
        usec_t resolved_at; /* 0 unless resolved */
        usec_t keep_firing_since; /* the condition ended then, keep_firing_for runs; 0 otherwise */
        unsigned flaps; /* it fires, and comes and goes: how often it came; 0: it does not flap */
        usec_t flapping_since, flapped_at; /* when it came first of those times, and last */
        usec_t last_sent_at; /* to the Alertmanagers; 0 if never */
        usec_t valid_until; /* endsAt of a firing alert when it was last sent */
};

/* Adds or replaces one label, keeping the order; an empty or NULL value removes it. Copies. */
_must_check_ int labels_set(struct labels *l, const char *name, const char *value);
/* The value, NULL when absent. */
const char *labels_get(const struct labels *l, const char *name);
_must_check_ int labels_copy(const struct labels *from, struct labels *ret);
bool labels_equal(const struct labels *a, const struct labels *b);
void labels_done(struct labels *l);
/* FNV-1a 64 over name 0xFF value 0xFF in order: Prometheus's and Alertmanager's label set signature
 * (prometheus/common model/signature.go). */
uint64_t labels_fingerprint(const struct labels *l);

_must_check_ int alert_copy(const struct alert *from, struct alert *ret);
void alert_done(struct alert *a);
/* The clock was set: moves its times by as much. */
void alert_jump(struct alert *a, int64_t by);
/* Appends "flapping: it came 4 times within 35m", of one that flaps; else nothing. */
void alert_append_flapping(const struct alert *a, struct text *t);
/* "pending", "firing", "resolved". */
const char *alert_state_name(enum alert_state s);
/* Of severity "info" or "none": shown, and told to no receiver. */
bool alert_is_info(const struct alert *a);
/* Whether receivers hear of it, as it is now. */
bool alert_is_told(const struct alert *a);
