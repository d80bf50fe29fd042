/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/approvals.h"

#include <errno.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "keep/baselines.h"
#include "log.h"

int approvals_watch(sd_event *event, const char *storage, sd_event_inotify_handler_t handler,
        void *userdata, sd_event_source **ret)
{
        _cleanup_free_ char *directory = baselines_directory(storage);
        int r;

        if (!directory)
                return -ENOMEM;
        if (mkdir(directory, 0750) < 0 && errno != EEXIST)
                return -errno;
        r = sd_event_add_inotify(
                event, ret, directory, IN_MOVED_TO | IN_DELETE | IN_ONLYDIR, handler, userdata);
        return r < 0 ? r : sd_event_source_set_description(*ret, "approvals");
}

bool approvals_differ(const char *storage, const struct watch *w)
{
        return baselines_signature(storage, watch_config(w)->label) != watch_baseline_signature(w);
}

static int approvals_new(size_t count, struct approvals *ret)
{
        *ret = (struct approvals){.items = calloc(count + 1, sizeof(struct approval))};
        return ret->items ? 0 : -ENOMEM;
}

static int add(struct approvals *a, const struct collection_config *c, uint64_t known)
{
        struct approval *item = &a->items[a->count];
        int r = strdup_to(&item->label, c->label);

        if (r < 0)
                return r;
        item->vectors = vector_set_ref(c->vectors);
        item->known = item->signature = known;
        a->count++;
        return 0;
}

int approvals_note(struct approvals *a, struct watch *const *watches, size_t count)
{
        int r = approvals_new(count, a);

        for (size_t i = 0; i < count && r >= 0; i++)
                r = add(a, watch_config(watches[i]), watch_baseline_signature(watches[i]));
        return r;
}

static int compare_labels(const void *a, const void *b)
{
        return strcmp(((const struct approval *)a)->label, ((const struct approval *)b)->label);
}

static uint64_t known_of(const struct approvals *a, char *label)
{
        const struct approval key = {.label = label}, *found = NULL;

        if (a->count > 0)
                found = bsearch(&key, a->items, a->count, sizeof(key), compare_labels);
        return found ? found->known : 0;
}

int approvals_follow(struct approvals *a, const struct config *config)
{
        struct approvals followed;
        int r = approvals_new(config->collection_count, &followed);

        if (r >= 0 && a->count > 0)
                qsort(a->items, a->count, sizeof(*a->items), compare_labels);
        for (size_t i = 0; i < config->collection_count && r >= 0; i++) {
                const struct collection_config *c = config->collections[i];

                r = add(&followed, c, known_of(a, c->label));
        }
        if (r < 0) {
                approvals_done(&followed);
                return r;
        }
        approvals_done(a);
        *a = followed;
        return 0;
}

void approvals_read(struct approvals *a, const char *storage)
{
        for (size_t i = 0; i < a->count; i++) {
                struct approval *item = &a->items[i];

                item->signature = baselines_signature(storage, item->label);
                if (item->signature != 0 && item->signature != item->known)
                        item->result = baselines_load(storage, item->label, BASELINE_APPROVED,
                                item->vectors, &item->baseline, &item->error);
        }
}

/* Said once; the finding says it for as long as it lasts. */
static void say_refused(const struct approval *a, const struct watch *w)
{
        const struct baseline *used = watch_view(w)->baseline;
        const char *error = error_text(&a->error, a->result);

        if (used)
                log_event(LOG_ERR, LOG_ID_BASELINE, log_fields({"DRIFTWATCH_COLLECTION", a->label}),
                        "%s; until then, or a restart, %s is compared with baseline %u, which was "
                        "read before",
                        error, a->label, used->number);
        else
                log_event(LOG_ERR, LOG_ID_BASELINE, log_fields({"DRIFTWATCH_COLLECTION", a->label}),
                        "%s; until then %s is compared with nothing", error, a->label);
}

static void say(const struct approval *a, const struct watch *w)
{
        if (a->result < 0)
                say_refused(a, w);
        else if (a->baseline)
                log_event(LOG_NOTICE, LOG_ID_BASELINE,
                        log_fields({"DRIFTWATCH_COLLECTION", a->label}),
                        "%s: comparing with baseline %u, approved by %s: %s", a->label,
                        a->baseline->number, a->baseline->approved_by, a->baseline->reason);
        else
                log_event(LOG_NOTICE, LOG_ID_BASELINE,
                        log_fields({"DRIFTWATCH_COLLECTION", a->label}),
                        "%s: its baseline was removed: comparing with nothing", a->label);
}

static void apply(const struct approval *a, struct watch *w)
{
        say(a, w);
        if (a->taken)
                watch_note_baseline(w, a->signature);
        else if (a->result >= 0)
                watch_set_baseline(w, a->baseline, a->signature);
        else if (watch_refuse_baseline(w, error_text(&a->error, a->result), a->signature) < 0)
                log_error("%s: out of memory: its verdict does not tell of its baseline", a->label);
}

bool approvals_apply(const struct approvals *a, struct watch *const *watches, size_t count)
{
        bool changed = false;

        for (size_t i = 0; i < a->count; i++) {
                const struct approval *item = &a->items[i];
                struct watch *w;

                if (item->signature == item->known)
                        continue;
                w = watches_find(watches, count, item->label);
                if (w)
                        apply(item, w);
                changed |= w != NULL;
        }
        return changed;
}

void approvals_done(struct approvals *a)
{
        for (size_t i = 0; i < a->count; i++) {
                free(a->items[i].label);
                vector_set_unref(a->items[i].vectors);
                baseline_unref(a->items[i].baseline);
                error_done(&a->items[i].error);
        }
        free(a->items);
        *a = (struct approvals){0};
}
