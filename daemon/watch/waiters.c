/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/waiters.h"

#include <errno.h>

#include "json.h"
#include "show/envelope.h"
#include "watch/reply.h"

struct pending {
        char *label;
        bool too_early; /* the replay under way began before the request */
        bool ended;
        struct collection_view *view; /* what it ended with; NULL when the collection went */
};

struct waiter {
        struct waiter *next;
        struct command *command;
        struct pending *pending;
        size_t count;
};

static struct waiter *waiter_free(struct waiter *w)
{
        for (size_t i = 0; i < w->count; i++) {
                free(w->pending[i].label);
                collection_view_unref(w->pending[i].view);
        }
        free(w->pending);
        free(w);
        return NULL;
}

/* Rendering 1,000 answers takes as long as asking for them: who asked does it. */
static void answer_verdict(struct waiter *w)
{
        struct command *c = take_ptr(w->command);
        _cleanup_(view_unrefp) struct view *replayed = view_new();

        if (replayed)
                replayed->collections = calloc(w->count + 1, sizeof(*replayed->collections));
        if (!replayed || !replayed->collections) {
                reply_error(c, 500, "out of memory");
                return;
        }
        for (size_t i = 0; i < w->count; i++)
                if (w->pending[i].view)
                        replayed->collections[replayed->collection_count++] =
                                take_ptr(w->pending[i].view);
        c->replayed = take_ptr(replayed);
        command_complete(c, 200, NULL, 0);
}

static struct waiter *waiter_new(struct watch *const *watches, size_t count)
{
        struct waiter *w = calloc(1, sizeof(*w));

        if (!w)
                return NULL;
        w->pending = calloc(count, sizeof(*w->pending));
        for (size_t i = 0; w->pending && i < count; i++) {
                w->pending[i].too_early = watch_running(watches[i]);
                w->pending[i].label = strdup(watch_config(watches[i])->label);
                w->count++;
                if (!w->pending[i].label)
                        return waiter_free(w);
        }
        return w->pending ? w : waiter_free(w);
}

void waiters_add(struct waiters *w, struct command *c, struct watch *const *watches, size_t count)
{
        struct waiter *waiter;

        if (count == 0) {
                reply_error(c, 404, "no such collection is watched");
                return;
        }
        if (!c->wait) {
                _cleanup_text_ struct text body = {0};

                (void)envelope_success(&body, json_pack("{s:i}", "replays", (int)count));
                reply(c, 202, &body);
                return;
        }
        waiter = waiter_new(watches, count);
        if (!waiter) {
                reply_error(c, 500, "out of memory");
                return;
        }
        waiter->command = c;
        waiter->next = w->first;
        w->first = waiter;
}

/* Whether everything the waiter asked for has ended. */
static bool waiter_served(const struct waiter *w)
{
        for (size_t i = 0; i < w->count; i++)
                if (!w->pending[i].ended)
                        return false;
        return true;
}

static void remove_served(struct waiters *w)
{
        for (struct waiter **p = &w->first; *p;) {
                struct waiter *waiter = *p;

                if (!waiter_served(waiter)) {
                        p = &waiter->next;
                        continue;
                }
                answer_verdict(waiter);
                *p = waiter->next;
                waiter_free(waiter);
        }
}

static struct pending *find_pending(struct waiter *w, const char *label)
{
        for (size_t i = 0; i < w->count; i++)
                if (!w->pending[i].ended && streq(w->pending[i].label, label))
                        return &w->pending[i];
        return NULL;
}

bool waiters_replayed(struct waiters *w, const struct collection_view *view)
{
        bool again = false;

        for (struct waiter *waiter = w->first; waiter; waiter = waiter->next) {
                struct pending *p = find_pending(waiter, view->label);

                if (!p)
                        continue;
                again |= p->too_early;
                if (!p->too_early) {
                        p->ended = true;
                        p->view = collection_view_ref((struct collection_view *)view);
                }
                p->too_early = false;
        }
        remove_served(w);
        return again;
}

void waiters_forget(struct waiters *w, const char *label)
{
        for (struct waiter *waiter = w->first; waiter; waiter = waiter->next) {
                struct pending *p = find_pending(waiter, label);

                if (p)
                        p->ended = true;
        }
        remove_served(w);
}

void waiters_done(struct waiters *w)
{
        for (struct waiter *next, *waiter = w->first; waiter; waiter = next) {
                next = waiter->next;
                reply_error(waiter->command, 503, "driftwatch is stopping");
                waiter_free(waiter);
        }
        w->first = NULL;
}
