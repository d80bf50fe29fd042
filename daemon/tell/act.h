/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a person does about incidents, as they say it: a request's JSON becomes plain data, strictly
 * and within limits, and is done at the desk. Who may do it, what is logged and how it is answered
 * is decided elsewhere. Pure. */

#include "tell/desk.h"
#include "tell/token.h"

enum act_kind {
        ACT_ACKNOWLEDGE,
        ACT_UNACKNOWLEDGE,
        ACT_ACKNOWLEDGE_ALERT,
        ACT_UNACKNOWLEDGE_ALERT,
        ACT_SILENCE,
        ACT_EXPIRE,
        ACT_KIND_COUNT,
};

struct act {
        enum act_kind kind;
        char *subject; /* id of an incident, fingerprint of an alert; of ACT_EXPIRE of a silence,
                        * and of ACT_SILENCE once it is done */
        uint64_t fingerprint; /* of an alert */
        usec_t timeout; /* of its acknowledgement, which who performs it says; USEC_INFINITY: none
                         */
        char *by, *comment; /* of the first four */
        usec_t link_made; /* of ACT_ACKNOWLEDGE: by a link, when that was made; 0: by somebody */
        struct silence silence; /* of ACT_SILENCE; without an id */
        usec_t duration; /* of it, from its start; 0: it has an end */
};
struct act *act_free(struct act *a);
DEFINE_CLEANUP(struct act *, act_free)

/* Reads what is to be done about `subject`, which ACT_SILENCE has none of. -EINVAL or -EBADMSG with
 * a sentence, -ENOMEM. The members are
 *   to acknowledge: by, and comment;
 *   to take that back: by;
 *   of a silence, as Alertmanager's: matchers - a list of {name, value, isRegex, isEqual} and of
 *   texts, or one text -, createdBy, comment, startsAt (absent: now), and endsAt or duration;
 *   to end one: none. */
_must_check_ int act_parse(enum act_kind kind, const char *subject, const char *body, size_t size,
        struct act **ret, struct error *e);
/* The acknowledgement that a link stands for. -ENOMEM. */
_must_check_ int act_of_link(const struct token *t, struct act **ret);
/* Does it; `id` is a new one, for a silence. Once. That an alert fires is who calls' to know. The
 * errors of escalation.h, acks.h and silence.h, with a sentence. desk_update() has to be called
 * after it. */
_must_check_ int act_perform(
        struct act *a, struct desk *d, const char *id, usec_t now, struct error *e);
