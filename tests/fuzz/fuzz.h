/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What every target shares: the entry point, as libFuzzer calls it, and a check that ends the
 * program. It chooses no input; that is the fuzzer's business, or corpus.c's. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) \
        do \
                if (!(condition)) { \
                        (void)fprintf(stderr, "not true: %s\n", #condition); \
                        abort(); \
                } \
        while (0)
