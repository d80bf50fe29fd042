/* SPDX-License-Identifier: Apache-2.0 */
#include "config/objects.h"

#include <errno.h>
#include <math.h>

static void channels_free(struct channel_config *channels, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                http_peer_done(&channels[i].peer);
                channel_settings_done(&channels[i].settings);
        }
        free(channels);
}

static void alerting_done(struct alerting_config *a)
{
        channels_free(a->alertmanagers, a->alertmanager_count);
        for (size_t i = 0; i < a->receiver_count; i++) {
                channels_free(a->receivers[i].channels, a->receivers[i].channel_count);
                free(a->receivers[i].name);
        }
        for (enum rule_id id = 0; id < RULE_COUNT; id++)
                free(a->rules[id].severity);
        for (size_t i = 0; i < a->escalation_count; i++)
                escalation_policy_done(&a->escalation[i]);
        free(a->escalation);
        free(a->receivers);
        free(a->runbook_url);
        free(a->lease.file);
        if (a->routing)
                routing_done(a->routing);
        free(a->routing);
}

static void server_config_unref(struct server_config *s)
{
        if (!s || --s->references > 0)
                return;
        http_peer_done(&s->peer);
        free(s->name);
        free(s->tenant);
        free(s->database);
        free(s);
}

static void embedder_config_unref(struct embedder_config *e)
{
        if (!e || --e->references > 0)
                return;
        http_peer_done(&e->peer);
        free(e->name);
        free(e->model);
        free(e->query_prefix);
        json_decref(e->body);
        free(e);
}

struct collection_config *collection_config_ref(struct collection_config *c)
{
        c->references++;
        return c;
}

struct collection_config *collection_config_unref(struct collection_config *c)
{
        if (!c || --c->references > 0)
                return NULL;
        bands_done(&c->bands);
        (void)query_set_unref(c->queries);
        (void)vector_set_unref(c->vectors);
        server_config_unref(c->server);
        embedder_config_unref(c->embedder);
        free(c->name);
        free(c->label);
        free(c);
        return NULL;
}

static void elsewhere_done(struct elsewhere_config *e)
{
        server_config_unref(e->server);
        free(e->label);
        free(e->name);
}

static int elsewhere_init(struct elsewhere_config *e, const struct collection_config *c)
{
        int r = strdup_to(&e->label, c->label);

        if (r >= 0)
                r = strdup_to(&e->name, c->name);
        if (r >= 0) {
                e->server = c->server;
                e->server->references++;
        }
        return r;
}

static int compare_elsewhere(const void *a, const void *b)
{
        const struct elsewhere_config *x = a, *y = b;

        return strcmp(x->label, y->label);
}

int config_confine(struct config *c, const struct shard *shard)
{
        size_t kept = 0;
        int r = 0;

        c->shard = *shard;
        c->elsewhere = calloc(c->collection_count + 1, sizeof(*c->elsewhere));
        if (!c->elsewhere)
                return -ENOMEM;
        for (size_t i = 0; i < c->collection_count; i++) {
                struct collection_config *one = c->collections[i];

                if (r < 0 || shard_has(shard, one->label)) {
                        c->collections[kept++] = one;
                        continue;
                }
                r = elsewhere_init(&c->elsewhere[c->elsewhere_count++], one);
                collection_config_unref(one);
        }
        c->collection_count = kept;
        qsort(c->elsewhere, c->elsewhere_count, sizeof(*c->elsewhere), compare_elsewhere);
        return r;
}

bool config_elsewhere(const struct config *c, const char *label)
{
        const struct elsewhere_config key = {.label = (char *)label};

        return c->elsewhere_count > 0 &&
                bsearch(&key, c->elsewhere, c->elsewhere_count, sizeof(key), compare_elsewhere);
}

struct config *config_free(struct config *c)
{
        if (!c)
                return NULL;
        for (size_t i = 0; i < c->collection_count; i++)
                collection_config_unref(c->collections[i]);
        for (size_t i = 0; i < c->elsewhere_count; i++)
                elsewhere_done(&c->elsewhere[i]);
        for (size_t i = 0; i < c->server_count; i++)
                server_config_unref(c->servers[i]);
        for (size_t i = 0; i < c->embedder_count; i++)
                embedder_config_unref(c->embedders[i]);
        alerting_done(&c->alerting);
        errors_done(&c->warnings);
        for (size_t i = 0; i < c->host_count; i++)
                free(c->hosts[i]);
        free(c->hosts);
        free(c->collections);
        free(c->elsewhere);
        free(c->embedders);
        free(c->servers);
        free(c->path);
        free(c);
        return NULL;
}

/* Also where neither is given. */
static bool same_number(double a, double b)
{
        return a == b || (isnan(a) && isnan(b));
}

