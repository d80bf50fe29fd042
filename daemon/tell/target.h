/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where a destination's notifications go, and with which settings: counted by references, so that
 * an attempt under way keeps its own over a reload. One thread only. */

#include "http.h"
#include "tell/channel.h"

struct target {
        unsigned references;
        struct http_peer http;
        struct channel_settings settings;
};

/* Copies both; `settings` NULL: none. NULL when memory is short. */
struct target *target_new(const struct http_peer *http, const struct channel_settings *settings);
struct target *target_ref(struct target *t);
struct target *target_unref(struct target *t);
DEFINE_CLEANUP(struct target *, target_unref)
/* Whether an answer repeats what is secret: the key, a password or token, or the path of a URL from
 * a file. */
bool target_betrayed(const struct target *t, const struct http_response *response);
/* Whether it is the same address with the same settings: what failed there may fail again. */
bool target_same(const struct target *a, const struct target *b);
