/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/say.h"
#include "daemon.h"
#include "file.h"
#include "log.h"
#include "serve/listen.h"

/* Two daemons would overwrite each other's state. One without a place to keep it measures all the
 * same. The lock is a descriptor, -1 for none. */
static int lock_storage(const char *path, int *ret_lock)
{
        _cleanup_error_ struct error error = {0};
        int r = directory_lock(path, ret_lock, &error);

        if (r == -EBUSY) {
                log_error("%s: is driftwatch running already? --storage.path=DIRECTORY gives this "
                          "one a place of its own",
                        error_text(&error, r));
                return r;
        }
        if (r < 0)
                log_warning("%s; what is known may not survive a restart", error_text(&error, r));
        return 0;
}

int check_addresses(const struct options *options)
{
        for (size_t i = 0; i < options->listen_addresses.count; i++) {
                _cleanup_error_ struct error error = {0};
                int r = listen_check(options->listen_addresses.values[i], &error);

                if (r < 0) {
                        complain("driftwatch: --web.listen-address: %s\n", error_text(&error, r));
                        return r;
                }
        }
        return 0;
}

int command_run(const struct options *options)
{
        struct daemon_options d = {
                .config_path = options->config_file,
                .storage_path = options->storage_path,
                .external_url = options->external_url,
                .shard = options->shard,
                .web = {.config_file = options->web_config_file,
                        .addresses = options->listen_addresses.values,
                        .address_count = options->listen_addresses.count,
                        .systemd_socket = options->systemd_socket},
        };
        int lock = -1, r;

        if (check_addresses(options) < 0)
                return EXIT_USAGE;
        r = lock_storage(d.storage_path, &lock);
        if (r >= 0)
                r = daemon_run(&d);
        if (lock >= 0)
                (void)close(lock);
        if (r == -EBADMSG)
                return EXIT_USAGE;
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
