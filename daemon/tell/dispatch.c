/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/dispatch.h"

#include <errno.h>

/* What goes where. */
struct delivery_plan {
        struct outbox *outbox;
        const struct route *routes;
        size_t count;
        const struct dispatch_policy *policy;
        usec_t now;
};

static int send_payload(const struct delivery_plan *plan, const struct route *route,
        const struct alert *const *alerts, size_t count)
{
        const struct outbox_destination *d = &route->destination;
        const struct dispatch_policy *policy = plan->policy;
        struct channel_context context = {
                .receiver = d->receiver,
                .external_url = policy->external_url,
                .now = plan->now,
                .max_alerts = route->max_alerts,
        };
        struct http_request request = {0};
        /* An Alertmanager is told again anyway; old news would only reach it late. */
        usec_t expires = d->channel == &channel_alertmanager
                ? plan->now + 4 * MAX(policy->alert.interval, policy->alert.resend_delay)
                : USEC_INFINITY;
        int r = d->channel->build(&context, alerts, count, &request);

        if (r >= 0)
                r = outbox_put(plan->outbox, d->key, &request, expires);
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

/* Tells every route whose channel is (or is not) the Alertmanager's. `alerts` has those that have
 * ended last. */
static int tell(const struct delivery_plan *plan, bool alertmanager,
        const struct alert *const *alerts, size_t count)
{
        size_t going_on = 0;
        int result = 0;

        while (going_on < count && alerts[going_on]->state != ALERT_RESOLVED)
                going_on++;
        for (size_t i = 0; i < plan->count; i++) {
                const struct route *route = &plan->routes[i];
                int r;

                if ((route->destination.channel == &channel_alertmanager) != alertmanager)
                        continue;
                r = send_all(plan, route, alerts, route->send_resolved ? count : going_on);
                if (r < 0 && result >= 0)
                        result = r;
        }
        return result;
}

static int tell_notice(const struct delivery_plan *plan, const struct notice *notice)
{
        _cleanup_free_ const struct alert **alerts =
                calloc(notice->count + 1, sizeof(struct alert *));

        if (!alerts)
                return -ENOMEM;
        for (size_t i = 0; i < notice->count; i++)
                alerts[i] = &notice->alerts[i];
        return tell(plan, false, alerts, notice->count);
}

int dispatch(struct alerts *alerts, const struct news *news, struct outbox *outbox,
        const struct route *routes, size_t count, const struct dispatch_policy *policy, usec_t now)
{
        const struct delivery_plan plan = {outbox, routes, count, policy, now};
        _cleanup_free_ const struct alert **due = NULL;
        size_t due_count = 0;
        int result = alerts_due(alerts, &policy->alert, now, &due, &due_count);

        if (result >= 0)
                result = tell(&plan, true, due, due_count);
        for (size_t i = 0; i < news->count; i++) {
                int r = news->notices[i].kind == NOTICE_PASSED
                        ? 0
                        : tell_notice(&plan, &news->notices[i]);

                if (r < 0 && result >= 0)
                        result = r;
        }
        return result;
}
