/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/reload.h"

#include <systemd/sd-daemon.h>

#include "clock.h"
#include "config/rotation.h"
#include "log.h"
#include "text.h"

/* Who reloads after a rotation believes that it is done. */
static void log_rotation(const struct config *config, usec_t started)
{
        _cleanup_(rotation_done) struct rotation found = {0};
        const char *directory = rotation_directory();

        if (!directory || rotation_check(config, directory, started, &found) < 0)
                return;
        for (size_t i = 0; i < found.newer.count; i++)
                log_warning("%s", found.newer.messages[i]);
        if (found.unseen_count > 0)
                log_event(LOG_NOTICE, NULL, NULL,
                        "credentials are handed over when the unit starts, not at a reload: if one "
                        "of these has changed since then, restart driftwatch: %s",
                        text_string(&found.unseen));
}

void reload_announce(const char *path)
{
        (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=reading %s",
                (unsigned long long)clock_usec(CLOCK_MONOTONIC), path);
}

void reload_log(const char *path, const struct config *config, int r, usec_t started)
{
        if (r < 0) {
                log_event(LOG_ERR, LOG_ID_RELOAD_FAILED, NULL,
                        "%s was refused: going on with the configuration in use", path);
                return;
        }
        if (r > 0)
                log_event(LOG_NOTICE, LOG_ID_RELOADED, NULL, "%s was read again: %zu %s", path,
                        config->collection_count,
                        plural(config->collection_count, "collection", "collections"));
        else
                log_event(LOG_INFO, LOG_ID_RELOADED, NULL,
                        "%s was read again, and nothing has changed in it, its query sets, vectors "
                        "and secrets: everything goes on as it is",
                        path);
        log_rotation(config, started);
}
