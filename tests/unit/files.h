/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files that a test needs. After <cmocka.h>. */

#include <stdio.h>
#include <unistd.h>

struct test_file {
        const char *name, *content;
};

/* With this content and no other. */
static inline void write_file(const char *name, const char *content)
{
        FILE *f = fopen(name, "we");

        assert_non_null(f);
        assert_true(fputs(content, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

/* Into the current directory. */
static inline void write_files(const struct test_file *files, size_t count)
{
        for (size_t i = 0; i < count; i++)
                write_file(files[i].name, files[i].content);
}

/* All of them, each being there; else -1. */
static inline int remove_files(const struct test_file *files, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (unlink(files[i].name) < 0)
                        return -1;
        return 0;
}
