/* SPDX-License-Identifier: Apache-2.0 */
#include "config/routes.h"

#include <errno.h>
#include <stdio.h>

static int add(struct routes *r, const char *receiver, const struct channel *channel, size_t index,
        const struct http_peer *peer, bool send_resolved, size_t max_alerts)
{
        struct route *grown = reallocarray(r->routes, r->count + 1, sizeof(*grown));
        char *key;

        if (!grown)
                return -ENOMEM;
        r->routes = grown;
        if (asprintf(&key, "%s/%s/%zu", receiver, channel->name, index) < 0)
                return -ENOMEM;
        grown[r->count++] = (struct route){
                .destination = {.key = key, .receiver = receiver, .channel = channel, .peer = peer},
                .send_resolved = send_resolved,
                .max_alerts = max_alerts,
        };
        return 0;
}

int routes_build(const struct alerting_config *alerting, struct routes *ret)
{
        _cleanup_(routes_done) struct routes routes = {NULL, 0};
        int r = 0;

        for (size_t i = 0; i < alerting->alertmanager_count && r >= 0; i++)
                r = add(&routes, ROUTES_ALERTMANAGER, &channel_alertmanager, i,
                        &alerting->alertmanagers[i], true, 0);
        for (size_t i = 0; i < alerting->receiver_count; i++) {
                const struct receiver_config *c = &alerting->receivers[i];

                for (size_t k = 0; k < c->webhook_count && r >= 0; k++)
                        r = add(&routes, c->name, &channel_webhook, k, &c->webhooks[k].peer,
                                c->webhooks[k].send_resolved, c->webhooks[k].max_alerts);
        }
        if (r < 0)
                return r;
        *ret = routes;
        routes = (struct routes){NULL, 0};
        return 0;
}

int routes_configure(const struct routes *r, struct outbox *outbox)
{
        _cleanup_free_ struct outbox_destination *destinations =
                calloc(r->count + 1, sizeof(*destinations));

        if (!destinations)
                return -ENOMEM;
        for (size_t i = 0; i < r->count; i++)
                destinations[i] = r->routes[i].destination;
        return outbox_configure(outbox, destinations, r->count);
}

void routes_done(struct routes *r)
{
        for (size_t i = 0; i < r->count; i++)
                free((char *)r->routes[i].destination.key);
        free(r->routes);
        *r = (struct routes){NULL, 0};
}
