/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "ask/metadata.h"
#include "commands/round.h"
#include "commands/say.h"
#include "file.h"
#include "json.h"
#include "show/gate/coverage.h"
#include "text.h"
#include "version.h"

#define KEY_PREFIX "metadata."
/* Of an earlier run's output: its values, with as much around them. */
#define EARLIER_MAX ((size_t)2 * COVERAGE_BYTES_MAX)

struct tour {
        struct round round; /* of no collection: configuration, loop and client */
        struct coverage coverage;
        struct metadata_walk *walk;
};

static void tour_done(struct tour *t)
{
        metadata_free(t->walk);
        coverage_done(&t->coverage);
        round_done(&t->round);
}

static int on_page(const struct records *page, struct error *e, void *userdata)
{
        struct tour *t = userdata;
        int r = 0;

        for (size_t i = 0; i < page->count && r >= 0; i++)
                r = coverage_add(&t->coverage, page->ids[i], json_array_get(page->metadatas, i), e);
        return r;
}

static void on_done(const char *error, void *userdata)
{
        struct tour *t = userdata;

        if (error)
                complain("driftwatch: %s\n", error);
        (void)sd_event_exit(t->round.event, error ? EXIT_UNMEASURED : EXIT_SUCCESS);
}

static bool usage_valid(const struct options *o)
{
        if (!o->by || strncmp(o->by, KEY_PREFIX, strlen(KEY_PREFIX)) != 0 ||
                o->by[strlen(KEY_PREFIX)] == '\0')
                complain("--by: expected metadata.KEY\n");
        else if (!streq(o->format, "text") && !streq(o->format, "json"))
                complain("--format: \"%s\" is neither text nor json\n", o->format);
        else
                return true;
        return false;
}

static const struct collection_config *choose(struct tour *t, const struct options *o)
{
        const struct collection_config *found = NULL;
        size_t count = 0;

        if (round_load_config(&t->round, o) < 0)
                return NULL;
        for (size_t i = 0; i < t->round.config->collection_count; i++)
                if (round_chosen(o, t->round.config->collections[i]->label)) {
                        found = t->round.config->collections[i];
                        count++;
                }
        if (count == 1)
                return found;
        complain("--collection: %s watches %zu %s; coverage needs one of them\n", o->config_file,
                t->round.config->collection_count,
                plural(t->round.config->collection_count, "collection", "collections"));
        return NULL;
}

static int take_earlier(struct tour *t, const char *path, struct error *e)
{
        _cleanup_free_ char *data = NULL;
        _cleanup_json_ json_t *earlier = NULL;
        size_t size;
        int r = file_read(path, EARLIER_MAX, &data, &size, e);

        if (r >= 0)
                r = json_parse(path, data, size, &earlier, e);
        return r < 0 ? r : coverage_compare(&t->coverage, path, earlier, e);
}

static int walk(struct tour *t, const struct metadata_target *target)
{
        int r = sd_event_new(&t->round.event);

        if (r >= 0)
                r = http_client_new(
                        t->round.event, "driftwatch/" DRIFTWATCH_VERSION, &t->round.client);
        if (r >= 0)
                r = metadata_start(t->round.client, target, on_page, on_done, t, &t->walk);
        return r < 0 ? r : sd_event_loop(t->round.event);
}

static int write_json(const struct coverage *c)
{
        _cleanup_json_ json_t *object = coverage_json(c);
        _cleanup_free_ char *out = object ? json_text(object, JSON_INDENT(2), NULL) : NULL;
        _cleanup_text_ struct text text = {0};

        text_appendf(&text, "%s\n", out ? out : "");
        if (!out || text_failed(&text))
                return -ENOMEM;
        return fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout) != 0 ? -errno
                                                                                           : 0;
}

static int write_text(const struct coverage *c)
{
        _cleanup_text_ struct text text = {0};

        coverage_text(c, &text);
        return say_document(&text);
}

static int print(struct tour *t, const struct options *o)
{
        double share = coverage_values_share(&t->coverage);
        int r = streq(o->format, "json") ? write_json(&t->coverage) : write_text(&t->coverage);

        if (r < 0)
                return r;
        if (isnan(share))
                complain("driftwatch: no record has %s\n", o->by);
        if (coverage_lost(&t->coverage) > 0)
                return 1;
        return isnan(share) ? EXIT_UNMEASURED : share < o->fail_under;
}

static int cover(struct tour *t, const struct options *o, const struct collection_config *c)
{
        const struct metadata_target target = {.label = c->label,
                .collection = c->name,
                .tenant = c->server->tenant,
                .database = c->server->database,
                .peer = &c->peer};
        _cleanup_error_ struct error error = {0};
        int r = coverage_init(
                &t->coverage, c->label, o->by + strlen(KEY_PREFIX), c->queries, &error);

        if (r >= 0 && o->compare) {
                r = take_earlier(t, o->compare, &error);
                if (r < 0) {
                        complain("--compare: %s\n", error_text(&error, r));
                        return EXIT_USAGE;
                }
        }
        if (r >= 0)
                r = walk(t, &target);
        if (r == 0)
                r = coverage_find_lost(&t->coverage);
        if (r == 0) {
                coverage_sort(&t->coverage);
                r = print(t, o);
        }
        if (r >= 0)
                return r;
        complain("driftwatch: %s: %s\n", c->label, error_text(&error, r));
        return EXIT_UNMEASURED;
}

int command_coverage(const struct options *o)
{
        _cleanup_(tour_done) struct tour t = {0};
        const struct collection_config *c = usage_valid(o) ? choose(&t, o) : NULL;

        return c ? cover(&t, o, c) : EXIT_USAGE;
}
