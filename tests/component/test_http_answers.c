/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered by somebody else than the web thread: reports and what is large, which are made
 * beside it, and the words of documents, which the loop reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <unistd.h>

#include "server_fixture.h"
#include "show/api/api.h"
#include "show/report/report.h"
#include "unit/sample_view.h"

#define GZIP "Accept-Encoding: gzip\r\n"

static void assert_packed(const struct response *r, const struct text *expected)
{
        _cleanup_text_ struct text body = {0};

        assert_int_equal(r->status, 200);
        assert_header(r, "Content-Encoding", "gzip");
        assert_header(r, "Vary", "Accept-Encoding");
        assert_true(r->body_size < expected->size);
        gunzip(r, &body);
        assert_int_equal(body.size, expected->size);
        assert_memory_equal(body.data, expected->data, body.size);
}

static void a_report_is_the_same_packed(void **state)
{
        static const struct {
                const char *target, *format, *type;
        } cases[] = {
                {"/api/v1/report?collection=original_agents", NULL, "application/json"},
                {"/api/v1/report?collection=original_agents&format=json", "json",
                        "application/json"},
                {"/api/v1/report?collection=original_agents&format=markdown", "markdown",
                        "text/markdown; charset=utf-8"},
                {"/api/v1/report?collection=original_agents&format=html", "html",
                        "text/html; charset=utf-8"},
        };
        struct fixture *f = *state;
        struct view *view = sample_view();

        handover_publish(f->handover, view_ref(view));
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response plain = {0}, packed = {0};
                _cleanup_text_ struct text expected = {0};
                char value[64];

                assert_int_equal(report_answer(view->collections[0], cases[i].format,
                                         view->published, &expected),
                        200);
                ask(f, "GET", cases[i].target, "", &plain);
                assert_int_equal(plain.status, 200);
                assert_header(&plain, "Content-Type", cases[i].type);
                assert_null(header(&plain, "Content-Encoding", value, sizeof(value)));
                assert_string_equal(plain.body, text_string(&expected));
                ask(f, "GET", cases[i].target, GZIP, &packed);
                assert_header(&packed, "Content-Type", cases[i].type);
                assert_packed(&packed, &expected);
        }
        view_unref(view);
}

static void a_report_of_nothing_is_an_error(void **state)
{
        static const struct {
                const char *target;
                unsigned status;
        } cases[] = {{"/api/v1/report", 400}, {"/api/v1/report?collection=nothing", 404},
                {"/api/v1/report?collection=tickets&format=pdf", 400}};
        struct fixture *f = *state;

        handover_publish(f->handover, sample_view());
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response r = {0};

                ask(f, "GET", cases[i].target, GZIP, &r);
                assert_int_equal(r.status, cases[i].status);
                assert_header(&r, "Content-Type", "application/json");
                assert_envelope(&r);
        }
}

/* So much that it is made beside the web thread: all of it comes, packed for who takes that. */
static void what_is_large_is_whole(void **state)
{
        struct fixture *f = *state;
        const struct api_query query = {.collection = "large"};
        _cleanup_text_ struct text queries = {0}, verdict = {0};
        _cleanup_response_ struct response plain = {0}, packed = {0}, replayed = {0};
        struct view *view = sample_view_large(2 * API_LIGHT, 1);
        struct command *c;
        int fd;

        for (size_t i = 0; i < api_route_count; i++)
                if (streq(api_routes[i].path, "/api/v1/queries"))
                        assert_int_equal(api_routes[i].get(view, &query, &queries), 200);
        assert_int_equal(api_verdict.get(view, &query, &verdict), 200);
        handover_publish(f->handover, view_ref(view));
        ask(f, "GET", "/api/v1/queries?collection=large", "", &plain);
        assert_int_equal(plain.status, 200);
        assert_header(&plain, "Content-Type", "application/json");
        assert_string_equal(plain.body, text_string(&queries));
        ask(f, "GET", "/api/v1/queries?collection=large", "Accept-Encoding: gzip\r\n", &packed);
        assert_packed(&packed, &queries);
        fd = send_post(f, "/api/v1/replay?collection=large&wait=true");
        c = next_command(f);
        c->replayed = view;
        command_complete(c, 200, NULL, 0);
        receive(fd, false, &replayed);
        assert_int_equal(replayed.status, 200);
        assert_header(&replayed, "Content-Type", "application/json");
        assert_string_equal(replayed.body, text_string(&verdict));
        close(fd);
}

/* The loop is asked for what was meant; what it answers is passed on. */
static void words_are_the_loops_to_read(void **state)
{
        static const struct {
                const char *target, *collection, *query;
                unsigned status;
        } cases[] = {
                {"/api/v1/answers?collection=a&query=q", "a", "q", 200},
                {"/api/v1/answers?query=%3Cb%3E%26&collection=a%2Fb%20c", "a/b c", "<b>&", 404},
                {"/api/v1/answers?collection=a&query=", "a", "", 502},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response r = {0};
                _cleanup_text_ struct text request = {0};
                int fd = connect_to(*state);
                struct command *c;

                text_appendf(
                        &request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", cases[i].target);
                send_text(fd, text_string(&request));
                c = next_command(*state);
                assert_int_equal(c->type, COMMAND_ANSWERS);
                assert_string_equal(c->collection, cases[i].collection);
                assert_string_equal(c->query, cases[i].query);
                complete_with(c, cases[i].status, "{\"the\": \"answer\"}");
                receive(fd, false, &r);
                assert_int_equal(r.status, cases[i].status);
                assert_header(&r, "Content-Type", "application/json");
                assert_header(&r, "Cache-Control", "no-store");
                assert_string_equal(r.body, "{\"the\": \"answer\"}");
                close(fd);
        }
}

static void words_of_nothing_are_refused(void **state)
{
        static const char *const targets[] = {"/api/v1/answers", "/api/v1/answers?collection=a",
                "/api/v1/answers?query=q", "/api/v1/answers?collection=a&query=%ff"};
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
                _cleanup_response_ struct response r = {0};

                ask(f, "GET", targets[i], "", &r);
                assert_int_equal(r.status, 400);
                assert_envelope(&r);
        }
        assert_null(handover_take(f->handover));
}

#define CASE_OF(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE_OF(a_report_is_the_same_packed),
                CASE_OF(a_report_of_nothing_is_an_error),
                CASE_OF(what_is_large_is_whole),
                CASE_OF(words_are_the_loops_to_read),
                CASE_OF(words_of_nothing_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
