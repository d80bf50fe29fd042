/* SPDX-License-Identifier: Apache-2.0 */

/* Answers of any content to what channels send: none makes more of a refusal than it is, none makes
 * anybody wait for longer than a day. */

#include "fuzz.h"
#include "tell/channel.h"

static enum delivery judge(const struct channel *c, struct http_response response, unsigned status)
{
        response.status = status;
        return c->judge(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *body = malloc(size + 1);
        struct http_response response = {.body = body, .body_size = size};

        if (!body)
                return 0;
        if (size > 0)
                memcpy(body, data, size);
        body[size] = '\0';
        for (enum channel_kind kind = 0; kind < CHANNEL_COUNT; kind++) {
                const struct channel *c = channel_kinds[kind];

                if (kind == CHANNEL_EMAIL)
                        continue; /* its statuses are SMTP's: fuzz_mail.c */
                REQUIRE(judge(c, response, 200) <= DELIVERY_FAILED);
                REQUIRE(judge(c, response, 302) == DELIVERY_FAILED);
                REQUIRE(judge(c, response, 404) == DELIVERY_FAILED);
                REQUIRE(judge(c, response, 429) == DELIVERY_RETRY);
                REQUIRE(judge(c, response, 503) == DELIVERY_RETRY);
                REQUIRE(!c->wait || c->wait(&response) <= USEC_PER_DAY);
        }
        return 0;
}
