/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands/round.h"
#include "commands/spread.h"

/* Exit status. */
static int tell_collection(const struct watch *w)
{
        const struct collection_view *v = watch_view(w);

        if (v->last_error) {
                fprintf(stderr, "driftwatch: %s\n", v->last_error);
                return EXIT_UNMEASURED;
        }
        printf("%s: %s at %s: space %s, dimension %u, %lld records\n", v->label, v->name, v->url,
                v->epoch.space ? v->epoch.space : "unknown", v->epoch.dimension,
                (long long)v->epoch.records);
        spread_print(v, dossier_vectors(watch_dossier(w)));
        return EXIT_SUCCESS;
}

/* One replay of every collection, without the probes: they take long, and judge no configuration.
 */
static int ask_servers(const struct options *options)
{
        _cleanup_(round_done) struct round round = {0};
        int status = EXIT_SUCCESS, told, r = round_load(&round, options);

        for (size_t i = 0; r >= 0 && i < round.config->collection_count; i++)
                round.config->collections[i].probes.interval = 0;
        if (r >= 0)
                r = round_run(&round);
        if (r == -EBADMSG)
                return EXIT_USAGE;
        if (r < 0) {
                fprintf(stderr, "driftwatch: cannot ask the servers: %s\n", strerror(-r));
                return EXIT_UNMEASURED;
        }
        for (size_t i = 0; i < round.count; i++) {
                told = tell_collection(round.watches[i]);
                status = MAX(status, told);
        }
        return status;
}

int command_validate(const struct options *options)
{
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_(config_freep) struct config *config = NULL;
        size_t queries = 0;
        int r = config_load(options->config_file, &config, &errors);

        for (size_t i = 0; i < errors.count; i++)
                fprintf(stderr, "%s\n", errors.messages[i]);
        if (errors.dropped > 0)
                fprintf(stderr, "and %zu more errors\n", errors.dropped);
        if (r < 0)
                return EXIT_USAGE;
        /* Who is not root has just read the files, as the user that he is. */
        for (size_t i = 0; i < config->warnings.count && geteuid() == 0; i++)
                fprintf(stderr, "driftwatch: warning: %s\n", config->warnings.messages[i]);
        for (size_t i = 0; i < config->collection_count; i++)
                queries += config->collections[i].queries->count;
        printf("%s is valid: %zu collections with %zu canonical queries on %zu servers\n",
                options->config_file, config->collection_count, queries, config->server_count);
        (void)fflush(stdout);
        return options->online ? ask_servers(options) : EXIT_SUCCESS;
}
