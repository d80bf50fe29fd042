/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "config/access.h"
#include "config/borders.h"
#include "config/keys.h"
#include "config/peer.h"
#include "file.h"

/* A configuration of a thousand collections is a tenth of that. */
#define CONFIG_FILE_MAX (4U << 20)
/* Numbers in one request: some 25 MB of JSON, when servers refuse more than 40 MiB. */
#define REQUEST_NUMBERS_MAX (1U << 21)
/* Missing vectors named one by one; more than that are one mistake. */
#define MISSING_NAMED_MAX 10

struct loader {
        struct schema_reader reader;
        struct config_keys keys;
        struct config *config;
};

/* What a collection says itself, else what counts for all. */
static struct replay_config build_replay(
        const struct replay_keys *own, const struct replay_config *common)
{
        return (struct replay_config){
                .interval = own->interval == USEC_INFINITY ? common->interval : own->interval,
                .timeout = own->timeout == USEC_INFINITY ? common->timeout : own->timeout,
                .history = own->history == USEC_INFINITY ? common->history : own->history,
                .results = own->results == 0 ? common->results : own->results,
                .batch = own->batch == 0 ? common->batch : own->batch,
                .survey_interval = own->survey_interval == USEC_INFINITY ? common->survey_interval
                                                                         : own->survey_interval,
                .embed_interval = own->embed_interval == USEC_INFINITY ? common->embed_interval
                                                                       : own->embed_interval,
        };
}

static int build_server(
        const struct loader *l, const struct peer_keys *keys, struct server_config *ret)
{
        int r = strdup_to(&ret->name, keys->name);

        if (r == 0)
                r = strdup_to(&ret->tenant, keys->tenant);
        if (r == 0)
                r = strdup_to(&ret->database, keys->database);
        if (r == 0)
                r = peer_build(
                        &l->reader, keys, PEER_CHROMA, l->config->replay.timeout, &ret->peer);
        return r;
}

static int build_servers(struct loader *l)
{
        const struct schema_list *list = &l->keys.servers;
        const struct peer_keys *keys = list->items;
        struct config *c = l->config;
        int r = schema_unique(
                &l->reader, list, sizeof(*keys), "name", offsetof(struct peer_keys, name));

        c->servers = calloc(list->count + 1, sizeof(*c->servers));
        if (!c->servers)
                return -ENOMEM;
        for (; r == 0 && c->server_count < list->count; c->server_count++)
                r = build_server(l, &keys[c->server_count], &c->servers[c->server_count]);
        return r;
}

static int build_embedder(
        const struct loader *l, const struct peer_keys *keys, struct embedder_config *ret)
{
        int r = strdup_to(&ret->name, keys->name);

        if (r == 0)
                r = strdup_to(&ret->model, keys->model);
        if (r == 0)
                r = strdup_to(&ret->query_prefix, keys->query_prefix);
        if (r == 0)
                r = peer_build(&l->reader, keys, PEER_EMBEDDER, keys->timeout, &ret->peer);
        if (r == 0)
                r = peer_build_body(&l->reader, keys, &ret->body);
        ret->dialect = embedding_dialect_find(keys->api);
        ret->batch = keys->batch;
        ret->limit = keys->limit;
        if (ret->dialect && ret->dialect->needs_model &&
                yaml_is_null(yaml_get(keys->place.node, "model")))
                schema_error(&l->reader, &keys->place, "model", NULL, "is required with api: %s",
                        keys->api);
        return r;
}

static int build_embedders(struct loader *l)
{
        const struct schema_list *list = &l->keys.embedders;
        const struct peer_keys *keys = list->items;
        struct config *c = l->config;
        int r = schema_unique(
                &l->reader, list, sizeof(*keys), "name", offsetof(struct peer_keys, name));

        c->embedders = calloc(list->count + 1, sizeof(*c->embedders));
        if (!c->embedders)
                return -ENOMEM;
        for (; r == 0 && c->embedder_count < list->count; c->embedder_count++)
                r = build_embedder(l, &keys[c->embedder_count], &c->embedders[c->embedder_count]);
        return r;
}

/* The name nearest to `word` among those of servers or embedders as a hint; "" when memory is
 * short. */
