/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/desk.h"

#include <errno.h>

#include "text.h"

struct desk {
        const struct desk_policy *policy;
        struct silences *silences;
        struct escalations *escalations;
        struct acks acks; /* of single alerts */
};

struct desk *desk_new(void)
{
        _cleanup_(desk_freep) struct desk *d = calloc(1, sizeof(*d));

        if (!d)
                return NULL;
        d->silences = silences_new();
        d->escalations = escalations_new();
        return d->silences && d->escalations ? take_ptr(d) : NULL;
}

struct desk *desk_free(struct desk *d)
{
        if (d) {
                silences_free(d->silences);
                escalations_free(d->escalations);
                acks_done(&d->acks);
                free(d);
        }
        return NULL;
}

void desk_configure(struct desk *d, const struct desk_policy *policy)
{
        d->policy = policy;
        escalations_configure(d->escalations, policy->escalation, policy->escalation_count);
}

/* What one incident's alerts say together. */
struct hearing {
        struct roster receivers; /* of all of them, without muted ones */
        struct text muted; /* why one is, the last */
        struct text silenced; /* why one is, the last */
        size_t alerts, quiet; /* that people should hear of; of them, silenced ones */
};

static void hearing_done(struct hearing *h)
{
        roster_done(&h->receivers);
        text_done(&h->muted);
        text_done(&h->silenced);
}

static int add_recipients(
        const struct desk *d, const struct labels *l, usec_t now, struct hearing *h)
{
        struct recipients found = {0};
        int r = routing_find(d->policy->routing, l, now, &found);

        for (size_t i = 0; i < found.count && r >= 0; i++)
                if (!found.routed[i].reason)
                        r = roster_add(&h->receivers, found.routed[i].receiver);
                else {
                        text_clear(&h->muted);
                        text_append(&h->muted, found.routed[i].reason);
                }
        recipients_done(&found);
        return r;
}

static int add_all(const struct desk *d, struct hearing *h)
{
        int r = 0;

        for (size_t i = 0; i < d->policy->receivers.count && r >= 0; i++)
                r = roster_add(&h->receivers, d->policy->receivers.names[i]);
        return r;
}

static int hear(const struct desk *d, const struct alert *a, usec_t now, struct hearing *h)
{
        const struct alert_ack *ack = acks_find(&d->acks, a->fingerprint);

        h->alerts++;
        text_clear(&h->silenced);
        if (ack) {
                text_append(&h->silenced, "each alert is taken, the last by ");
                text_append_line(&h->silenced, ack->ack.by);
        }
        h->quiet += ack || silences_mute(d->silences, &a->labels, now, &h->silenced);
        return d->policy->routing ? add_recipients(d, &a->labels, now, h) : add_all(d, h);
}

static int hear_notice(const struct desk *d, const struct notice *n, usec_t now, struct hearing *h)
{
        int r = 0;

        for (size_t i = 0; i < n->count && r >= 0; i++)
                r = hear(d, &n->alerts[i], now, h);
        return r;
}

/* Why nobody is told of it, as its alerts are now; "" where somebody is. */
static const char *quiet(const struct hearing *h)
{
        if (h->alerts > 0 && h->quiet == h->alerts)
                return text_string(&h->silenced);
        return h->receivers.count == 0 ? text_string(&h->muted) : "";
}

/* For those who were told, while nobody has taken it and nothing keeps it quiet. */
static int repeat(const struct escalation *e, struct escalation_actions *ret)
{
        return e->ack.by || e->silence
                ? 0
                : escalation_actions_add(ret,
                          &(struct escalation_action){
                                  .kind = ESCALATION_CHANGED, .reason = (char *)"it goes on"},
                          e->incident, &e->told, NULL);
}

/* Its opening was told by another daemon, or by an earlier life that left nothing. */
static int close_unknown(
        const struct desk *d, const struct notice *n, usec_t now, struct escalation_actions *ret)
{
        _cleanup_(hearing_done) struct hearing h = {0};
        int r = hear_notice(d, n, now, &h);

        return r < 0 ? r
                     : escalation_actions_add(ret,
                               &(struct escalation_action){
                                       .kind = ESCALATION_RESOLVED, .reason = (char *)"it is over"},
                               n->incident, &h.receivers, NULL);
}

