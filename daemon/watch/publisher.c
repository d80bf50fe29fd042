/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/publisher.h"

#include <errno.h>
#include <stdio.h>

#include "judge/incident.h"
#include "text.h"

struct server_latency {
        char *server;
        struct latency latency;
};

static void incidents_free(struct incident_view *incidents, size_t count)
{
        for (size_t i = 0; i < count; i++)
                incident_view_done(&incidents[i]);
        free(incidents);
}

void publisher_init(struct publisher *p, usec_t now)
{
        *p = (struct publisher){.started = now};
}

void publisher_done(struct publisher *p)
{
        for (size_t i = 0; i < p->latency_count; i++)
                free(p->latencies[i].server);
        free(p->latencies);
        free(p->reload_error);
        incidents_free(p->incidents, p->incident_count);
        *p = (struct publisher){0};
}

static const struct latency *find_latency(const struct publisher *p, const char *server)
{
        for (size_t i = 0; i < p->latency_count; i++)
                if (streq(p->latencies[i].server, server))
                        return &p->latencies[i].latency;
        return NULL;
}

static struct latency *add_latency(struct publisher *p, const char *server)
{
        struct server_latency *grown =
                reallocarray(p->latencies, p->latency_count + 1, sizeof(*grown));
        char *name = strdup(server);

        if (grown)
                p->latencies = grown;
        if (!grown || !name) {
                free(name);
                return NULL;
        }
        grown[p->latency_count] = (struct server_latency){.server = name};
        return &grown[p->latency_count++].latency;
}

void publisher_observe(struct publisher *p, const char *server, usec_t duration)
{
        struct latency *l = (struct latency *)find_latency(p, server);

        if (!l)
                l = add_latency(p, server);
        if (l)
                latency_observe(l, duration);
}

static char *join_lines(const struct errors *errors)
{
        _cleanup_text_ struct text t = {0};

        for (size_t i = 0; i < errors->count; i++)
                text_appendf(&t, "%s\n", errors->messages[i]);
        if (errors->dropped > 0)
                text_appendf(&t, "and %zu more\n", errors->dropped);
        return text_take(&t, NULL);
}

void publisher_configured(struct publisher *p, int r, const struct errors *errors, usec_t now)
{
        free(p->reload_error);
        p->reload_error = NULL;
        p->reload_successful = r >= 0;
        if (r < 0) {
                p->reload_error = join_lines(errors);
                return;
        }
        p->configured = true;
        p->reload_success_at = now;
}

const char *publisher_reload_error(const struct publisher *p)
{
        return p->reload_error ? p->reload_error : "";
}

static int view_server(const struct publisher *p, const struct publication *source,
        const struct server_config *from, struct server_view *to)
{
        const struct latency *latency = find_latency(p, from->name);
        const struct unwatched *unwatched =
                source->surroundings ? surroundings_find(source->surroundings, from->name) : NULL;
        int r = strdup_to(&to->name, from->name);

        if (latency)
                to->latency = *latency;
        if (r >= 0)
                r = strdup_to(&to->url, from->peer.url);
        if (r >= 0 && unwatched)
                r = unwatched_copy(unwatched, &to->unwatched);
        return r;
}

static int view_servers(const struct publisher *p, const struct publication *source, struct view *v)
{
        const struct config *config = source->config;
        int r = 0;

        v->servers = calloc(config->server_count + 1, sizeof(*v->servers));
        if (!v->servers)
                return -ENOMEM;
        for (size_t i = 0; i < config->server_count && r >= 0; i++)
                r = view_server(p, source, &config->servers[i], &v->servers[v->server_count++]);
        return r;
}

static int view_collections(const struct publication *source, struct view *v)
{
        v->collections = calloc(source->watch_count + 1, sizeof(struct collection_view *));
        if (!v->collections)
                return -ENOMEM;
        for (size_t i = 0; i < source->watch_count; i++)
                v->collections[i] = collection_view_ref(watch_view(source->watches[i]));
        v->collection_count = source->watch_count;
        return 0;
}

