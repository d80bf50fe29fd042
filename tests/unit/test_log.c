/* SPDX-License-Identifier: Apache-2.0 */

#define SD_JOURNAL_SUPPRESS_LOCATION

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <cmocka.h>

#include "duration.h"
#include "json.h"
#include "log.h"
#include "text.h"

static struct text journal; /* "FIELD=value|" of every event, "\n" between events */
static int journal_result;

/* Takes the place of libsystemd's. */
int sd_journal_sendv(const struct iovec *iov, int n)
{
        for (int i = 0; i < n; i++) {
                text_append_bytes(&journal, iov[i].iov_base, iov[i].iov_len);
                text_append(&journal, "|");
        }
        text_append(&journal, "\n");
        return journal_result;
}

static int captured = -1, saved_stderr = -1;

static int capture(void **state)
{
        captured = memfd_create("stderr", MFD_CLOEXEC);
        saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
        return dup2(captured, STDERR_FILENO) < 0;
}

static int release(void **state)
{
        (void)dup2(saved_stderr, STDERR_FILENO);
        (void)close(saved_stderr);
        (void)close(captured);
        (void)unsetenv("JOURNAL_STREAM");
        text_done(&journal);
        journal_result = 0;
        return 0;
}

/* What was written since the last call; owned by the caller. */
static char *written(void)
{
        struct text t = {0};
        char chunk[4096];
        ssize_t n;
        off_t at = 0;

        while ((n = pread(captured, chunk, sizeof(chunk), at)) > 0) {
                text_append_bytes(&t, chunk, (size_t)n);
                at += n;
        }
        assert_int_equal(ftruncate(captured, 0), 0);
        assert_int_equal(lseek(captured, 0, SEEK_SET), 0);
        return text_take(&t, NULL);
}

static const char *value_named(const char *line, const char *name, char *buffer, size_t size)
{
        const char *p = strstr(line, name);

        assert_non_null(p);
        p += strlen(name);
        (void)snprintf(buffer, size, "%.*s", (int)strcspn(p, " \"\n"), p);
        return buffer;
}

/* The line after its time, which must be now. */
static const char *after_time(const char *line)
{
        char value[64];
        struct timespec now;
        usec_t usec = 0;

        assert_int_equal(strncmp(line, "ts=", 3), 0);
        assert_int_equal(time_parse(value_named(line, "ts=", value, sizeof(value)), &usec), 0);
        (void)clock_gettime(CLOCK_REALTIME, &now);
        assert_true((uint64_t)now.tv_sec - usec / USEC_PER_SEC < 100);
        return strchr(line, ' ') + 1;
}

static void parses_names(void **state)
{
        static const struct {
                const char *name;
                int level;
        } levels[] = {
                {"debug", LOG_DEBUG},
                {"info", LOG_INFO},
                {"warn", LOG_WARNING},
                {"error", LOG_ERR},
                {"warning", -1},
                {"", -1},
                {"INFO", -1},
        };
        enum log_format format = LOG_LOGFMT;

        for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
                int level = -1, r = log_level_parse(levels[i].name, &level);

                assert_int_equal(r, levels[i].level < 0 ? -EINVAL : 0);
                assert_int_equal(level, levels[i].level);
        }
        assert_int_equal(log_format_parse("json", &format), 0);
        assert_int_equal(format, LOG_JSON);
        assert_int_equal(log_format_parse("xml", &format), -EINVAL);
        assert_int_equal(format, LOG_JSON);
        assert_int_equal(log_format_parse("logfmt", &format), 0);
        assert_int_equal(format, LOG_LOGFMT);
}

