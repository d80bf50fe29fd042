/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/dispatch.h"

#include <errno.h>

#include "tell/selfcheck.h"
#include "tell/token.h"
#include "text.h"

/* What goes where. */
struct delivery_plan {
        struct outbox *outbox;
        const struct dispatch_policy *policy;
        const struct notice *notice; /* that is told, and its */
        const struct message *message; /* both NULL for an Alertmanager */
        usec_t now;
};

/* An Alertmanager is told again anyway; old news would only reach it late. */
static struct outbox_subject subject_of(const struct delivery_plan *plan)
{
        static const enum entry_kind kinds[] = {
                [NOTICE_OPENED] = ENTRY_OPENED,
                [NOTICE_CHANGED] = ENTRY_CHANGED,
                [NOTICE_REPEATED] = ENTRY_REPEATED,
                [NOTICE_CLOSED] = ENTRY_CLOSED,
                [NOTICE_PASSED] = ENTRY_CLOSED,
        };
        const struct alert_policy *policy = &plan->policy->alert;

        if (!plan->notice)
                return (struct outbox_subject){.kind = ENTRY_ALERTS,
                        .patience = 4 * MAX(policy->interval, policy->resend_delay)};
        /* Whom an escalation reaches hears of it for the first time. */
        return (struct outbox_subject){
                .kind = *plan->message->note ? ENTRY_OPENED : kinds[plan->notice->kind],
                .incident = plan->notice->incident,
                .patience = USEC_INFINITY};
}

static int send_payload(const struct delivery_plan *plan, const struct route *route,
        const struct alert *const *alerts, size_t count)
{
        const struct outbox_destination *d = &route->destination;
        const struct dispatch_policy *policy = plan->policy;
        struct channel_context context = {
                .receiver = d->receiver,
                .external_url = policy->external_url,
                .message = plan->message,
                .settings = d->settings,
                .now = plan->now,
                .max_alerts = route->max_alerts,
        };
        struct http_request request = {0};
        struct outbox_subject subject = subject_of(plan);
        int r = d->channel->build(&context, alerts, count, &request);

        if (r >= 0)
                r = outbox_put(plan->outbox, d->key, &subject, &request);
        if (r < 0)
                http_request_done(&request);
        return r;
}

/* In payloads as large as the channel takes. */
static int send_all(const struct delivery_plan *plan, const struct route *route,
        const struct alert *const *alerts, size_t count)
{
        size_t batch = route->destination.channel->batch;
        int result = 0;

        for (size_t i = 0, n; i < count; i += n) {
                int r;

                n = batch > 0 ? MIN(batch, count - i) : count - i;
                r = send_payload(plan, route, alerts + i, n);
                if (r < 0 && result >= 0)
                        result = r;
        }
        return result;
}

/* That a destination fails is told to the others: there it would be late, or lost as well. */
static bool cannot_hear(const struct delivery_plan *plan, const struct route *route)
{
        const struct outbox_destination *d = &route->destination;

        return plan->notice &&
                selfcheck_concerns(plan->notice, d->receiver, d->channel->name, d->peer->url);
}

static int tell(const struct delivery_plan *plan, const struct route *route,
        const struct alert *const *alerts, size_t count)
{
        size_t going_on = 0;

        /* Those that have ended come last. */
        while (going_on < count && alerts[going_on]->state != ALERT_RESOLVED)
                going_on++;
        return send_all(plan, route, alerts, route->send_resolved ? count : going_on);
}

int dispatch_alerts(struct alerts *alerts, struct outbox *outbox, const struct route *routes,
        size_t count, const struct dispatch_policy *policy, usec_t now)
{
        const struct delivery_plan plan = {outbox, policy, NULL, NULL, now};
        _cleanup_free_ const struct alert **due = NULL;
        size_t due_count = 0;
        int result = alerts_due(alerts, &policy->alert, now, &due, &due_count);

        for (size_t i = 0; i < count && due_count > 0; i++)
                if (routes[i].destination.channel == &channel_alertmanager) {
                        int r = send_all(&plan, &routes[i], due, due_count);

                        result = result < 0 ? result : r;
                }
        return result;
}

/* For this receiver, from now on; nothing for one that is over, or too long a name. */
static int link_build(const struct hearsay *what, const struct dispatch_policy *policy, usec_t now,
        struct text *url)
{
        const struct token token = {what->notice->incident, (char *)what->receiver, now,
                policy->ack_expire < USEC_INFINITY - now ? now + policy->ack_expire
                                                         : USEC_INFINITY};
        _cleanup_free_ char *text = NULL;
        int r;

        if (!policy->ack_key || !*policy->external_url || notice_over(what->notice))
                return 0;
        r = token_build(policy->ack_key, &token, &text);
        if (r >= 0)
                token_append_url(policy->external_url, text, url);
        return r == -EMSGSIZE ? 0 : text_failed(url) ? -ENOMEM : r;
}

int dispatch_hearsay(const struct hearsay *what, struct outbox *outbox, const struct route *routes,
        size_t count, const struct dispatch_policy *policy, usec_t now)
{
        const struct notice *notice = what->notice;
        _cleanup_free_ const struct alert **alerts =
                calloc(notice->count + 1, sizeof(struct alert *));
        _cleanup_(message_done) struct message message = {0};
        _cleanup_text_ struct text link = {0};
        const struct delivery_plan plan = {outbox, policy, notice, &message, now};
        int result = alerts ? message_build(notice, what->note, now, &message) : -ENOMEM;

        if (result >= 0)
                result = link_build(what, policy, now, &link);
        if (result < 0)
                return result;
        if (link.size > 0)
                message.urls[MESSAGE_ACKNOWLEDGE] = text_string(&link);
        for (size_t i = 0; i < notice->count; i++)
                alerts[i] = &notice->alerts[i];
        for (size_t i = 0; i < count; i++) {
                const struct outbox_destination *d = &routes[i].destination;

                if (d->channel != &channel_alertmanager && streq(d->receiver, what->receiver) &&
                        !cannot_hear(&plan, &routes[i])) {
                        int r = tell(&plan, &routes[i], alerts, notice->count);

                        result = result < 0 ? result : r;
                }
        }
        return result;
}

static int acknowledge(const struct outbox_destination *d, const char *incident, const char *key,
        struct outbox *outbox)
{
        const struct outbox_subject subject = {
                .kind = ENTRY_ACKNOWLEDGED, .incident = incident, .patience = USEC_INFINITY};
        struct http_request request = {0};
        int r = d->channel->acknowledge(key, &request);

        if (r >= 0)
                r = outbox_put(outbox, d->key, &subject, &request);
        if (r < 0)
                http_request_done(&request);
        return r;
}

int dispatch_acknowledgement(const char *incident, const char *receiver, struct outbox *outbox,
        const struct route *routes, size_t count)
{
        char key[65];
        int result = message_key(incident, key);

        if (result < 0)
                return result;
        for (size_t i = 0; i < count; i++) {
                const struct outbox_destination *d = &routes[i].destination;
                int r = d->channel->acknowledge && streq(d->receiver, receiver)
                        ? acknowledge(d, incident, key, outbox)
                        : 0;

                result = MIN(result, r);
        }
        return result;
}
