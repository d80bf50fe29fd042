/* SPDX-License-Identifier: Apache-2.0 */

/* Baseline files of any content. The hash guards against accidents, not against a fuzzer, which
 * would never get past it: what is JSON with a member "baseline" is tried once more with the right
 * one. What is read keeps the promises of model/baseline.h and comes back when written. */

#include <math.h>

#include "digest.h"
#include "fuzz.h"
#include "json.h"
#include "keep/baselines.h"
#include "unit/approved.h"

static void check_query(const struct baseline *b, size_t i)
{
        const struct baseline_query *q = &b->queries[i];

        REQUIRE(baseline_find(b, q->id) == q);
        REQUIRE(q->outcome < OUTCOME_COUNT);
        for (size_t k = 0; k < LEVEL_COUNT; k++)
                REQUIRE(q->levels[k].scale >= 0 && !isinf(q->levels[k].location));
        for (unsigned k = 0; q->answer && k < q->answer->count; k++) {
                REQUIRE(isfinite(q->answer->distances[k]));
                REQUIRE(k == 0 || q->answer->distances[k - 1] <= q->answer->distances[k]);
        }
}

static void check(const struct baseline *b)
{
        _cleanup_(baseline_unrefp) struct baseline *again = NULL;
        _cleanup_free_ char *text = NULL, *second = NULL;
        size_t size, second_size;

        REQUIRE(b->collection && b->number > 0 && b->results > 0);
        for (size_t i = 0; i < b->count; i++)
                check_query(b, i);
        for (size_t i = 0; b->vectors && i < b->vectors->count; i++)
                for (size_t j = 0; j < b->vectors->dimension; j++)
                        REQUIRE(isfinite(b->vectors->rows[i][j]));
        for (size_t i = 1; i < b->bands.count; i++)
                REQUIRE(b->bands.bands[i - 1].below < b->bands.bands[i].below);
        REQUIRE(baseline_build(b, &text, &size) == 0);
        REQUIRE(baseline_parse("again.json", text, size, &again, NULL) == 0);
        REQUIRE(baseline_build(again, &second, &second_size) == 0);
        REQUIRE(size == second_size && memcmp(text, second, size) == 0);
}

static void try(const char *data, size_t size)
{
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;
        _cleanup_error_ struct error e = {0};
        int r = baseline_parse("baseline.json", data, size, &b, &e);

        REQUIRE((r == 0) == (b != NULL));
        REQUIRE((r == 0) == (e.message == NULL));
        if (b)
                check(b);
}

static void try_with_its_hash(const char *data, size_t size)
{
        _cleanup_json_ json_t *root = NULL;
        _cleanup_free_ char *content = NULL, *text = NULL;
        char digest[DIGEST_TEXT_MAX];
        size_t content_size, text_size;
        json_t *baseline;

        if (json_parse("baseline.json", data, size, &root, NULL) < 0)
                return;
        baseline = json_object_get(root, "baseline");
        if (!baseline)
                return;
        content = json_text(baseline, JSON_COMPACT | JSON_SORT_KEYS, &content_size);
        REQUIRE(content && digest_sha256(content, content_size, digest) == 0);
        REQUIRE(json_put(root, "sha256", json_string(digest)) == 0);
        text = json_text(root, JSON_COMPACT | JSON_SORT_KEYS, &text_size);
        REQUIRE(text);
        try(text, text_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        try((const char *)data, size);
        try_with_its_hash((const char *)data, size);
        return 0;
}
