/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/reach.h"

#include <errno.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "ask/http_client.h"
#include "commands/say.h"
#include "config/http_file.h"
#include "json.h"
#include "serve/listen.h"
#include "version.h"

#define RESPONSE_MAX (64U << 20)

struct fetch {
        sd_event *event;
        struct http_client *client;
        struct http_peer peer;
        struct http_request request;
        struct reached *reached;
};

static void fetch_done(struct fetch *f)
{
        http_client_free(f->client);
        http_request_done(&f->request);
        http_peer_done(&f->peer);
        sd_event_unref(f->event);
}

void reached_done(struct reached *r)
{
        json_decref(r->data);
        error_done(&r->error);
        *r = (struct reached){0};
}

/* What it refuses, or did with a reserve, it says in its own words. */
static void take_envelope(const char *url, const json_t *envelope, struct reached *r)
{
        const char *complaint = json_string_value(json_object_get(envelope, "error"));
        const json_t *warning;
        size_t i;

        json_array_foreach (json_object_get(envelope, "warnings"), i, warning)
                if (json_is_string(warning))
                        complain("driftwatch: %s\n", json_string_value(warning));
        r->data = json_incref(json_object_get(envelope, "data"));
        if (!r->data && complaint)
                (void)error_set(&r->error, -EBADMSG, "%s%s", complaint,
                        r->status == 401 ? "; --http.config.file says who asks" : "");
        else if (!r->data)
                (void)error_set(&r->error, -EBADMSG, "%s answered with status %u and no data", url,
                        r->status);
}

static void on_response(const struct http_response *response, void *userdata)
{
        struct fetch *f = userdata;
        struct reached *r = f->reached;
        _cleanup_json_ json_t *envelope = NULL;

        (void)sd_event_exit(f->event, 0);
        if (response->result < 0) {
                (void)error_set(&r->error, response->result, "%s; is driftwatch running there%s?",
                        response->error,
                        strncmp(f->peer.url, "http://", 7) == 0
                                ? ", and without TLS, which a tls_config in --http.config.file is for"
                                : "");
                return;
        }
        if (json_parse(f->peer.url, response->body, response->body_size, &envelope, &r->error) < 0)
                return;
        r->status = response->status;
        take_envelope(f->peer.url, envelope, r);
}

static bool is_url(const char *address)
{
        return strncmp(address, "http://", 7) == 0 || strncmp(address, "https://", 8) == 0;
}

/* "127.0.0.1:9820" or ":9820" as a URL; an address that listens everywhere is asked on loopback. */
static int daemon_url(const char *address, bool encrypted, struct http_peer *ret)
{
        static const char *const everywhere[] = {":", "0.0.0.0:", "[::]:"};
        const char *scheme = encrypted ? "https" : "http", *path = listen_unix_path(address);
        size_t size = strlen(address);

        if (path && strdup_to(&ret->socket_path, path) < 0)
                return -ENOMEM;
        if (path)
                return asprintf(&ret->url, "%s://localhost", scheme) < 0 ? -ENOMEM : 0;
        if (is_url(address)) {
                while (address[size - 1] == '/')
                        size--;
                ret->url = strndup(address, size);
                return ret->url ? 0 : -ENOMEM;
        }
        for (size_t i = 0; i < ARRAY_SIZE(everywhere); i++)
                if (strncmp(address, everywhere[i], strlen(everywhere[i])) == 0)
                        return asprintf(&ret->url, "%s://127.0.0.1%s", scheme,
                                       strrchr(address, ':')) < 0
                                ? -ENOMEM
                                : 0;
        return asprintf(&ret->url, "%s://%s", scheme, address) < 0 ? -ENOMEM : 0;
}

static int make_peer(const struct options *o, struct http_peer *ret, struct errors *errors)
{
        bool encrypted = false;
        int r = o->http_config_file ? http_file_load(o->http_config_file, ret, &encrypted, errors)
                                    : 0;

        return r < 0 ? r : daemon_url(o->listen_addresses.values[0], encrypted, ret);
}

int reach_check(const struct options *options)
{
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_(http_peer_done) struct http_peer peer = {0};
        int r = is_url(options->listen_addresses.values[0]) ? 0 : check_addresses(options);

        if (r >= 0)
                r = make_peer(options, &peer, &errors);
        for (size_t i = 0; i < errors.count; i++)
                complain("%s\n", errors.messages[i]);
        return r < 0 ? -EINVAL : 0;
}

static int start(struct fetch *f, const struct options *options)
{
        _cleanup_errors_ struct errors errors = {0};
        int r = make_peer(options, &f->peer, &errors);

        if (errors.count > 0)
                (void)error_set(&f->reached->error, r, "%s", errors.messages[0]);
        if (r >= 0)
                r = sd_event_new(&f->event);
        if (r >= 0)
                r = http_client_new(f->event, "driftwatch/" DRIFTWATCH_VERSION, &f->client);
        f->peer.connect_timeout_usec = 2 * USEC_PER_SEC;
        f->peer.timeout_usec = 10 * USEC_PER_SEC;
        return r;
}

int reach(const struct options *options, const char *method, const char *path, char *body,
        struct reached *ret)
{
        _cleanup_(fetch_done) struct fetch f = {.reached = ret};
        int r;

        f.request = (struct http_request){.method = method,
                .path = strdup(path),
                .body = body,
                .body_size = body ? strlen(body) : 0,
                .response_limit = RESPONSE_MAX};
        r = f.request.path ? start(&f, options) : -ENOMEM;
        if (r >= 0)
                r = http_client_submit(f.client, &f.peer, &f.request, on_response, &f, NULL);
        if (r >= 0)
                r = sd_event_loop(f.event);
        if (r < 0 || ret->data)
                return MIN(r, 0);
        return ret->status > 0 ? -EBADMSG : -EIO;
}

int reach_act(const struct options *options, const char *method, const char *path, json_t *body,
        struct reached *ret)
{
        char *sent = body ? json_text(body, 0, NULL) : NULL;
        int r = body && !sent ? -ENOMEM : reach(options, method, path, sent, ret);

        json_decref(body);
        if (r >= 0)
                return EXIT_SUCCESS;
        complain("driftwatch: %s\n", error_text(&ret->error, r));
        if (ret->status == 404 || ret->status == 409)
                return EXIT_FAILURE;
        return ret->status == 400 ? EXIT_USAGE : EXIT_UNMEASURED;
}