static const char *name_hint(
        const struct schema_list *list, const char *word, char *buffer, size_t size)
{
        _cleanup_free_ const char **names = calloc(list->count + 1, sizeof(*names));
        const struct peer_keys *keys = list->items;
        size_t count = 0;

        for (size_t i = 0; names && i < list->count; i++)
                if (keys[i].name)
                        names[count++] = keys[i].name;
        return schema_hint(buffer, size, word, names, count);
}

static const struct server_config *find_server(
        const struct loader *l, const struct collection_keys *keys)
{
        const struct config *c = l->config;
        char hint[SCHEMA_HINT_MAX];

        if (!keys->server) {
                if (c->server_count == 1)
                        return &c->servers[0];
                if (c->server_count == 0)
                        schema_error(&l->reader, &keys->place, "server", NULL,
                                "no server is configured; add one to servers");
                else if (!yaml_get(keys->place.node, "server"))
                        schema_error(&l->reader, &keys->place, "server", NULL,
                                "is required, because there are %zu servers", c->server_count);
                return NULL;
        }
        for (size_t i = 0; i < c->server_count; i++)
                if (streq(c->servers[i].name, keys->server))
                        return &c->servers[i];
        schema_error(&l->reader, &keys->place, "server", NULL, "no server is called \"%s\"%s",
                keys->server, name_hint(&l->keys.servers, keys->server, hint, sizeof(hint)));
        return NULL;
}

/* NULL for none, and after a complaint. */
static const struct embedder_config *find_embedder(
        const struct loader *l, const struct collection_keys *keys)
{
        const struct config *c = l->config;
        char hint[SCHEMA_HINT_MAX];

        if (!keys->embedder)
                return NULL;
        for (size_t i = 0; i < c->embedder_count; i++)
                if (streq(c->embedders[i].name, keys->embedder))
                        return &c->embedders[i];
        schema_error(&l->reader, &keys->place, "embedder", NULL, "no embedder is called \"%s\"%s",
                keys->embedder, name_hint(&l->keys.embedders, keys->embedder, hint, sizeof(hint)));
        return NULL;
}

/* Errors inside the file name their own place; that it cannot be read belongs to the key. */
static void forward(const struct loader *l, const struct schema_place *place, const char *key,
        int code, struct errors *found)
{
        for (size_t i = 0; i < found->count; i++)
                if (code == -EBADMSG)
                        errors_add(l->reader.errors, "%s", found->messages[i]);
                else
                        schema_error(&l->reader, place, key, NULL, "%s", found->messages[i]);
        l->reader.errors->dropped += found->dropped;
}

/* Collections with the same query set share it; its errors are told once. */
static bool share_queries(const struct loader *l, size_t i, struct query_set **ret)
{
        const struct collection_keys *keys = l->keys.collections.items;

        for (size_t j = 0; j < i; j++)
                if (streq(keys[j].queries, keys[i].queries)) {
                        if (l->config->collections[j].queries)
                                *ret = query_set_ref(l->config->collections[j].queries);
                        return true;
                }
        return false;
}

static int load_queries(const struct loader *l, size_t i, struct query_set **ret)
{
        const struct collection_keys *keys = l->keys.collections.items;
        _cleanup_errors_ struct errors found = {0};
        _cleanup_free_ char *path = NULL;
        int r;

        if (!keys[i].queries || share_queries(l, i, ret))
                return 0;
        path = path_resolve(keys[i].queries, l->reader.file);
        if (!path)
                return -ENOMEM;
        r = query_set_load(path, ret, &found);
        forward(l, &keys[i].place, "queries", r, &found);
        return r == -ENOMEM ? r : 0;
}

static int load_vectors(
        const struct loader *l, const struct collection_keys *keys, struct vector_set **ret)
{
        _cleanup_errors_ struct errors found = {0};
        _cleanup_free_ char *path = NULL;
        int r;

        if (!keys->vectors)
                return 0;
        path = path_resolve(keys->vectors, l->reader.file);
        if (!path)
                return -ENOMEM;
        r = vector_set_load(path, ret, &found);
        forward(l, &keys->place, "vectors", r, &found);
        return r == -ENOMEM ? r : 0;
}

