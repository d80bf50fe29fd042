/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Messages for the tests of channels: of an incident that opens, with causes, worst queries and
 * links, and of its end. */

#include "tell/channel.h"

struct sample_notice {
        struct view *view;
        struct alert alerts[2];
        const struct alert *pointers[2];
        struct notice notice;
        struct message message;
        struct channel_settings settings;
        struct channel_context context; /* of the message */
};

/* Running out of memory ends the test. `over`: it has ended. */
void sample_notice_init(struct sample_notice *s, bool over);
void sample_notice_done(struct sample_notice *s);
/* A setting of the channel. */
void sample_notice_set(struct sample_notice *s, const char *name, const char *value);
/* Its title, its alerts, its queries and its reason are each this often `part` in a row. */
void sample_notice_fill(struct sample_notice *s, const char *part, size_t count);
/* What the channel builds, as JSON; a new reference. */
json_t *sample_notice_body(const struct sample_notice *s, const struct channel *channel);
/* What it makes of an answer. */
enum delivery sample_judge(const struct channel *channel, unsigned status, const char *body);
/* How long it waits after one. */
usec_t sample_wait(const struct channel *channel, const char *body);
/* A request - method and path, headers, body - is byte for byte what tests/unit/channels/NAME says.
 * With DRIFTWATCH_WRITE_EXPECTED=1 the file is written first. */
void sample_request_compare(const struct http_request *request, const char *name);
/* The same of what `channel` builds. */
void sample_notice_compare(
        const struct sample_notice *s, const struct channel *channel, const char *name);
