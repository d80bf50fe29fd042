/* SPDX-License-Identifier: Apache-2.0 */
#include "heap.h"

#include <errno.h>

#define ALLOCATED_MIN 16

static void set(struct heap *h, size_t place, struct heap_item *item)
{
        h->items[place - 1] = item;
        item->place = place;
}

static struct heap_item *at(const struct heap *h, size_t place)
{
        return h->items[place - 1];
}

/* Brings the item at `place` to where it belongs. */
static void settle(struct heap *h, size_t place)
{
        struct heap_item *item = at(h, place);

        for (; place > 1 && at(h, place / 2)->key > item->key; place /= 2)
                set(h, place, at(h, place / 2));
        while (2 * place <= h->count) {
                size_t child = 2 * place;

                child += child < h->count && at(h, child + 1)->key < at(h, child)->key;
                if (at(h, child)->key >= item->key)
                        break;
                set(h, place, at(h, child));
                place = child;
        }
        set(h, place, item);
}

void heap_done(struct heap *h)
{
        free(h->items);
        *h = (struct heap){0};
}

static int reserve(struct heap *h)
{
        size_t allocated = MAX(2 * h->allocated, (size_t)ALLOCATED_MIN);
        struct heap_item **grown;

        if (h->count < h->allocated)
                return 0;
        grown = reallocarray(h->items, allocated, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        h->items = grown;
        h->allocated = allocated;
        return 0;
}

int heap_put(struct heap *h, struct heap_item *item, uint64_t key)
{
        if (item->place == 0) {
                int r = reserve(h);

                if (r < 0)
                        return r;
                set(h, ++h->count, item);
        }
        item->key = key;
        settle(h, item->place);
        return 0;
}

void heap_remove(struct heap *h, struct heap_item *item)
{
        size_t place = item->place;
        struct heap_item *last;

        if (place == 0)
                return;
        last = at(h, h->count--);
        item->place = 0;
        if (last == item)
                return;
        set(h, place, last);
        settle(h, place);
}

struct heap_item *heap_first(const struct heap *h)
{
        return h->count > 0 ? at(h, 1) : NULL;
}
