/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/stock.h"

#include <errno.h>
#include <string.h>

#include "hash.h"

/* Buckets at first; a power of two. */
#define BUCKETS_MIN 256
/* Rows that are gone and still there, before all are looked at. */
#define GONE_MIN 256

static void row_free(struct stock_row *row)
{
        free(row->key);
        free(row->value);
        free(row);
}

void stock_done(struct stock *stock)
{
        for (size_t i = 0; i < stock->kind_count; i++) {
                struct stock_kind *kind = stock->kinds[i];

                while (kind->first) {
                        struct stock_row *row = kind->first;

                        kind->first = row->sibling;
                        row_free(row);
                }
                free(kind->name);
                free(kind);
        }
        free(stock->buckets);
        *stock = (struct stock){0};
}

struct stock_kind *stock_kind(struct stock *stock, const char *name)
{
        struct stock_kind *kind;

        for (size_t i = 0; i < stock->kind_count; i++)
                if (streq(stock->kinds[i]->name, name))
                        return stock->kinds[i];
        kind = stock->kind_count < STOCK_KINDS_MAX ? calloc(1, sizeof(*kind)) : NULL;
        if (!kind || strdup_to(&kind->name, name) < 0) {
                free(kind);
                return NULL;
        }
        stock->kinds[stock->kind_count++] = kind;
        return kind;
}

static struct stock_row **bucket_of(const struct stock *stock, const char *kind, const char *key)
{
        uint64_t hash = hash_text(hash_text(HASH_INIT, kind), key);

        return &stock->buckets[hash & (stock->bucket_count - 1)];
}

struct stock_row *stock_find(const struct stock *stock, const char *kind, const char *key)
{
        struct stock_row *row = stock->bucket_count > 0 ? *bucket_of(stock, kind, key) : NULL;

        while (row && !(streq(row->key, key) && streq(row->kind->name, kind)))
                row = row->next;
        return row;
}

static void put_into_bucket(struct stock *stock, struct stock_row *row)
{
        struct stock_row **bucket = bucket_of(stock, row->kind->name, row->key);

        row->next = *bucket;
        *bucket = row;
}

static void put_all_into_buckets(struct stock *stock)
{
        memset(stock->buckets, 0, stock->bucket_count * sizeof(struct stock_row *));
        for (size_t i = 0; i < stock->kind_count; i++)
                for (struct stock_row *row = stock->kinds[i]->first; row; row = row->sibling)
                        put_into_bucket(stock, row);
}

static int reserve(struct stock *stock)
{
        size_t wanted = MAX(2 * stock->bucket_count, (size_t)BUCKETS_MIN);
        struct stock_row **grown;

        if (stock->count >= STATE_ROWS_MAX)
                return -ENOSPC;
        if (stock->count < stock->bucket_count)
                return 0;
        grown = calloc(wanted, sizeof(struct stock_row *));
        if (!grown)
                return -ENOMEM;
        free(stock->buckets);
        stock->buckets = grown;
        stock->bucket_count = wanted;
        put_all_into_buckets(stock);
        return 0;
}

int stock_add(struct stock *stock, struct stock_kind *kind, const char *key, struct stock_row **ret)
{
        struct stock_row *row = stock_find(stock, kind->name, key);
        int r = row ? 0 : reserve(stock);

        if (row || r < 0) {
                *ret = row;
                return r;
        }
        row = calloc(1, sizeof(*row));
        if (!row || strdup_to(&row->key, key) < 0) {
                free(row);
                return -ENOMEM;
        }
        row->kind = kind;
        row->sibling = kind->first;
        kind->first = row;
        stock->count++;
        put_into_bucket(stock, row);
        *ret = row;
        return 0;
}

static void enqueue(struct stock *stock, struct stock_row *row)
{
        struct stock_queue *queue = &stock->queues[row->kind->bulk];

        row->dirty = true;
        row->later = NULL;
        if (queue->last)
                queue->last->later = row;
        else
                queue->first = row;
        queue->last = row;
}

void stock_change(struct stock *stock, struct stock_row *row, char *value, size_t size)
{
        free(row->value);
        row->value = value;
        row->size = size;
        row->gone = !value;
        if (!row->dirty)
                enqueue(stock, row);
}

struct stock_row *stock_take(struct stock *stock, bool bulk)
{
        struct stock_queue *queue = &stock->queues[bulk];
        struct stock_row *row = queue->first;

        if (!row)
                return NULL;
        queue->first = row->later;
        if (!queue->first)
                queue->last = NULL;
        row->later = NULL;
        return row;
}

void stock_written(struct stock *stock, struct stock_row *row)
{
        stock->gone += row->gone;
        row->dirty = false;
        row->stored = !row->gone;
        free(row->value);
        row->value = NULL;
        row->size = 0;
}

void stock_again(struct stock *stock, struct stock_row *row)
{
        enqueue(stock, row);
}

static bool is_over(const struct stock_row *row)
{
        return row->gone && !row->stored && !row->dirty;
}

static void unlink_from_bucket(struct stock *stock, struct stock_row *row)
{
        struct stock_row **p = bucket_of(stock, row->kind->name, row->key);

        while (*p != row)
                p = &(*p)->next;
        *p = row->next;
}

void stock_sweep(struct stock *stock)
{
        if (stock->gone < MAX((size_t)GONE_MIN, stock->count / 4))
                return;
        stock->gone = 0;
        for (size_t i = 0; i < stock->kind_count; i++) {
                struct stock_row **p = &stock->kinds[i]->first;

                while (*p) {
                        struct stock_row *row = *p;

                        if (!is_over(row)) {
                                p = &row->sibling;
                                continue;
                        }
                        *p = row->sibling;
                        unlink_from_bucket(stock, row);
                        stock->count--;
                        row_free(row);
                }
        }
}

void stock_forget(struct stock *stock)
{
        for (size_t i = 0; i < stock->kind_count; i++)
                for (struct stock_row *row = stock->kinds[i]->first; row; row = row->sibling) {
                        row->signature = 0;
                        row->stored = false;
                }
}
