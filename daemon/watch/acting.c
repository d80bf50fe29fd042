/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/acting.h"

#include <errno.h>
#include <stdio.h>

#include "log.h"
#include "show/envelope.h"
#include "show/values.h"
#include "tell/selfcheck.h"

/* A random UUID: version 4 of RFC 9562. */
static void make_id(char id[SILENCE_ID_LENGTH + 1])
{
        unsigned char b[16];
        size_t n = 0;

        arc4random_buf(b, sizeof(b));
        b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
        b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
        for (size_t i = 0; i < sizeof(b); i++)
                n += (size_t)snprintf(id + n, SILENCE_ID_LENGTH + 1 - n, "%s%02x",
                        i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
}

/* The collection whose incident it is; NULL: it is about none. */
static const char *collection_of(const struct act *a)
{
        return streq(a->subject, SELFCHECK_INCIDENT) ? NULL : a->subject;
}

static void append_taking(const struct act *a, struct text *t)
{
        bool taken = a->kind == ACT_ACKNOWLEDGE || a->kind == ACT_ACKNOWLEDGE_ALERT;

        text_appendf(t, "%s: %s%s", a->subject, taken ? "acknowledged by " : a->by,
                taken ? a->by : " took back the acknowledgement");
        if (a->comment && *a->comment)
                text_appendf(t, ": %s", a->comment);
}

static void append_incident(const struct act *a, struct desk *d, struct text *t)
{
        text_append(t, collection_of(a) ? "incident of collection " : "incident of ");
        append_taking(a, t);
}

static void append_alert(const struct act *a, struct desk *d, struct text *t)
{
        text_append(t, "alert ");
        append_taking(a, t);
}

static void append_silence(const struct act *a, struct desk *d, struct text *t)
{
        char starts[TIME_TEXT_MAX], ends[TIME_TEXT_MAX];
        const struct silence *s;

        for (size_t i = 0; (s = silences_at(desk_silences(d), i)); i++)
                if (streq(s->id, a->subject))
                        break;
        if (!s)
                return;
        text_appendf(t, "silence %s: %s silences ", s->id, s->created_by);
        matchers_build(&s->matchers, t);
        text_appendf(t, " from %s to %s: %s", time_format(starts, sizeof(starts), s->starts_at),
                time_format(ends, sizeof(ends), s->ends_at), s->comment);
}

static void append_expiry(const struct act *a, struct desk *d, struct text *t)
{
        text_appendf(t, "silence %s: it was ended before its time", a->subject);
}

static const struct {
        const char *message_id, *answer; /* the answer's member with the id */
        void (*append)(const struct act *a, struct desk *d, struct text *t);
} kinds[ACT_KIND_COUNT] = {
        [ACT_ACKNOWLEDGE] = {LOG_ID_ACKNOWLEDGED, "incident", append_incident},
        [ACT_UNACKNOWLEDGE] = {LOG_ID_UNACKNOWLEDGED, "incident", append_incident},
        [ACT_ACKNOWLEDGE_ALERT] = {LOG_ID_ALERT_TAKEN, "fingerprint", append_alert},
        [ACT_UNACKNOWLEDGE_ALERT] = {LOG_ID_ALERT_TAKEN, "fingerprint", append_alert},
        [ACT_SILENCE] = {LOG_ID_SILENCED, "silenceID", append_silence},
        [ACT_EXPIRE] = {LOG_ID_SILENCE_ENDED, "silenceID", append_expiry},
};

static void log_act(const struct act *a, struct desk *d)
{
        bool incident = a->kind == ACT_ACKNOWLEDGE || a->kind == ACT_UNACKNOWLEDGE;
        bool silence = a->kind == ACT_SILENCE || a->kind == ACT_EXPIRE;
        _cleanup_text_ struct text t = {0};

        kinds[a->kind].append(a, d, &t);
        log_event(LOG_NOTICE, kinds[a->kind].message_id,
                log_fields({"DRIFTWATCH_COLLECTION", incident ? collection_of(a) : NULL},
                        {"DRIFTWATCH_INCIDENT", incident ? a->subject : NULL},
                        {"DRIFTWATCH_SILENCE", silence ? a->subject : NULL},
                        {"DRIFTWATCH_BY", a->by}),
                "%s", text_string(&t));
}

static unsigned status_of(int error)
{
        static const struct {
                int error;
                unsigned status;
        } statuses[] = {{-ENOENT, 404}, {-EALREADY, 409}, {-ENOSPC, 409}, {-EINVAL, 400}};

        for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
                if (statuses[i].error == error)
                        return statuses[i].status;
        return 500;
}

static int look_up_alert(struct teller *t, struct act *a, const struct alert *const *all,
        size_t count, usec_t now, struct error *e)
{
        for (size_t i = 0; i < count; i++)
                if (all[i]->fingerprint == a->fingerprint && all[i]->state != ALERT_RESOLVED) {
                        a->timeout =
                                desk_ack_timeout(t->desk, labels_get(&all[i]->labels, "severity"));
                        return 0;
                }
        return error_set(e, -ENOENT, "no alert %s is pending or firing", a->subject);
}

/* What people are not told of yet can be taken before. */
static int look_up_incident(struct teller *t, struct act *a, const struct alert *const *all,
        size_t count, usec_t now, struct error *e)
{
        int r = desk_expect(t->desk, a->subject, all, count, now);

        return r == -ENOENT ? 0 : r;
}

/* Only what fires, or waits to, can be taken; for how long, its severity says. */
static int look_up(struct teller *t, struct act *a, usec_t now, struct error *e)
{
        static int (*const looks[ACT_KIND_COUNT])(struct teller *, struct act *,
                const struct alert *const *, size_t, usec_t, struct error *) = {
                [ACT_ACKNOWLEDGE] = look_up_incident,
                [ACT_ACKNOWLEDGE_ALERT] = look_up_alert,
        };
        _cleanup_free_ const struct alert **all = NULL;
        size_t count = 0;
        int r = looks[a->kind] ? alerts_list(t->alerts, &all, &count) : 0;

        return r < 0 || !looks[a->kind] ? r : looks[a->kind](t, a, all, count, now, e);
}

int acting_perform(struct teller *t, struct act *a, usec_t now, struct error *e)
{
        char id[SILENCE_ID_LENGTH + 1];
        int r;

        make_id(id);
        r = look_up(t, a, now, e);
        if (r >= 0)
                r = act_perform(a, t->desk, id, now, e);
        if (r < 0)
                return r;
        log_act(a, t->desk);
        t->next = 0;
        return 0;
}

static unsigned answer(const struct teller *t, const struct act *a, int result,
        const struct error *e, struct text *body)
{
        const char *unsafe = storage_unsafe(t->storage);
        json_t *data;

        if (result < 0) {
                envelope_error(body, status_of(result), "%s", error_text(e, result));
                return status_of(result);
        }
        data = json_pack("{s:o}", kinds[a->kind].answer, value_string(a->subject));
        return unsafe ? envelope_warning(body, data,
                                "it holds, but a restart would lose it until it can be written: %s",
                                unsafe)
                      : envelope_success(body, data);
}

unsigned acting_answer(const struct teller *t, const struct act *a, int result,
        const struct error *e, char **ret_body, size_t *ret_size)
{
        _cleanup_text_ struct text body = {0};
        unsigned status = answer(t, a, result, e, &body);

        *ret_body = text_take(&body, ret_size);
        return *ret_body ? status : 500;
}
