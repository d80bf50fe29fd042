/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "config/access.h"
#include "config/alerting.h"
#include "config/borders.h"
#include "config/keys.h"
#include "config/objects.h"
#include "config/peer.h"
#include "file.h"

/* A configuration of a hundred thousand collections is a third of that. */
#define CONFIG_FILE_MAX (16U << 20)
/* Numbers in one request: some 25 MB of JSON, when servers refuse more than 40 MiB. */
#define REQUEST_NUMBERS_MAX (1U << 21)
/* Missing vectors named one by one; more than that are one mistake. */
#define MISSING_NAMED_MAX 10

struct loader {
        struct schema_reader reader;
        struct config_keys keys;
        struct config *config;
        const struct config *before; /* NULL: none */
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
                .server_share = isnan(own->server_share) ? common->server_share : own->server_share,
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
        while (r == 0 && c->server_count < list->count) {
                struct server_config *server = calloc(1, sizeof(*server));

                if (!server)
                        return -ENOMEM;
                server->references = 1;
                c->servers[c->server_count] = server;
                r = build_server(l, &keys[c->server_count++], server);
        }
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
        while (r == 0 && c->embedder_count < list->count) {
                struct embedder_config *embedder = calloc(1, sizeof(*embedder));

                if (!embedder)
                        return -ENOMEM;
                embedder->references = 1;
                c->embedders[c->embedder_count] = embedder;
                r = build_embedder(l, &keys[c->embedder_count++], embedder);
        }
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

static struct server_config *find_server(const struct loader *l, const struct collection_keys *keys)
{
        const struct config *c = l->config;
        char hint[SCHEMA_HINT_MAX];

        if (!keys->server) {
                if (c->server_count == 1)
                        return c->servers[0];
                if (c->server_count == 0)
                        schema_error(&l->reader, &keys->place, "server", NULL,
                                "no server is configured; add one to servers");
                else if (!yaml_get(keys->place.node, "server"))
                        schema_error(&l->reader, &keys->place, "server", NULL,
                                "is required, because there are %zu servers", c->server_count);
                return NULL;
        }
        for (size_t i = 0; i < c->server_count; i++)
                if (streq(c->servers[i]->name, keys->server))
                        return c->servers[i];
        schema_error(&l->reader, &keys->place, "server", NULL, "no server is called \"%s\"%s",
                keys->server, name_hint(&l->keys.servers, keys->server, hint, sizeof(hint)));
        return NULL;
}

/* NULL for none, and after a complaint. */
static struct embedder_config *find_embedder(
        const struct loader *l, const struct collection_keys *keys)
{
        const struct config *c = l->config;
        char hint[SCHEMA_HINT_MAX];

        if (!keys->embedder)
                return NULL;
        for (size_t i = 0; i < c->embedder_count; i++)
                if (streq(c->embedders[i]->name, keys->embedder))
                        return c->embedders[i];
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
                        if (l->config->collections[j]->queries)
                                *ret = query_set_ref(l->config->collections[j]->queries);
                        return true;
                }
        return false;
}

static bool share_vectors(const struct loader *l, size_t i, struct vector_set **ret)
{
        const struct collection_keys *keys = l->keys.collections.items;

        for (size_t j = 0; j < i; j++)
                if (streq(keys[j].vectors, keys[i].vectors)) {
                        *ret = vector_set_ref(l->config->collections[j]->vectors);
                        return true;
                }
        return false;
}

static struct query_set *known_queries(const struct loader *l, const char *path)
{
        for (size_t i = 0; l->before && i < l->before->collection_count; i++)
                if (streq(l->before->collections[i]->queries->path, path))
                        return l->before->collections[i]->queries;
        return NULL;
}

static struct vector_set *known_vectors(const struct loader *l, const char *path)
{
        for (size_t i = 0; l->before && i < l->before->collection_count; i++) {
                struct vector_set *known = l->before->collections[i]->vectors;

                if (known && streq(known->path, path))
                        return known;
        }
        return NULL;
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
        r = query_set_load(path, known_queries(l, path), ret, &found);
        forward(l, &keys[i].place, "queries", r, &found);
        return r == -ENOMEM ? r : 0;
}

static int load_vectors(const struct loader *l, size_t i, struct vector_set **ret)
{
        const struct collection_keys *keys = l->keys.collections.items;
        _cleanup_errors_ struct errors found = {0};
        _cleanup_free_ char *path = NULL;
        int r;

        if (!keys[i].vectors || share_vectors(l, i, ret))
                return 0;
        path = path_resolve(keys[i].vectors, l->reader.file);
        if (!path)
                return -ENOMEM;
        r = vector_set_load(path, known_vectors(l, path), ret, &found);
        forward(l, &keys[i].place, "vectors", r, &found);
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
                r = load_vectors(l, i, &ret->vectors);
        if (r < 0)
                return r;
        ret->embedder = find_embedder(l, keys);
        if (ret->embedder)
                ret->embedder->references++;
        ret->server = find_server(l, keys);
        if (ret->server) {
                ret->server->references++;
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
                struct collection_config *one = calloc(1, sizeof(*one));
                size_t i = c->collection_count;

                if (!one)
                        return -ENOMEM;
                one->references = 1;
                c->collections[c->collection_count++] = one;
                r = build_collection(l, i, one);
        }
        return r;
}