static void check_within(const struct loader *l, const struct collection_keys *keys,
        const struct collection_config *c)
{
        const char *key = keys->replay.results > 0 ? "results" : "queries";

        for (size_t i = 0; i < c->queries->count; i++) {
                const struct query *query = &c->queries->queries[i];

                if (query->expect.within > c->replay.results)
                        schema_error(&l->reader, &keys->place, key, NULL,
                                "query \"%s\" expects its record within the first %u, but only %u "
                                "results are asked for",
                                query->id, query->expect.within, c->replay.results);
        }
}

/* An embedder gives what the file lacks. */
static void check_vectors(const struct loader *l, const struct collection_keys *keys,
        const struct collection_config *c)
{
        size_t missing = 0;

        for (size_t i = 0; !keys->embedder && i < c->queries->count; i++) {
                const char *id = c->queries->queries[i].id;

                if (vector_set_find(c->vectors, id))
                        continue;
                if (++missing <= MISSING_NAMED_MAX)
                        schema_error(&l->reader, &keys->place, "vectors", NULL,
                                "%s has no vector for query \"%s\" of %s", c->vectors->path, id,
                                c->queries->path);
        }
        if (missing > MISSING_NAMED_MAX)
                schema_error(&l->reader, &keys->place, "vectors", NULL,
                        "%s has no vectors for %zu more queries", c->vectors->path,
                        missing - MISSING_NAMED_MAX);
        if ((size_t)c->vectors->dimension * MIN(c->replay.batch, c->queries->count) >
                REQUEST_NUMBERS_MAX)
                schema_error(&l->reader, &keys->place, "batch", NULL,
                        "%u vectors of dimension %u make a request that servers refuse; at most %u",
                        c->replay.batch, c->vectors->dimension,
                        REQUEST_NUMBERS_MAX / c->vectors->dimension);
}

static int build_collection(const struct loader *l, size_t i, struct collection_config *ret)
{
        const struct collection_keys *keys =
                (const struct collection_keys *)l->keys.collections.items + i;
        int r = strdup_to(&ret->name, keys->name);

        ret->replay = build_replay(&keys->replay, &l->config->replay);
        ret->probes = (struct probe_config){
                .interval = l->keys.probes.interval,
                .records_max = l->keys.probes.records_max,
                .recall_results = l->keys.probes.recall_results,
                .recall_queries = l->keys.probes.recall_queries,
        };
        finding_policy_init(&ret->policy);
        for (enum rule_id k = 0; k < RULE_COUNT; k++)
                ret->policy.limits[k] = l->config->alerting.rules[k].limit;
        ret->policy.embedder_counts = keys->embedder_gates;
        ret->policy.grace = l->config->ingest_grace;
        if (r == 0)
                r = strdup_to(&ret->label, keys->label);
        if (r == 0)
                r = borders_build(&l->reader, keys, &ret->bands_source, &ret->bands);
        if (r == 0)
                r = load_queries(l, i, &ret->queries);
        if (r == 0)
                r = load_vectors(l, keys, &ret->vectors);
        if (r < 0)
                return r;
        ret->embedder = find_embedder(l, keys);
        ret->server = find_server(l, keys);
        if (ret->server) {
                ret->peer = ret->server->peer;
                peer_set_timeout(&ret->peer, ret->replay.timeout);
        }
        if (ret->queries)
                check_within(l, keys, ret);
        if (ret->queries && ret->vectors)
                check_vectors(l, keys, ret);
        return 0;
}

static int build_collections(struct loader *l)
{
        const struct schema_list *list = &l->keys.collections;
        struct collection_keys *keys = list->items;
        const struct yaml_node *node = yaml_get(l->keys.place.node, "collections");
        struct config *c = l->config;
        int r;

        if (list->count == 0 && (yaml_is_null(node) || node->kind == YAML_SEQUENCE))
                schema_error(&l->reader, &l->keys.place, "collections", NULL,
                        "nothing to watch: give at least one collection with its name and queries, "
                        "and vectors or an embedder");
        for (size_t i = 0; i < list->count; i++)
                if (!keys[i].label && !yaml_get(keys[i].place.node, "label"))
                        keys[i].label = keys[i].name;
        r = schema_unique(
                &l->reader, list, sizeof(*keys), "label", offsetof(struct collection_keys, label));
        c->collections = calloc(list->count + 1, sizeof(*c->collections));
        if (!c->collections)
                return -ENOMEM;
        while (r == 0 && c->collection_count < list->count) {
                size_t i = c->collection_count++;

                r = build_collection(l, i, &c->collections[i]);
        }
        return r;
}

