/* SPDX-License-Identifier: Apache-2.0 */
#include "show/envelope.h"

#include <stdarg.h>
#include <stdio.h>

#include "json.h"
#include "show/values.h"

static const char *error_type(unsigned status)
{
        static const struct {
                unsigned status;
                const char *type;
        } types[] = {
                {401, "unauthorized"},
                {403, "forbidden"},
                {404, "not_found"},
                {405, "method_not_allowed"},
                {408, "timeout"},
                {503, "unavailable"},
                {504, "timeout"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (types[i].status == status)
                        return types[i].type;
        return status < 500 ? "bad_data" : "internal";
}

/* As JSON; NULL when memory is short. */
static _printf_(1, 0) char *quote(const char *format, va_list arguments)
{
        _cleanup_json_ json_t *string = NULL;
        char buffer[1024];
        int n = vsnprintf(buffer, sizeof(buffer), format, arguments);

        string = value_string(n >= 0 ? buffer : "internal error");
        return string ? json_text(string, 0, NULL) : NULL;
}

void envelope_error(struct text *body, unsigned status, const char *format, ...)
{
        _cleanup_free_ char *quoted = NULL;
        va_list arguments;

        va_start(arguments, format);
        quoted = quote(format, arguments);
        va_end(arguments);
        text_appendf(body, "{\"status\":\"error\",\"errorType\":\"%s\",\"error\":%s}\n",
                error_type(status), quoted ? quoted : "\"out of memory\"");
}

/* Takes the reference; `warning` is JSON, NULL: there is none. */
static unsigned succeed(struct text *body, json_t *data, const char *warning)
{
        _cleanup_json_ json_t *taken = data;
        _cleanup_free_ char *value = NULL;
        size_t size;

        if (taken)
                value = json_text(taken, JSON_COMPACT, &size);
        if (!value) {
                envelope_error(body, 500, "out of memory");
                return 500;
        }
        text_append(body, "{\"status\":\"success\",\"data\":");
        text_append_bytes(body, value, size);
        if (warning)
                text_appendf(body, ",\"warnings\":[%s]", warning);
        text_append(body, "}\n");
        return warning ? 202 : 200;
}

unsigned envelope_success(struct text *body, json_t *data)
{
        return succeed(body, data, NULL);
}

unsigned envelope_warning(struct text *body, json_t *data, const char *format, ...)
{
        _cleanup_free_ char *quoted = NULL;
        va_list arguments;

        va_start(arguments, format);
        quoted = quote(format, arguments);
        va_end(arguments);
        return succeed(body, data, quoted ? quoted : "\"out of memory\"");
}
