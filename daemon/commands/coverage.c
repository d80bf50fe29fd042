/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "ask/http_client.h"
#include "ask/metadata.h"
#include "build_config.h"
#include "commands/command.h"
#include "config.h"
#include "json.h"
#include "show/coverage.h"

#define KEY_PREFIX "metadata."

struct tour {
        sd_event *event;
        struct http_client *client;
        struct config *config;
        struct coverage coverage;
        struct metadata_walk *walk;
};

static void tour_done(struct tour *t)
{
        metadata_free(t->walk);
        coverage_done(&t->coverage);
        http_client_free(t->client);
        config_free(t->config);
        sd_event_unref(t->event);
}

static int on_page(const struct records *page, void *userdata)
{
        struct tour *t = userdata;
        int r = 0;

        for (size_t i = 0; i < page->count && r >= 0; i++)
                r = coverage_add(&t->coverage, page->ids[i], json_array_get(page->metadatas, i));
        if (r == -E2BIG)
                fprintf(stderr, "--by: metadata.%s has more than %d values: it is no category\n",
                        t->coverage.key, COVERAGE_VALUES_MAX);
        return r;
}

static void on_done(const char *error, void *userdata)
{
        struct tour *t = userdata;

        if (error)
                fprintf(stderr, "driftwatch: %s\n", error);
        (void)sd_event_exit(t->event, error ? EXIT_UNMEASURED : 0);
}

static bool usage_valid(const struct options *o)
{
        if (o->collections.count != 1)
                fprintf(stderr, "coverage needs one --collection\n");
        else if (!o->by || strncmp(o->by, KEY_PREFIX, strlen(KEY_PREFIX)) != 0 ||
                o->by[strlen(KEY_PREFIX)] == '\0')
                fprintf(stderr, "--by: expected metadata.KEY\n");
        else if (!streq(o->format, "text") && !streq(o->format, "json"))
                fprintf(stderr, "--format: \"%s\" is neither text nor json\n", o->format);
        else
                return true;
        return false;
}

static const struct collection_config *load(struct tour *t, const struct options *o)
{
        _cleanup_errors_ struct errors errors = {0};
        int r = config_load(o->config_file, &t->config, &errors);

        for (size_t i = 0; i < errors.count; i++)
                fprintf(stderr, "%s\n", errors.messages[i]);
        if (r < 0)
                return NULL;
        for (size_t i = 0; i < t->config->collection_count; i++)
                if (streq(t->config->collections[i].label, o->collections.values[0]))
                        return &t->config->collections[i];
        fprintf(stderr, "--collection: %s watches no collection \"%s\"\n", o->config_file,
                o->collections.values[0]);
        return NULL;
}

static int walk(struct tour *t, const struct metadata_target *target)
{
        int r = sd_event_new(&t->event);

        if (r >= 0)
                r = http_client_new(t->event, "driftwatch/" DRIFTWATCH_VERSION, &t->client);
        if (r >= 0)
                r = metadata_start(t->client, target, on_page, on_done, t, &t->walk);
        return r < 0 ? r : sd_event_loop(t->event);
}

static int print(struct tour *t, const struct options *o)
{
        _cleanup_text_ struct text text = {0};
        double share = coverage_values_share(&t->coverage);

        coverage_sort(&t->coverage);
        if (streq(o->format, "json")) {
                _cleanup_json_ json_t *object = coverage_json(&t->coverage);
                _cleanup_free_ char *out = object ? json_text(object, JSON_INDENT(2), NULL) : NULL;

                if (!out)
                        return -ENOMEM;
                text_appendf(&text, "%s\n", out);
        } else
                coverage_text(&t->coverage, &text);
        if (text_failed(&text))
                return -ENOMEM;
        if (fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout) != 0)
                return -errno;
        if (isnan(share)) {
                fprintf(stderr, "driftwatch: no record has %s\n", o->by);
                return EXIT_UNMEASURED;
        }
        return share < o->fail_under;
}

int command_coverage(const struct options *o)
{
        _cleanup_(tour_done) struct tour t = {0};
        const struct collection_config *c = usage_valid(o) ? load(&t, o) : NULL;
        struct metadata_target target;
        int r;

        if (!c)
                return EXIT_USAGE;
        target = (struct metadata_target){.label = c->label,
                .collection = c->name,
                .tenant = c->server->tenant,
                .database = c->server->database,
                .peer = &c->peer};
        r = coverage_init(&t.coverage, c->label, o->by + strlen(KEY_PREFIX), c->queries);
        if (r >= 0)
                r = walk(&t, &target);
        if (r == 0)
                r = print(&t, o);
        if (r < 0) {
                fprintf(stderr, "driftwatch: cannot read coverage: %s\n", strerror(-r));
                return EXIT_UNMEASURED;
        }
        return r;
}
