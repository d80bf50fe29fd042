/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

/* A large page takes its time under valgrind. */
#define TIMEOUT (30 * USEC_PER_SEC)

void stage_init(struct stage *s, fake_call_t answer, void *userdata)
{
        s->script[0] = (struct fake_step)FAKE(READ);
        s->script[1] = (struct fake_step){.action = FAKE_CALL, .call = answer};
        s->script[2] = (struct fake_step)FAKE(AGAIN);
        assert_true(sd_event_new(&s->event) >= 0);
        assert_int_equal(http_client_new(s->event, "test", &s->client), 0);
        s->server = fake_server_new(s->event, userdata);
        fake_server_script(s->server, s->script);
        s->peer = (struct http_peer){
                .url = (char *)fake_server_url(s->server), .timeout_usec = TIMEOUT};
}

void stage_done(struct stage *s)
{
        http_client_free(s->client);
        fake_server_free(s->server);
        sd_event_unref(s->event);
}

void stage_on_exchange(const struct http_response *response, void *userdata)
{
        ((struct stage *)userdata)->exchanges++;
}

static bool ended(void *userdata)
{
        return ((struct stage *)userdata)->ended > 0;
}

void stage_await_end(struct stage *s)
{
        assert_int_equal(s->ended, 0);
        assert_true(fake_run_until(s->event, ended, s));
        assert_int_equal(s->ended, 1);
}

static bool asked(void *userdata)
{
        return fake_server_requests(((struct stage *)userdata)->server) > 0;
}

void stage_await_request(struct stage *s)
{
        assert_true(fake_run_until(s->event, asked, s));
}
