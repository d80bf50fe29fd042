/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/doors.h"

#include <errno.h>
#include <systemd/sd-daemon.h>

int doors_open(struct doors *d, const char *const *addresses, size_t count, bool demanded,
        struct handover *handover, struct error *e)
{
        int passed = sd_listen_fds(1), r = 0;

        if (passed == 0 && demanded)
                return error_set(e, -ENOTCONN,
                        "--web.systemd-socket was given, but no socket was passed: is "
                        "driftwatch.socket started?");
        d->passed = passed > 0;
        if (d->passed)
                count = (size_t)passed;
        d->servers = calloc(count + 1, sizeof(struct http_server *));
        if (!d->servers)
                return -ENOMEM;
        for (size_t i = 0; i < count && r >= 0; i++) {
                const struct http_server_options options = {
                        .address = d->passed ? NULL : addresses[i],
                        .fd = d->passed ? SD_LISTEN_FDS_START + (int)i : -1,
                        .handover = handover,
                };

                r = http_server_new(&options, &d->servers[i], e);
                if (r >= 0)
                        d->count++;
        }
        return r;
}

void doors_sweep(struct doors *d)
{
        for (size_t i = 0; i < d->count; i++)
                http_server_sweep(d->servers[i]);
}

void doors_done(struct doors *d)
{
        for (size_t i = 0; i < d->count; i++)
                http_server_free(d->servers[i]);
        free(d->servers);
        *d = (struct doors){0};
}
