/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "ask/http_client.h"
#include "clock.h"
#include "commands/command.h"
#include "commands/say.h"
#include "config/routes.h"
#include "tell/rehearsal.h"
#include "tell/target.h"
#include "text.h"
#include "version.h"

/* Of an answer, on one line. */
#define EXCERPT_MAX 200
/* A service that paces its callers takes two in a row; more than that nobody waits for. */
#define PAUSE_MAX USEC_PER_SEC

/* Of the made-up incident. */
#define LASTED (5 * USEC_PER_MINUTE)

/* One test of all channels of a receiver. */
struct trial {
        const struct options *options;
        struct config *config;
        struct routes routes;
        sd_event *event;
        struct http_client *client;
        usec_t began; /* wall clock; so long ago that an end after it lasted a while */
        const struct route *route; /* that is told now, and the end of what */
        bool over;
        bool answered, failed; /* the one under way, any of them */
};

static void trial_done(struct trial *t)
{
        http_client_free(t->client);
        sd_event_unref(t->event);
        routes_done(&t->routes);
        config_free(t->config);
}

static void print_name(const struct trial *t)
{
        const struct outbox_destination *d = &t->route->destination;
        _cleanup_free_ char *peer = http_url_peer(d->peer->url);

        say("%s to %s (%s, %s): ", t->over ? "end" : "opening", d->receiver, d->channel->name,
                peer ? peer : "");
}

/* What is shown of the body: nothing of one that repeats a secret. NULL when memory is short. */
static char *excerpt_of(const struct outbox_destination *d, const struct http_response *response)
{
        _cleanup_(target_unrefp) struct target *target = target_new(d->peer, d->settings);

        if (!target)
                return NULL;
        return target_betrayed(target, response)
                ? strdup("with a text that repeats a secret")
                : http_body_excerpt(response->body, response->body_size, EXCERPT_MAX);
}

static void on_response(const struct http_response *response, void *userdata)
{
        struct trial *t = userdata;
        enum delivery delivery = t->route->destination.channel->judge(response);
        _cleanup_free_ char *excerpt = excerpt_of(&t->route->destination, response);
        char duration[DURATION_TEXT_MAX];

        t->answered = true;
        t->failed |= delivery != DELIVERY_DONE;
        print_name(t);
        say("%s", delivery == DELIVERY_DONE ? "delivered" : "not delivered");
        if (response->result < 0) {
                say(": %s\n", response->error ? response->error : strerror(-response->result));
                return;
        }
        duration_format(duration, sizeof(duration),
                response->duration_usec / USEC_PER_MSEC * USEC_PER_MSEC);
        say(", status %u after %s%s%s\n", response->status, duration,
                excerpt && *excerpt ? ": " : "", excerpt ? excerpt : "");
}

/* Waits for the answer. */
static int exchange(struct trial *t, const struct http_request *request)
{
        int r = http_client_submit(
                t->client, t->route->destination.peer, request, on_response, t, NULL);

        t->answered = false;
        while (r >= 0 && !t->answered)
                r = sd_event_run(t->event, UINT64_MAX);
        return r;
}

static int print_request(const struct rehearsal *rehearsal, const struct trial *t,
        const struct http_request *request)
{
        _cleanup_text_ struct text shown = {0};

        print_name(t);
        say("not sent\n");
        rehearsal_show(rehearsal, t->route->destination.peer, request, &shown);
        if (text_failed(&shown))
                return -ENOMEM;
        say_lines(text_string(&shown));
        say("\n");
        return 0;
}