static int build_alertmanagers(struct loader *l)
{
        const struct schema_list *list = &l->keys.alerting.alertmanagers;
        const struct peer_keys *keys = list->items;
        struct alerting_config *a = &l->config->alerting;
        int r = 0;

        a->alertmanagers = calloc(list->count + 1, sizeof(*a->alertmanagers));
        if (!a->alertmanagers)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < list->count; i++)
                r = peer_build(&l->reader, &keys[i], PEER_ALERTMANAGER, keys[i].timeout,
                        &a->alertmanagers[a->alertmanager_count++]);
        return r;
}

static int build_receiver(
        const struct loader *l, const struct receiver_keys *keys, struct receiver_config *ret)
{
        const struct peer_keys *webhooks = keys->webhooks.items;
        int r = strdup_to(&ret->name, keys->name);

        if (keys->webhooks.count == 0)
                schema_error(&l->reader, &keys->place, NULL, NULL,
                        "tells nobody; give it webhook_configs");
        ret->webhooks = calloc(keys->webhooks.count + 1, sizeof(*ret->webhooks));
        if (!ret->webhooks)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < keys->webhooks.count; i++) {
                struct webhook_config *webhook = &ret->webhooks[ret->webhook_count++];

                webhook->send_resolved = webhooks[i].send_resolved;
                webhook->max_alerts = webhooks[i].max_alerts;
                r = peer_build(
                        &l->reader, &webhooks[i], PEER_TARGET, webhooks[i].timeout, &webhook->peer);
        }
        return r;
}

static int build_receivers(struct loader *l)
{
        const struct schema_list *list = &l->keys.alerting.receivers;
        const struct receiver_keys *keys = list->items;
        struct alerting_config *a = &l->config->alerting;
        int r = schema_unique(
                &l->reader, list, sizeof(*keys), "name", offsetof(struct receiver_keys, name));

        a->receivers = calloc(list->count + 1, sizeof(*a->receivers));
        if (!a->receivers)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < list->count; i++)
                r = build_receiver(l, &keys[i], &a->receivers[a->receiver_count++]);
        return r;
}

static int build_rules(struct loader *l)
{
        const struct schema_list *list = &l->keys.alerting.rules;
        const struct rule_keys *keys = list->items;
        struct rule *rules = l->config->alerting.rules;
        int r = 0;

        for (enum rule_id id = 0; id < RULE_COUNT; id++)
                rules[id] = (struct rule){
                        .enabled = true,
                        .for_usec = rule_defaults[id].for_usec,
                        .keep_firing_for_usec = rule_defaults[id].keep_firing_for_usec,
                        .limit = NAN,
                };
        for (size_t i = 0; r == 0 && i < list->count; i++) {
                enum rule_id id;

                r = rule_find(keys[i].place.name, &id);
                if (r < 0)
                        return r;
                rules[id].enabled = keys[i].enabled;
                if (keys[i].for_usec != USEC_INFINITY)
                        rules[id].for_usec = keys[i].for_usec;
                if (keys[i].keep_firing_for_usec != USEC_INFINITY)
                        rules[id].keep_firing_for_usec = keys[i].keep_firing_for_usec;
                if (!isnan(keys[i].limit) && isnan(rule_defaults[id].limit))
                        schema_error(&l->reader, &keys[i].place, "limit", NULL, "%s has no limit",
                                rule_defaults[id].name);
                else if (!isnan(keys[i].limit))
                        rules[id].limit = keys[i].limit;
                r = strdup_to(&rules[id].severity, keys[i].severity);
        }
        return r;
}

