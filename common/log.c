/* SPDX-License-Identifier: Apache-2.0 */

/* CODE_FILE= and CODE_LINE= would name this file for every event. */
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "log.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "duration.h"
#include "text.h"

#define FIELDS_MAX 32 /* beside the four that every event has */
#define FIELD_PREFIX "DRIFTWATCH_"

static _Atomic int least_urgent = LOG_INFO;
static _Atomic int line_format = LOG_LOGFMT;
static atomic_bool to_journal = false;

static const struct level {
        const char *name;
        int priority;
} levels[] = {
        {"error", LOG_ERR},
        {"warn", LOG_WARNING},
        {"info", LOG_INFO},
        {"debug", LOG_DEBUG},
};

/* As systemd.exec(5) documents for $JOURNAL_STREAM: the variable alone is not enough, because it is
 * inherited by children whose standard error goes elsewhere. */
static bool stderr_is_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        char expected[64];
        struct stat st;

        if (!stream || fstat(STDERR_FILENO, &st) < 0)
                return false;
        (void)snprintf(
                expected, sizeof(expected), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
        return streq(stream, expected);
}

void log_init(int level, enum log_format format)
{
        atomic_store(&least_urgent, level);
        atomic_store(&line_format, (int)format);
        atomic_store(&to_journal, stderr_is_journal());
}

int log_level_parse(const char *s, int *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
                if (streq(s, levels[i].name)) {
                        *ret = levels[i].priority;
                        return 0;
                }
        return -EINVAL;
}

int log_format_parse(const char *s, enum log_format *ret)
{
        if (!streq(s, "logfmt") && !streq(s, "json"))
                return -EINVAL;
        *ret = streq(s, "json") ? LOG_JSON : LOG_LOGFMT;
        return 0;
}

static const char *level_name(int priority)
{
        for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
                if (priority <= levels[i].priority)
                        return levels[i].name;
        return "debug";
}

/* One event on its way out. A NULL name ends the fields. */
struct event {
        int priority;
        const char *message_id;
        const char *message;
        const struct log_field *fields;
};

static size_t add_journal_field(
        struct iovec *iov, size_t n, char **strings, const char *name, const char *value)
{
        if (!value || asprintf(&strings[n], "%s=%s", name, value) < 0)
                return n;
        iov[n] = (struct iovec){strings[n], strlen(strings[n])};
        return n + 1;
}

static bool write_journal(const struct event *event)
{
        /* journalctl shows a message that holds a control character as "blob data". */
        _cleanup_free_ char *shown = utf8_lines(event->message, strlen(event->message));
        struct iovec iov[FIELDS_MAX + 4];
        char *strings[FIELDS_MAX + 4];
        char priority[16];
        size_t n = 0;
        int r;

        (void)snprintf(priority, sizeof(priority), "%d", event->priority);
        n = add_journal_field(
                iov, n, strings, "MESSAGE", shown ? shown : "(message lost: out of memory)");
        n = add_journal_field(iov, n, strings, "PRIORITY", priority);
        n = add_journal_field(iov, n, strings, "SYSLOG_IDENTIFIER", "driftwatch");
        n = add_journal_field(iov, n, strings, "MESSAGE_ID", event->message_id);
        for (size_t i = 0; i < FIELDS_MAX && event->fields && event->fields[i].name; i++)
                n = add_journal_field(
                        iov, n, strings, event->fields[i].name, event->fields[i].value);
        r = sd_journal_sendv(iov, (int)n);
        while (n > 0)
                free(strings[--n]);
        return r >= 0;
}

/* Appends `s` as the inside of a quoted string, which JSON and logfmt write alike: what steers is
 * escaped, so that programs read it exactly and people see that it is there. */
