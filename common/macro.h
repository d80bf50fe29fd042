/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Cleanup attributes, ownership hand-over and small arithmetic used by every module. Nothing here
 * allocates, logs or knows of retrieval. */

#include <stdlib.h>
#include <string.h>

/* Used by being cleaned up: Clang would not count that. */
#define _cleanup_(f) __attribute__((cleanup(f), unused))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _must_check_ __attribute__((warn_unused_result))
/* Seldom called by what is called for each number: kept out of it, with its buffers. */
#define _cold_ __attribute__((cold, noinline))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Yields the pointer and leaves NULL behind, so that the caller's cleanup no longer frees it. */
#define take_ptr(p) \
        ({ \
                __typeof__(p) *_source = &(p); \
                __typeof__(p) _value = *_source; \
                *_source = NULL; \
                _value; \
        })

/* Defines x_freep() for use with _cleanup_(): DEFINE_CLEANUP(struct history *, history_free). */
#define DEFINE_CLEANUP(type, free_function) \
        static inline void free_function##p(type *p) \
        { \
                if (*p) \
                        (void)free_function(*p); \
        }

static inline void freep(void *p)
{
        free(*(void **)p);
}
#define _cleanup_free_ _cleanup_(freep)

/* As strdup(), but NULL stays NULL and 0 is returned for it; -ENOMEM when memory is short.
 * The old value of *ret is not freed. */
static inline _must_check_ int strdup_to(char **ret, const char *s)
{
        char *copy = s ? strdup(s) : NULL;

        if (s && !copy)
                return -12; /* -ENOMEM */
        *ret = copy;
        return 0;
}

static inline int streq(const char *a, const char *b)
{
        return a == b || (a && b && strcmp(a, b) == 0);
}
