/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "commands/terminal.h"
#include "show/gate/formats.h"
#include "text.h"
#include "utf8.h"

bool on_github(void)
{
        return streq(getenv("GITHUB_ACTIONS"), "true");
}

/* NULL: there was no memory for it. */
static void show(FILE *to, const char *text)
{
        _cleanup_text_ struct text safe = {0};

        if (text && on_github()) {
                github_defuse(text, "# ", &safe);
                text = text_failed(&safe) ? NULL : text_string(&safe);
        }
        (void)fputs(text ? text : "(message lost: out of memory)\n", to);
}

static size_t count_line_ends(const char *s)
{
        size_t n = 0;

        for (; (s = strchr(s, '\n')); s++)
                n++;
        return n;
}

/* What has more line ends than its format got them from what it quotes: it becomes one line. */
static char *clean(const char *format, const char *raw)
{
        const char *end = strrchr(format, '\n');
        char *shown;

        if (count_line_ends(raw) == count_line_ends(format))
                return utf8_lines(raw, strlen(raw));
        shown = utf8_line(raw, strlen(raw));
        if (shown && end && !end[1])
                shown[strlen(shown) - 1] = '\n';
        return shown;
}

/* What is said, made harmless; NULL when memory is short. */
_printf_(1, 0) static char *phrase(const char *format, va_list arguments)
{
        _cleanup_free_ char *raw = text_vformat(format, arguments);

        return raw ? clean(format, raw) : NULL;
}

_printf_(2, 0) static void speak(FILE *to, const char *format, va_list arguments)
{
        _cleanup_free_ char *shown = phrase(format, arguments);

        show(to, shown);
}

void say(const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        speak(stdout, format, arguments);
        va_end(arguments);
}

void complain(const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        speak(stderr, format, arguments);
        va_end(arguments);
}

void complain_over(const char *format, ...)
{
        _cleanup_free_ char *raw = NULL, *shown = NULL;
        va_list arguments;

        if (!isatty(STDERR_FILENO))
                return;
        va_start(arguments, format);
        raw = text_vformat(format, arguments);
        va_end(arguments);
        if (raw)
                shown = utf8_line(raw, strlen(raw));
        /* To the line's beginning, and what stood there is gone. */
        (void)fprintf(stderr, "\r\033[K%s", shown ? shown : "");
        (void)fflush(stderr);
}

void say_to(struct text *t, const char *format, ...)
{
        _cleanup_free_ char *shown = NULL;
        va_list arguments;

        va_start(arguments, format);
        shown = phrase(format, arguments);
        va_end(arguments);
        if (shown)
                text_append(t, shown);
        else
                t->failed = true;
}

int say_document(const struct text *t)
{
        const struct terminal terminal = terminal_of_stdout();
        _cleanup_text_ struct text fitted = {0};

        terminal_fit(&terminal, text_string(t), &fitted);
        if (text_failed(t) || text_failed(&fitted))
                return -ENOMEM;
        show(stdout, text_string(&fitted));
        return fflush(stdout) == 0 ? 0 : -errno;
}

void say_lines(const char *lines)
{
        _cleanup_free_ char *shown = utf8_lines(lines, strlen(lines));

        show(stdout, shown);
}