static void append_escaped(struct text *line, const char *s)
{
        static const char letters[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
        size_t size = strlen(s);

        for (size_t i = 0, length; i < size; i += MAX(length, (size_t)1)) {
                const char *letter = strchr(letters, s[i]);

                length = utf8_sequence(s + i, size - i);
                if (letter)
                        text_appendf(line, "\\%c", names[letter - letters]);
                else if (length == 0)
                        text_append(line, UTF8_REPLACEMENT);
                else if (utf8_steers(s + i, length))
                        text_appendf(line, "\\u%04x", utf8_code(s + i, length));
                else
                        text_append_bytes(line, s + i, length);
        }
}

/* A bare logfmt value must not look like a quote, a pair or a line end to any reader. */
static bool needs_quotes(const char *s)
{
        if (!*s)
                return true;
        for (; *s; s++)
                if (!isgraph((unsigned char)*s) || strchr("\"\\=", *s))
                        return true;
        return false;
}

static void append_pair(
        struct text *line, enum log_format format, const char *key, const char *value)
{
        bool quoted = format == LOG_JSON || needs_quotes(value);

        if (line->size > 0)
                text_append(line, format == LOG_JSON ? "," : " ");
        text_appendf(line, format == LOG_JSON ? "\"%s\":" : "%s=", key);
        if (!quoted) {
                text_append(line, value);
                return;
        }
        text_append(line, "\"");
        append_escaped(line, value);
        text_append(line, "\"");
}

/* DRIFTWATCH_QUERY_ID becomes query_id. Names are ours, never input; too long ones are cut. */
static void append_field(struct text *line, enum log_format format, const struct log_field *field)
{
        size_t prefix = strlen(FIELD_PREFIX), n = 0;
        const char *name = field->name;
        char key[64];

        if (strncmp(name, FIELD_PREFIX, prefix) == 0)
                name += prefix;
        for (; name[n] && n < sizeof(key) - 1; n++)
                key[n] = (char)tolower((unsigned char)name[n]);
        key[n] = '\0';
        append_pair(line, format, key, field->value);
}

/* A whole line in one write(), so that lines of two threads never mix. The rest of a partial write
 * follows, lest the next event continue this line. */
static void write_line(const char *data, size_t size)
{
        while (size > 0) {
                ssize_t n = write(STDERR_FILENO, data, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return;
                data += n;
                size -= (size_t)n;
        }
}

static void write_stderr(const struct event *event, enum log_format format)
{
        static const char failed[] = "level=error msg=\"out of memory while logging\"\n";
        _cleanup_text_ struct text pairs = {0};
        _cleanup_text_ struct text line = {0};
        char timestamp[TIME_TEXT_MAX];
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        (void)time_format(timestamp, sizeof(timestamp),
                (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000);
        append_pair(&pairs, format, "ts", timestamp);
        append_pair(&pairs, format, "level", level_name(event->priority));
        append_pair(&pairs, format, "msg", event->message);
        if (event->message_id)
                append_pair(&pairs, format, "message_id", event->message_id);
        for (const struct log_field *field = event->fields; field && field->name; field++)
                if (field->value)
                        append_field(&pairs, format, field);
        text_append(&line, format == LOG_JSON ? "{" : "");
        text_append_bytes(&line, text_string(&pairs), pairs.size);
        text_append(&line, format == LOG_JSON ? "}\n" : "\n");
        if (text_failed(&pairs) || text_failed(&line))
                write_line(failed, strlen(failed));
        else
                write_line(line.data, line.size);
}

void log_event(int priority, const char *message_id, const struct log_field *fields,
        const char *format, ...)
{
        _cleanup_free_ char *message = NULL;
        int saved_errno = errno;
        struct event event;
        va_list arguments;

        if (priority > atomic_load(&least_urgent))
                return;
        va_start(arguments, format);
        message = text_vformat(format, arguments);
        va_end(arguments);
        event = (struct event){
                priority, message_id, message ? message : "(message lost: out of memory)", fields};
        if (!atomic_load(&to_journal) || !write_journal(&event))
                write_stderr(&event, (enum log_format)atomic_load(&line_format));
        errno = saved_errno;
}
