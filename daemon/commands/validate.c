/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands/command.h"
#include "config/config.h"

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
        return EXIT_SUCCESS;
}
