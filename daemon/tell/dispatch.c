/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/dispatch.h"

#include <errno.h>

static int compare_labels(const struct alert *a, const struct alert *b, const char *name)
{
        const char *x = labels_get(&a->labels, name), *y = labels_get(&b->labels, name);

        return strcmp(x ? x : "", y ? y : "");
}

static int compare_groups(const struct alert *a, const struct alert *b)
{
        int c = compare_labels(a, b, "alertname");

        return c != 0 ? c : compare_labels(a, b, "collection");
}

/* By group, and within it what is firing first: a payload that is cut loses resolved alerts. */
static int compare_alerts(const void *x, const void *y)
{
        const struct alert *a = *(const struct alert *const *)x;
        const struct alert *b = *(const struct alert *const *)y;
        int c = compare_groups(a, b);

        if (c != 0)
                return c;
        if (a->state != b->state)
                return a->state < b->state ? -1 : 1;
        return a->fingerprint < b->fingerprint ? -1 : a->fingerprint > b->fingerprint;
}

/* Length of the payload that begins at `alerts`, at most `count`. */
static size_t payload_size(const struct channel *channel, const struct alert **alerts, size_t count)
{
        size_t n = 1;

        while (n < count && (channel->batch == 0 || n < channel->batch) &&
                (!channel->one_group || compare_groups(alerts[0], alerts[n]) == 0))
                n++;
        return n;
}

static int send_payload(struct outbox *outbox, const struct route *route,
        const struct dispatch_policy *policy, usec_t now, const struct alert **alerts, size_t count)
{
        const struct outbox_destination *d = &route->destination;
        struct channel_context context = {
                .receiver = d->receiver,
                .external_url = policy->external_url,
                .now = now,
                .max_alerts = route->max_alerts,
        };
        struct http_request request = {0};
        /* An Alertmanager is told again anyway; old news would only reach it late. */
        usec_t expires = d->channel == &channel_alertmanager
                ? now + 4 * MAX(policy->alert.interval, policy->alert.resend_delay)
                : USEC_INFINITY;
        int r = d->channel->build(&context, alerts, count, &request);

        if (r >= 0)
                r = outbox_put(outbox, d->key, &request, expires);
        if (r < 0)
                http_request_done(&request);
        return r;
}

static int send_all(struct outbox *outbox, const struct route *route,
        const struct dispatch_policy *policy, usec_t now, const struct alert **alerts, size_t count)
{
        int result = 0;

        for (size_t i = 0, n; i < count; i += n) {
                int r;

                n = payload_size(route->destination.channel, alerts + i, count - i);
                r = send_payload(outbox, route, policy, now, alerts + i, n);
                if (r < 0 && result >= 0)
                        result = r;
        }
        return result;
}

static size_t without_resolved(const struct alert **alerts, size_t count)
{
        size_t kept = 0;

        for (size_t i = 0; i < count; i++)
                if (alerts[i]->state != ALERT_RESOLVED)
                        alerts[kept++] = alerts[i];
        return kept;
}

/* Tells every route whose channel is (or is not) the Alertmanager's. */
static int tell(struct outbox *outbox, const struct route *routes, size_t count, bool alertmanager,
        const struct dispatch_policy *policy, usec_t now, const struct alert **alerts,
        size_t alert_count)
{
        int result = 0;

        if (alert_count == 0)
                return 0;
        qsort(alerts, alert_count, sizeof(*alerts), compare_alerts);
        for (size_t i = 0; i < count; i++) {
                const struct route *route = &routes[i];
                size_t n = alert_count;
                _cleanup_free_ const struct alert **chosen = NULL;
                int r;

                if ((route->destination.channel == &channel_alertmanager) != alertmanager)
                        continue;
                chosen = reallocarray(NULL, n, sizeof(*chosen));
                if (!chosen)
                        return -ENOMEM;
                memcpy(chosen, alerts, n * sizeof(*chosen));
                if (!route->send_resolved)
                        n = without_resolved(chosen, n);
                r = send_all(outbox, route, policy, now, chosen, n);
                if (r < 0 && result >= 0)
                        result = r;
        }
        return result;
}

int dispatch(struct alerts *alerts, struct outbox *outbox, const struct route *routes, size_t count,
        const struct dispatch_policy *policy, usec_t now)
{
        _cleanup_free_ const struct alert **due = NULL, **news = NULL;
        size_t due_count = 0, news_count = 0;
        int r = alerts_due(alerts, &policy->alert, now, &due, &due_count), s;

        if (r >= 0)
                r = tell(outbox, routes, count, true, policy, now, due, due_count);
        s = alerts_news(alerts, policy->repeat_interval, now, &news, &news_count);
        if (s >= 0)
                s = tell(outbox, routes, count, false, policy, now, news, news_count);
        return r < 0 ? r : s;
}
