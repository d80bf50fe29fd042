/* SPDX-License-Identifier: Apache-2.0 */

/* Answers of a server that need not be Chroma: what is taken from one is finite, ascending and no
 * more than was asked for. */

#include <math.h>

#include "ask/directory.h"
#include "ask/ruling.h"
#include "fuzz.h"
#include "unit/arrival.h"

#define QUERIES 3
#define RESULTS 4

static void check(const struct results_row *one)
{
        REQUIRE((one->answer == NULL) == (one->unmeasured != NULL));
        if (!one->answer)
                return;
        REQUIRE(one->answer->count <= RESULTS);
        for (unsigned i = 0; i < one->answer->count; i++) {
                REQUIRE(isfinite(one->answer->distances[i]) && one->answer->ids[i]);
                REQUIRE(i == 0 || one->answer->distances[i - 1] <= one->answer->distances[i]);
        }
}

static void parse_query(const char *body, size_t size)
{
        struct results_row answers[QUERIES] = {0};
        _cleanup_error_ struct error error = {0};
        int r = arrive_results(body, size, QUERIES, RESULTS, answers, &error);

        REQUIRE((r == 0) == (error.message == NULL));
        for (size_t i = 0; i < QUERIES; i++) {
                if (r == 0)
                        check(&answers[i]);
                answer_unref(answers[i].answer);
        }
}

static void parse_id_counts(const char *body, size_t size)
{
        size_t counts[QUERIES];

        if (arrive_counts(body, size, QUERIES, RESULTS, counts, NULL) == 0)
                for (size_t i = 0; i < QUERIES; i++)
                        REQUIRE(counts[i] <= RESULTS);
}

static void parse_names(const char *body, size_t size)
{
        char **names;
        size_t count;

        if (directory_parse(body, size, &names, &count) < 0)
                return;
        REQUIRE(count <= DIRECTORY_NAMES_MAX);
        for (size_t i = 0; i < count; i++)
                REQUIRE(names[i]);
        directory_names_free(names, count);
}

/* A body is NUL-terminated when it comes from the client. */
static void rule(const char *data, size_t size)
{
        static const unsigned statuses[] = {200, 400, 403, 404, 422, 429, 500, 502};
        char *body = malloc(size + 1);

        REQUIRE(body);
        if (size > 0)
                memcpy(body, data, size);
        body[size] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
                const struct http_response response = {
                        .status = statuses[i], .body = body, .body_size = size};
                _cleanup_error_ struct error error = {0};
                int r = ruling_check(&response, "x", &error);

                REQUIRE((r == 0) == (error.message == NULL));
                REQUIRE(r < 0 || ruling_reached(&response));
        }
        free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(epoch_done) struct epoch epoch = {0};
        _cleanup_error_ struct error error = {0};
        const char *body = (const char *)data;
        uint64_t count;

        rule(body, size);
        parse_names(body, size);
        parse_query(body, size);
        parse_id_counts(body, size);
        if (chroma_parse_collection(body, size, &epoch, &error) == 0) {
                REQUIRE(epoch.id && epoch.records == -1 && !epoch.newest && epoch.sentinels == 0);
                REQUIRE(!epoch.configuration || epoch.configuration[0] == '{');
        }
        if (chroma_parse_count(body, size, &count, NULL) == 0)
                REQUIRE(size > 0);
        return 0;
}
