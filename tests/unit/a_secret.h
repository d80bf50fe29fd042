/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A secret for a test, of a file that is written and read at once. */

#include <stdio.h>
#include <unistd.h>

#include "secret.h"

static inline const char *any_secret(const char *value)
{
        return NULL;
}

/* NULL for NULL. The file is gone then: what was read stays. */
static inline struct secret *a_secret(const char *value)
{
        char path[] = "/tmp/driftwatch-secret-XXXXXX";
        struct secret *s = NULL;
        int fd;

        if (!value)
                return NULL;
        fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_true(dprintf(fd, "%s\n", value) > 0);
        close(fd);
        assert_int_equal(secret_new(path, any_secret, &s, NULL), 0);
        unlink(path);
        return s;
}
