/* SPDX-License-Identifier: Apache-2.0 */
/* The page as a browser gets it: documents, what they link to, updates of them, and their forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <unistd.h>

#include "../unit/sample_view.h"
#include "json.h"
#include "server_fixture.h"
#include "show/asset.h"
#include "show/runbook.h"
#include "text.h"

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

static void documents_have_their_parameters(void **state)
{
        static const struct {
                const char *target;
                unsigned status;
                const char *contains;
        } cases[] = {
                {"/", 200, "<title>driftwatch: fail</title>"},
                {"/?collection=tickets", 200, "<h1>tickets</h1>"},
                {"/?collection=original_agents&query=react%2Dhooks", 200, "<h1>react-hooks</h1>"},
                {"/?collection=original_agents&outcome=drift", 200, "1 of 7 queries"},
                {"/?incident=original_agents", 200, "Incident of original_agents"},
                {"/?show=replays", 200, "<h1>Replays</h1>"},
                {"/?collection=nothing", 404, "There is no such collection"},
                {"/?show=nothing", 404, "There is no such document"},
                {"/?collection=%ff", 400, "UTF-8"},
        };
        struct fixture *f = *state;

        handover_publish(f->handover, sample_view());
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response r = {0};

                ask(f, "GET", cases[i].target, "", &r);
                if (r.status != cases[i].status)
                        fail_msg("%s: %u", cases[i].target, r.status);
                assert_contains(&r, cases[i].contains);
        }
}

static void documents_may_use_what_is_ours(void **state)
{
        _cleanup_response_ struct response r = {0};

        ask(*state, "GET", "/", "", &r);
        assert_header(&r, "Content-Security-Policy",
                "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
                "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
        assert_header(&r, "Cache-Control", "no-store");
        /* A form's origin would be "null" without one. */
        assert_header(&r, "Referrer-Policy", "same-origin");
        for (size_t i = 0; i < ASSET_COUNT; i++)
                assert_contains(&r, assets[i].path);
}

static void assets_are_kept_for_ever(void **state)
{
        for (size_t i = 0; i < ASSET_COUNT; i++) {
                _cleanup_response_ struct response whole = {0}, known = {0};
                char target[64], headers[128];

                (void)snprintf(target, sizeof(target), "/%s", assets[i].path);
                (void)snprintf(headers, sizeof(headers), "If-None-Match: %s\r\n", assets[i].etag);
                ask(*state, "GET", target, "", &whole);
                assert_int_equal(whole.status, 200);
                assert_header(&whole, "Content-Type", assets[i].type);
                assert_header(&whole, "Cache-Control", "public, max-age=31536000, immutable");
                assert_header(&whole, "ETag", assets[i].etag);
                assert_int_equal(whole.body_size, assets[i].size);
                assert_memory_equal(whole.body, assets[i].data, assets[i].size);
                ask(*state, "GET", target, headers, &known);
                assert_int_equal(known.status, 304);
                assert_int_equal(known.body_size, 0);
        }
}

static void other_assets_are_not_there(void **state)
{
        static const char *const targets[] = {
                "/assets/", "/assets/x.css", "/assets/../page.css", "/assets"};

        for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
                _cleanup_response_ struct response r = {0};

                ask(*state, "GET", targets[i], "", &r);
                assert_int_equal(r.status, 404);
        }
}

static void ask_page(struct fixture *f, const struct runbook_page *page)
{
        _cleanup_response_ struct response whole = {0}, known = {0};
        char target[96], headers[128];

        (void)snprintf(target, sizeof(target), "/runbook/%s", page->name);
        (void)snprintf(headers, sizeof(headers), "If-None-Match: %s\r\n", page->etag);
        ask(f, "GET", target, "", &whole);
        assert_int_equal(whole.status, 200);
        assert_header(&whole, "Content-Type", "text/html; charset=utf-8");
        assert_header(&whole, "Cache-Control", "no-cache");
        assert_header(&whole, "ETag", page->etag);
        assert_contains(&whole, assets[ASSET_STYLE].path);
        assert_int_equal(whole.body_size, page->size);
        assert_memory_equal(whole.body, page->data, page->size);
        ask(f, "GET", target, headers, &known);
        assert_int_equal(known.status, 304);
        assert_int_equal(known.body_size, 0);
}

static void the_runbook_has_its_pages(void **state)
{
        static const struct {
                const char *target;
                unsigned status;
                const char *contains;
        } others[] = {
                {"/runbook/RetrievalBandCrossed", 200, "<h1>RetrievalBandCrossed</h1>"},
                {"/runbook/index_loss", 200, "<h1>INDEX_LOSS</h1>"},
                {"/runbook/x", 404, "the runbook has no page of this name"},
                {"/runbook/removed/", 404, "the runbook has no page of this name"},
                {"/runbook", 404, "nothing at this path"},
        };

        assert_true(runbook_page_count > RULE_COUNT);
        for (size_t i = 0; i < runbook_page_count; i++)
                ask_page(*state, &runbook_pages[i]);
        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                _cleanup_response_ struct response r = {0};

                ask(*state, "GET", others[i].target, "", &r);
                assert_int_equal(r.status, others[i].status);
                assert_contains(&r, others[i].contains);
        }
}

/* The versions that stand in a document, as a browser sends them. */
static void read_versions(const struct response *r, struct text *headers)
{
        text_append(headers, "Driftwatch-Have:");
        for (const char *p = r->body; (p = strstr(p, " data-")); p++) {
                const char *version = p + strlen(" data-");

                version += strncmp(version, "v=\"", 3) == 0   ? 3
                        : strncmp(version, "list=\"", 6) == 0 ? 6
                                                              : 0;
                if (version != p + strlen(" data-"))
                        text_appendf(headers, " %.12s", version);
        }
        text_append(headers, "\r\n");
}

