/* SPDX-License-Identifier: Apache-2.0 */
#include "model/standing.h"

static struct standing *standing_free(struct standing *s)
{
        for (size_t i = 0; i < s->incident_count; i++) {
                free(s->incidents[i].incident);
                escalation_status_done(&s->incidents[i].status);
        }
        for (size_t i = 0; i < s->alert_count; i++)
                ack_done(&s->alerts[i].ack);
        for (size_t i = 0; i < s->silence_count; i++) {
                free(s->silences[i].id);
                matchers_done(&s->silences[i].matchers);
                free(s->silences[i].created_by);
                free(s->silences[i].comment);
        }
        free(s->incidents);
        free(s->alerts);
        free(s->silences);
        free(s);
        return NULL;
}

struct standing *standing_new(size_t incidents, size_t alerts, size_t silences)
{
        struct standing *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        atomic_init(&s->references, 1);
        s->incidents = calloc(incidents + 1, sizeof(*s->incidents));
        s->alerts = calloc(alerts + 1, sizeof(*s->alerts));
        s->silences = calloc(silences + 1, sizeof(*s->silences));
        return s->incidents && s->alerts && s->silences ? s : standing_free(s);
}

struct standing *standing_ref(struct standing *s)
{
        if (s)
                atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
        return s;
}

struct standing *standing_unref(struct standing *s)
{
        if (s && atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) == 1)
                return standing_free(s);
        return NULL;
}

static int compare_incident(const void *id, const void *entry)
{
        return strcmp(id, ((const struct standing_incident *)entry)->incident);
}

const struct escalation_status *standing_find(const struct standing *s, const char *incident)
{
        const struct standing_incident *found = s
                ? bsearch(incident, s->incidents, s->incident_count, sizeof(*s->incidents),
                          compare_incident)
                : NULL;

        return found ? &found->status : NULL;
}

static int compare_alert(const void *key, const void *entry)
{
        uint64_t a = *(const uint64_t *)key,
                 b = ((const struct standing_alert *)entry)->fingerprint;

        return (a > b) - (a < b);
}

const struct standing_alert *standing_find_alert(const struct standing *s, uint64_t fingerprint)
{
        return s ? bsearch(&fingerprint, s->alerts, s->alert_count, sizeof(*s->alerts),
                           compare_alert)
                 : NULL;
}
