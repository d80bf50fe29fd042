/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A made-up incident for who wants to see that a channel works: its opening and its end as requests
 * that say in every place that they are a test, and a request in words, without what is secret. It
 * sends nothing. Pure. */

#include "tell/channel.h"

/* How the incident is called. */
#define REHEARSAL_INCIDENT "driftwatch test"
#define REHEARSAL_ALERT "DriftwatchTest"

/* What is rehearsed, and where. */
struct rehearsal {
        const char *receiver;
        const char *external_url; /* "" when unknown */
        const struct channel *channel;
        const struct channel_settings *settings; /* NULL: none */
        const char *id; /* of the notification, as the outbox's: OUTBOX_KEY_MAX */
        usec_t now, began; /* wall clock; the latter of the incident, the same for its end */
        bool over; /* the end */
};

/* The request as it is sent. -ENOMEM, -EINVAL. */
_must_check_ int rehearsal_build(const struct rehearsal *r, struct http_request *ret);
/* Appends the request as it goes to `peer`: method and URL, headers, an empty line, the body; with
 * "[secret]" in place of what stands in secrets' files, of user information and of values in the
 * URL's query. What a client adds by itself - lengths, its name - is not there. */
void rehearsal_show(const struct rehearsal *r, const struct http_peer *peer,
        const struct http_request *request, struct text *t);