static bool same_server(const struct server_config *a, const struct server_config *b)
{
        return streq(a->name, b->name) && streq(a->tenant, b->tenant) &&
                streq(a->database, b->database) && http_peer_equal(&a->peer, &b->peer);
}

static bool same_embedder(const struct embedder_config *a, const struct embedder_config *b)
{
        if (!a || !b)
                return a == b;
        return streq(a->name, b->name) && a->dialect == b->dialect &&
                http_peer_equal(&a->peer, &b->peer) && streq(a->model, b->model) &&
                streq(a->query_prefix, b->query_prefix) && a->batch == b->batch &&
                same_number(a->limit, b->limit) &&
                (a->body ? json_equal(a->body, b->body) : !b->body);
}

static bool same_replay(const struct replay_config *a, const struct replay_config *b)
{
        return a->interval == b->interval && a->timeout == b->timeout && a->history == b->history &&
                a->survey_interval == b->survey_interval &&
                a->embed_interval == b->embed_interval && a->results == b->results &&
                a->batch == b->batch && same_number(a->server_share, b->server_share);
}

static bool same_probes(const struct probe_config *a, const struct probe_config *b)
{
        return a->interval == b->interval && a->records_max == b->records_max &&
                a->recall_results == b->recall_results && a->recall_queries == b->recall_queries;
}

static bool same_policy(const struct finding_policy *a, const struct finding_policy *b)
{
        for (enum rule_id k = 0; k < RULE_COUNT; k++)
                if (!same_number(a->limits[k], b->limits[k]))
                        return false;
        return a->at_once == b->at_once && a->demands_baseline == b->demands_baseline &&
                a->embedder_counts == b->embedder_counts && a->grace == b->grace;
}

static bool same_collection(const struct collection_config *a, const struct collection_config *b)
{
        return streq(a->name, b->name) && a->queries == b->queries && a->vectors == b->vectors &&
                same_server(a->server, b->server) && same_embedder(a->embedder, b->embedder) &&
                http_peer_equal(&a->peer, &b->peer) && same_replay(&a->replay, &b->replay) &&
                same_probes(&a->probes, &b->probes) && same_policy(&a->policy, &b->policy) &&
                a->bands_source == b->bands_source && bands_equal(&a->bands, &b->bands);
}

static struct collection_config *find(const struct config *c, const char *label)
{
        for (size_t i = 0; i < c->collection_count; i++)
                if (streq(c->collections[i]->label, label))
                        return c->collections[i];
        return NULL;
}

void config_share(struct config *c, const struct config *before)
{
        for (size_t i = 0; i < c->collection_count; i++) {
                struct collection_config *old = find(before, c->collections[i]->label);

                if (!old || !same_collection(c->collections[i], old))
                        continue;
                collection_config_unref(c->collections[i]);
                c->collections[i] = collection_config_ref(old);
        }
}

const struct channel_config *config_channel(const struct config *c, size_t i)
{
        const struct alerting_config *a = &c->alerting;

        for (size_t k = 0; k < a->receiver_count; i -= a->receivers[k++].channel_count)
                if (i < a->receivers[k].channel_count)
                        return &a->receivers[k].channels[i];
        return NULL;
}

const struct http_peer *config_peer(const struct config *c, size_t i)
{
        const struct alerting_config *a = &c->alerting;
        const struct channel_config *channel;

        if (i < c->server_count)
                return &c->servers[i]->peer;
        i -= c->server_count;
        if (i < c->embedder_count)
                return &c->embedders[i]->peer;
        i -= c->embedder_count;
        if (i < a->alertmanager_count)
                return &a->alertmanagers[i].peer;
        channel = config_channel(c, i - a->alertmanager_count);
        return channel ? &channel->peer : NULL;
}

/* Of configurations that say the same; what the files of the zones say may be another thing. */
static bool same_zones(const struct routing *a, const struct routing *b)
{
        for (size_t i = 0; a && i < a->calendar_count; i++)
                for (size_t k = 0; k < a->calendars[i].count; k++)
                        if (!zone_equal(a->calendars[i].intervals[k].zone,
                                    b->calendars[i].intervals[k].zone))
                                return false;
        return true;
}

bool config_equal(const struct config *c, const struct config *before)
{
        const struct channel_config *channel;
        const struct http_peer *peer;

        if (!*c->digest || !streq(c->digest, before->digest) || !streq(c->path, before->path))
                return false;
        /* The same file names as many of everything. */
        for (size_t i = 0; i < c->collection_count; i++)
                if (c->collections[i] != before->collections[i])
                        return false;
        for (size_t i = 0; (peer = config_peer(c, i)); i++)
                if (!http_peer_equal(peer, config_peer(before, i)))
                        return false;
        for (size_t i = 0; (channel = config_channel(c, i)); i++)
                if (!channel_settings_equal(
                            &channel->settings, &config_channel(before, i)->settings))
                        return false;
        return same_zones(c->alerting.routing, before->alerting.routing);
}
