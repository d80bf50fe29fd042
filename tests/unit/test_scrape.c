/* SPDX-License-Identifier: Apache-2.0 */
/* When /metrics is rendered anew, and what the process says of itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "macro.h"
#include "serve/gzip.h"
#include "serve/process.h"
#include "serve/scrape.h"

static struct view *make_view(void)
{
        struct view *v = view_new();

        assert_non_null(v);
        return v;
}

static void the_process_is_read_once_a_second_at_most(void **state)
{
        const usec_t start = 1000 * USEC_PER_SEC;
        struct scrape s = {0};
        struct view *view = make_view();
        struct MHD_Response *first;
        double process_start;

        first = scrape_response(&s, view, EXPOSITION_TEXT, false, start);
        assert_non_null(first);
        process_start = s.process.start_time_seconds;
        assert_ptr_equal(scrape_response(&s, view, EXPOSITION_TEXT, false, start + 1), first);
        assert_ptr_equal(
                scrape_response(&s, view, EXPOSITION_TEXT, false, start + SCRAPE_AGE_USEC - 1),
                first);
        assert_int_equal(s.read, start);
        assert_non_null(scrape_response(&s, view, EXPOSITION_TEXT, false, start + SCRAPE_AGE_USEC));
        assert_int_equal(s.read, start + SCRAPE_AGE_USEC);
        /* Derived from two clocks, it would move otherwise. */
        assert_true(s.process.start_time_seconds == process_start);
        scrape_done(&s);
        view_unref(view);
}

static void the_page_of_a_view_is_packed_once(void **state)
{
        struct scrape s = {0};
        struct view *view = make_view();
        const struct scrape_format *f = &s.formats[EXPOSITION_TEXT];
        const struct unit *units;

        assert_non_null(scrape_response(&s, view, EXPOSITION_TEXT, false, 1));
        assert_null(f->units); /* nobody wanted it packed */
        assert_non_null(scrape_response(&s, view, EXPOSITION_TEXT, true, 1));
        units = f->units;
        assert_non_null(units);
        assert_non_null(scrape_response(&s, view, EXPOSITION_TEXT, true, 1 + SCRAPE_AGE_USEC));
        assert_ptr_equal(f->units, units);
        assert_int_equal(s.fragments.version, 1);
        scrape_done(&s);
        view_unref(view);
}

static void each_form_is_rendered_when_it_is_asked_for(void **state)
{
        struct scrape s = {0};
        struct view *view = make_view();
        struct MHD_Response *plain, *gzip, *openmetrics;

        plain = scrape_response(&s, view, EXPOSITION_TEXT, false, 1);
        assert_null(s.formats[EXPOSITION_TEXT].gzip);
        assert_null(s.formats[EXPOSITION_OPENMETRICS].plain);
        gzip = scrape_response(&s, view, EXPOSITION_TEXT, true, 1);
        openmetrics = scrape_response(&s, view, EXPOSITION_OPENMETRICS, false, 1);
        assert_ptr_not_equal(gzip, plain);
        assert_ptr_not_equal(openmetrics, plain);
        assert_ptr_equal(scrape_response(&s, view, EXPOSITION_TEXT, true, 1), gzip);
        assert_ptr_equal(scrape_response(&s, view, EXPOSITION_TEXT, false, 1), plain);
        scrape_done(&s);
        view_unref(view);
}

/* Some hundred kilobytes of a page that was sent serve the next one; if that is not wanted as text,
 * they are given back. */
static void the_memory_of_a_page_is_used_once_more(void **state)
{
        struct scrape s = {0};
        struct view *view = make_view();
        const char *memory;
        usec_t at = 1;

        assert_non_null(scrape_response(&s, view, EXPOSITION_TEXT, false, at));
        assert_non_null(scrape_response(&s, view, EXPOSITION_TEXT, true, at += SCRAPE_AGE_USEC));
        memory = s.spare.data;
        assert_non_null(memory);
        assert_non_null(scrape_response(&s, view, EXPOSITION_TEXT, false, at));
        assert_null(s.spare.data);
        assert_non_null(scrape_response(&s, view, EXPOSITION_TEXT, true, at += SCRAPE_AGE_USEC));
        assert_ptr_equal(s.spare.data, memory);
        assert_non_null(scrape_response(&s, view, EXPOSITION_TEXT, true, at += SCRAPE_AGE_USEC));
        assert_null(s.spare.data);
        scrape_done(&s);
        view_unref(view);
}

