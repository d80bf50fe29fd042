/* SPDX-License-Identifier: Apache-2.0 */
#include "show/metrics/fragment.h"

#include <errno.h>

/* The samples of one collection, family by family. */
struct fragment {
        struct collection_view *view; /* a reference */
        struct text text;
        struct part {
                size_t end; /* in the text */
                uint64_t version; /* of the update that changed it */
        } * parts; /* of each family */
};

static void fragment_done(struct fragment *f)
{
        collection_view_unref(f->view);
        text_done(&f->text);
        free(f->parts);
        *f = (struct fragment){0};
}

static size_t begin_of(const struct fragment *f, size_t metric)
{
        return metric > 0 ? f->parts[metric - 1].end : 0;
}

static const char *data_of(const struct fragment *f, size_t metric, size_t *ret_size)
{
        size_t begin = begin_of(f, metric);

        *ret_size = f->parts[metric].end - begin;
        return text_string(&f->text) + begin;
}

static bool same_part(const struct fragment *a, const struct fragment *b, size_t metric)
{
        size_t size, other_size;
        const char *data = data_of(a, metric, &size), *other = data_of(b, metric, &other_size);

        return size == other_size && memcmp(data, other, size) == 0;
}

/* `old` is of the same collection under the same limit, or NULL. */
static int fragment_render(struct fragment *f, const struct fragment *old,
        struct collection_view *view, unsigned limit, uint64_t version)
{
        f->view = collection_view_ref(view);
        f->parts = calloc(metric_count, sizeof(*f->parts));
        if (!f->parts)
                return -ENOMEM;
        if (old && !text_reserve(&f->text, old->text.size))
                return -ENOMEM;
        for (size_t i = 0; i < metric_count; i++) {
                bool same = old && metrics_same_queries(&metrics[i], old->view, view);

                if (same) {
                        size_t size;
                        const char *data = data_of(old, i, &size);

                        text_append_bytes(&f->text, data, size);
                } else
                        metrics_render_collection(&f->text, &metrics[i], view, limit);
                f->parts[i].end = f->text.size;
                if (text_failed(&f->text))
                        return -ENOMEM;
                f->parts[i].version =
                        same || (old && same_part(f, old, i)) ? old->parts[i].version : version;
        }
        return 0;
}

static int fragment_update(
        struct fragment *f, struct collection_view *view, unsigned limit, uint64_t version)
{
        struct fragment next = {0};
        int r = 0;

        if (f->view == view)
                return 0;
        r = fragment_render(&next, f->view ? f : NULL, view, limit, version);
        if (r < 0) {
                fragment_done(&next);
                return r;
        }
        fragment_done(f);
        *f = next;
        return 0;
}

static void forget(struct fragments *f)
{
        for (size_t i = 0; i < f->count; i++)
                fragment_done(&f->list[i]);
        free(f->list);
        f->list = NULL;
        f->count = 0;
}

/* Whether the pieces stand where they stood. */
static bool same_places(const struct fragments *f, const struct view *view)
{
        if (!f->list || f->count != view->collection_count || f->limit != view->per_query_limit)
                return false;
        for (size_t i = 0; i < f->count; i++)
                if (!streq(f->list[i].view->label, view->collections[i]->label))
                        return false;
        return true;
}

static int update(struct fragments *f, struct view *view)
{
        int r = 0;

        if (!same_places(f, view)) {
                forget(f);
                f->list = calloc(view->collection_count + 1, sizeof(*f->list));
                if (!f->list)
                        return -ENOMEM;
                f->count = view->collection_count;
                f->limit = view->per_query_limit;
                f->placed = f->version;
        }
        for (size_t i = 0; i < f->count && r >= 0; i++)
                r = fragment_update(&f->list[i], view->collections[i], f->limit, f->version);
        return r;
}

int fragments_update(struct fragments *f, struct view *view)
{
        int r;

        if (f->view == view)
                return 0;
        f->version++;
        r = update(f, view);
        fragments_tidy(f);
        f->former = f->view;
        f->view = r < 0 ? NULL : view_ref(view);
        if (r < 0)
                forget(f);
        return r;
}

void fragments_tidy(struct fragments *f)
{
        f->former = view_unref(f->former);
}

/* What belongs to no collection is written each time: it is little, and changes with the view. */
static int visit_family(const struct fragments *f, enum exposition_format format, size_t metric,
        int (*visit)(const char *data, size_t size, uint64_t version, void *userdata),
        void *userdata)
{
        _cleanup_text_ struct text text = {0};
        int r;

        metrics_render_family(&text, format, &metrics[metric]);
        r = text_failed(&text) ? -ENOMEM
                               : visit(text_string(&text), text.size, f->placed, userdata);
        for (size_t i = 0; i < f->count && r >= 0; i++) {
                size_t size;
                const char *data = data_of(&f->list[i], metric, &size);

                r = visit(data, size, f->list[i].parts[metric].version, userdata);
        }
        if (r < 0 || !(metrics[metric].single || metrics[metric].write))
                return r;
        text_clear(&text);
        metrics_render_whole(&text, &metrics[metric], f->view);
        return text_failed(&text) ? -ENOMEM
                                  : visit(text_string(&text), text.size, f->version, userdata);
}

int fragments_visit(const struct fragments *f, enum exposition_format format,
        int (*visit)(const char *data, size_t size, uint64_t version, void *userdata),
        void *userdata)
{
        int r = 0;

        for (size_t i = 0; i < metric_count && r >= 0; i++)
                if (!metrics[i].process)
                        r = visit_family(f, format, i, visit, userdata);
        return r;
}

static int append(const char *data, size_t size, uint64_t version, void *userdata)
{
        text_append_bytes(userdata, data, size);
        return 0;
}

void fragments_append(const struct fragments *f, enum exposition_format format, struct text *text)
{
        if (fragments_visit(f, format, append, text) < 0)
                text->failed = true;
}

void fragments_done(struct fragments *f)
{
        forget(f);
        fragments_tidy(f);
        f->view = view_unref(f->view);
}