static void build_shard(struct loader *l)
{
        const struct shard_keys *keys = &l->keys.replay.shard;

        l->config->shard = (struct shard){keys->index, keys->of};
        if (keys->of > 0 && keys->index >= keys->of)
                schema_error(&l->reader, &keys->place, "index", NULL,
                        "the shards are counted from 0: of %u the last is %u", keys->of,
                        keys->of - 1);
}

static bool is_host(const char *name)
{
        return name[strspn(name,
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")] ==
                '\0';
}

static int build_hosts(struct loader *l)
{
        const struct yaml_node *hosts = l->keys.web.hosts;
        struct config *c = l->config;
        int r = 0;

        c->hosts = calloc(hosts ? hosts->count + 1 : 1, sizeof(char *));
        if (!c->hosts)
                return -ENOMEM;
        for (size_t i = 0; hosts && i < hosts->count && r == 0; i++) {
                const char *name = hosts->values[i]->scalar;

                if (is_host(name))
                        r = strdup_to(&c->hosts[c->host_count++], name);
                else
                        schema_error(&l->reader, &l->keys.web.place, "hosts", hosts->values[i],
                                "\"%s\" is not the name of a host, without scheme and port", name);
        }
        return r;
}

static int build(struct loader *l)
{
        struct config *c = l->config;
        int r = strdup_to(&c->path, l->reader.file);

        build_shard(l);
        c->replay = build_replay(&l->keys.replay, &(struct replay_config){0});
        c->per_query_limit = l->keys.metrics.per_query_limit;
        c->ingest_grace = l->keys.ingest.grace;
        c->trust_loopback = l->keys.web.trust_loopback;
        if (r == 0)
                r = build_hosts(l);
        if (r == 0)
                r = alerting_build(&l->reader, &l->keys.alerting, &c->alerting);
        if (r == 0)
                r = build_servers(l);
        if (r == 0)
                r = build_embedders(l);
        if (r == 0)
                r = build_collections(l);
        return r;
}

static int read_tree(const struct schema_reader *reader, const struct yaml_node *root,
        const struct config *before, struct config *config)
{
        struct loader l = {.reader = *reader, .config = config, .before = before};
        int r = schema_read(reader, &config_schema, root, &l.keys);

        if (r == 0 || r == -EBADMSG)
                r = build(&l);
        if (r == 0)
                r = access_check(&(struct schema_reader){reader->file, &config->warnings}, &l.keys);
        schema_done(&config_schema, &l.keys);
        return r;
}

int config_parse(const char *path, const char *data, size_t size, const struct config *before,
        struct config **ret, struct errors *errors)
{
        _cleanup_(config_freep) struct config *config = calloc(1, sizeof(*config));
        _cleanup_(yaml_node_freep) struct yaml_node *root = NULL;
        const struct schema_reader reader = {path, errors};
        size_t known = errors_total(errors);
        int r = config ? yaml_parse(path, data, size, &root, errors) : -ENOMEM;

        if (r == 0)
                r = read_tree(&reader, root, before, config);
        if (r == -ENOMEM)
                errors_add(errors, "%s: out of memory", path);
        else if (r == 0 && errors_total(errors) > known)
                r = -EBADMSG;
        if (r < 0)
                return r;
        if (digest_sha256(data, size, config->digest) < 0)
                *config->digest = '\0'; /* it is another one, then */
        *ret = take_ptr(config);
        return 0;
}

int config_load(
        const char *path, const struct config *before, struct config **ret, struct errors *errors)
{
        _cleanup_error_ struct error e = {0};
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r = file_read(path, CONFIG_FILE_MAX, &data, &size, &e);

        if (r < 0) {
                errors_add(errors, "%s", error_text(&e, r));
                return r == -ENOMEM ? r : -EBADMSG;
        }
        return config_parse(path, data, size, before, ret, errors);
}

int config_load_shard(const char *path, const struct shard *shard, const struct config *before,
        struct config **ret, struct errors *errors)
{
        _cleanup_(config_freep) struct config *c = NULL;
        int r = config_load(path, before, &c, errors);

        if (r < 0)
                return r;
        r = config_confine(c, shard->of > 0 ? shard : &c->shard);
        if (r < 0)
                errors_add(errors, "%s: out of memory", path);
        else
                *ret = take_ptr(c);
        return r;
}