static void another_view_is_rendered_at_once(void **state)
{
        struct scrape s = {0};
        struct view *first = make_view(), *second = make_view();

        assert_non_null(scrape_response(&s, first, EXPOSITION_TEXT, false, 1));
        /* The cache holds the view: its address is not used again. */
        view_unref(first);
        assert_ptr_equal(s.fragments.view, first);
        assert_non_null(scrape_response(&s, second, EXPOSITION_TEXT, false, 2));
        assert_ptr_equal(s.fragments.view, second);
        assert_int_equal(s.read, 2);
        view_unref(second);
        scrape_done(&s);
        assert_null(s.fragments.view);
}

static void the_process_knows_itself(void **state)
{
        struct process_metrics before, after;
        int fd;

        process_read(&before);
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        process_read(&after);
        close(fd);
        assert_true(after.open_fds == before.open_fds + 1);
        assert_true(after.max_fds >= after.open_fds);
        assert_true(after.threads == 1);
        assert_true(after.resident_bytes > 100e3 && after.resident_bytes < after.virtual_bytes);
        assert_true(before.cpu_seconds > 0 && after.cpu_seconds >= before.cpu_seconds);
        /* It began before now, and within the time a test may take. */
        assert_true(after.start_time_seconds <= (double)time(NULL) + 1);
        assert_true(after.start_time_seconds > (double)time(NULL) - 600);
}

static char *make_data(size_t size)
{
        char *data = malloc(size + 1);

        assert_non_null(data);
        for (size_t n = 0; n < size; n++)
                data[n] = (char)(n * n / 7);
        return data;
}

static void assert_unpacks(const char *packed, size_t size, const char *data, size_t data_size)
{
        _cleanup_free_ char *back = malloc(data_size + 1);
        z_stream z = {0};

        z.next_in = (Bytef *)packed;
        z.avail_in = (uInt)size;
        z.next_out = (Bytef *)back;
        z.avail_out = (uInt)data_size + 1;
        assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
        assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END); /* checks CRC and length, too */
        assert_int_equal(z.total_out, data_size);
        assert_int_equal(z.avail_in, 0);
        assert_memory_equal(back, data, data_size);
        inflateEnd(&z);
}

static void pieces_make_one_gzip_member(void **state)
{
        static const size_t sizes[][3] = {{0, 0, 0}, {0, 0, 1}, {1, 0, 0}, {100, 20, 7},
                {1000000, 5, 300}, {3, 70000, 70000}};

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                size_t total = sizes[i][0] + sizes[i][1] + sizes[i][2], begin = 0;
                _cleanup_free_ char *data = make_data(total);
                struct gzip_member member;

                gzip_begin(&member);
                for (size_t k = 0; k < 3; k++) {
                        _cleanup_(gzip_piece_done) struct gzip_piece piece = {0};

                        assert_int_equal(gzip_pack(data + begin, sizes[i][k], k == 2, &piece), 0);
                        gzip_add(&member, &piece);
                        begin += sizes[i][k];
                }
                gzip_end(&member);
                assert_false(text_failed(&member.text));
                assert_unpacks(member.text.data, member.text.size, data, total);
                text_done(&member.text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_process_is_read_once_a_second_at_most),
                cmocka_unit_test(the_page_of_a_view_is_packed_once),
                cmocka_unit_test(each_form_is_rendered_when_it_is_asked_for),
                cmocka_unit_test(the_memory_of_a_page_is_used_once_more),
                cmocka_unit_test(another_view_is_rendered_at_once),
                cmocka_unit_test(the_process_knows_itself),
                cmocka_unit_test(pieces_make_one_gzip_member),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
