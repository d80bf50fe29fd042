/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "build_config.h"
#include "clock.h"
#include "commands/command.h"
#include "log.h"
#include "show/check.h"
#include "watch.h"

/* One replay of each chosen collection, side by side. */
struct gate {
        sd_event *event;
        struct http_client *client;
        struct config *config;
        struct watch_owner owner;
        struct watch **watches;
        size_t count, running;
};

static void gate_done(struct gate *g)
{
        for (size_t i = 0; i < g->count; i++)
                watch_free(g->watches[i]);
        free(g->watches);
        http_client_free(g->client);
        config_free(g->config);
        sd_event_unref(g->event);
}

static void on_replayed(struct watch *w, void *userdata)
{
        struct gate *g = userdata;

        if (--g->running == 0)
                (void)sd_event_exit(g->event, 0);
}

static void on_exchanged(struct watch *w, const struct http_response *response, void *userdata)
{
}

static bool chosen(const struct options *options, const char *label)
{
        for (size_t i = 0; i < options->collections.count; i++)
                if (streq(options->collections.values[i], label))
                        return true;
        return options->collections.count == 0;
}

static bool known(const struct config *config, const char *label)
{
        for (size_t i = 0; i < config->collection_count; i++)
                if (streq(config->collections[i].label, label))
                        return true;
        return false;
}

static int load(struct gate *g, const struct options *options)
{
        _cleanup_errors_ struct errors errors = {0};
        int r = config_load(options->config_file, &g->config, &errors);

        for (size_t i = 0; i < errors.count; i++)
                fprintf(stderr, "%s\n", errors.messages[i]);
        if (r < 0)
                return r;
        for (size_t i = 0; i < options->collections.count; i++)
                if (!known(g->config, options->collections.values[i])) {
                        fprintf(stderr, "--collection: %s watches no collection \"%s\"\n",
                                options->config_file, options->collections.values[i]);
                        r = -EBADMSG;
                }
        return r;
}

static int watch_chosen(struct gate *g, const struct options *options)
{
        int r = sd_event_new(&g->event);

        if (r >= 0)
                r = http_client_new(g->event, "driftwatch/" DRIFTWATCH_VERSION, &g->client);
        g->watches = calloc(g->config->collection_count + 1, sizeof(struct watch *));
        if (r >= 0 && !g->watches)
                r = -ENOMEM;
        for (size_t i = 0; i < g->config->collection_count && r >= 0; i++) {
                const struct collection_config *c = &g->config->collections[i];

                if (!chosen(options, c->label))
                        continue;
                r = watch_new(c, g->client, &g->owner, &g->watches[g->count]);
                if (r >= 0)
                        g->count++;
        }
        return r;
}

static int replay_all(struct gate *g)
{
        for (size_t i = 0; i < g->count; i++) {
                watch_replay(g->watches[i]);
                g->running += watch_running(g->watches[i]);
        }
        return g->running > 0 ? sd_event_loop(g->event) : 0;
}

static const struct check_format *find_format(const char *name)
{
        for (size_t i = 0; i < check_format_count; i++)
                if (streq(check_formats[i].name, name))
                        return &check_formats[i];
        return NULL;
}

static int print(
        const struct gate *g, const struct options *options, usec_t started, usec_t duration)
{
        _cleanup_free_ const struct collection_view **views = calloc(g->count + 1, sizeof(*views));
        _cleanup_text_ struct text text = {0};
        struct check check = {
                .collections = views,
                .count = g->count,
                .started = started,
                .duration = duration,
                .fail_only = streq(options->fail_on, "fail"),
        };

        for (size_t i = 0; views && i < g->count; i++)
                views[i] = watch_view(g->watches[i]);
        if (!views)
                return -ENOMEM;
        find_format(options->format)->render(&check, &text);
        if (text_failed(&text))
                return -ENOMEM;
        if (fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout) != 0)
                return -errno;
        return check_exit_status(check_verdict(&check));
}

static bool usage_valid(const struct options *options)
{
        if (!find_format(options->format)) {
                fprintf(stderr, "--format: \"%s\" is not a format; known are:", options->format);
                for (size_t i = 0; i < check_format_count; i++)
                        fprintf(stderr, " %s", check_formats[i].name);
                fputc('\n', stderr);
                return false;
        }
        if (!streq(options->fail_on, "drift") && !streq(options->fail_on, "fail")) {
                fprintf(stderr, "--fail-on: \"%s\" is neither drift nor fail\n", options->fail_on);
                return false;
        }
        return true;
}

int command_check(const struct options *options)
{
        _cleanup_(gate_done) struct gate g = {0};
        usec_t started = clock_usec(CLOCK_REALTIME), begun = clock_usec(CLOCK_MONOTONIC);
        int r;

        g.owner = (struct watch_owner){on_replayed, on_exchanged, &g};
        if (!usage_valid(options) || load(&g, options) < 0)
                return EXIT_USAGE;
        r = watch_chosen(&g, options);
        if (r >= 0)
                r = replay_all(&g);
        if (r >= 0)
                r = print(&g, options, started, clock_usec(CLOCK_MONOTONIC) - begun);
        if (r < 0) {
                fprintf(stderr, "driftwatch: cannot check: %s\n", strerror(-r));
                return EXIT_UNMEASURED;
        }
        return r;
}