static int build(struct loader *l)
{
        struct config *c = l->config;
        int r = strdup_to(&c->path, l->reader.file);

        c->replay = build_replay(&l->keys.replay, &(struct replay_config){0});
        c->per_query_limit = l->keys.metrics.per_query_limit;
        c->alerting.resend_delay = l->keys.alerting.resend_delay;
        c->alerting.repeat_interval = l->keys.alerting.repeat_interval;
        c->alerting.group_wait = l->keys.alerting.group_wait;
        c->alerting.group_interval = l->keys.alerting.group_interval;
        c->alerting.query_alerts_max = l->keys.alerting.query_alerts_max;
        c->ingest_grace = l->keys.ingest.grace;
        c->trust_loopback = l->keys.web.trust_loopback;
        if (r == 0)
                r = strdup_to(&c->alerting.runbook_url, l->keys.alerting.runbook_url);
        if (r == 0)
                r = build_rules(l);
        if (r == 0)
                r = build_servers(l);
        if (r == 0)
                r = build_embedders(l);
        if (r == 0)
                r = build_collections(l);
        if (r == 0)
                r = build_alertmanagers(l);
        if (r == 0)
                r = build_receivers(l);
        return r;
}

static int read_tree(
        const struct schema_reader *reader, const struct yaml_node *root, struct config *config)
{
        struct loader l = {.reader = *reader, .config = config};
        int r = schema_read(reader, &config_schema, root, &l.keys);

        if (r == 0 || r == -EBADMSG)
                r = build(&l);
        if (r == 0)
                r = access_check(&(struct schema_reader){reader->file, &config->warnings}, &l.keys);
        schema_done(&config_schema, &l.keys);
        return r;
}

int config_parse(
        const char *path, const char *data, size_t size, struct config **ret, struct errors *errors)
{
        _cleanup_(config_freep) struct config *config = calloc(1, sizeof(*config));
        _cleanup_(yaml_node_freep) struct yaml_node *root = NULL;
        const struct schema_reader reader = {path, errors};
        size_t before = errors_total(errors);
        int r = config ? yaml_parse(path, data, size, &root, errors) : -ENOMEM;

        if (r == 0)
                r = read_tree(&reader, root, config);
        if (r == -ENOMEM)
                errors_add(errors, "%s: out of memory", path);
        else if (r == 0 && errors_total(errors) > before)
                r = -EBADMSG;
        if (r < 0)
                return r;
        *ret = take_ptr(config);
        return 0;
}

int config_load(const char *path, struct config **ret, struct errors *errors)
{
        _cleanup_error_ struct error e = {0};
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r = file_read(path, CONFIG_FILE_MAX, &data, &size, &e);

        if (r < 0) {
                errors_add(errors, "%s", error_text(&e, r));
                return r == -ENOMEM ? r : -EBADMSG;
        }
        return config_parse(path, data, size, ret, errors);
}

static void alerting_done(struct alerting_config *a)
{
        for (size_t i = 0; i < a->alertmanager_count; i++)
                http_peer_done(&a->alertmanagers[i]);
        for (size_t i = 0; i < a->receiver_count; i++) {
                for (size_t j = 0; j < a->receivers[i].webhook_count; j++)
                        http_peer_done(&a->receivers[i].webhooks[j].peer);
                free(a->receivers[i].webhooks);
                free(a->receivers[i].name);
        }
        for (enum rule_id id = 0; id < RULE_COUNT; id++)
                free(a->rules[id].severity);
        free(a->alertmanagers);
        free(a->receivers);
        free(a->runbook_url);
}

struct config *config_free(struct config *c)
{
        if (!c)
                return NULL;
        for (size_t i = 0; i < c->collection_count; i++) {
                bands_done(&c->collections[i].bands);
                (void)query_set_unref(c->collections[i].queries);
                (void)vector_set_unref(c->collections[i].vectors);
                free(c->collections[i].name);
                free(c->collections[i].label);
        }
        for (size_t i = 0; i < c->server_count; i++) {
                http_peer_done(&c->servers[i].peer);
                free(c->servers[i].name);
                free(c->servers[i].tenant);
                free(c->servers[i].database);
        }
        for (size_t i = 0; i < c->embedder_count; i++) {
                http_peer_done(&c->embedders[i].peer);
                free(c->embedders[i].name);
                free(c->embedders[i].model);
                free(c->embedders[i].query_prefix);
                json_decref(c->embedders[i].body);
        }
        alerting_done(&c->alerting);
        errors_done(&c->warnings);
        free(c->collections);
        free(c->embedders);
        free(c->servers);
        free(c->path);
        free(c);
        return NULL;
}