static void writes_logfmt(void **state)
{
        static const struct {
                int priority;
                const char *message, *name, *value, *line;
        } cases[] = {
                {LOG_INFO, "started", NULL, NULL, "level=info msg=started\n"},
                {LOG_ERR, "no answer", "DRIFTWATCH_QUERY_ID", "q1",
                        "level=error msg=\"no answer\" query_id=q1\n"},
                {LOG_CRIT, "x", "UNIT", "", "level=error msg=x unit=\"\"\n"},
                {LOG_WARNING, "x", "DRIFTWATCH_A", "a=b", "level=warn msg=x a=\"a=b\"\n"},
                {LOG_NOTICE, "x", "DRIFTWATCH_A", "\"\\", "level=info msg=x a=\"\\\"\\\\\"\n"},
                {LOG_INFO, "x", "DRIFTWATCH_A", NULL, "level=info msg=x\n"},
                {LOG_DEBUG, "x", NULL, NULL, "level=debug msg=x\n"},
                {LOG_INFO, "Grüße", NULL, NULL, "level=info msg=\"Grüße\"\n"},
                {LOG_INFO, "\xff", NULL, NULL, "level=info msg=\"\xef\xbf\xbd\"\n"},
        };

        log_init(LOG_DEBUG, LOG_LOGFMT);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *line = NULL;

                log_event(cases[i].priority, NULL, log_fields({cases[i].name, cases[i].value}),
                        "%s", cases[i].message);
                line = written();
                assert_string_equal(after_time(line), cases[i].line);
        }
}

static void writes_every_field(void **state)
{
        _cleanup_free_ char *line = NULL;

        log_init(LOG_INFO, LOG_LOGFMT);
        log_event(LOG_INFO, LOG_ID_RELOADED,
                log_fields({"DRIFTWATCH_COLLECTION", "docs"}, {"DRIFTWATCH_ALERT", NULL},
                        {"DRIFTWATCH_REASON", "too slow"}),
                "%d of %d", 1, 2);
        line = written();
        assert_string_equal(after_time(line),
                "level=info msg=\"1 of 2\" message_id=" LOG_ID_RELOADED
                " collection=docs reason=\"too slow\"\n");
}

/* Whoever chooses a query's text must not be able to write log lines or drive a terminal. */
static void lines_cannot_be_forged(void **state)
{
        static const char evil[] = "a\nts=1 level=error msg=forged\r\x1b[2J\x7f\xc2\x9b"
                                   "31m\xe2\x80\xa8z";
        static const enum log_format formats[] = {LOG_LOGFMT, LOG_JSON};

        for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
                _cleanup_free_ char *line = NULL;

                log_init(LOG_INFO, formats[i]);
                log_event(LOG_INFO, NULL, log_fields({"DRIFTWATCH_A", evil}), "%s", evil);
                line = written();
                assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
                assert_non_null(strstr(line,
                        "a\\nts=1 level=error msg=forged\\r\\u001b[2J"
                        "\\u007f\\u009b31m\\u2028z"));
                for (const char *p = line; p[1]; p++)
                        assert_true((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f);
        }
}

static void writes_json(void **state)
{
        static const char message[] = "say \"hi\"\\\n\t\b\f\x01 \xff Grüße";
        _cleanup_json_ json_t *object = NULL;
        _cleanup_free_ char *line = NULL;
        usec_t usec;

        log_init(LOG_INFO, LOG_JSON);
        log_event(LOG_WARNING, LOG_ID_RELOAD_FAILED,
                log_fields({"DRIFTWATCH_FILE", "a b"}, {"DRIFTWATCH_X", NULL}), "%s", message);
        line = written();
        assert_int_equal(json_parse("log", line, strlen(line), &object, NULL), 0);
        assert_int_equal(json_object_size(object), 5);
        assert_string_equal(json_string_value(json_object_get(object, "level")), "warn");
        assert_string_equal(json_string_value(json_object_get(object, "msg")),
                "say \"hi\"\\\n\t\b\f\x01 \xef\xbf\xbd Grüße");
        assert_string_equal(json_string_value(json_object_get(object, "file")), "a b");
        assert_string_equal(
                json_string_value(json_object_get(object, "message_id")), LOG_ID_RELOAD_FAILED);
        assert_int_equal(time_parse(json_string_value(json_object_get(object, "ts")), &usec), 0);
}

static void level_filters(void **state)
{
        _cleanup_free_ char *lines = NULL;

        log_init(LOG_WARNING, LOG_LOGFMT);
        log_debug("no");
        log_info("no");
        log_warning("warned");
        log_error("failed");
        lines = written();
        assert_null(strstr(lines, "msg=no"));
        assert_non_null(strstr(lines, "level=warn msg=warned\n"));
        assert_non_null(strstr(lines, "level=error msg=failed\n"));
}

