/* SPDX-License-Identifier: Apache-2.0 */
#include "show/api/delivery.h"

#include "json.h"
#include "show/values.h"

static json_t *destination_json(const struct channel_view *c)
{
        return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:o}",
                "receiver", value_string(c->receiver), "channel", c->channel, "address",
                value_string(c->address), "peer", value_string(c->peer), "notifications",
                value_count(c->notifications), "failed", value_count(c->failed), "queued",
                value_count(c->queue_length), "failing", c->failing, "disabled", c->disabled,
                "failing_since", value_time(c->failing_since), "lost_at", value_time(c->lost_at),
                "oldest", value_time(c->oldest_at), "last_error", value_string(c->last_error));
}

static json_t *loss_json(const struct loss_view *l)
{
        return json_pack("{s:o, s:o, s:s, s:o, s:s, s:o, s:s, s:o}", "time", value_time(l->at),
                "receiver", value_string(l->receiver), "channel", l->channel, "peer",
                value_string(l->peer), "kind", l->kind, "incident", value_string(l->incident),
                "reason", l->reason, "sentence", value_string(l->sentence));
}

json_t *delivery_json(const struct view *view)
{
        _cleanup_json_ json_t *destinations = json_array(), *lost = json_array();

        for (size_t i = 0; destinations && i < view->channel_count; i++)
                if (json_array_append_new(destinations, destination_json(&view->channels[i])) < 0)
                        return NULL;
        for (size_t i = 0; lost && i < view->loss_count; i++)
                if (json_array_append_new(lost, loss_json(&view->losses[i])) < 0)
                        return NULL;
        return json_pack(
                "{s:o, s:o}", "destinations", take_ptr(destinations), "lost", take_ptr(lost));
}
