/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A program in which memory can be short. Its tests are linked with --wrap=malloc, which turns
 * every call of ours, and those that a library was told to make through us, to this one. */

#include <stddef.h>
#include <stdint.h>

/* Allocations that succeed before the one that does not. */
static size_t short_after = SIZE_MAX;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
        return short_after-- == 0 ? NULL : __real_malloc(size);
}
