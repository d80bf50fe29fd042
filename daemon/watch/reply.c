/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/reply.h"

#include "show/envelope.h"

void reply(struct command *c, unsigned status, struct text *body)
{
        size_t size = 0;
        char *data = text_failed(body) ? NULL : text_take(body, &size);

        command_complete(c, data ? status : 500, data, size);
}

void reply_error(struct command *c, unsigned status, const char *sentence)
{
        _cleanup_text_ struct text body = {0};

        envelope_error(&body, status, "%s", sentence);
        reply(c, status, &body);
}