static int open_incident(struct desk *d, const struct notice *n, usec_t now)
{
        _cleanup_(hearing_done) struct hearing h = {0};
        bool known = escalations_find(d->escalations, n->incident);
        int r = hear_notice(d, n, now, &h);

        if (r >= 0)
                r = escalations_open(
                        d->escalations, n->incident, notice_severity(n), &h.receivers, now);
        if (r >= 0)
                r = escalations_silence(
                        d->escalations, n->incident, *quiet(&h) ? quiet(&h) : NULL, now);
        if (r >= 0 && known && n->kind == NOTICE_CHANGED)
                escalations_change(d->escalations, n->incident);
        return r;
}

static int take(struct desk *d, const struct notice *n, usec_t now, struct escalation_actions *ret)
{
        const struct escalation *known = escalations_find(d->escalations, n->incident);

        switch (n->kind) {
        case NOTICE_OPENED:
        case NOTICE_CHANGED:
                return open_incident(d, n, now);
        case NOTICE_REPEATED:
                return known ? repeat(known, ret) : open_incident(d, n, now);
        case NOTICE_CLOSED:
                if (!known)
                        return close_unknown(d, n, now, ret);
                escalations_close(d->escalations, n->incident);
                return 0;
        case NOTICE_PASSED:
                return 0;
        }
        return -EINVAL;
}

/* What its alerts are changes without news, and so does what keeps them quiet. */
static int settle(struct desk *d, const struct escalation *e, const struct alert *const *alerts,
        size_t count, usec_t now)
{
        _cleanup_(hearing_done) struct hearing h = {0};
        int r = 0;

        for (size_t i = 0; i < count && r >= 0; i++)
                if (alert_is_told(alerts[i]) &&
                        streq(labels_get(&alerts[i]->labels, "incident"), e->incident))
                        r = hear(d, alerts[i], now, &h);
        if (r < 0 || h.alerts == 0)
                return r;
        if (h.receivers.count > 0)
                r = escalations_open(d->escalations, e->incident, e->severity, &h.receivers, now);
        return r < 0 ? r
                     : escalations_silence(
                               d->escalations, e->incident, *quiet(&h) ? quiet(&h) : NULL, now);
}

static int settle_all(struct desk *d, const struct alert *const *alerts, size_t count, usec_t now)
{
        size_t incidents;
        int result = 0;

        (void)escalations_list(d->escalations, &incidents);
        for (size_t i = 0; i < incidents; i++) {
                const struct escalation *e = escalations_list(d->escalations, &incidents)[i];
                int r = e->closed ? 0 : settle(d, e, alerts, count, now);

                result = MIN(result, r);
        }
        return result;
}

