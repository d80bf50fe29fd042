/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "sample_notice.h"
#include "tell/letter.h"
#include "text.h"

static void make(struct sample_notice *s, bool over)
{
        sample_notice_init(s, over);
        sample_notice_set(s, "from", "driftwatch <drift@example.org>");
        sample_notice_set(s, "to", "Jürgen <j@example.org>, search@example.org");
        sample_notice_set(s, "hello", "drift.example.org");
}

static void build(const struct sample_notice *s, struct http_request *ret)
{
        assert_int_equal(channel_email.build(&s->context, s->pointers, s->notice.count, ret), 0);
}

static void prepare(const struct sample_notice *s, struct http_request *ret)
{
        _cleanup_(http_request_done) struct http_request kept = {0};

        build(s, &kept);
        assert_int_equal(channel_email.prepare(&s->settings, &kept,
                                 "0123456789abcdef0123456789abcdef", s->context.now, ret),
                0);
}

static void writes_of_what_opens_and_what_ends(void **state)
{
        static const char *const names[] = {"email.opened", "email.closed"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_(http_request_done) struct http_request request = {0};
                struct sample_notice s;

                make(&s, i == 1);
                prepare(&s, &request);
                sample_request_compare(&request, names[i]);
                assert_string_equal(request.envelope->from, "drift@example.org");
                assert_string_equal(request.envelope->to[0], "j@example.org");
                assert_string_equal(request.envelope->to[1], "search@example.org");
                assert_null(request.envelope->to[2]);
                sample_notice_done(&s);
        }
}

/* The line of a header, within the message. */
static const char *header(const struct http_request *request, const char *name)
{
        const char *found = strstr(request->body, name);

        assert_non_null(found);
        return found;
}

static void stands_in_the_thread_of_its_opening(void **state)
{
        _cleanup_(http_request_done) struct http_request opened = {0}, closed = {0}, again = {0};
        struct sample_notice first, last;
        const char *thread;

        make(&first, false);
        make(&last, true);
        prepare(&first, &opened);
        prepare(&last, &closed);
        thread = header(&opened, "\r\nReferences: <");
        assert_memory_equal(thread, header(&closed, "\r\nReferences: <"),
                (size_t)(strchr(thread, '>') - thread) + 1);
        first.message.since += USEC_PER_MINUTE;
        prepare(&first, &again);
        assert_memory_not_equal(thread, header(&again, "\r\nReferences: <"),
                (size_t)(strchr(thread, '>') - thread) + 1);
        sample_notice_done(&first);
        sample_notice_done(&last);
}

/* A title that somebody made to look like the end of a header, and of a part. */
static void no_value_ends_its_header(void **state)
{
        _cleanup_(http_request_done) struct http_request request = {0};
        struct sample_notice s;
        size_t parts = 0;

        make(&s, false);
        free(s.message.title);
        s.message.title = strdup("x\r\nBcc: evil@example.org\r\n\r\n--=_driftwatch\r\n");
        prepare(&s, &request);
        assert_non_null(strstr(request.body, "\r\nSubject: x  Bcc: evil@example.org"));
        assert_true(strstr(request.body, "\r\nBcc:") > strstr(request.body, "\r\n\r\n"));
        for (const char *at = request.body; (at = strstr(at, "\r\n--=_driftwatch")); at++)
                parts++;
        assert_int_equal(parts, 3);
        sample_notice_done(&s);
}

static void every_line_ends_with_crlf_and_is_short(void **state)
{
        _cleanup_(http_request_done) struct http_request request = {0};
        struct sample_notice s;
        const char *line;

        make(&s, false);
        prepare(&s, &request);
        line = request.body;
        while (*line) {
                size_t length = strcspn(line, "\r\n");

                assert_true(length <= 100);
                assert_memory_equal(line + length, "\r\n", 2);
                line += length + 2;
        }
        sample_notice_done(&s);
}

static void is_judged_by_smtp(void **state)
{
        static const struct {
                int result;
                unsigned status;
                enum delivery delivery;
        } cases[] = {{0, 250, DELIVERY_DONE}, {0, 421, DELIVERY_RETRY}, {0, 451, DELIVERY_RETRY},
                {0, 454, DELIVERY_RETRY}, {0, 535, DELIVERY_FAILED}, {0, 550, DELIVERY_FAILED},
                {0, 554, DELIVERY_FAILED}, {0, 0, DELIVERY_RETRY}, {0, 354, DELIVERY_RETRY},
                {-EACCES, 0, DELIVERY_FAILED}, {-EPROTO, 0, DELIVERY_RETRY},
                {-ETIMEDOUT, 0, DELIVERY_RETRY}, {-EMSGSIZE, 0, DELIVERY_FAILED}};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct http_response response = {
                        .result = cases[i].result, .status = cases[i].status, .mail = true};

                if (channel_email.judge(&response) != cases[i].delivery)
                        fail_msg("%d %u", cases[i].result, cases[i].status);
        }
}

static void letters_are_as_large_as_they_may_be(void **state)
{
        struct sample_notice s;
        size_t last = SIZE_MAX;

        make(&s, false);
        for (size_t max = 8000; max > 1000; max -= 200) {
                _cleanup_text_ struct text t = {0};

                letter_append(&s.message, max, &t);
                assert_false(text_failed(&t));
                assert_true(t.size <= last);
                last = t.size;
                assert_non_null(strstr(t.data, "<b>First:</b> "));
                assert_non_null(strstr(t.data, "</html>\n"));
                assert_null(strstr(t.data, "<script>"));
                assert_null(strstr(t.data, "src="));
        }
        assert_true(last < 5000);
        sample_notice_done(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(writes_of_what_opens_and_what_ends),
                cmocka_unit_test(stands_in_the_thread_of_its_opening),
                cmocka_unit_test(no_value_ends_its_header),
                cmocka_unit_test(every_line_ends_with_crlf_and_is_short),
                cmocka_unit_test(is_judged_by_smtp),
                cmocka_unit_test(letters_are_as_large_as_they_may_be),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
