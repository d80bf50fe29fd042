/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/freshness.h"

#include <errno.h>

static int fill_texts(struct freshness *f, const struct query_set *set)
{
        const char **ids = calloc(set->count + 1, sizeof(char *));
        const char **texts = calloc(set->count + 1, sizeof(char *));

        f->target.ids = ids;
        f->target.texts = texts;
        if (!ids || !texts)
                return -ENOMEM;
        for (size_t i = 0; i < set->count; i++) {
                ids[i] = set->queries[i].id;
                texts[i] = set->queries[i].text;
        }
        f->target.count = set->count;
        return 0;
}

int freshness_init(struct freshness *f, const struct collection_config *config)
{
        const struct embedder_config *c = config->embedder;

        *f = (struct freshness){.due = USEC_INFINITY};
        if (!c)
                return 0;
        f->due = 0;
        f->batch = c->batch;
        schedule_init(&f->schedule, config->label,
                MAX(config->replay.embed_interval, config->replay.interval));
        f->target = (struct embed_target){.name = c->name,
                .dialect = c->dialect,
                .peer = &c->peer,
                .options = {.model = c->model, .prefix = c->query_prefix, .body = c->body},
                .memory = &f->memory,
                .batch = c->batch};
        return fill_texts(f, config->queries);
}

void freshness_done(struct freshness *f)
{
        free((void *)f->target.ids);
        free((void *)f->target.texts);
}

static void choose_batch(struct freshness *f)
{
        size_t batch = MIN((size_t)f->batch, f->target.count);

        f->target.batch = f->repeats == 0 ? f->batch : (unsigned)(batch - batch / (f->repeats + 1));
}

void freshness_repeat(struct freshness *f, unsigned times)
{
        f->repeats = times - 1;
        choose_batch(f);
}

void freshness_want(struct freshness *f, usec_t now, usec_t pause)
{
        usec_t soonest = f->asked == 0 ? now : MAX(now, f->asked + pause);

        if (f->target.name)
                f->due = MIN(f->due, soonest);
}

void freshness_on_asked(struct freshness *f, usec_t now)
{
        f->asked = now;
}

bool freshness_on_answered(struct freshness *f, usec_t now)
{
        f->failures = 0;
        f->due = schedule_next(&f->schedule, now, true);
        if (f->repeats == 0)
                return false;
        f->repeats--;
        choose_batch(f);
        f->due = now;
        return true;
}

void freshness_on_failed(struct freshness *f, usec_t now)
{
        usec_t wait = MIN(FRESHNESS_RETRY_MIN, f->schedule.interval);

        for (unsigned i = 0; i < f->failures && wait < FRESHNESS_RETRY_MAX; i++)
                wait *= 2;
        f->failures++;
        f->due = now + MIN(wait, FRESHNESS_RETRY_MAX);
}
