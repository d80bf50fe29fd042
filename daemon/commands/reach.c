/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/reach.h"

#include <errno.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "ask/http_client.h"
#include "build_config.h"
#include "commands/command.h"
#include "commands/say.h"
#include "json.h"

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
                (void)error_set(&r->error, -EBADMSG, "%s", complaint);
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
                (void)error_set(&r->error, response->result, "%s; is driftwatch running there?",
                        response->error);
                return;
        }
        if (json_parse(f->peer.url, response->body, response->body_size, &envelope, &r->error) < 0)
                return;
        r->status = response->status;
        take_envelope(f->peer.url, envelope, r);
}

/* "127.0.0.1:9820" or ":9820" as a URL; an address that listens everywhere is asked on loopback. */
static int daemon_url(const char *address, char **ret)
{
        const char *port = strrchr(address, ':');

        if (!port)
                return asprintf(ret, "http://%s:9820", address) < 0 ? -ENOMEM : 0;
        if (port == address || strncmp(address, "0.0.0.0:", 8) == 0 ||
                strncmp(address, "[::]:", 5) == 0)
                return asprintf(ret, "http://127.0.0.1%s", port) < 0 ? -ENOMEM : 0;
        return asprintf(ret, "http://%s", address) < 0 ? -ENOMEM : 0;
}

static int start(struct fetch *f, const char *address)
{
        int r = daemon_url(address, &f->peer.url);

        if (r >= 0)
                r = sd_event_new(&f->event);
        if (r >= 0)
                r = http_client_new(f->event, "driftwatch/" DRIFTWATCH_VERSION, &f->client);
        f->peer.connect_timeout_usec = 2 * USEC_PER_SEC;
        f->peer.timeout_usec = 10 * USEC_PER_SEC;
        return r;
}

int reach(
        const char *address, const char *method, const char *path, char *body, struct reached *ret)
{
        _cleanup_(fetch_done) struct fetch f = {.reached = ret};
        int r;

        f.request = (struct http_request){.method = method,
                .path = strdup(path),
                .body = body,
                .body_size = body ? strlen(body) : 0,
                .response_limit = RESPONSE_MAX};
        r = f.request.path ? start(&f, address) : -ENOMEM;
        if (r >= 0)
                r = http_client_submit(f.client, &f.peer, &f.request, on_response, &f, NULL);
        if (r >= 0)
                r = sd_event_loop(f.event);
        if (r < 0 || ret->data)
                return MIN(r, 0);
        return ret->status > 0 ? -EBADMSG : -EIO;
}

int reach_act(const char *address, const char *method, const char *path, json_t *body,
        struct reached *ret)
{
        char *sent = body ? json_text(body, 0, NULL) : NULL;
        int r = body && !sent ? -ENOMEM : reach(address, method, path, sent, ret);

        json_decref(body);
        if (r >= 0)
                return EXIT_SUCCESS;
        complain("driftwatch: %s\n", error_text(&ret->error, r));
        if (ret->status == 404 || ret->status == 409)
                return EXIT_FAILURE;
        return ret->status == 400 ? EXIT_USAGE : EXIT_UNMEASURED;
}
