/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/succession.h"

#include <errno.h>
#include <malloc.h>

#include "clock.h"
#include "log.h"

static bool is_before(const struct watches *before, const struct watch *watch)
{
        for (size_t i = 0; i < before->count; i++)
                if (before->watches[i] == watch)
                        return true;
        return false;
}

static struct approval *find_news(struct approvals *a, const char *label)
{
        for (size_t i = 0; i < a->count; i++)
                if (a->items[i].signature != a->items[i].known && streq(a->items[i].label, label))
                        return &a->items[i];
        return NULL;
}

static void add_heir(
        struct succession *s, struct watch *watch, struct watch *old, struct approval *approval)
{
        s->heirs[s->heir_count++] = (struct heir){
                .watch = watch,
                .old = old,
                .from = old ? watch_lend(old) : NULL,
                .approval = approval,
        };
}

static void add_heirs(
        struct succession *s, const struct watches *before, struct approvals *approvals)
{
        const struct watches *next = s->config ? &s->watches : before;

        for (size_t i = 0; i < next->count; i++) {
                struct watch *watch = next->watches[i];
                const char *label = watch_config(watch)->label;
                struct approval *news = find_news(approvals, label);

                if (!is_before(before, watch))
                        add_heir(s, watch, watches_find(before->watches, before->count, label),
                                news);
                else if (news)
                        add_heir(s, watch, watch, news);
        }
}

static int prepare(
        struct succession *s, const struct succession_owners *o, const struct watches *before)
{
        size_t most = MAX(before->count, s->config ? s->config->collection_count : 0) + 1;
        int r = 0;

        s->heirs = calloc(most, sizeof(*s->heirs));
        s->dossiers = calloc(most, sizeof(struct dossier *));
        if (!s->heirs || !s->dossiers)
                return -ENOMEM;
        if (!s->config)
                return 0;
        r = surroundings_new(s->config, o->client, o->surroundings_owner, &s->surroundings);
        if (r >= 0)
                r = watches_new(o->event, s->config, o->client, o->owner, before, &s->watches);
        if (r >= 0)
                r = teller_configure(s->teller, s->config, clock_wall());
        return r;
}

int succession_begin(struct succession *s, const struct succession_owners *owners,
        struct config *config, const struct watches *before, struct approvals *approvals)
{
        int r;

        s->config = config;
        s->teller = owners->teller;
        r = prepare(s, owners, before);
        if (r < 0)
                return r;
        add_heirs(s, before, approvals);
        return s->heir_count > 0;
}

/* What cannot be taken in now is tried again by the watch itself. */
static void take_approval(struct heir *heir)
{
        struct approval *a = heir->approval;
        int r;

        if (!a)
                return;
        if (a->result < 0)
                r = dossier_refuse_baseline(heir->dossier, error_text(&a->error, a->result));
        else
                r = dossier_set_baseline(heir->dossier, a->baseline);
        a->taken = r >= 0;
}

void succession_work(void *job)
{
        struct succession *s = job;

        for (size_t i = 0; i < s->heir_count && s->result >= 0; i++)
                s->result = dossier_new(watch_config(s->heirs[i].watch), &s->heirs[i].dossier);
        /* From here on there is no way back: what is known changes its owner. */
        for (size_t i = 0; i < s->heir_count && s->result >= 0; i++) {
                struct heir *heir = &s->heirs[i];

                if (heir->from)
                        heir->adopted = dossier_adopt(heir->dossier, heir->from);
                take_approval(heir);
        }
}

void succession_cancel(
        struct succession *s, const struct config *config, const struct watches *before)
{
        for (size_t i = 0; i < s->heir_count; i++)
                if (s->heirs[i].old)
                        watch_resume(s->heirs[i].old);
        if (s->config && config && teller_configure(s->teller, config, clock_wall()) < 0) {
                log_error("out of memory: alerts are told to those of the configuration that was "
                          "refused until another one is accepted");
                s->teller->config = config;
        }
        succession_done(s, before);
}

static void inherit(struct succession *s, struct heir *heir)
{
        struct dossier *left;

        if (heir->adopted < 0)
                log_error("%s: out of memory: its history starts afresh",
                        watch_config(heir->watch)->label);
        dossier_warn(heir->dossier);
        if (heir->watch == heir->old)
                left = watch_exchange(heir->watch, take_ptr(heir->dossier));
        else
                left = watch_inherit(
                        heir->watch, heir->old, take_ptr(heir->dossier), heir->adopted > 0);
        if (left)
                s->dossiers[s->dossier_count++] = left;
}

/* What only `config`, which is freed next, still has: the sets of its collections. */
static void strip(struct succession *s, struct config *config)
{
        s->query_sets = calloc(config->collection_count + 1, sizeof(struct query_set *));
        s->vector_sets = calloc(config->collection_count + 1, sizeof(struct vector_set *));
        for (size_t i = 0; s->query_sets && s->vector_sets && i < config->collection_count; i++) {
                struct collection_config *c = config->collections[i];

                if (c->references > 1)
                        continue;
                s->query_sets[s->set_count] = take_ptr(c->queries);
                s->vector_sets[s->set_count++] = take_ptr(c->vectors);
        }
}

static void replace(struct succession *s, struct config **config, struct watches *watches,
        struct surroundings **surroundings, struct waiters *waiters)
{
        watches_succeed(&s->watches, watches, s->teller, waiters, clock_wall());
        *watches = s->watches;
        s->watches = (struct watches){0};
        surroundings_adopt(s->surroundings, *surroundings);
        surroundings_free(*surroundings);
        *surroundings = take_ptr(s->surroundings);
        if (*config)
                strip(s, *config);
        config_free(*config);
        *config = take_ptr(s->config);
}

void succession_end(struct succession *s, struct config **config, struct watches *watches,
        struct surroundings **surroundings, struct waiters *waiters)
{
        for (size_t i = 0; i < s->heir_count; i++)
                inherit(s, &s->heirs[i]);
        s->heir_count = 0;
        if (s->config)
                replace(s, config, watches, surroundings, waiters);
}

void succession_dispose(void *job)
{
        struct succession *s = job;

        for (size_t i = 0; i < s->dossier_count; i++)
                dossier_free(s->dossiers[i]);
        for (size_t i = 0; i < s->set_count; i++) {
                (void)query_set_unref(s->query_sets[i]);
                (void)vector_set_unref(s->vector_sets[i]);
        }
        if (s->dossier_count > 0)
                (void)malloc_trim(0);
        s->dossier_count = s->set_count = 0;
}

void succession_done(struct succession *s, const struct watches *watches)
{
        for (size_t i = 0; i < s->heir_count; i++)
                dossier_free(s->heirs[i].dossier);
        watches_done(&s->watches, watches);
        surroundings_free(s->surroundings);
        succession_dispose(s);
        config_free(s->config);
        free(s->heirs);
        free(s->dossiers);
        free(s->query_sets);
        free(s->vector_sets);
        *s = (struct succession){0};
}
