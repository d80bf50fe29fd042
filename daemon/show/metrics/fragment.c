/* SPDX-License-Identifier: Apache-2.0 */
#include "show/metrics/fragment.h"

#include <errno.h>

/* The samples of one collection, family by family. */
struct fragment {
        struct collection_view *view; /* a reference; NULL before the first */
        struct part {
                char *data; /* NULL when there are none */
                size_t size;
                uint64_t version; /* of the update that changed it */
        } * parts; /* of each family */
};

static void fragment_done(struct fragment *f)
{
        for (size_t i = 0; f->parts && i < metric_count; i++)
                free(f->parts[i].data);
        free(f->parts);
        collection_view_unref(f->view);
        *f = (struct fragment){0};
}

static bool part_is(const struct part *p, const struct text *text)
{
        return p->size == text->size && (p->size == 0 || memcmp(p->data, text->data, p->size) == 0);
}

static int part_set(struct part *p, const struct text *text, uint64_t version)
{
        char *data = text->size > 0 ? malloc(text->size) : NULL;

        if (text->size > 0 && !data)
                return -ENOMEM;
        if (data)
                memcpy(data, text->data, text->size);
        free(p->data);
        *p = (struct part){data, text->size, version};
        return 0;
}

/* Of the same collection under the same limit as before. When this fails, it is neither the one nor
 * the other. */
static int fragment_update(struct fragment *f, struct collection_view *view, unsigned limit,
        uint64_t version, struct text *scratch)
{
        if (f->view == view)
                return 0;
        if (!f->parts && !(f->parts = calloc(metric_count, sizeof(*f->parts))))
                return -ENOMEM;
        for (size_t i = 0; i < metric_count; i++) {
                if (f->view && metrics_same_queries(&metrics[i], f->view, view))
                        continue;
                text_clear(scratch);
                metrics_render_collection(scratch, &metrics[i], view, limit);
                if (text_failed(scratch))
                        return -ENOMEM;
                if (f->view && part_is(&f->parts[i], scratch))
                        continue;
                if (part_set(&f->parts[i], scratch, version) < 0)
                        return -ENOMEM;
        }
        collection_view_unref(f->view);
        f->view = collection_view_ref(view);
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
        _cleanup_text_ struct text scratch = {0};
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
                r = fragment_update(
                        &f->list[i], view->collections[i], f->limit, f->version, &scratch);
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
                const struct part *p = &f->list[i].parts[metric];

                r = visit(p->data, p->size, p->version, userdata);
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
