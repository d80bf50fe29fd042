/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/round.h"

#include <errno.h>
#include <stdio.h>

#include "clock.h"
#include "commands/say.h"
#include "keep/baselines.h"
#include "version.h"

static void ignore_watch(struct watch *w, void *userdata)
{
}

static void ignore_exchange(struct watch *w, const struct http_response *response, void *userdata)
{
}

/* After every event: one of them was the last answer. */
static int on_post(sd_event_source *s, void *userdata)
{
        struct round *r = userdata;
        size_t busy = 0;

        for (size_t i = 0; i < r->count; i++)
                busy += watch_busy(r->watches[i]);
        if (busy == 0)
                return sd_event_exit(r->event, 0);
        progress_note(&r->progress, r->count - busy, r->count);
        return 0;
}

bool round_chosen(const struct options *options, const char *label)
{
        for (size_t i = 0; i < options->collections.count; i++)
                if (streq(options->collections.values[i], label))
                        return true;
        return options->collections.count == 0;
}

static bool known(const struct config *config, const char *label)
{
        for (size_t i = 0; i < config->collection_count; i++)
                if (streq(config->collections[i]->label, label))
                        return true;
        return false;
}

int round_load_config(struct round *r, const struct options *options)
{
        _cleanup_errors_ struct errors errors = {0};
        int code = config_load(options->config_file, NULL, &r->config, &errors);

        for (size_t i = 0; i < errors.count; i++)
                complain("%s\n", errors.messages[i]);
        if (code < 0)
                return -EBADMSG;
        for (size_t i = 0; i < options->collections.count; i++)
                if (!known(r->config, options->collections.values[i])) {
                        complain("--collection: %s watches no collection \"%s\"\n",
                                options->config_file, options->collections.values[i]);
                        code = -EBADMSG;
                }
        return code;
}

/* The one of this collection among --baseline.file; NULL for none. Each file is read for each
 * collection until it is the right one: there are few. */
static int load_given(const struct options *options, const struct collection_config *c,
        struct baseline **ret, struct error *e)
{
        for (size_t i = 0; i < options->baseline_files.count; i++) {
                _cleanup_(baseline_unrefp) struct baseline *b = NULL;
                int r = baselines_load_file(options->baseline_files.values[i], c->vectors, &b, e);

                if (r < 0)
                        return r;
                if (!streq(b->collection, c->label))
                        continue;
                *ret = take_ptr(b);
                return 0;
        }
        return 0;
}

/* Every --baseline.file must be of a collection that is checked: one of another would be ignored.
 */
static int check_given(const struct round *r, const struct options *options)
{
        for (size_t i = 0; i < options->baseline_files.count; i++) {
                const char *path = options->baseline_files.values[i];
                _cleanup_(baseline_unrefp) struct baseline *b = NULL;
                _cleanup_error_ struct error error = {0};
                int code = baselines_load_file(path, NULL, &b, &error);

                if (code >= 0 && known(r->config, b->collection) &&
                        round_chosen(options, b->collection))
                        continue;
                if (code >= 0)
                        (void)error_set(&error, -EBADMSG,
                                "%s: is a baseline of collection \"%s\", which is not checked",
                                path, b->collection);
                complain("driftwatch: --baseline.file: %s\n", error_text(&error, code));
                return -EBADMSG;
        }
        return 0;
}

/* One that is there and cannot be read is a finding, not a reason to judge without it. */
static int load_baseline(const struct round *round, const struct options *options, struct watch *w)
{
        _cleanup_(baseline_unrefp) struct baseline *baseline = NULL;
        _cleanup_error_ struct error error = {0};
        const struct collection_config *c = watch_config(w);
        int r;

        dossier_judge_at_once(watch_dossier(w), options->baseline);
        if (options->no_baseline)
                return 0;
        r = load_given(options, c, &baseline, &error);
        if (r >= 0 && !baseline) {
                r = baselines_load(options->storage_path, c->label, BASELINE_APPROVED, c->vectors,
                        &baseline, &error);
                if (r == -ENOENT)
                        return 0;
        }
        if (r >= 0) {
                watch_set_baseline(w, baseline, 1);
                return 0;
        }
        if (round->needs_baselines) {
                complain("driftwatch: %s\n", error_text(&error, r));
                return -EBADMSG;
        }
        return watch_refuse_baseline(w, error_text(&error, r), 1);
}

static int watch_chosen(struct round *r, const struct options *options)
{
        int code = check_given(r, options);

        if (code < 0)
                return code;
        r->watches = calloc(r->config->collection_count + 1, sizeof(struct watch *));
        r->views = calloc(r->config->collection_count + 1, sizeof(*r->views));
        if (!r->watches || !r->views)
                return -ENOMEM;
        for (size_t i = 0; i < r->config->collection_count && code >= 0; i++) {
                struct collection_config *c = r->config->collections[i];

                if (!round_chosen(options, c->label))
                        continue;
                code = watch_new(r->event, c, r->client, &r->owner, &r->watches[r->count]);
                if (code >= 0)
                        code = load_baseline(r, options, r->watches[r->count++]);
        }
        return code;
}

int round_load(struct round *r, const struct options *options)
{
        int code = round_load_config(r, options);

        if (!r->owner.replayed)
                r->owner = (struct watch_owner){
                        ignore_watch, ignore_watch, ignore_exchange, r, NULL, NULL};
        if (code >= 0)
                code = sd_event_new(&r->event);
        if (code >= 0)
                code = http_client_new(r->event, "driftwatch/" DRIFTWATCH_VERSION, &r->client);
        if (code >= 0)
                code = watch_chosen(r, options);
        return code;
}

int round_run(struct round *r)
{
        usec_t begun = clock_usec(CLOCK_MONOTONIC);
        bool busy = false;
        int code;

        r->started = clock_usec(CLOCK_REALTIME);
        code = sd_event_add_post(r->event, NULL, on_post, r);
        if (code < 0)
                return code;
        for (size_t i = 0; i < r->count; i++) {
                watch_everything(r->watches[i]);
                busy |= watch_busy(r->watches[i]);
        }
        progress_begin(&r->progress, "measured", "collections");
        if (busy)
                code = sd_event_loop(r->event);
        progress_end(&r->progress);
        for (size_t i = 0; i < r->count; i++)
                r->views[i] = watch_view(r->watches[i]);
        r->duration = clock_usec(CLOCK_MONOTONIC) - begun;
        return code;
}

void round_done(struct round *r)
{
        for (size_t i = 0; i < r->count; i++)
                watch_free(r->watches[i]);
        free(r->watches);
        free(r->views);
        http_client_free(r->client);
        config_free(r->config);
        sd_event_unref(r->event);
}
