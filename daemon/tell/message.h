/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a person is told of an incident, for 3 a.m.: what broke, since when, how bad, why, with the
 * records by id, the one thing to do first, and where to look. In parts, so that each channel sets
 * them in its own way and leaves out whole ones where they are too many. It is read off a notice
 * and the collection as it is now, and judges nothing. Pure. */

#include "tell/notice.h"

/* Alerts, and queries, that a person is shown. */
#define MESSAGE_ALERTS 5

enum message_link {
        MESSAGE_RUNBOOK,
        MESSAGE_PAGE,
        MESSAGE_ACKNOWLEDGE, /* by whoever follows it and confirms; who builds the message sets it
                              */
        MESSAGE_LINKS
};

/* Texts are UTF-8 of one line each, without characters that steer. */
struct message {
        const struct notice *notice; /* borrowed, as all that is not said to be owned */
        char key[65]; /* the same for all messages of this collection's incidents, at any daemon */
        const char *severity; /* "critical", "warning", "info"; "" unknown */
        bool over;
        usec_t since, ended; /* wall clock; the latter 0 while it goes on */
        char *title; /* "[critical] policy: RetrievalIndexIncomplete, of 15 queries 12 fail, 3
                        pass"; of one that is over "[resolved] …". Owned, as all texts */
        const char *note; /* why this receiver hears of it now; "" for nothing */
        char *extent; /* "of 15 queries 12 fail, 3 pass"; "" unknown */
        char *alerts[MESSAGE_ALERTS]; /* "RetrievalIndexIncomplete: Search cannot …", worst first */
        size_t alert_count, alerts_left; /* those that are shown, and how many are not */
        char *worst[INCIDENT_WORST]; /* "\"q-7\": the expected record …", worst first */
        size_t worst_count;
        char *reason; /* the causes, what speaks for them, the records; "" unknown. In lines */
        const char *advice; /* what to do first, a static sentence; "" for nothing */
        const char *urls[MESSAGE_LINKS]; /* NULL: not known */
};

/* `key` of the messages of this incident. -ENOMEM. */
_must_check_ int message_key(const char *incident, char ret[65]);
/* `notice` has at least one alert and outlives `ret`, as does `note`. -ENOMEM. */
_must_check_ int message_build(
        const struct notice *notice, const char *note, usec_t now, struct message *ret);
void message_done(struct message *m);
/* "Runbook". */
const char *message_link_name(enum message_link link);

/* What a channel colours, or sounds, by. */
enum message_tone {
        MESSAGE_CRITICAL,
        MESSAGE_WARNING,
        MESSAGE_INFO,
        MESSAGE_OTHER, /* of no known severity */
        MESSAGE_OVER,
        MESSAGE_TONES,
};
enum message_tone message_tone(const struct message *m);

/* A character that a channel would obey, and what stands for it there; tables end with "". */
struct message_escape {
        char character;
        const char *instead;
};
void message_escape(const struct message_escape *escapes, const char *s, struct text *t);
/* Appends since when, and until when, in a line: "Since 2026-11-23T02:00:00Z\n". */
void message_append_times(const struct message *m, struct text *t);
/* Appends all of it as plain text in lines, at most `max` bytes of it: the worst queries give way
 * first, from the last, then what speaks for the causes. Without the title. */
void message_append(const struct message *m, size_t max, struct text *t);
/* The same, escaped: at most `max` bytes of what is then sent. */
void message_append_escaped(
        const struct message *m, size_t max, const struct message_escape *escapes, struct text *t);
/* The same message without its links, for channels that have a place of their own for them. What
 * it owns stays `m`'s: it is not given to message_done(). */
struct message message_without_links(const struct message *m);
