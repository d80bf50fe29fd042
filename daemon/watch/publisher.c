/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/publisher.h"

#include <errno.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "judge/incident.h"
#include "keep/homes.h"
#include "tell/selfcheck.h"
#include "text.h"
#include "watch/storage.h"

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
        view_unref(p->last);
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

void publisher_jump(struct publisher *p, int64_t by)
{
        time_jump(&p->started, by);
        time_jump(&p->reload_success_at, by);
        p->jumped = true;
        for (size_t i = 0; i < p->incident_count; i++)
                incident_view_jump(&p->incidents[i], by);
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
        if (p->configured)
                p->reloads[r < 0 ? RELOAD_REFUSED : r > 0 ? RELOAD_CHANGED : RELOAD_UNCHANGED]++;
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
        const struct allowance *allowance =
                source->allowances ? allowances_find(source->allowances, from->name) : NULL;
        int r = strdup_to(&to->name, from->name);

        if (latency)
                to->latency = *latency;
        if (allowance)
                memcpy(to->busy, allowance->busy, sizeof(to->busy));
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
                r = view_server(p, source, config->servers[i], &v->servers[v->server_count++]);
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

static int copy_alerts(const struct alerts *alerts, struct alert_list **ret)
{
        _cleanup_(alert_list_unrefp) struct alert_list *copies = NULL;
        _cleanup_free_ const struct alert **list = NULL;
        size_t count = 0;
        int r = alerts_list(alerts, &list, &count);

        if (r < 0)
                return r;
        copies = alert_list_new(count);
        if (!copies)
                return -ENOMEM;
        for (; copies->count < count; copies->count++) {
                r = alert_copy(list[copies->count], &copies->alerts[copies->count]);
                if (r < 0)
                        return r;
        }
        *ret = take_ptr(copies);
        return 0;
}

static int view_alerts(const struct publisher *p, const struct alerts *alerts, struct view *v)
{
        _cleanup_(alert_list_unrefp) struct alert_list *copies = NULL;
        int r;

        if (p->last && p->alerts_shown == alerts_generation(alerts)) {
                view_show_alerts(v, p->last->alert_list);
                return 0;
        }
        r = copy_alerts(alerts, &copies);
        if (r >= 0)
                view_show_alerts(v, copies);
        return r;
}

static const struct collection_view *collection_at(const struct view *v, size_t i)
{
        return v && i < v->collection_count ? v->collections[i] : NULL;
}

static bool has_incident(const struct collection_view *c)
{
        return c && c->incident_since > 0;
}

static bool is_forgotten(const struct incident_view *i, usec_t now)
{
        return i->resolved_at > 0 && now > i->resolved_at + ALERT_RESOLVED_RETENTION;
}

static bool has_own_incident(const struct view *v)
{
        return selfcheck_fires(v->alerts, v->alert_count);
}

/* Whether another list of incidents is to be shown than last time. */
static bool incidents_differ(const struct publisher *p, const struct view *v, usec_t now)
{
        if (!p->last || p->jumped)
                return true;
        if (p->last->alert_list != v->alert_list &&
                (has_own_incident(p->last) || has_own_incident(v)))
                return true;
        for (size_t i = 0; i < MAX(v->collection_count, p->last->collection_count); i++) {
                const struct collection_view *a = collection_at(p->last, i),
                                             *b = collection_at(v, i);

                if (a != b && (has_incident(a) || has_incident(b)))
                        return true;
        }
        for (size_t i = 0; i < p->incident_count; i++)
                if (is_forgotten(&p->incidents[i], now))
                        return true;
        return false;
}

/* What is remembered of an incident that is open still, as that is shown now; NULL: nothing. */
static struct incident_view *find_same(
        struct incident_view *incidents, size_t count, const struct incident_view *i)
{
        for (size_t k = 0; k < count; k++)
                if (incidents[k].resolved_at == 0 && incidents[k].since == i->since &&
                        streq(incidents[k].id, i->id))
                        return &incidents[k];
        return NULL;
}

/* It goes on while any of its alerts fires, whichever was first. */
static void keep_since(const struct publisher *p, struct incident_view *own)
{
        for (size_t i = 0; i < p->incident_count; i++)
                if (p->incidents[i].resolved_at == 0 && streq(p->incidents[i].id, own->id))
                        own->since = p->incidents[i].since;
}

static int view_open_incidents(
        const struct publisher *p, const struct view *v, struct incident_list *l)
{
        struct incident_view *own;
        int r = 0;

        for (size_t i = 0; i < v->collection_count && r >= 0; i++) {
                struct incident_view *to = &l->incidents[l->count];

                if (!has_incident(v->collections[i]))
                        continue;
                r = incident_show(v->collections[i], to);
                l->count += r >= 0 && to->id;
        }
        if (r < 0)
                return r;
        own = &l->incidents[l->count];
        r = selfcheck_incident(v->alerts, v->alert_count, own);
        if (r < 0 || !own->id)
                return r;
        keep_since(p, own);
        l->count++;
        return 0;
}

/* What was open before and is no more has ended; what ended before is shown for as long as its
 * alerts are. */
static int view_resolved_incidents(const struct publisher *p, usec_t now, struct incident_list *l)
{
        size_t open = l->count, most = open + INCIDENTS_RESOLVED_MAX;
        int r = 0;

        for (size_t i = 0; i < p->incident_count && l->count < most && r >= 0; i++) {
                const struct incident_view *from = &p->incidents[i];
                struct incident_view *to = &l->incidents[l->count];

                if ((from->resolved_at == 0 && find_same(l->incidents, open, from)) ||
                        is_forgotten(from, now))
                        continue;
                r = incident_view_copy(from, to);
                if (r < 0)
                        break;
                l->count++;
                if (to->resolved_at == 0)
                        to->resolved_at = now;
        }
        return r;
}

/* Whether an incident is remembered as it was before: near its end nothing is left of it to see,
 * and what is seen of a collection that is written to may be its repair. */
static bool was_worse(const struct collection_view *c, const struct incident_view *old,
        const struct incident_view *now)
{
        if (old->severity != now->severity)
                return old->severity > now->severity;
        return old->queries > now->queries || c->ingest_under_way;
}

static const struct incident_view *worst_of(
        const struct publisher *p, const struct view *v, const struct incident_view *i)
{
        const struct collection_view *c =
                i->collection ? view_find_collection(v, i->collection) : NULL;
        const struct incident_view *old =
                c && i->resolved_at == 0 ? find_same(p->incidents, p->incident_count, i) : NULL;

        return old && was_worse(c, old, i) ? old : i;
}

static int remember_incidents(
        struct publisher *p, const struct view *v, const struct incident_list *l)
{
        struct incident_view *incidents = calloc(l->count + 1, sizeof(*incidents));
        size_t count = 0;
        int r = incidents ? 0 : -ENOMEM;

        for (; count < l->count && r >= 0; count += r >= 0)
                r = incident_view_copy(worst_of(p, v, &l->incidents[count]), &incidents[count]);
        if (r < 0) {
                incidents_free(incidents, count);
                return r;
        }
        incidents_free(p->incidents, p->incident_count);
        p->incidents = incidents;
        p->incident_count = count;
        return 0;
}

/* Last of all that may fail, because it is remembered at once. */
static int view_incidents(struct publisher *p, usec_t now, struct view *v)
{
        _cleanup_(incident_list_unrefp) struct incident_list *l = NULL;
        size_t most = p->incident_count + 1;
        int r;

        if (!incidents_differ(p, v, now)) {
                view_show_incidents(v, p->last->incident_list);
                return 0;
        }
        for (size_t i = 0; i < v->collection_count; i++)
                most += has_incident(v->collections[i]);
        l = incident_list_new(most);
        if (!l)
                return -ENOMEM;
        r = view_open_incidents(p, v, l);
        if (r >= 0)
                r = view_resolved_incidents(p, now, l);
        if (r >= 0)
                r = remember_incidents(p, v, l);
        if (r >= 0)
                view_show_incidents(v, l);
        return r;
}

static int view_standing(
        const struct publisher *p, const struct publication *source, usec_t now, struct view *v)
{
        if (!source->desk)
                return 0;
        if (p->last && !p->jumped && p->desk_shown == source->desk_generation) {
                v->standing = standing_ref(p->last->standing);
                return 0;
        }
        return desk_show(source->desk, now, &v->standing);
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

static int view_lease(const struct tenure *tenure, struct view *v)
{
        int r;

        v->leased = tenure_leased(tenure);
        if (!v->leased)
                return 0;
        v->lease_held = tenure_tells(tenure);
        r = strdup_to(&v->lease_holder, tenure_holder(tenure));
        return r < 0 ? r : strdup_to(&v->lease_error, tenure_error(tenure));
}

static int view_storage(const struct storage *s, struct view *v)
{
        v->storage_failing = s->failing;
        v->storage_writes = s->writes;
        return strdup_to(&v->storage_error, s->error);
}

static int view_hosts(const struct config *config, struct view *v)
{
        int r = 0;

        v->hosts = calloc(config->host_count + 1, sizeof(char *));
        if (!v->hosts)
                return -ENOMEM;
        for (; v->host_count < config->host_count && r == 0; v->host_count++)
                r = strdup_to(&v->hosts[v->host_count], config->hosts[v->host_count]);
        return r;
}

static int view_facts(
        const struct publisher *p, const struct publication *source, usec_t now, struct view *v)
{
        int r = strdup_to(&v->config_path, source->config->path);

        if (r >= 0)
                r = strdup_to(&v->reload_error, p->reload_error);
        if (r >= 0)
                r = strdup_to(&v->external_url, source->external_url);
        if (r >= 0)
                r = strdup_to(&v->runbook_url, source->runbook_url);
        if (r >= 0 && source->storage)
                r = view_storage(source->storage, v);
        if (r >= 0)
                r = view_lease(source->tenure, v);
        if (r >= 0)
                r = view_hosts(source->config, v);
        v->published = now;
        v->started = p->started;
        v->ready = p->configured;
        v->reload_successful = p->reload_successful;
        v->reload_success_at = p->reload_success_at;
        memcpy(v->reloads, p->reloads, sizeof(v->reloads));
        v->per_query_limit = source->config->per_query_limit;
        v->shard = source->config->shard;
        v->elsewhere = source->config->elsewhere_count;
        v->ack_links =
                source->ack_key && source->external_url && source->config->alerting.ack_expire > 0;
        if (v->ack_links)
                memcpy(v->ack_key, source->ack_key, sizeof(v->ack_key));
        v->loopback_distrusted = !source->config->trust_loopback;
        return r;
}

/* Adds what is counted of a collection, or takes it away. */
static void count(struct publisher *p, const struct collection_view *c, bool add)
{
        size_t one = add ? 1 : SIZE_MAX; /* -1: counts wrap */

        if (!c)
                return;
        for (size_t k = 0; k < c->query_set->count; k++)
                p->outcomes[c->queries[k].judgement.outcome] += one;
        p->queries += one * c->query_set->count;
        p->verdicts[c->verdict] += one;
        p->homes += add ? homes_signature(c) : -homes_signature(c);
}

static void account(struct publisher *p, struct view *v, uint64_t alerts)
{
        for (size_t i = 0; i < MAX(v->collection_count, p->last ? p->last->collection_count : 0);
                i++) {
                const struct collection_view *a = collection_at(p->last, i),
                                             *b = collection_at(v, i);

                if (a == b)
                        continue;
                count(p, a, false);
                count(p, b, true);
        }
        if (!p->last || p->last->alert_list != v->alert_list) {
                p->firing = 0;
                for (size_t i = 0; i < v->alert_count; i++)
                        p->firing += v->alerts[i].state == ALERT_FIRING;
        }
        p->alerts_shown = alerts;
        p->jumped = false;
        view_unref(p->last);
        p->last = view_ref(v);
}

int publisher_view(
        struct publisher *p, const struct publication *source, usec_t now, struct view **ret)
{
        _cleanup_(view_unrefp) struct view *v = view_new();
        int r = v ? view_facts(p, source, now, v) : -ENOMEM;

        if (r >= 0)
                r = view_collections(source, v);
        if (r >= 0)
                r = view_servers(p, source, v);
        if (r >= 0)
                r = view_rules(source->config->alerting.rules, v);
        if (r >= 0)
                r = view_alerts(p, source->alerts, v);
        if (r >= 0)
                r = outbox_view(source->outbox, &v->channels, &v->channel_count);
        if (r >= 0)
                r = outbox_losses(source->outbox, &v->losses, &v->loss_count);
        if (r >= 0)
                r = view_standing(p, source, now, v);
        if (r >= 0)
                r = view_incidents(p, now, v);
        if (r < 0)
                return r;
        p->desk_shown = source->desk_generation;
        account(p, v, alerts_generation(source->alerts));
        *ret = take_ptr(v);
        return 0;
}

const char *publisher_status(struct publisher *p, const struct view *view)
{
        const size_t *outcomes = p->outcomes;
        enum verdict worst = VERDICT_COUNT - 1;

        while (worst > 0 && p->verdicts[worst] == 0)
                worst--;
        if (view->collection_count == 0)
                worst = VERDICT_UNMEASURED;
        (void)snprintf(p->status, sizeof(p->status),
                "%s: %zu %s in %zu %s: %zu pass, %zu drift, %zu fail, %zu unmeasured, %zu unjudged; %zu %s firing%s",
                verdict_name(worst), p->queries, plural(p->queries, "query", "queries"),
                view->collection_count, plural(view->collection_count, "collection", "collections"),
                outcomes[OUTCOME_PASS], outcomes[OUTCOME_DRIFT], outcomes[OUTCOME_FAIL],
                outcomes[OUTCOME_UNMEASURED], outcomes[OUTCOME_UNJUDGED], p->firing,
                plural(p->firing, "alert", "alerts"),
                view->reload_successful ? "" : "; the last reload was refused");
        return p->status;
}

void publisher_announce(struct publisher *p, const struct view *view)
{
        _cleanup_free_ char *before = strdup(p->status);
        const char *status = publisher_status(p, view);

        if (!streq(before, status))
                (void)sd_notifyf(0, "STATUS=%s", status);
}
