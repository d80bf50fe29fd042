/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/watches.h"

#include <errno.h>
#include <stdlib.h>

#include "log.h"

static struct watch *find_same(const struct watches *w, const struct collection_config *collection)
{
        for (size_t i = 0; i < w->count; i++)
                if (watch_config(w->watches[i]) == collection)
                        return w->watches[i];
        return NULL;
}

int watches_new(sd_event *event, const struct config *config, struct http_client *client,
        const struct watch_owner *owner, const struct watches *before, struct watches *ret)
{
        struct watches w = {
                .watches = calloc(config->collection_count + 1, sizeof(struct watch *))};
        int r = w.watches ? 0 : -ENOMEM;

        while (r >= 0 && w.count < config->collection_count) {
                struct collection_config *collection = config->collections[w.count];
                struct watch *watch = find_same(before, collection);

                if (!watch)
                        r = watch_prepare(event, collection, client, owner, &watch);
                if (r >= 0)
                        w.watches[w.count++] = watch;
        }
        if (r < 0) {
                watches_done(&w, before);
                return r;
        }
        *ret = w;
        return 0;
}

static bool has(const struct watches *w, const struct watch *watch)
{
        for (size_t i = 0; i < w->count; i++)
                if (w->watches[i] == watch)
                        return true;
        return false;
}

void watches_done(struct watches *w, const struct watches *kept)
{
        for (size_t i = 0; i < w->count; i++)
                if (!has(kept, w->watches[i]))
                        watch_free(w->watches[i]);
        free(w->watches);
        *w = (struct watches){0};
}

void watches_succeed(struct watches *w, struct watches *before, struct teller *teller,
        struct waiters *waiters, usec_t now)
{
        for (size_t i = 0; i < before->count; i++) {
                const char *label = watch_config(before->watches[i])->label;

                if (!watches_find(w->watches, w->count, label)) {
                        teller_forget(teller, label, now);
                        waiters_forget(waiters, label);
                }
        }
        watches_done(before, w);
}

void watches_jump(struct watch *const *watches, size_t count, int64_t by)
{
        char span[DURATION_TEXT_MAX];

        log_event(LOG_NOTICE, NULL, NULL,
                "the clock was set %s by %s: times are shown as it has them now, and what has to "
                "last so long goes on",
                by < 0 ? "back" : "ahead", duration_format(span, sizeof(span), (usec_t)llabs(by)));
        for (size_t i = 0; i < count; i++)
                dossier_jump(watch_dossier(watches[i]), by);
}

struct watch *watches_find(struct watch *const *watches, size_t count, const char *label)
{
        for (size_t i = 0; i < count; i++)
                if (streq(watch_config(watches[i])->label, label))
                        return watches[i];
        return NULL;
}

struct watch **watches_choose(const struct watches *w, const char *label, size_t *ret_count)
{
        struct watch **chosen = calloc(w->count + 1, sizeof(struct watch *));

        *ret_count = 0;
        for (size_t i = 0; chosen && i < w->count; i++)
                if (!label || streq(label, watch_config(w->watches[i])->label))
                        chosen[(*ret_count)++] = w->watches[i];
        return chosen;
}

void watches_ask(const struct watches *w, struct waiters *waiters, struct command *c)
{
        bool waits = c->wait; /* the command may be answered, and gone, at once */
        size_t count;
        _cleanup_free_ struct watch **wanted = watches_choose(w, c->collection, &count);

        /* Waiting is noted first: a replay may fail to start. */
        waiters_add(waiters, c, wanted, count);
        for (size_t i = 0; i < count; i++)
                watch_ingested(wanted[i], waits);
}

struct watch *watches_waiting(const struct watches *w)
{
        for (size_t i = 0; i < w->count; i++)
                if (watch_waits(w->watches[i]))
                        return w->watches[i];
        return NULL;
}