static void errno_survives(void **state)
{
        _cleanup_free_ char *lines = NULL;

        log_init(LOG_INFO, LOG_LOGFMT);
        errno = EXDEV;
        (void)close(STDERR_FILENO);
        errno = EXDEV;
        log_error("into nothing");
        assert_int_equal(errno, EXDEV);
        assert_true(dup2(captured, STDERR_FILENO) >= 0);
        lines = written();
        assert_string_equal(lines, "");
}

static void connect_journal(int inode_offset)
{
        struct stat st;
        char stream[64];

        assert_int_equal(fstat(STDERR_FILENO, &st), 0);
        (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
                (uintmax_t)st.st_ino + (uintmax_t)inode_offset);
        assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
        log_init(LOG_INFO, LOG_JSON);
}

static void writes_to_the_journal(void **state)
{
        _cleanup_free_ char *lines = NULL;

        connect_journal(0);
        log_event(LOG_ERR, LOG_ID_ALERT_FIRING,
                log_fields({"DRIFTWATCH_COLLECTION", "docs"}, {"DRIFTWATCH_X", NULL}), "two\n%s",
                "lines");
        log_info("plain");
        log_debug("filtered");
        lines = written();
        assert_string_equal(lines, "");
        assert_string_equal(text_string(&journal),
                "MESSAGE=two\nlines|PRIORITY=3|SYSLOG_IDENTIFIER=driftwatch|"
                "MESSAGE_ID=" LOG_ID_ALERT_FIRING "|DRIFTWATCH_COLLECTION=docs|\n"
                "MESSAGE=plain|PRIORITY=6|SYSLOG_IDENTIFIER=driftwatch|\n");
}

static void too_many_fields_are_cut(void **state)
{
        struct log_field fields[41] = {0};
        size_t bars = 0;

        for (size_t i = 0; i < 40; i++)
                fields[i] = (struct log_field){"DRIFTWATCH_F", "1"};
        connect_journal(0);
        log_event(LOG_INFO, LOG_ID_RELOADED, fields, "x");
        for (const char *p = text_string(&journal); *p; p++)
                bars += *p == '|';
        assert_int_equal(bars, 36);
}

static void stderr_elsewhere_is_not_the_journal(void **state)
{
        _cleanup_free_ char *lines = NULL;

        connect_journal(1);
        log_info("redirected");
        lines = written();
        assert_non_null(strstr(lines, "\"msg\":\"redirected\""));
        assert_int_equal(journal.size, 0);
}

static void a_failing_journal_is_replaced(void **state)
{
        _cleanup_free_ char *lines = NULL;

        journal_result = -ENOBUFS;
        connect_journal(0);
        log_info("still told");
        lines = written();
        assert_non_null(strstr(lines, "\"msg\":\"still told\""));
}

static void *log_many(void *name)
{
        for (int i = 0; i < 2000; i++)
                log_info("%s %d %.*d", (const char *)name, i, i % 300, 0);
        return NULL;
}

static void threads_do_not_mix_lines(void **state)
{
        char *names[] = {"one", "two", "three"};
        _cleanup_free_ char *lines = NULL;
        pthread_t threads[3];
        size_t count = 0;

        log_init(LOG_INFO, LOG_LOGFMT);
        assert_int_equal(fcntl(captured, F_SETFL, O_APPEND), 0);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(pthread_join(threads[i], NULL), 0);
        lines = written();
        for (const char *p = lines; *p; p = strchr(p, '\n') + 1, count++)
                assert_int_equal(strncmp(p, "ts=20", 5), 0);
        assert_int_equal(count, 6000);
}

#define log_test(f) cmocka_unit_test_setup_teardown(f, capture, release)

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(parses_names),
                log_test(writes_logfmt),
                log_test(writes_every_field),
                log_test(lines_cannot_be_forged),
                log_test(writes_json),
                log_test(level_filters),
                log_test(errno_survives),
                log_test(writes_to_the_journal),
                log_test(too_many_fields_are_cut),
                log_test(stderr_elsewhere_is_not_the_journal),
                log_test(a_failing_journal_is_replaced),
                log_test(threads_do_not_mix_lines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
