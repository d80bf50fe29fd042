/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One log for the process: to the journal with its fields when standard error is connected to it,
 * otherwise one logfmt or JSON line per event on standard error. Only commands, daemon, replay,
 * outbox and keep call it; everything else returns its errors. Callers pass what must not be logged
 * (secrets, header values) to nobody. */

#include <stdbool.h>
#include <syslog.h>

#include "macro.h"

enum log_format { LOG_LOGFMT, LOG_JSON };

/* `level`: the least urgent syslog priority still written (LOG_INFO by default). */
void log_init(int level, enum log_format format);
/* "debug" | "info" | "warn" | "error"; -EINVAL otherwise. */
_must_check_ int log_level_parse(const char *s, int *ret);
_must_check_ int log_format_parse(const char *s, enum log_format *ret);

/* A journal field beside the message. Names are the journal's: upper case, DRIFTWATCH_… for ours;
 * in logfmt and JSON they appear in lower case without the prefix. */
struct log_field {
        const char *name;
        const char *value; /* NULL: the field is left out */
};

/* Writes one event. `message_id` is one of log's 32 hex digit ids or NULL. `fields` ends with a
 * NULL name or is NULL. */
void log_event(int priority, const char *message_id, const struct log_field *fields,
        const char *format, ...) _printf_(4, 5);
#define log_fields(...) ((const struct log_field[]){__VA_ARGS__, {NULL, NULL}})
#define log_debug(...) log_event(LOG_DEBUG, NULL, NULL, __VA_ARGS__)
#define log_info(...) log_event(LOG_INFO, NULL, NULL, __VA_ARGS__)
#define log_warning(...) log_event(LOG_WARNING, NULL, NULL, __VA_ARGS__)
#define log_error(...) log_event(LOG_ERR, NULL, NULL, __VA_ARGS__)

/* MESSAGE_IDs, stable for ever; systemd/driftwatch.catalog explains each. */
#define LOG_ID_REPLAY_FAILED "7fbcc4c7d8934ac4985aeb3f4f7da962"
#define LOG_ID_REPLAY_RECOVERED "1ac13458238f470b8357a0fbfe4d296b"
#define LOG_ID_COLLECTION_REPLACED "655f21c83a884606b748bef965da47a5"
#define LOG_ID_BASELINE "feb58cb74b014f568d43cc82d61a897b"
#define LOG_ID_CAUSE "f52a1a3b77c9406984344c49c23d4881"
#define LOG_ID_ALERT_FIRING "b4eb8e0a1bc54404a02951c56b2ee31d"
#define LOG_ID_ALERT_RESOLVED "f422bbc9d7e2479787c8938470c946b2"
#define LOG_ID_ESCALATED "059c5e0d25034780aa58719b04641f62"
#define LOG_ID_ACKNOWLEDGED "06067c249b3740ca91e07dbdaf3d35a9"
#define LOG_ID_UNACKNOWLEDGED "cc140f2c59d7422ba9b2dfebe81c811c"
#define LOG_ID_ALERT_TAKEN "67aa14e56fbc42fe96d87092077ec2c9"
#define LOG_ID_SILENCED "a5276c6e89e54cc5813dced808556ce3"
#define LOG_ID_SILENCE_ENDED "b69e62cfe4b54d92bd1e674225ec4dc1"
#define LOG_ID_RELOADED "9919997c3e9b446ea17906f45ebd7a8f"
#define LOG_ID_RELOAD_FAILED "3c09acb321094895a6d95cf5a136e772"
#define LOG_ID_STORAGE_FAILING "115e13d76d7d450da6ba3f0c8baf5e8b"
#define LOG_ID_STORAGE_RECOVERED "054cd36245c34611918f87e016663307"
#define LOG_ID_DELIVERY_FAILED "ebfc410860c74d3ba06f8ab03aa5836c"
#define LOG_ID_DELIVERY_RECOVERED "8c10935e5d55444a9c1d18e8d8a49d17"
#define LOG_ID_DESTINATION_DISABLED "de359802014d49288820fce5d82f6f34"
