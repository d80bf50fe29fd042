/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A state in a directory of its own, for tests of what its rows say. After <cmocka.h>. */

#include <stdio.h>
#include <unistd.h>

#include "hash.h"
#include "keep/state.h"

static char kept_directory[] = "/tmp/driftwatch-kept-XXXXXX";
static char kept_path[sizeof(kept_directory) + 16];

/* Of the group of tests. */
static inline int kept_set_up(void **unused)
{
        if (!mkdtemp(kept_directory))
                return -1;
        (void)snprintf(kept_path, sizeof(kept_path), "%s/" STATE_FILE, kept_directory);
        return 0;
}

/* Of a test: the next one begins another file. */
static inline int kept_clear(void **unused)
{
        (void)unlink(kept_path);
        return 0;
}

static inline int kept_tear_down(void **unused)
{
        (void)kept_clear(NULL);
        return rmdir(kept_directory);
}

static inline struct state *kept_open(void)
{
        struct state *s = NULL;

        assert_int_equal(state_open(kept_path, &s, NULL), 0);
        return s;
}

static inline void kept_commit(struct state *s)
{
        int r = state_commit(s, NULL);

        while (r >= 0 && (r = state_commit_bulk(s, NULL)) > 0)
                ;
        assert_int_equal(r, 0);
}

/* A row as somebody, or an earlier bug, wrote it: with the right check sum. */
static inline void kept_write(struct state *s, const char *kind_name, bool bulk, const char *key,
        const char *value, size_t size)
{
        const struct state_kind kind = {.name = kind_name, .bulk = bulk};

        assert_int_equal(state_put(s, &kind, key, value, size, 0), 0);
        kept_commit(s);
}

/* Changes some bytes of a value to others that JSON has a use for; returns how many are left. */
static inline size_t kept_garble(char *value, size_t size, unsigned round, uint64_t *seed)
{
        for (unsigned k = 0; k <= round % 4; k++)
                value[splitmix64_next(seed) % size] =
                        "{}[]\",:0-9eENnull\x01\xff"[splitmix64_next(seed) % 19];
        return round % 7 == 0 ? splitmix64_next(seed) % size : size;
}

static inline int kept_count_row(const char *kind, const char *key, const char *value, size_t size,
        bool good, void *userdata)
{
        ++*(size_t *)userdata;
        return 0;
}

static inline size_t kept_count(void)
{
        size_t count = 0;

        assert_int_equal(state_read(kept_path, kept_count_row, &count, NULL), 0);
        return count;
}

/* All rows of the file, in its order; `value` NUL-terminated. */
struct kept_row {
        char kind[32], key[64], value[4096];
};
#define KEPT_ROWS_MAX 8

static inline int kept_copy_row(const char *kind, const char *key, const char *value, size_t size,
        bool good, void *userdata)
{
        struct kept_row *row = userdata;

        assert_true(good);
        while (*row->kind)
                row++;
        (void)snprintf(row->kind, sizeof(row->kind), "%s", kind);
        (void)snprintf(row->key, sizeof(row->key), "%s", key);
        assert_true(size < sizeof(row->value));
        memcpy(row->value, value, size);
        return 0;
}

static inline size_t kept_rows(struct kept_row rows[KEPT_ROWS_MAX + 1])
{
        size_t count = 0;

        memset(rows, 0, (KEPT_ROWS_MAX + 1) * sizeof(*rows));
        assert_int_equal(state_read(kept_path, kept_copy_row, rows, NULL), 0);
        while (*rows[count].kind)
                count++;
        assert_true(count <= KEPT_ROWS_MAX);
        return count;
}
