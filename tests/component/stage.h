/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the tests of everything that asks a server stand on: an event loop, a client, and a scripted
 * server that one function answers for. A test's own world begins with it. It knows nothing of what
 * is asked. */

#include "../unit/unit.h"

#include "ask/http_client.h"
#include "fake_server.h"

#define UUID "aaaaaaaa-0000-4000-8000-000000000001"
#define OTHER_UUID "bbbbbbbb-0000-4000-8000-000000000002"
#define BASE "/api/v2/tenants/t/databases/d/collections/"
#define NOT_FOUND "{\"error\":\"NotFoundError\",\"message\":\"no such collection\"}"
/* Discard: nobody listens there. */
#define DEAD_URL ((char *)"http://127.0.0.1:9")

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

struct stage {
        sd_event *event;
        struct http_client *client;
        struct fake_server *server;
        struct http_peer peer; /* the server, patient with slow answers */
        unsigned ended; /* counted by the test's callback */
        unsigned exchanges; /* by stage_on_exchange() */
        struct fake_step script[3];
};

/* `answer` is called for every request, with `userdata`. Fails the test when something is missing.
 */
void stage_init(struct stage *s, fake_call_t answer, void *userdata);
/* What asks is freed before. */
void stage_done(struct stage *s);
/* For a callback whose userdata begins with a stage. */
void stage_on_exchange(const struct http_response *response, void *userdata);
/* Runs until `ended` was counted, which must happen once and not before the loop runs. */
void stage_await_end(struct stage *s);
/* Runs until the server got a request. */
void stage_await_request(struct stage *s);