static void append_version(const struct response *r, struct text *headers)
{
        const char *version = strstr(r->body, "<body data-version=\"");

        assert_non_null(version);
        text_appendf(
                headers, "If-None-Match: %.12s\r\n", version + strlen("<body data-version=\""));
}

static void who_has_a_document_is_told_what_changed(void **state)
{
        struct fixture *f = *state;
        _cleanup_response_ struct response whole = {0}, same = {0}, changed = {0};
        _cleanup_text_ struct text headers = {0};
        struct view *view = sample_view();

        handover_publish(f->handover, sample_view());
        ask(f, "GET", "/?collection=original_agents", "", &whole);
        read_versions(&whole, &headers);
        append_version(&whole, &headers);
        ask(f, "GET", "/?collection=original_agents", text_string(&headers), &same);
        assert_int_equal(same.status, 304);
        assert_int_equal(same.body_size, 0);
        view->published += USEC_PER_SEC;
        view->collections[0]->queries[6].judgement.distance = 0.7123f;
        handover_publish(f->handover, view);
        ask(f, "GET", "/?collection=original_agents", text_string(&headers), &changed);
        assert_int_equal(changed.status, 200);
        assert_header(&changed, "Content-Type", "application/json");
        assert_contains(&changed, "0.7123");
        assert_contains(&changed, "threat-model");
        assert_null(strstr(changed.body, "bundle-budget"));
        assert_null(strstr(changed.body, "\"facts\""));
}

static void a_view_is_seen_at_once(void **state)
{
        struct fixture *f = *state;

        for (usec_t i = 0; i < 4; i++) {
                _cleanup_response_ struct response r = {0};
                struct view *view = i % 2 ? sample_view_large(9, 1) : sample_view();

                view->published += i;
                handover_publish(f->handover, view);
                ask(f, "GET", "/", "", &r);
                assert_contains(&r, i % 2 ? "driftwatch: pass" : "driftwatch: fail");
        }
}

static void more_documents_than_are_kept(void **state)
{
        struct fixture *f = *state;

        handover_publish(f->handover, sample_view());
        for (int i = 0; i < 40; i++) {
                _cleanup_response_ struct response r = {0};
                char target[64], sought[64];

                (void)snprintf(
                        target, sizeof(target), "/?collection=original_agents&text=%d", i % 13);
                (void)snprintf(sought, sizeof(sought),
                        "name=\"text\" maxlength=\"200\" value=\"%d\"", i % 13);
                ask(f, "GET", target, "", &r);
                assert_contains(&r, sought);
        }
}

static int send_form(const struct fixture *f, const char *target, const char *fields)
{
        _cleanup_text_ struct text request = {0};
        int fd = connect_to(f);

        text_appendf(&request,
                "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n" FORM "Content-Length: %zu\r\n\r\n%s",
                target, strlen(fields), fields);
        send_bytes(fd, request.data, request.size);
        return fd;
}

static void a_form_is_an_act_and_leads_back(void **state)
{
        static const struct {
                const char *target, *fields, *location;
                unsigned answer, status;
        } cases[] = {
                {"/api/v1/incidents/a%2Fb/ack", "by=anna&comment=&back=%3Fincident%3Da%252Fb",
                        "../../../../?incident=a%2Fb", 200, 303},
                {"/api/v1/silences",
                        "matchers=incident%3D%22a%22&createdBy=ben&comment=x+y&duration=1h&"
                        "back=%3Fincident%3Da",
                        "../../?incident=a", 200, 303},
                {"/api/v1/replay?collection=a&wait=true", "back=%3Fcollection%3Da",
                        "../../?collection=a", 200, 303},
                /* A script has no need to be led anywhere. */
                {"/api/v1/incidents/a/ack", "by=anna", NULL, 200, 200},
                {"/api/v1/incidents/a/ack", "by=anna&back=%2F%2Fevil.example", NULL, 200, 200},
                {"/api/v1/incidents/a/ack", "by=anna&back=%3Fincident%3Da", NULL, 404, 404},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_response_ struct response r = {0};
                int fd = send_form(*state, cases[i].target, cases[i].fields);
                char location[128];

                complete_with(next_command(*state), cases[i].answer, "{\"status\":\"success\"}");
                receive(fd, false, &r);
                assert_int_equal(r.status, cases[i].status);
                if (cases[i].location)
                        assert_header(&r, "Location", cases[i].location);
                else
                        assert_null(header(&r, "Location", location, sizeof(location)));
                close(fd);
        }
}

static void a_form_that_makes_no_sense_is_refused(void **state)
{
        static const char *const fields[] = {"", "by=", "by=%ff", "who=anna&by=x"};
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                _cleanup_response_ struct response r = {0};
                int fd = send_form(f, "/api/v1/incidents/a/ack", fields[i]);

                receive(fd, false, &r);
                assert_int_equal(r.status, 400);
                assert_envelope(&r);
                close(fd);
        }
        assert_null(handover_take(f->handover));
}

#define CASE_OF(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE_OF(documents_have_their_parameters),
                CASE_OF(documents_may_use_what_is_ours),
                CASE_OF(assets_are_kept_for_ever),
                CASE_OF(other_assets_are_not_there),
                CASE_OF(the_runbook_has_its_pages),
                CASE_OF(who_has_a_document_is_told_what_changed),
                CASE_OF(a_view_is_seen_at_once),
                CASE_OF(more_documents_than_are_kept),
                CASE_OF(a_form_is_an_act_and_leads_back),
                CASE_OF(a_form_that_makes_no_sense_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
