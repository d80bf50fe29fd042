/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The rows of a state as they are in memory: by kind and key, with the signature of what was put
 * last, and the values that are not written yet. No file: state.h writes them. */

#include <stdint.h>

#include "keep/state.h"

struct stock_row {
        struct stock_row *next; /* in the same bucket */
        struct stock_row *sibling; /* of the same kind */
        struct stock_row *later; /* to be written after it */
        struct stock_kind *kind;
        char *key;
        uint64_t signature; /* of what was put last; 0: not known */
        uint64_t round; /* in which it was put */
        char *value; /* to be written; NULL: to be removed */
        size_t size;
        bool dirty; /* and in the queue of its kind */
        bool stored; /* the file has one of this key */
        bool gone; /* removed */
};

struct stock_kind {
        char *name;
        bool bulk;
        struct stock_row *first;
        uint64_t round;
};

struct stock_queue {
        struct stock_row *first, *last;
};

/* More kinds than there are things to keep. */
#define STOCK_KINDS_MAX 32

struct stock {
        struct stock_kind *kinds[STOCK_KINDS_MAX];
        size_t kind_count;
        struct stock_row **buckets;
        size_t bucket_count, count;
        size_t gone; /* of them, those that are in neither place */
        struct stock_queue queues[2]; /* [bulk]: those that are dirty */
};

void stock_done(struct stock *stock);
/* The kind of this name, made where there is none, and not in bulk: NULL when there are too many,
 * or memory is short. */
struct stock_kind *stock_kind(struct stock *stock, const char *name);
/* NULL when there is none. */
struct stock_row *stock_find(const struct stock *stock, const char *kind, const char *key);
/* The row, made where there is none; -ENOSPC for too many, -ENOMEM. */
_must_check_ int stock_add(
        struct stock *stock, struct stock_kind *kind, const char *key, struct stock_row **ret);
/* Takes the value, NULL to remove the row. */
void stock_change(struct stock *stock, struct stock_row *row, char *value, size_t size);
/* The next one to be written leaves its queue; NULL when there is none. */
struct stock_row *stock_take(struct stock *stock, bool bulk);
/* What was taken is written, or has to be taken again. */
void stock_written(struct stock *stock, struct stock_row *row);
void stock_again(struct stock *stock, struct stock_row *row);
/* Frees those that are neither in the file nor to be written, once they are many. Rows that were
 * taken must have been given back. */
void stock_sweep(struct stock *stock);
/* There is another file, which has none of them: what it is to have is put again. */
void stock_forget(struct stock *stock);