/* Moves those of `from` to the end. */
static int join(struct escalation_actions *to, struct escalation_actions *from)
{
        struct escalation_action *grown =
                reallocarray(to->actions, to->count + from->count + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        to->actions = grown;
        memcpy(grown + to->count, from->actions, from->count * sizeof(*grown));
        to->count += from->count;
        from->count = 0;
        return 0;
}

int desk_update(struct desk *d, const struct news *news, const struct alert *const *alerts,
        size_t count, usec_t now, struct escalation_actions *ret)
{
        struct escalation_actions more = {0};
        int result = 0, r;

        *ret = (struct escalation_actions){0};
        (void)silences_prune(d->silences, now);
        (void)acks_update(&d->acks, alerts, count, now);
        for (size_t i = 0; i < news->count; i++) {
                r = take(d, &news->notices[i], now, ret);
                result = MIN(result, r);
        }
        r = settle_all(d, alerts, count, now);
        result = MIN(result, r);
        r = escalations_update(d->escalations, now, &more);
        result = MIN(result, r);
        r = join(ret, &more);
        escalation_actions_done(&more);
        return MIN(result, r);
}

static bool opens(const struct news *news, const char *incident)
{
        for (size_t i = 0; i < news->count; i++)
                if (news->notices[i].kind == NOTICE_OPENED &&
                        streq(news->notices[i].incident, incident))
                        return true;
        return false;
}

static int resume(struct desk *d, const struct notice *n, usec_t told_at)
{
        struct escalation_actions told = {0};
        int r = open_incident(d, n, told_at);

        if (r >= 0)
                r = escalations_update(d->escalations, told_at, &told);
        escalation_actions_done(&told);
        return r;
}

int desk_resume(struct desk *d, const struct notices *n, const struct news *news,
        const struct alert *const *alerts, size_t count)
{
        struct told_group g;
        int result = 0;

        for (size_t i = 0; notices_group(n, i, &g); i++) {
                struct notice notice = {0};
                int r = opens(news, g.incident)
                        ? -ENOENT
                        : notices_show(n, g.incident, alerts, count, &notice);

                if (r >= 0)
                        r = resume(d, &notice, g.told_at);
                notice_done(&notice);
                if (r != -ENOENT)
                        result = MIN(result, r);
        }
        return result;
}

usec_t desk_next(const struct desk *d, usec_t now)
{
        usec_t next = MIN(escalations_next(d->escalations), silences_due(d->silences, now));
        size_t incidents;

        next = MIN(next, acks_next(&d->acks));
        (void)escalations_list(d->escalations, &incidents);
        return incidents > 0 && d->policy->routing
                ? MIN(next, routing_next(d->policy->routing, now))
                : next;
}

void desk_jump(struct desk *d, int64_t by)
{
        silences_jump(d->silences, by);
        escalations_jump(d->escalations, by);
        acks_jump(&d->acks, by);
}

static int show_incidents(const struct desk *d, struct standing *s)
{
        size_t count;
        const struct escalation *const *list = escalations_list(d->escalations, &count);
        int r = 0;

        for (size_t i = 0; i < count && r >= 0; i++) {
                struct standing_incident *to = &s->incidents[s->incident_count];

                if (list[i]->closed)
                        continue;
                r = escalations_show(d->escalations, list[i]->incident, &to->status);
                s->incident_count += r >= 0;
                if (r >= 0)
                        r = strdup_to(&to->incident, list[i]->incident);
        }
        return r;
}

static int show_alerts(const struct desk *d, struct standing *s)
{
        int r = 0;

        for (size_t i = 0; i < d->acks.count && r >= 0; i++) {
                const struct alert_ack *from = &d->acks.acks[i];
                struct standing_alert *to = &s->alerts[s->alert_count++];

                to->fingerprint = from->fingerprint;
                to->until = from->until;
                r = ack_copy(&from->ack, &to->ack);
        }
        return r;
}

static int show_silence(const struct silence *from, usec_t now, struct standing_silence *to)
{
        int r = strdup_to(&to->id, from->id);

        to->state = silence_state_name(silence_state(from, now));
        to->created_at = from->created_at;
        to->starts_at = from->starts_at;
        to->ends_at = from->ends_at;
        if (r >= 0)
                r = strdup_to(&to->created_by, from->created_by);
        if (r >= 0)
                r = strdup_to(&to->comment, from->comment);
        return r < 0 ? r : matchers_copy(&from->matchers, &to->matchers);
}

int desk_show(const struct desk *d, usec_t now, struct standing **ret)
{
        _cleanup_(standing_unrefp) struct standing *s = NULL;
        size_t incidents, silences = 0;
        int r;

        (void)escalations_list(d->escalations, &incidents);
        while (silences_at(d->silences, silences))
                silences++;
        s = standing_new(incidents, d->acks.count, silences);
        r = s ? show_incidents(d, s) : -ENOMEM;
        if (r >= 0)
                r = show_alerts(d, s);
        for (size_t i = 0; i < silences && r >= 0; i++)
                r = show_silence(
                        silences_at(d->silences, i), now, &s->silences[s->silence_count++]);
        if (r >= 0)
                *ret = take_ptr(s);
        return r;
}

struct escalations *desk_escalations(struct desk *d)
{
        return d->escalations;
}

struct silences *desk_silences(struct desk *d)
{
        return d->silences;
}

struct acks *desk_acks(struct desk *d)
{
        return &d->acks;
}

usec_t desk_ack_timeout(const struct desk *d, const char *severity)
{
        const struct escalation_policy *p = escalation_match(
                d->policy->escalation, d->policy->escalation_count, severity ? severity : "");

        return p ? p->ack_timeout : USEC_INFINITY;
}
