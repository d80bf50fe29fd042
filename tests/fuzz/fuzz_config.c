/* SPDX-License-Identifier: Apache-2.0 */

/* Configurations of any content: what is accepted can be used, what is refused says why. */

#include "config/config.h"
#include "fuzz.h"

static void check(const struct config *c)
{
        REQUIRE(c->collection_count > 0 && c->server_count > 0);
        for (size_t i = 0; i < c->collection_count; i++) {
                const struct collection_config *one = c->collections[i];

                REQUIRE(one->name && one->label && one->server && one->peer.url);
                REQUIRE(one->queries && one->vectors && one->queries->count > 0);
                REQUIRE(one->bands.count > 0 && one->bands.count <= BANDS_MAX);
                REQUIRE(one->replay.results > 0 && one->replay.batch > 0);
                REQUIRE(one->replay.interval > 0 && one->replay.timeout > 0);
        }
        for (size_t i = 0; i < c->alerting.receiver_count; i++)
                REQUIRE(c->alerting.receivers[i].channel_count > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(config_freep) struct config *config = NULL;
        _cleanup_errors_ struct errors errors = {0};
        /* Relative names lead nowhere. */
        int r = config_parse(
                "/nonexistent/driftwatch.yaml", (const char *)data, size, NULL, &config, &errors);

        REQUIRE((r == 0) == (errors_total(&errors) == 0));
        REQUIRE((r == 0) == (config != NULL));
        if (config)
                check(config);
        for (size_t i = 0; i < errors.count; i++)
                REQUIRE(!strchr(errors.messages[i], '\n'));
        return 0;
}
