/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/leaf.h"

static void leaf_done(struct leaf *leaf)
{
        free(leaf->address);
        sheet_done(&leaf->sheet);
        *leaf = (struct leaf){0};
}

/* Every parameter ends with a byte that none contains. */
static char *make_address(const struct page_query *q)
{
        const char *const parameters[] = {q->collection, q->query, q->incident, q->show, q->text,
                q->tag, q->outcome, q->band, q->sort, q->page};
        _cleanup_text_ struct text t = {0};

        for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
                text_append(&t, parameters[i] ? parameters[i] : "");
                text_append(&t, parameters[i] ? "\xff" : "\xfe");
        }
        return text_take(&t, NULL);
}

static struct leaf *find(struct leaves *l, const char *address)
{
        for (size_t i = 0; i < LEAVES_MAX; i++)
                if (streq(l->leaves[i].address, address))
                        return &l->leaves[i];
        l->next = (l->next + 1) % LEAVES_MAX;
        return &l->leaves[l->next];
}

const struct leaf *leaves_get(struct leaves *l, const struct view *view,
        const struct page_query *query, usec_t wall, usec_t now)
{
        _cleanup_free_ char *address = make_address(query);
        struct leaf *leaf;

        if (!address)
                return NULL;
        leaf = find(l, address);
        if (leaf->address && streq(leaf->address, address) && leaf->published == view->published &&
                now - leaf->rendered < LEAF_AGE_USEC)
                return leaf;
        leaf_done(leaf);
        leaf->published = view->published;
        leaf->rendered = now;
        leaf->status = page_render(&leaf->sheet, view, query, MAX(wall, view->published));
        if (text_failed(&leaf->sheet.text)) {
                leaf_done(leaf);
                return NULL;
        }
        leaf->address = take_ptr(address);
        return leaf;
}

void leaves_tidy(struct leaves *l, usec_t now)
{
        for (size_t i = 0; i < LEAVES_MAX; i++)
                if (l->leaves[i].address && now - l->leaves[i].rendered >= LEAF_AGE_USEC)
                        leaf_done(&l->leaves[i]);
}

void leaves_done(struct leaves *l)
{
        for (size_t i = 0; i < LEAVES_MAX; i++)
                leaf_done(&l->leaves[i]);
}

unsigned leaf_answer(
        const struct leaf *leaf, const char *have, const char *version, struct text *body)
{
        char current[SHEET_VERSION_LENGTH + 1];

        if (!have) {
                text_append_bytes(body, leaf->sheet.text.data, leaf->sheet.text.size);
                return leaf->status;
        }
        sheet_version(&leaf->sheet, current);
        if (streq(version, current))
                return 304;
        return leaf->status == 200 && !sheet_changes(&leaf->sheet, have, body) ? 500 : leaf->status;
}
