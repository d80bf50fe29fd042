/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "digest.h"
#include "fuzz.h"
#include "json.h"
#include "keep/baselines.h"

/* With a hash that fits, or nothing behind the check would ever be reached. */
static char *with_hash(const char *data, size_t size, size_t *ret_size)
{
        _cleanup_json_ json_t *root = NULL;
        _cleanup_free_ char *content = NULL;
        char hash[DIGEST_TEXT_MAX];
        size_t content_size;

        if (json_parse("f", data, size, &root, NULL) < 0 || !json_is_object(root))
                return NULL;
        content = json_text(
                json_object_get(root, "baseline"), JSON_COMPACT | JSON_SORT_KEYS, &content_size);
        if (!content || digest_sha256(content, content_size, hash) < 0 ||
                json_object_set_new(root, "sha256", json_string(hash)) < 0)
                return NULL;
        return json_text(root, JSON_COMPACT, ret_size);
}

static void try(const char *data, size_t size)
{
        _cleanup_(baseline_unrefp) struct baseline *b = NULL, *again = NULL;
        _cleanup_free_ char *text = NULL;
        _cleanup_error_ struct error e = {0};
        size_t text_size;

        if (baseline_parse("f", data, size, &b, &e) < 0) {
                if (!e.message)
                        abort();
                return;
        }
        /* What was read can be written and read again. */
        if (baseline_build(b, &text, &text_size) < 0 ||
                baseline_parse("f", text, text_size, &again, &e) < 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *fitted = NULL;
        size_t fitted_size;

        try((const char *)data, size);
        fitted = with_hash((const char *)data, size, &fitted_size);
        if (fitted)
                try(fitted, fitted_size);
        return 0;
}
