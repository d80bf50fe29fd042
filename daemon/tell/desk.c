/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/desk.h"

#include <errno.h>

#include "model/rule.h"
#include "text.h"

/* Of one incident: the first of them. */
#define REASONS_SHOWN 5

struct desk {
        const struct desk_policy *policy;
        struct silences *silences;
        struct escalations *escalations;
        struct acks acks; /* of single alerts */
        uint64_t generation;
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
        d->generation++;
        escalations_configure(d->escalations, policy->escalation, policy->escalation_count);
}

/* What one incident's alerts say together. */
struct hearing {
        struct roster receivers; /* of all of them, without muted ones */
        struct roster muted, silenced; /* why they are, each reason once */
        struct text why; /* as quiet() says it */
        size_t alerts, quiet; /* that people should hear of; of them, silenced ones */
};

static void hearing_done(struct hearing *h)
{
        roster_done(&h->receivers);
        roster_done(&h->muted);
        roster_done(&h->silenced);
        text_done(&h->why);
}

static int add_recipients(
        const struct desk *d, const struct labels *l, usec_t now, struct hearing *h)
{
        struct recipients found = {0};
        int r = routing_find(d->policy->routing, l, now, &found);

        for (size_t i = 0; i < found.count && r >= 0; i++)
                if (!found.routed[i].reason)
                        r = roster_add(&h->receivers, found.routed[i].receiver);
                else
                        r = roster_add(&h->muted, found.routed[i].reason);
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

/* Why nobody is told of this alert, "" where somebody is. */
static int hush(const struct desk *d, const struct alert *a, usec_t now, struct hearing *h)
{
        const struct alert_ack *ack = acks_find(&d->acks, a->fingerprint);
        _cleanup_text_ struct text why = {0};

        if (ack) {
                text_append(&why, "taken by ");
                text_append_line(&why, ack->ack.by);
        } else if (!silences_mute(d->silences, &a->labels, now, &why))
                return 0;
        h->quiet++;
        return text_failed(&why) ? -ENOMEM : roster_add(&h->silenced, text_string(&why));
}

static int hear(const struct desk *d, const struct alert *a, usec_t now, struct hearing *h)
{
        int r = hush(d, a, now, h);

        h->alerts++;
        if (r < 0)
                return r;
        return d->policy->routing ? add_recipients(d, &a->labels, now, h) : add_all(d, h);
}

static int hear_notice(const struct desk *d, const struct notice *n, usec_t now, struct hearing *h)
{
        int r = 0;

        for (size_t i = 0; i < n->count && r >= 0; i++)
                r = hear(d, &n->alerts[i], now, h);
        return r;
}

static const char *join_reasons(const struct roster *reasons, struct text *to)
{
        size_t shown = MIN(reasons->count, (size_t)REASONS_SHOWN);

        text_clear(to);
        for (size_t i = 0; i < shown; i++)
                text_appendf(to, "%s%s", i > 0 ? "; " : "", reasons->names[i]);
        if (shown < reasons->count)
                text_appendf(to, "; and for %zu more reasons", reasons->count - shown);
        return text_string(to);
}

/* Why nobody is told of it, as its alerts are now; NULL where somebody is. Where memory is short
 * for the reasons, all the same. */
static const char *quiet(struct hearing *h)
{
        if (h->alerts > 0 && h->quiet == h->alerts)
                return join_reasons(&h->silenced, &h->why);
        return h->receivers.count == 0 && h->muted.count > 0 ? join_reasons(&h->muted, &h->why)
                                                             : NULL;
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

static int open_as_heard(struct desk *d, const struct notice *n, usec_t now, struct hearing *h)
{
        int r = hear_notice(d, n, now, h);

        return r < 0 ? r
                     : escalations_open(
                               d->escalations, n->incident, notice_severity(n), &h->receivers, now);
}

static int open_incident(struct desk *d, const struct notice *n, usec_t now)
{
        _cleanup_(hearing_done) struct hearing h = {0};
        bool known = escalations_find(d->escalations, n->incident);
        int r = open_as_heard(d, n, now, &h);

        if (r >= 0)
                r = escalations_silence(d->escalations, n->incident, quiet(&h), now);
        if (r >= 0 && known && n->kind == NOTICE_CHANGED)
                escalations_change(d->escalations, n->incident);
        return r;
}

static int take(struct desk *d, const struct notice *n, usec_t now, struct escalation_actions *ret)
{
        const struct escalation *e = escalations_find(d->escalations, n->incident);
        bool known = e && !e->early;

        switch (n->kind) {
        case NOTICE_OPENED:
        case NOTICE_CHANGED:
                return open_incident(d, n, now);
        case NOTICE_REPEATED:
                return known ? repeat(e, ret) : open_incident(d, n, now);
        case NOTICE_CLOSED:
                escalations_close(d->escalations, n->incident);
                return known ? 0 : close_unknown(d, n, now, ret);
        case NOTICE_PASSED:
                return 0;
        }
        return -EINVAL;
}

/* Of the incident, and people will be told of it unless it ends or something keeps it quiet. */
static bool is_coming(const struct alert *a, const char *incident)
{
        return a->state != ALERT_RESOLVED && !alert_is_info(a) &&
                streq(labels_get(&a->labels, "incident"), incident);
}

/* The worst severity of the alerts that people will be told of; NULL: there are none. */
static const char *severity_to_come(
        const char *incident, const struct alert *const *alerts, size_t count)
{
        const char *worst = NULL;

        for (size_t i = 0; i < count; i++) {
                const char *severity = labels_get(&alerts[i]->labels, "severity");

                if (severity && is_coming(alerts[i], incident) &&
                        (!worst || rule_severity_rank(severity) < rule_severity_rank(worst)))
                        worst = severity;
        }
        return worst;
}

int desk_expect(struct desk *d, const char *incident, const struct alert *const *alerts,
        size_t count, usec_t now)
{
        const char *severity = severity_to_come(incident, alerts, count);

        return severity ? escalations_expect(d->escalations, incident, severity, now) : -ENOENT;
}

/* Over before people were told, or given back. */
static bool is_in_vain(const struct escalation *e, const struct alert *const *alerts, size_t count)
{
        return e->early && (!e->ack.by || !severity_to_come(e->incident, alerts, count));
}

/* What its alerts are changes without news, and so does what keeps them quiet. */
static int settle(struct desk *d, const struct escalation *e, const struct alert *const *alerts,
        size_t count, usec_t now)
{
        _cleanup_(hearing_done) struct hearing h = {0};
        int r = 0;

        if (is_in_vain(e, alerts, count))
                escalations_close(d->escalations, e->incident);
        for (size_t i = 0; i < count && r >= 0; i++)
                if (alert_is_told(alerts[i]) &&
                        streq(labels_get(&alerts[i]->labels, "incident"), e->incident))
                        r = hear(d, alerts[i], now, &h);
        if (r < 0 || h.alerts == 0)
                return r;
        if (h.receivers.count > 0)
                r = escalations_route(d->escalations, e->incident, &h.receivers);
        return r < 0 ? r : escalations_silence(d->escalations, e->incident, quiet(&h), now);
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
        d->generation++;
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
        _cleanup_(hearing_done) struct hearing h = {0};
        int r = open_as_heard(d, n, told_at, &h);

        return r < 0 ? r : escalations_assume(d->escalations, n->incident, told_at);
}

static bool is_told(const struct notices *n, const char *incident)
{
        struct told_group g;

        for (size_t i = 0; notices_group(n, i, &g); i++)
                if (streq(g.incident, incident))
                        return true;
        return false;
}

/* Nobody would ever say that it is over. */
static void close_lost(struct desk *d, const struct notices *n, const struct news *news,
        const struct alert *const *alerts, size_t count)
{
        size_t incidents;
        const struct escalation *const *list = escalations_list(d->escalations, &incidents);

        for (size_t i = 0; i < incidents; i++)
                if (!is_told(n, list[i]->incident) && !opens(news, list[i]->incident) &&
                        !severity_to_come(list[i]->incident, alerts, count))
                        escalations_close(d->escalations, list[i]->incident);
}

int desk_resume(struct desk *d, const struct notices *n, const struct news *news,
        const struct alert *const *alerts, size_t count)
{
        struct told_group g;
        int result = 0;

        close_lost(d, n, news, alerts, count);
        for (size_t i = 0; notices_group(n, i, &g); i++) {
                bool known = escalations_find(d->escalations, g.incident);
                struct notice notice = {0};
                int r = known || opens(news, g.incident)
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
        d->generation++;
}

uint64_t desk_generation(const struct desk *d)
{
        return d->generation;
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
