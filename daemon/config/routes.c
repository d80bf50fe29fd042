/* SPDX-License-Identifier: Apache-2.0 */
#include "config/routes.h"

#include <errno.h>
#include <stdio.h>

static int add(struct routes *r, const char *receiver, const struct channel_config *c, size_t index)
{
        struct route *grown = reallocarray(r->routes, r->count + 1, sizeof(*grown));
        char *key;

        if (!grown)
                return -ENOMEM;
        r->routes = grown;
        if (asprintf(&key, "%s/%s/%zu", receiver, c->channel->name, index) < 0)
                return -ENOMEM;
        grown[r->count++] = (struct route){
                .destination = {.key = key,
                        .receiver = receiver,
                        .channel = c->channel,
                        .peer = &c->peer,
                        .settings = &c->settings},
                .send_resolved = c->send_resolved,
                .max_alerts = c->max_alerts,
        };
        return 0;
}

/* Counted by kind, so that one more of another kind changes no key. */
static int add_receiver(struct routes *r, const struct receiver_config *c)
{
        size_t index = 0;
        int result = 0;

        for (size_t i = 0; i < c->channel_count && result >= 0; i++) {
                index = i > 0 && c->channels[i].channel == c->channels[i - 1].channel ? index + 1
                                                                                      : 0;
                result = add(r, c->name, &c->channels[i], index);
        }
        return result;
}

int routes_build(const struct alerting_config *alerting, struct routes *ret)
{
        _cleanup_(routes_done) struct routes routes = {NULL, 0};
        int r = 0;

        for (size_t i = 0; i < alerting->alertmanager_count && r >= 0; i++)
                r = add(&routes, ROUTES_ALERTMANAGER, &alerting->alertmanagers[i], i);
        for (size_t i = 0; i < alerting->receiver_count && r >= 0; i++)
                r = add_receiver(&routes, &alerting->receivers[i]);
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