static int view_alerts(const struct alerts *alerts, struct view *v)
{
        _cleanup_free_ const struct alert **list = NULL;
        size_t count = 0;
        int r = alerts_list(alerts, &list, &count);

        if (r < 0)
                return r;
        v->alerts = calloc(count + 1, sizeof(*v->alerts));
        if (!v->alerts)
                return -ENOMEM;
        for (; v->alert_count < count; v->alert_count++) {
                r = alert_copy(list[v->alert_count], &v->alerts[v->alert_count]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int view_open_incidents(struct view *v)
{
        int r = 0;

        for (size_t i = 0; i < v->collection_count && r >= 0; i++) {
                struct incident_view *to = &v->incidents[v->incident_count];

                if (v->collections[i]->incident_since == 0)
                        continue;
                r = incident_show(v->collections[i], to);
                v->incident_count += r >= 0 && to->id;
        }
        return r;
}

static bool goes_on(const struct view *v, const struct incident_view *i)
{
        const struct collection_view *c = view_find_collection(v, i->collection);

        return i->resolved_at == 0 && c && c->incident_since == i->since;
}

/* What was open before and is no more has ended; what ended before is shown for as long as its
 * alerts are. */
static int view_resolved_incidents(const struct publisher *p, usec_t now, struct view *v)
{
        size_t most = v->incident_count + INCIDENTS_RESOLVED_MAX;
        int r = 0;

        for (size_t i = 0; i < p->incident_count && v->incident_count < most && r >= 0; i++) {
                const struct incident_view *from = &p->incidents[i];
                struct incident_view *to = &v->incidents[v->incident_count];

                if (goes_on(v, from) ||
                        (from->resolved_at > 0 &&
                                now > from->resolved_at + ALERT_RESOLVED_RETENTION))
                        continue;
                r = incident_view_copy(from, to);
                if (r < 0)
                        break;
                v->incident_count++;
                if (to->resolved_at == 0)
                        to->resolved_at = now;
        }
        return r;
}

static int view_incidents(const struct publisher *p, usec_t now, struct view *v)
{
        int r;

        v->incidents = calloc(v->collection_count + p->incident_count + 1, sizeof(*v->incidents));
        if (!v->incidents)
                return -ENOMEM;
        r = view_open_incidents(v);
        return r < 0 ? r : view_resolved_incidents(p, now, v);
}

/* The same incident as it was when it was worst: near its end nothing is left of it to see. */
static const struct incident_view *worst_of(
        const struct publisher *p, const struct incident_view *i)
{
        for (size_t k = 0; k < p->incident_count && i->resolved_at == 0; k++) {
                const struct incident_view *old = &p->incidents[k];

                if (old->resolved_at == 0 && old->since == i->since &&
                        streq(old->collection, i->collection) &&
                        (old->severity > i->severity ||
                                (old->severity == i->severity && old->queries > i->queries)))
                        return old;
        }
        return i;
}

static int remember_incidents(struct publisher *p, const struct view *v)
{
        struct incident_view *incidents = calloc(v->incident_count + 1, sizeof(*incidents));
        size_t count = 0;
        int r = incidents ? 0 : -ENOMEM;

        for (; count < v->incident_count && r >= 0; count += r >= 0)
                r = incident_view_copy(worst_of(p, &v->incidents[count]), &incidents[count]);
        if (r < 0) {
                incidents_free(incidents, count);
                return r;
        }
        incidents_free(p->incidents, p->incident_count);
        p->incidents = incidents;
        p->incident_count = count;
        return 0;
}

static int view_rules(const struct rule rules[RULE_COUNT], struct view *v)
{
        v->rules = calloc(RULE_COUNT, sizeof(*v->rules));
        if (!v->rules)
                return -ENOMEM;
        for (size_t i = 0; i < RULE_COUNT; i++) {
                struct rule_view *to = &v->rules[v->rule_count];
                const char *severity = rules[i].severity;

                if (!rules[i].enabled)
                        continue;
                to->name = rule_defaults[i].name;
                if (strdup_to(&to->severity, severity ? severity : rule_defaults[i].severity) < 0)
                        return -ENOMEM;
                v->rule_count++;
        }
        return 0;
}

static int view_facts(
        const struct publisher *p, const struct publication *source, usec_t now, struct view *v)
{
        int r = strdup_to(&v->config_path, source->config->path);

        if (r >= 0)
                r = strdup_to(&v->reload_error, p->reload_error);
        if (r >= 0)
                r = strdup_to(&v->external_url, source->external_url);
        v->published = now;
        v->started = p->started;
        v->ready = p->configured;
        v->reload_successful = p->reload_successful;
        v->reload_success_at = p->reload_success_at;
        v->per_query_limit = source->config->per_query_limit;
        v->loopback_distrusted = !source->config->trust_loopback;
        return r;
}

int publisher_view(
        struct publisher *p, const struct publication *source, usec_t now, struct view **ret)
{
        _cleanup_(view_unrefp) struct view *v = view_new();
        int r = v ? view_facts(p, source, now, v) : -ENOMEM;

        if (r >= 0)
                r = view_collections(source, v);
        if (r >= 0)
                r = view_incidents(p, now, v);
        if (r >= 0)
                r = view_servers(p, source, v);
        if (r >= 0)
                r = view_rules(source->config->alerting.rules, v);
        if (r >= 0)
                r = view_alerts(source->alerts, v);
        if (r >= 0)
                r = outbox_view(source->outbox, &v->channels, &v->channel_count);
        if (r >= 0)
                r = remember_incidents(p, v);
        if (r >= 0)
                *ret = take_ptr(v);
        return r;
}

const char *publisher_status(struct publisher *p, const struct view *view)
{
        size_t outcomes[OUTCOME_COUNT] = {0}, queries = 0, firing = 0;

        for (size_t i = 0; i < view->collection_count; i++) {
                const struct collection_view *c = view->collections[i];

                for (size_t k = 0; k < c->query_set->count; k++)
                        outcomes[c->queries[k].judgement.outcome]++;
                queries += c->query_set->count;
        }
        for (size_t i = 0; i < view->alert_count; i++)
                firing += view->alerts[i].state == ALERT_FIRING;
        (void)snprintf(p->status, sizeof(p->status),
                "%s: %zu queries in %zu collections: %zu pass, %zu drift, %zu fail, %zu unmeasured, %zu unjudged; %zu alerts firing%s",
                verdict_name(view_verdict(view)), queries, view->collection_count,
                outcomes[OUTCOME_PASS], outcomes[OUTCOME_DRIFT], outcomes[OUTCOME_FAIL],
                outcomes[OUTCOME_UNMEASURED], outcomes[OUTCOME_UNJUDGED], firing,
                view->reload_successful ? "" : "; the last reload was refused");
        return p->status;
}
