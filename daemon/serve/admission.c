/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/admission.h"

#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "macro.h"
#include "serve/guard.h"

#define CHALLENGE "Basic realm=\"driftwatch\", charset=\"UTF-8\""
#define CHALLENGE_TOKEN "Bearer realm=\"driftwatch\""

union address {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        struct sockaddr_storage storage;
};

static const struct sockaddr *peer_of(const struct exchange *x)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

        return info ? info->client_addr : NULL;
}

/* NULL when it cannot be found out. */
static const struct sockaddr *local_of(const struct exchange *x, union address *buffer)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        socklen_t size = sizeof(*buffer);

        return info && getsockname(info->connect_fd, &buffer->any, &size) == 0 ? &buffer->any
                                                                               : NULL;
}

static enum MHD_Result note_header(void *userdata, enum MHD_ValueKind kind, const char *key,
        size_t key_size, const char *value, size_t value_size)
{
        struct guard_request *r = userdata;

        r->proxied |= guard_header_is_proxys(key);
        r->browser |= guard_header_is_browsers(key);
        return MHD_YES;
}

static bool say_refusal(struct exchange *x, unsigned status, const char *refusal)
{
        if (refusal)
                exchange_say(x, status, refusal);
        return !refusal;
}

static bool guard_allows(struct exchange *x, enum scope scope, bool known)
{
        _cleanup_(view_unrefp) struct view *view = handover_acquire(x->services->handover);
        char machine[HOST_NAME_MAX + 1] = "";
        union address local;
        struct guard_request r = {
                .peer = peer_of(x),
                .local = local_of(x, &local),
                .host = exchange_header(x, MHD_HTTP_HEADER_HOST),
                .origin = exchange_header(x, MHD_HTTP_HEADER_ORIGIN),
                .fetch_site = exchange_header(x, "Sec-Fetch-Site"),
                .distrusted = view && view->loopback_distrusted,
                .external_url = view ? view->external_url : NULL,
                .machine = gethostname(machine, sizeof(machine) - 1) == 0 ? machine : NULL,
                .hosts = view ? view->hosts : NULL,
                .host_count = view ? view->host_count : 0,
        };

        (void)MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, note_header, &r);
        if (known)
                return scope == SCOPE_READ || say_refusal(x, 403, guard_origin_refusal(&r));
        if (scope == SCOPE_READ)
                return say_refusal(x, 421, guard_read_refusal(&r));
        return say_refusal(x, 403, guard_change_refusal(&r));
}

static void say_later(struct exchange *x, usec_t wait, const char *sentence)
{
        x->retry_seconds = (unsigned)((wait + USEC_PER_SEC - 1) / USEC_PER_SEC);
        exchange_say(x, 429, sentence);
}

static bool rate_allows(struct exchange *x)
{
        usec_t *bucket = &x->services->rate, now = clock_usec(CLOCK_MONOTONIC);
        const struct web_config *c = x->web;

        if (!c || c->rate_interval == 0 ||
                throttle_take(bucket, c->rate_interval, c->rate_burst, now))
                return true;
        say_later(x, throttle_wait(*bucket, c->rate_interval, c->rate_burst, now),
                "too many requests: the web configuration has a rate_limit");
        return false;
}

static void say_who(struct exchange *x, const char *sentence)
{
        x->challenge = x->web->user_count > 0 ? CHALLENGE : CHALLENGE_TOKEN;
        exchange_say(x, 401, sentence);
}

static bool scope_allows(struct exchange *x, unsigned scopes, enum scope scope)
{
        char sentence[128];

        if (scopes & scope)
                return true;
        (void)snprintf(sentence, sizeof(sentence),
                "this token may not do this: it lacks the scope \"%s\"", web_scope_name(scope));
        exchange_say(x, 403, sentence);
        return false;
}

static bool login_allows(struct exchange *x, enum scope scope)
{
        unsigned scopes = 0;
        usec_t wait = 0;

        switch (login_check(&x->services->login, x->web,
                exchange_header(x, MHD_HTTP_HEADER_AUTHORIZATION), peer_of(x), &scopes, &wait)) {
        case LOGIN_DONE:
                return scope_allows(x, scopes, scope);
        case LOGIN_MISSING:
                say_who(x, "who are you? A user and password, or a token, is needed here");
                return false;
        case LOGIN_WRONG:
                say_who(x, "there is no such user with this password, and no such token");
                return false;
        case LOGIN_LATER:
                say_later(x, wait, "too many logins failed: try again later");
                return false;
        }
        return false;
}

bool admission_allows(struct exchange *x, enum scope scope)
{
        const bool locked = web_config_locked(x->web);

        if (!rate_allows(x))
                return false;
        return scope == SCOPE_NONE ||
                ((!locked || login_allows(x, scope)) && guard_allows(x, scope, locked));
}
