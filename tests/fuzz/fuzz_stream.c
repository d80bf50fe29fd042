/* SPDX-License-Identifier: Apache-2.0 */

/* JSON in pieces: however it is cut it is the same, and the same as jansson reads. The first byte
 * says how long a piece is. */

#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "unit/growing.h"

#define BUDGET (1U << 20)

static int take(const struct stream_event *event, void *userdata)
{
        float number;

        REQUIRE(event->depth < STREAM_DEPTH_MAX);
        if (event->kind == STREAM_NUMBER)
                (void)stream_to_float(event, &number);
        return grow(event, userdata);
}

/* NULL when it was refused. */
static json_t *read_tree(const char *text, size_t size, size_t piece)
{
        _cleanup_error_ struct error e = {0};
        json_t *value = NULL;
        int r = build(take, text, size, piece, BUDGET, &value, &e);

        REQUIRE((r < 0) == (e.message != NULL) && (r < 0) == (value == NULL));
        return value;
}

/* jansson refuses surrogates without their other half, which yajl reads as question marks, white
 * space that JSON does not know, and a byte order mark. */
static bool may_differ(const char *text, size_t size)
{
        return memchr(text, '\v', size) || memchr(text, '\f', size) ||
                memmem(text, size, "\\u", 2) || memcmp(text, "\xef", 1) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *text = (const char *)data + 1;
        _cleanup_json_ json_t *whole = NULL, *pieces = NULL, *theirs = NULL;

        if (size < 2)
                return 0;
        size--;
        whole = read_tree(text, size, size);
        pieces = read_tree(text, size, 1 + *data % 32);
        REQUIRE((whole != NULL) == (pieces != NULL));
        REQUIRE(!whole || json_equal(whole, pieces));
        theirs = json_loadb(
                text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        if (whole && theirs)
                REQUIRE(json_equal(whole, theirs) || memmem(text, size, "\\u", 2));
        else if (whole)
                REQUIRE(may_differ(text, size));
        return 0;
}
