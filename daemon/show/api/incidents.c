/* SPDX-License-Identifier: Apache-2.0 */
#include "show/api/incidents.h"

#include <inttypes.h>
#include <stdio.h>

#include "json.h"
#include "show/envelope.h"
#include "show/facts.h"
#include "show/standing.h"
#include "show/values.h"

usec_t api_now(const struct view *view, const struct api_query *query)
{
        return MAX(view->published, query->now);
}

json_t *incidents_standing(const struct view *view, const char *incident, usec_t now)
{
        return standing_json(standing_find(view->standing, incident), now);
}

static bool is_of(const struct alert *a, const struct incident_view *i)
{
        if (!streq(labels_get(&a->labels, "incident"), i->id))
                return false;
        return i->resolved_at == 0 ? a->state == ALERT_FIRING
                                   : a->state == ALERT_RESOLVED && a->resolved_at >= i->since &&
                        a->fired_at <= i->resolved_at;
}

static json_t *fingerprints_json(const struct view *view, const struct incident_view *i)
{
        _cleanup_json_ json_t *list = json_array();
        char fingerprint[17];

        for (size_t k = 0; list && k < view->alert_count; k++) {
                const struct alert *a = &view->alerts[k];

                (void)snprintf(fingerprint, sizeof(fingerprint), "%016" PRIx64, a->fingerprint);
                if (is_of(a, i) && json_array_append_new(list, json_string(fingerprint)) < 0)
                        return NULL;
        }
        return take_ptr(list);
}

static json_t *incident_json(const struct view *view, const struct incident_view *i, usec_t now)
{
        _cleanup_json_ json_t *object = facts_incident_view(i);

        if (!object || json_put(object, "collection", value_string(i->collection)) < 0 ||
                json_put(object, "state", json_string(i->resolved_at > 0 ? "resolved" : "open")) <
                        0 ||
                json_put(object, "resolved_at", value_time(i->resolved_at)) < 0 ||
                json_put(object, "alerts", fingerprints_json(view, i)) < 0 ||
                json_put(object, "escalation",
                        i->resolved_at > 0 ? json_null() : incidents_standing(view, i->id, now)) <
                        0)
                return NULL;
        return take_ptr(object);
}

unsigned incidents_get(const struct view *view, const struct api_query *query, struct text *body)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && i < view->incident_count; i++)
                if (json_array_append_new(list,
                            incident_json(view, &view->incidents[i], api_now(view, query))) < 0)
                        return envelope_success(body, NULL);
        return envelope_success(body, json_pack("{s:o}", "incidents", take_ptr(list)));
}

unsigned incidents_get_silences(
        const struct view *view, const struct api_query *query, struct text *body)
{
        return envelope_success(
                body, json_pack("{s:o}", "silences", standing_silences(view->standing)));
}
