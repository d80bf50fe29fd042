/* SPDX-License-Identifier: Apache-2.0 */

/* Web configuration files of any content: what is accepted can be used, what is refused says why.
 */

#include "config/web.h"
#include "fuzz.h"
#include "serve/bcrypt.h"

static void check(const struct web_config *c)
{
        for (size_t i = 0; i < c->user_count; i++) {
                REQUIRE(*c->users[i].name && !strchr(c->users[i].name, ':'));
                REQUIRE(!bcrypt_check_hash(c->users[i].hash));
        }
        for (size_t i = 0; i < c->token_count; i++)
                REQUIRE(c->tokens[i].scopes > 0 && c->tokens[i].scopes <= SCOPE_ALL);
        for (size_t i = 0; i < WEB_HEADERS; i++)
                REQUIRE(!c->headers[i] || !strpbrk(c->headers[i], "\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(web_config_unrefp) struct web_config *config = NULL;
        _cleanup_(web_files_done) struct web_files files = {0};
        _cleanup_errors_ struct errors errors = {0};
        /* Relative names lead nowhere. */
        int r = web_parse(
                "/nonexistent/web.yaml", (const char *)data, size, &config, &files, &errors);

        REQUIRE((r == 0) == (errors_total(&errors) == 0));
        REQUIRE((r == 0) == (config != NULL));
        if (config)
                check(config);
        for (size_t i = 0; i < errors.count; i++)
                REQUIRE(!strchr(errors.messages[i], '\n'));
        return 0;
}
