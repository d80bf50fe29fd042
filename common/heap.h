/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A binary heap of things that are due: the one with the smallest key is at hand, and adding,
 * removing and moving one costs the logarithm of their number. Items are part of what they stand
 * for, which owns them; the heap keeps pointers and frees nothing but its array. */

#include <stddef.h>
#include <stdint.h>

#include "macro.h"

struct heap_item {
        uint64_t key;
        size_t place; /* from 1 on; 0: in no heap */
};

/* Zeroed, it is empty. */
struct heap {
        struct heap_item **items;
        size_t count, allocated;
};

/* What is in it is forgotten, not told. */
void heap_done(struct heap *h);
/* Adds an item, or moves it where it is in this heap already. Of equal keys any comes first.
 * -ENOMEM, which moving never is: nothing has changed. */
_must_check_ int heap_put(struct heap *h, struct heap_item *item, uint64_t key);
/* A no-op for an item that is in none. */
void heap_remove(struct heap *h, struct heap_item *item);
/* The one with the smallest key; NULL when there is none. */
struct heap_item *heap_first(const struct heap *h);
