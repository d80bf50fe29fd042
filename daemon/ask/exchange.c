/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/exchange.h"

#include <errno.h>

#include "ask/ruling.h"

int exchange_submit(struct exchange *x, http_done_t done, void *userdata)
{
        if (x->turn == 0)
                x->turn = http_client_turn(x->client);
        x->request.turn = x->turn;
        return http_client_submit(x->client, x->peer, &x->request, done, userdata, &x->transfer);
}

static void drop_sink(struct exchange *x)
{
        if (x->sink)
                x->sink->free(x->sink);
        x->sink = NULL;
}

int exchange_accept(
        struct exchange *x, const struct http_response *response, const char *what, struct error *e)
{
        x->transfer = NULL;
        drop_sink(x);
        x->sink = take_ptr(x->request.sink);
        http_request_done(&x->request);
        x->request = (struct http_request){0};
        x->reached |= ruling_reached(response);
        x->noted(response, x->userdata);
        return ruling_check(response, what, e);
}

bool exchange_unreadable(struct exchange *x, const struct http_response *response)
{
        _cleanup_error_ struct error error = {0};

        return response->status == 500 &&
                exchange_accept(x, response, "reading vectors", &error) < 0;
}

const char *exchange_reason(const struct http_response *response, int code)
{
        const char *reason = http_failure_reason(response);

        if (code == -ENOENT)
                return "not_found";
        if (code == RULING_QUOTA)
                return "quota";
        if (code == RULING_REFUSED && response->status < 500)
                return "refused";
        return reason ? reason : "bad_response";
}

void exchange_done(struct exchange *x)
{
        http_transfer_cancel(x->transfer);
        drop_sink(x);
        http_request_done(&x->request);
}
