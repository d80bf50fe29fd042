/* SPDX-License-Identifier: Apache-2.0 */
#include "show/metrics/delivery.h"

bool delivery_same(const struct channel_view *a, const struct channel_view *b)
{
        return streq(a->receiver, b->receiver) && streq(a->channel, b->channel) &&
                streq(a->peer, b->peer);
}

bool delivery_seen_before(const struct view *view, size_t i)
{
        for (size_t k = 0; k < i; k++)
                if (delivery_same(&view->channels[k], &view->channels[i]))
                        return true;
        return false;
}

static bool receiver_seen_before(const struct view *view, size_t i)
{
        for (size_t k = 0; k < i; k++)
                if (streq(view->channels[k].receiver, view->channels[i].receiver))
                        return true;
        return false;
}

/* A sample a series: what `add` makes of its channels, one after the other, from 0 on. */
static void write_each(struct exposition *x, const struct view *view,
        double (*add)(double value, const struct channel_view *c))
{
        for (size_t i = 0; i < view->channel_count; i++) {
                const struct channel_view *c = &view->channels[i];
                double value = 0;

                if (delivery_seen_before(view, i))
                        continue;
                for (size_t k = i; k < view->channel_count; k++)
                        if (delivery_same(&view->channels[k], c))
                                value = add(value, &view->channels[k]);
                exposition_sample(x, "",
                        metric_labels({"receiver", c->receiver}, {"channel", c->channel},
                                {"peer", c->peer}),
                        value);
        }
}

static double add_notifications(double value, const struct channel_view *c)
{
        return value + (double)c->notifications;
}

static double or_failing(double value, const struct channel_view *c)
{
        return MAX(value, (double)c->failing);
}

static double or_disabled(double value, const struct channel_view *c)
{
        return MAX(value, (double)c->disabled);
}

void delivery_notifications(struct exposition *x, const struct view *view)
{
        write_each(x, view, add_notifications);
}

void delivery_failing(struct exposition *x, const struct view *view)
{
        write_each(x, view, or_failing);
}

void delivery_disabled(struct exposition *x, const struct view *view)
{
        write_each(x, view, or_disabled);
}

void delivery_queue_length(struct exposition *x, const struct view *view)
{
        for (size_t i = 0; i < view->channel_count; i++) {
                const char *receiver = view->channels[i].receiver;
                size_t sum = 0;

                if (receiver_seen_before(view, i))
                        continue;
                for (size_t k = i; k < view->channel_count; k++)
                        if (streq(view->channels[k].receiver, receiver))
                                sum += view->channels[k].queue_length;
                exposition_sample(x, "", metric_labels({"receiver", receiver}), (double)sum);
        }
}

void delivery_oldest(struct exposition *x, const struct view *view)
{
        for (size_t i = 0; i < view->channel_count; i++) {
                const char *receiver = view->channels[i].receiver;
                usec_t oldest = USEC_INFINITY;

                if (receiver_seen_before(view, i))
                        continue;
                for (size_t k = i; k < view->channel_count; k++)
                        if (streq(view->channels[k].receiver, receiver) &&
                                view->channels[k].oldest_at > 0)
                                oldest = MIN(oldest, view->channels[k].oldest_at);
                if (oldest != USEC_INFINITY)
                        exposition_sample(x, "", metric_labels({"receiver", receiver}),
                                exposition_timestamp(oldest));
        }
}
