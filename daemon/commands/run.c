/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "commands/command.h"
#include "daemon.h"

int command_run(const struct options *options)
{
        struct daemon_options d = {
                .config_path = options->config_file,
                .storage_path = options->storage_path,
                .external_url = options->external_url,
                .listen_addresses = options->listen_addresses.values,
                .listen_address_count = options->listen_addresses.count,
                .systemd_socket = options->systemd_socket,
        };
        int r = daemon_run(&d);

        if (r == -EBADMSG)
                return EXIT_USAGE;
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
