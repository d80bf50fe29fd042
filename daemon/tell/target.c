/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/target.h"

struct target *target_new(const struct http_peer *http, const struct channel_settings *settings)
{
        _cleanup_(target_unrefp) struct target *t = calloc(1, sizeof(*t));

        if (!t)
                return NULL;
        t->references = 1;
        if (http_peer_copy(http, &t->http) < 0 ||
                (settings && channel_settings_copy(settings, &t->settings) < 0))
                return NULL;
        return take_ptr(t);
}

struct target *target_ref(struct target *t)
{
        t->references++;
        return t;
}

struct target *target_unref(struct target *t)
{
        if (t && --t->references == 0) {
                channel_settings_done(&t->settings);
                http_peer_done(&t->http);
                free(t);
        }
        return NULL;
}

static bool repeats(const struct http_response *response, const char *secret)
{
        return response->body_size > 0 && strlen(secret) > 1 &&
                memmem(response->body, response->body_size, secret, strlen(secret));
}

bool target_betrayed(const struct target *t, const struct http_response *response)
{
        const char *url = t->http.secret_url ? secret_value(t->http.secret_url) : NULL;
        const char *host = url ? strstr(url, "://") : NULL;

        if (t->http.secret && repeats(response, secret_value(t->http.secret)))
                return true;
        if (t->settings.key && repeats(response, secret_value(t->settings.key)))
                return true;
        return host && repeats(response, host + 3 + strcspn(host + 3, "/?"));
}

bool target_same(const struct target *a, const struct target *b)
{
        return streq(a->http.url, b->http.url) &&
                channel_settings_equal(&a->settings, &b->settings);
}
