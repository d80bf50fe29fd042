/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The watches of one configuration: an array in the order of its collections. When they are due,
 * and what they find, is watch.h's business. */

#include "watch/watch.h"

/* One for each collection of `config`, which is borrowed for life like `client` and `owner`; to be
 * freed with watches_free(). */
_must_check_ int watches_new(sd_event *event, const struct config *config,
        struct http_client *client, const struct watch_owner *owner, struct watch ***ret);
void watches_free(struct watch **watches, size_t count);
/* The one with this label, NULL when there is none. */
struct watch *watches_find(struct watch *const *watches, size_t count, const char *label);
