/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/exchange.h"

#include <malloc.h>

#include "macro.h"
#include "serve/response.h"
#include "show/envelope.h"
#include "utf8.h"

/* From here on it is worth a tenth of a millisecond to give back what making the body took. */
#define LARGE_BODY (128U << 10)

void exchange_say(struct exchange *x, unsigned status, const char *sentence)
{
        x->status = status;
        if (x->json && status >= 400) {
                x->type = RESPONSE_TYPE_JSON;
                envelope_error(&x->body, status, "%s", sentence);
                return;
        }
        x->type = RESPONSE_TYPE_TEXT;
        text_appendf(&x->body, "%s\n", sentence);
}

const char *exchange_header(const struct exchange *x, const char *name)
{
        return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

const char *exchange_argument(const struct exchange *x, const char *name)
{
        return MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct view *exchange_view(struct exchange *x)
{
        struct view *view = handover_acquire(x->services->handover);

        if (!view)
                exchange_say(x, 503, "driftwatch is starting");
        return view;
}

bool exchange_arguments_valid(struct exchange *x)
{
        bool valid = request_arguments_valid(x->connection) &&
                (!x->subject || utf8_valid(x->subject, strlen(x->subject)));
        if (!valid)
                exchange_say(x, 400, "the URL is not UTF-8");
        return valid;
}

void exchange_give_back(const struct exchange *x)
{
        if (x->body.size >= LARGE_BODY)
                (void)malloc_trim(0);
}
