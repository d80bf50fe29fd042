/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "ask/http_client.h"
#include "build_config.h"
#include "commands/command.h"
#include "json.h"
#include "model/verdict.h"
#include "text.h"

#define RESPONSE_MAX (64U << 20)

/* One GET of the daemon's API, waited for. */
struct fetch {
        sd_event *event;
        struct http_client *client;
        struct http_peer peer;
        struct http_request request;
        json_t *data; /* "data" of the envelope */
        struct error error;
};

static void fetch_done(struct fetch *f)
{
        http_client_free(f->client);
        http_request_done(&f->request);
        http_peer_done(&f->peer);
        json_decref(f->data);
        error_done(&f->error);
        sd_event_unref(f->event);
}

static void on_response(const struct http_response *response, void *userdata)
{
        struct fetch *f = userdata;
        _cleanup_json_ json_t *envelope = NULL;

        (void)sd_event_exit(f->event, 0);
        if (response->result < 0) {
                (void)error_set(&f->error, response->result, "%s; is driftwatch running there?",
                        response->error);
                return;
        }
        if (json_parse(f->peer.url, response->body, response->body_size, &envelope, &f->error) < 0)
                return;
        f->data = json_incref(json_object_get(envelope, "data"));
        if (!f->data)
                (void)error_set(&f->error, -EBADMSG, "%s answered with status %u and no data: %s",
                        f->peer.url, response->status,
                        json_string_value(json_object_get(envelope, "error")));
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

static int fetch(struct fetch *f, const char *address, const char *path)
{
        int r = daemon_url(address, &f->peer.url);

        if (r >= 0)
                r = sd_event_new(&f->event);
        if (r >= 0)
                r = http_client_new(f->event, "driftwatch/" DRIFTWATCH_VERSION, &f->client);
        if (r < 0)
                return r;
        f->peer.connect_timeout_usec = 2 * USEC_PER_SEC;
        f->peer.timeout_usec = 10 * USEC_PER_SEC;
        f->request = (struct http_request){
                .method = "GET", .path = strdup(path), .response_limit = RESPONSE_MAX};
        if (!f->request.path)
                return -ENOMEM;
        r = http_client_submit(f->client, &f->peer, &f->request, on_response, f, NULL);
        if (r >= 0)
                r = sd_event_loop(f->event);
        return r < 0 ? r : (f->data ? 0 : -EIO);
}

static const char *text_of(const json_t *object, const char *key)
{
        const char *s = json_string_value(json_object_get(object, key));

        return s ? s : "-";
}

static void print_number(const json_t *object, const char *key, int width)
{
        double value;

        if (json_to_double(json_object_get(object, key), &value) < 0)
                printf(" %*s", width, "-");
        else
                printf(" %*.6g", width, value);
}

static void print_causes(const json_t *causes)
{
        char line[256] = "";
        const json_t *one;
        size_t i, size = 0;

        json_array_foreach (causes, i, one)
                if (size < sizeof(line))
                        size += (size_t)snprintf(line + size, sizeof(line) - size, "%s%s",
                                i > 0 ? "," : "", json_string_value(one));
        printf("  %-13s", size > 0 ? line : "-");
}

/* What is wrong with the collection as a whole, or with a tag; NULL for nothing. */
static const char *first_told(const json_t *findings)
{
        const json_t *one;
        size_t i;

        json_array_foreach (findings, i, one)
                if (json_is_null(json_object_get(one, "query")) &&
                        streq(text_of(one, "state"), "open"))
                        return text_of(one, "sentence");
        return NULL;
}

/* Why the verdict is no pass, and what to do where nothing is wrong with retrieval. */
static void print_remark(const json_t *c)
{
        const char *error = json_string_value(json_object_get(c, "last_error"));
        const json_t *incident = json_object_get(c, "incident");
        const char *told = first_told(json_object_get(c, "findings"));
        json_int_t unjudged = json_integer_value(
                json_object_get(json_object_get(c, "outcomes"), outcome_name(OUTCOME_UNJUDGED)));

        if (error)
                printf("  %s\n", error);
        else if (!json_is_true(json_object_get(c, "up")))
                puts("  not replayed yet");
        else if (json_is_object(incident))
                printf("  %s%s%s\n", text_of(incident, "summary"), told ? "; " : "",
                        told ? told : "");
        else if (unjudged > 0)
                puts("  write what the unjudged queries expect, or driftwatch baseline propose");
        else if (!streq(text_of(c, "verdict"), verdict_name(VERDICT_PASS)))
                puts("  /api/v1/queries says why");
        else
                puts("");
}

static void print_collection(const json_t *c)
{
        const json_t *outcomes = json_object_get(c, "outcomes");

        printf("%-24s %-12s %-10s %-4s", text_of(c, "collection"), text_of(c, "server"),
                text_of(c, "verdict"), json_is_true(json_object_get(c, "up")) ? "up" : "down");
        print_number(c, "records", 9);
        for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
                print_number(outcomes, outcome_name(o), 10);
        print_causes(json_object_get(c, "causes"));
        print_remark(c);
}

/* Names came from a server, and through a daemon that made them harmless. */
static void print_unwatched(const json_t *server)
{
        const json_t *unwatched = json_object_get(server, "unwatched"), *name;
        const json_t *names = json_object_get(unwatched, "names");
        json_int_t count = json_integer_value(json_object_get(unwatched, "count"));
        json_int_t more = count - (json_int_t)json_array_size(names);
        size_t i;

        if (count == 0)
                return;
        printf("%s: %lld collection%s not watched: ", text_of(server, "server"), (long long)count,
                count == 1 ? " is" : "s are");
        json_array_foreach (names, i, name)
                printf("%s%s", i > 0 ? ", " : "", json_string_value(name));
        if (more > 0)
                printf(" and %lld more", (long long)more);
        puts("");
}

static int print_table(const json_t *data)
{
        const json_t *c;
        size_t i;

        printf("%-24s %-12s %-10s %-4s %9s %10s %10s %10s %10s %10s  %-13s  %s\n", "COLLECTION",
                "SERVER", "VERDICT", "UP", "RECORDS", "PASS", "DRIFT", "FAIL", "UNMEASURED",
                "UNJUDGED", "CAUSES", "REMARK");
        json_array_foreach (json_object_get(data, "collections"), i, c)
                print_collection(c);
        json_array_foreach (json_object_get(data, "servers"), i, c)
                print_unwatched(c);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int print_json(const json_t *data)
{
        _cleanup_free_ char *s = json_text(data, JSON_INDENT(2), NULL);

        return s && puts(s) >= 0 && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* As `check` ends; a daemon that says none is none of ours. */
static int verdict_of(const json_t *data)
{
        const char *name = json_string_value(json_object_get(data, "verdict"));

        for (enum verdict v = 0; v < VERDICT_COUNT; v++)
                if (streq(name, verdict_name(v)))
                        return verdict_exit_status(v);
        return EXIT_UNMEASURED;
}

int command_status(const struct options *options)
{
        _cleanup_(fetch_done) struct fetch f = {0};
        int r;

        if (check_addresses(options) < 0)
                return EXIT_USAGE;
        r = fetch(&f, options->listen_addresses.values[0], "/api/v1/collections");
        if (r < 0) {
                fprintf(stderr, "driftwatch: %s\n", error_text(&f.error, r));
                return EXIT_UNMEASURED;
        }
        r = options->json ? print_json(f.data) : print_table(f.data);
        return r != EXIT_SUCCESS ? r : verdict_of(f.data);
}
