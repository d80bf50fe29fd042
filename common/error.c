/* SPDX-License-Identifier: Apache-2.0 */

#include "error.h"

#include <stdarg.h>
#include <stdio.h>

#include "text.h"

/* Stands in for a message that could not be allocated; never freed. */
static char no_memory[] = "out of memory";

/* What people read on one line, whatever ids, values and servers' words it quotes. NULL when memory
 * is short. */
_printf_(1, 0) static char *sentence(const char *format, va_list arguments)
{
        _cleanup_free_ char *raw = text_vformat(format, arguments);

        return raw ? utf8_line(raw, strlen(raw)) : NULL;
}

int error_set(struct error *e, int code, const char *format, ...)
{
        va_list arguments;

        if (!e || e->message)
                return code;
        va_start(arguments, format);
        e->message = sentence(format, arguments);
        if (!e->message)
                e->message = no_memory;
        va_end(arguments);
        return code;
}

void error_prefix(struct error *e, const char *format, ...)
{
        _cleanup_free_ char *prefix = NULL;
        char *whole;
        va_list arguments;

        if (!e || !e->message || e->message == no_memory)
                return;
        va_start(arguments, format);
        prefix = sentence(format, arguments);
        va_end(arguments);
        if (!prefix || asprintf(&whole, "%s: %s", prefix, e->message) < 0)
                return;
        free(e->message);
        e->message = whole;
}

const char *error_text(const struct error *e, int code)
{
        const char *description;

        if (e && e->message)
                return e->message;
        description = strerrordesc_np(-code);
        return description ? description : "unknown error";
}

void error_done(struct error *e)
{
        if (e->message != no_memory)
                free(e->message);
        e->message = NULL;
}

void errors_add(struct errors *e, const char *format, ...)
{
        va_list arguments;
        char *message;

        if (!e)
                return;
        if (!e->messages)
                e->messages = calloc(ERRORS_MAX, sizeof(*e->messages));
        if (!e->messages || e->count == ERRORS_MAX) {
                e->dropped++;
                return;
        }
        va_start(arguments, format);
        message = sentence(format, arguments);
        va_end(arguments);
        if (message)
                e->messages[e->count++] = message;
        else
                e->dropped++;
}

size_t errors_total(const struct errors *e)
{
        return e->count + e->dropped;
}

void errors_done(struct errors *e)
{
        for (size_t i = 0; i < e->count; i++)
                free(e->messages[i]);
        free(e->messages);
        *e = (struct errors){0};
}