static int try_one(struct trial *t, bool over)
{
        const struct outbox_destination *d = &t->route->destination;
        const char *external_url = t->options->external_url;
        char id[OUTBOX_KEY_MAX];
        struct rehearsal rehearsal = {.receiver = d->receiver,
                .external_url = external_url ? external_url : "",
                .channel = d->channel,
                .settings = d->settings,
                .id = id,
                .now = clock_usec(CLOCK_REALTIME),
                .began = t->began,
                .over = over};
        struct http_request request = {0};
        int r;

        t->over = over;
        draw_key(id);
        r = rehearsal_build(&rehearsal, &request);
        if (r >= 0)
                r = t->options->dry_run ? print_request(&rehearsal, t, &request)
                                        : exchange(t, &request);
        http_request_done(&request);
        if (r >= 0)
                return 0;
        print_name(t);
        say("not delivered: no request can be made of it: %s\n", strerror(-r));
        t->failed = true;
        return r == -ENOMEM ? r : 0;
}

/* So that the second one is not refused because it came at once. */
static void pause_for(struct trial *t, usec_t pace)
{
        usec_t until = clock_usec(CLOCK_BOOTTIME) + MIN(pace, (usec_t)PAUSE_MAX);
        usec_t now;

        while (pace > 0 && (now = clock_usec(CLOCK_BOOTTIME)) < until &&
                sd_event_run(t->event, until - now) >= 0)
                ;
}

static int try_route(struct trial *t)
{
        int r = try_one(t, false);

        if (r < 0)
                return r;
        if (!t->route->send_resolved) {
                t->over = true;
                print_name(t);
                say("not sent: send_resolved is false\n");
                return 0;
        }
        if (!t->options->dry_run)
                pause_for(t, t->route->destination.channel->pace);
        return try_one(t, true);
}

/* What there is instead of the one that was named. */
static int complain_receiver(const struct trial *t, const char *name)
{
        const struct alerting_config *a = &t->config->alerting;
        _cleanup_text_ struct text names = {0};

        for (size_t i = 0; i < a->receiver_count; i++)
                text_appendf(&names, "%s%s", i > 0 ? ", " : "", a->receivers[i].name);
        if (a->alertmanager_count > 0)
                text_appendf(&names, "%s%s", names.size > 0 ? ", " : "", ROUTES_ALERTMANAGER);
        complain("driftwatch: notify-test: %s has no receiver \"%s\" with a channel; it has: %s\n",
                t->options->config_file, name, names.size > 0 ? text_string(&names) : "none");
        return EXIT_USAGE;
}

static int try_all(struct trial *t, const char *receiver)
{
        size_t tried = 0;

        for (size_t i = 0; i < t->routes.count; i++) {
                t->route = &t->routes.routes[i];
                if (!streq(t->route->destination.receiver, receiver))
                        continue;
                tried++;
                if (try_route(t) < 0)
                        return EXIT_FAILURE;
        }
        if (tried == 0)
                return complain_receiver(t, receiver);
        if (fflush(stdout) != 0)
                return EXIT_FAILURE;
        return t->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* -EBADMSG: every reason was printed. */
static int load(struct trial *t)
{
        _cleanup_errors_ struct errors errors = {0};
        int r = config_load(t->options->config_file, NULL, &t->config, &errors);

        for (size_t i = 0; i < errors.count; i++)
                complain("%s\n", errors.messages[i]);
        if (r < 0)
                return -EBADMSG;
        r = routes_build(&t->config->alerting, &t->routes);
        if (r >= 0)
                r = sd_event_new(&t->event);
        if (r >= 0)
                r = http_client_new(t->event, "driftwatch/" DRIFTWATCH_VERSION, &t->client);
        return r;
}

int command_notify_test(const struct options *options)
{
        _cleanup_(trial_done) struct trial t = {
                .options = options, .began = clock_usec(CLOCK_REALTIME) - LASTED};
        int r;

        if (!options->word || options->argument) {
                complain("driftwatch: notify-test: one receiver of the configuration is needed, "
                         "such as driftwatch notify-test search-team; try driftwatch --help\n");
                return EXIT_USAGE;
        }
        r = load(&t);
        if (r == -EBADMSG)
                return EXIT_USAGE;
        if (r < 0) {
                complain("driftwatch: notify-test: %s\n", strerror(-r));
                return EXIT_FAILURE;
        }
        return try_all(&t, options->word);
}
