/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/form.h"

#include <errno.h>
#include <strings.h>

#include "json.h"
#include "serve/path.h"
#include "utf8.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

bool form_is(const char *content_type)
{
        size_t n = strlen(FORM_TYPE);

        return content_type && strncasecmp(content_type, FORM_TYPE, n) == 0 &&
                (content_type[n] == '\0' || content_type[n] == ';' || content_type[n] == ' ');
}

static void decode(char *s)
{
        for (char *p = s; *p; p++)
                if (*p == '+')
                        *p = ' ';
        (void)path_unescape(s);
}

/* A reference to another of our documents, and nothing that leads elsewhere. */
static bool is_ours(const char *back)
{
        return back[0] == '?' &&
                back[strspn(back,
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~%&=?")] ==
                '\0';
}

static int take_field(char *name, json_t *object, char **back)
{
        char *value = strchr(name, '=');

        if (!value || !value[1])
                return 0;
        *value++ = '\0';
        decode(name);
        decode(value);
        if (!utf8_valid(name, strlen(name)) || !utf8_valid(value, strlen(value)))
                return -EINVAL;
        if (!streq(name, "back"))
                return json_put(object, name, json_string(value));
        if (*back || !is_ours(value))
                return 0;
        return strdup_to(back, value);
}

int form_read(const char *body, struct text *json, char **ret_back)
{
        _cleanup_json_ json_t *object = json_object();
        _cleanup_free_ char *copy = strdup(body), *back = NULL, *dump = NULL;
        char *rest = copy, *field;
        int r = object && copy ? 0 : -ENOMEM;

        while (r >= 0 && (field = strsep(&rest, "&")))
                r = take_field(field, object, &back);
        if (r < 0)
                return r;
        dump = json_text(object, JSON_COMPACT, NULL);
        if (!dump)
                return -ENOMEM;
        text_append(json, dump);
        if (text_failed(json))
                return -ENOMEM;
        *ret_back = take_ptr(back);
        return 0;
}
