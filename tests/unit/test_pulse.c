/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fewer.h"
#include "file.h"
#include "files.h"
#include "json.h"
#include "pulse.h"
#include "stream.h"
#include "text.h"
#include "yaml.h"

static char path[] = "/tmp/test_pulse.XXXXXX/notify";
static atomic_bool stop;
static int manager = -1;

/* A service manager that listens. */
static int set_up(void **state)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char *slash = strrchr(path, '/');

        *slash = '\0';
        if (!mkdtemp(path))
                return -1;
        *slash = '/';
        manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (manager < 0 || bind(manager, (struct sockaddr *)&address, sizeof(address)) < 0)
                return -1;
        return setenv("NOTIFY_SOCKET", path, 1);
}

static int tear_down(void **state)
{
        (void)close(manager);
        (void)unlink(path);
        *strrchr(path, '/') = '\0';
        return rmdir(path);
}

/* How many messages came; the last one is in `message`. */
static size_t heard(char *message, size_t size)
{
        size_t n = 0;
        ssize_t length;

        while ((length = recv(manager, message, size - 1, 0)) >= 0) {
                message[length] = '\0';
                n++;
        }
        return n;
}

static void tells_once_a_second_while_it_is_wanted(void **state)
{
        char message[256] = "";

        assert_int_equal(pulse(), 0);
        assert_int_equal(heard(message, sizeof(message)), 0);
        pulse_begin(&stop);
        for (int i = 0; i < 1000; i++)
                assert_int_equal(pulse(), 0);
        assert_int_equal(heard(message, sizeof(message)), 1);
        assert_string_equal(message, "EXTEND_TIMEOUT_USEC=30000000");
        pulse_end();
        assert_int_equal(pulse(), 0);
        assert_int_equal(heard(message, sizeof(message)), 0);
}

static int take_nothing(const struct stream_event *event, void *userdata)
{
        fail_msg("nobody wants it");
        return 0;
}

static int take_bytes(const char *data, size_t size, void *userdata)
{
        fail_msg("nobody wants them");
        return 0;
}

/* Whatever reads ends at its next pulse, and says so. */
static void who_is_stopped_reads_no_more(void **state)
{
        _cleanup_(stream_freep) struct stream *s = stream_new(take_nothing, NULL);
        _cleanup_error_ struct error e = {0};
        struct yaml_node *node = NULL;
        struct errors errors = {0};
        json_t *value = NULL;
        char message[256];

        write_file("/tmp/test_pulse.txt", "{}");
        pulse_begin(&stop);
        atomic_store(&stop, true);
        assert_int_equal(pulse(), -ECANCELED);
        assert_int_equal(heard(message, sizeof(message)), 0);
        assert_int_equal(stream_feed(s, "{}", 2, &e), -ECANCELED);
        assert_int_equal(file_feed("/tmp/test_pulse.txt", 10, take_bytes, NULL, &e), -ECANCELED);
        assert_int_equal(json_parse("x", "{}", 2, &value, NULL), -ECANCELED);
        assert_int_equal(yaml_parse("x", "{}", 2, &node, &errors), -ECANCELED);
        atomic_store(&stop, false);
        assert_int_equal(json_parse("x", "{}", 2, &value, NULL), 0);
        json_decref(value);
        pulse_end();
        yaml_node_free(node);
        errors_done(&errors);
        assert_int_equal(unlink("/tmp/test_pulse.txt"), 0);
}

/* Long JSON has a pulse, and is read and complained about as short JSON is. */
static void reading_long_json_has_a_pulse(void **state)
{
        _cleanup_text_ struct text t = {0};
        _cleanup_json_ json_t *value = NULL;
        _cleanup_error_ struct error e = {0};
        const size_t count = fewer(300000);
        char message[256], sentence[64];
        json_t *broken = NULL;

        text_append(&t, "\xef\xbb\xbf[");
        for (size_t i = 0; i < count; i++)
                text_append(&t, "0.125,\n");
        text_append(&t, "7]");
        pulse_begin(&stop);
        assert_return_code(json_parse("long.json", t.data, t.size, &value, NULL), 0);
        pulse_end();
        /* One a second: a slow machine needs more than one for it. */
        assert_in_range(heard(message, sizeof(message)), 1, 60);
        assert_int_equal(json_array_size(value), count + 1);
        assert_int_equal(json_integer_value(json_array_get(value, count)), 7);
        text_append(&t, " x");
        assert_true(json_parse("long.json", t.data, t.size, &broken, &e) < 0);
        (void)snprintf(
                sentence, sizeof(sentence), "long.json:%zu:4: end of file expected", count + 1);
        assert_non_null(strstr(e.message, sentence));
        assert_null(broken);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tells_once_a_second_while_it_is_wanted),
                cmocka_unit_test(who_is_stopped_reads_no_more),
                cmocka_unit_test(reading_long_json_has_a_pulse),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
