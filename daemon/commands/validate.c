/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands/round.h"
#include "commands/say.h"
#include "commands/spread.h"
#include "config/web.h"
#include "judge/weakness.h"
#include "text.h"

/* Labels of a shard that are printed. */
#define LABELS_SHOWN 10

/* Ids of queries that are printed. */
#define IDS_SHOWN 10

/* What is not found now was never found, as far as anybody knows. */
static size_t warn_of_unmet(const struct collection_view *v)
{
        _cleanup_text_ struct text ids = {0};
        size_t unmet = 0;

        for (size_t i = 0; i < v->query_set->count; i++)
                if (v->queries[i].judgement.outcome == OUTCOME_FAIL &&
                        !v->query_set->queries[i].known_failing.reason && unmet++ < IDS_SHOWN)
                        say_to(&ids, "%s%s", unmet > 1 ? ", " : "", v->query_set->queries[i].id);
        if (unmet > IDS_SHOWN)
                say_to(&ids, " and %zu more", unmet - IDS_SHOWN);
        if (unmet > 0)
                complain(
                        "driftwatch: warning: %s: %zu of %zu queries do not find what they expect: %s\n",
                        v->query_set->path, unmet, v->query_set->count, text_string(&ids));
        return unmet;
}

/* Exit status. */
static int tell_collection(const struct watch *w, bool strict)
{
        const struct collection_view *v = watch_view(w);

        if (v->last_error) {
                complain("driftwatch: %s\n", v->last_error);
                return EXIT_UNMEASURED;
        }
        say("%s: %s at %s: space %s, dimension %u, %lld %s\n", v->label, v->name, v->url,
                v->epoch.space ? v->epoch.space : "unknown", v->epoch.dimension,
                (long long)v->epoch.records,
                plural((uint64_t)v->epoch.records, "record", "records"));
        spread_print(v, dossier_vectors(watch_dossier(w)));
        return warn_of_unmet(v) > 0 && strict ? EXIT_USAGE : EXIT_SUCCESS;
}

/* One replay of every collection, without the probes: they take long, and judge no configuration.
 */
static int ask_servers(const struct options *options)
{
        _cleanup_(round_done) struct round round = {0};
        int status = EXIT_SUCCESS, told, r = round_load(&round, options);

        for (size_t i = 0; r >= 0 && i < round.config->collection_count; i++)
                round.config->collections[i]->probes.interval = 0;
        if (r >= 0)
                r = round_run(&round);
        if (r == -EBADMSG)
                return EXIT_USAGE;
        if (r < 0) {
                complain("driftwatch: cannot ask the servers: %s\n", strerror(-r));
                return EXIT_UNMEASURED;
        }
        for (size_t i = 0; i < round.count; i++) {
                told = tell_collection(round.watches[i], options->strict);
                status = MAX(status, told);
        }
        return status;
}

struct shard_content {
        size_t collections, queries;
        const char *names[LABELS_SHOWN];
};

static void print_portion(const struct shard_content *p, unsigned index, const struct shard *shard)
{
        size_t shown = MIN(p->collections, (size_t)LABELS_SHOWN);

        say("shard %u of %u%s: %zu %s with %zu canonical %s", index, shard->of,
                index == shard->index ? ", this one" : "", p->collections,
                plural(p->collections, "collection", "collections"), p->queries,
                plural(p->queries, "query", "queries"));
        for (size_t i = 0; i < shown; i++)
                say("%s%s", i > 0 ? ", " : ": ", p->names[i]);
        if (p->collections > shown)
                say(" and %zu more", p->collections - shown);
        say("\n");
}

/* How the collections fall, where several daemons divide them. -ENOMEM. */
static int print_shards(const struct config *config, const struct shard *shard)
{
        _cleanup_free_ struct shard_content *portions = calloc(shard->of, sizeof(*portions));

        if (!portions)
                return -ENOMEM;
        for (size_t i = 0; i < config->collection_count; i++) {
                const struct collection_config *c = config->collections[i];
                struct shard_content *p = &portions[shard_of(c->label, shard->of)];

                if (p->collections < LABELS_SHOWN)
                        p->names[p->collections] = c->label;
                p->collections++;
                p->queries += c->queries->count;
        }
        for (unsigned i = 0; i < shard->of; i++)
                print_portion(&portions[i], i, shard);
        return 0;
}

static int load_web(const char *path, struct errors *errors)
{
        _cleanup_(web_config_unrefp) struct web_config *web = NULL;
        _cleanup_(web_files_done) struct web_files files = {0};

        return path ? web_load(path, &web, &files, errors) : 0;
}

static bool seen_before(const struct config *config, size_t i)
{
        for (size_t k = 0; k < i; k++)
                if (config->collections[k]->queries == config->collections[i]->queries &&
                        config->collections[k]->replay.results ==
                                config->collections[i]->replay.results)
                        return true;
        return false;
}

/* Their number. */
static size_t warn(const struct config *config)
{
        _cleanup_errors_ struct errors weak = {0};
        /* Who is not root has just read the files, as the user that he is. */
        size_t files = geteuid() == 0 ? config->warnings.count : 0;

        for (size_t i = 0; i < config->collection_count; i++)
                if (!seen_before(config, i))
                        weakness_find(config->collections[i]->queries,
                                config->collections[i]->replay.results, &weak);
        for (size_t i = 0; i < files; i++)
                complain("driftwatch: warning: %s\n", config->warnings.messages[i]);
        for (size_t i = 0; i < weak.count; i++)
                complain("driftwatch: warning: %s\n", weak.messages[i]);
        if (weak.dropped > 0)
                complain("driftwatch: and %zu more warnings\n", weak.dropped);
        return files + errors_total(&weak);
}

int command_validate(const struct options *options)
{
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_(config_freep) struct config *config = NULL;
        struct shard shard;
        size_t queries = 0, warnings;
        int r = config_load(options->config_file, NULL, &config, &errors);
        int web = load_web(options->web_config_file, &errors);

        for (size_t i = 0; i < errors.count; i++)
                complain("%s\n", errors.messages[i]);
        if (errors.dropped > 0)
                complain("and %zu more errors\n", errors.dropped);
        if (r < 0 || web < 0)
                return EXIT_USAGE;
        warnings = warn(config);
        for (size_t i = 0; i < config->collection_count; i++)
                queries += config->collections[i]->queries->count;
        say("%s is valid: %zu %s with %zu canonical %s on %zu %s\n", options->config_file,
                config->collection_count,
                plural(config->collection_count, "collection", "collections"), queries,
                plural(queries, "query", "queries"), config->server_count,
                plural(config->server_count, "server", "servers"));
        shard = options->shard.of > 0 ? options->shard : config->shard;
        if (shard.of > 1 && print_shards(config, &shard) < 0) {
                complain("driftwatch: out of memory\n");
                return EXIT_UNMEASURED;
        }
        (void)fflush(stdout);
        r = options->online ? ask_servers(options) : EXIT_SUCCESS;
        return r == EXIT_SUCCESS && warnings > 0 && options->strict ? EXIT_USAGE : r;
}
