/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/watches.h"

#include <errno.h>

int watches_new(sd_event *event, const struct config *config, struct http_client *client,
        const struct watch_owner *owner, struct watch ***ret)
{
        struct watch **watches = calloc(config->collection_count + 1, sizeof(struct watch *));

        if (!watches)
                return -ENOMEM;
        for (size_t i = 0; i < config->collection_count; i++) {
                int r = watch_new(event, &config->collections[i], client, owner, &watches[i]);

                if (r < 0) {
                        watches_free(watches, i);
                        return r;
                }
        }
        *ret = watches;
        return 0;
}

void watches_free(struct watch **watches, size_t count)
{
        for (size_t i = 0; i < count; i++)
                watch_free(watches[i]);
        free(watches);
}

struct watch *watches_find(struct watch *const *watches, size_t count, const char *label)
{
        for (size_t i = 0; i < count; i++)
                if (streq(watch_config(watches[i])->label, label))
                        return watches[i];
        return NULL;
}
