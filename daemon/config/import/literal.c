/* SPDX-License-Identifier: Apache-2.0 */
#include "config/import/literal.h"

#include <ctype.h>
#include <errno.h>

#include "json.h"
#include "text.h"

static const char *skip_blanks(const char *s)
{
        while (isspace((unsigned char)*s))
                s++;
        return s;
}

/* Behind the opening quote; to behind the closing one, NULL without one. */
static const char *read_string(const char *s, char quote, struct text *t)
{
        for (; *s && *s != quote; s++) {
                char c = *s;

                if (c == '\\') {
                        c = *++s;
                        if (!c || !strchr("\\'\"nt", c))
                                return NULL;
                        c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
                }
                text_append_bytes(t, &c, 1);
        }
        return *s ? s + 1 : NULL;
}

static const char *read_word(const char *s, struct text *t)
{
        size_t size = strcspn(s, ",[]'\" \t\r\n");

        text_append_bytes(t, s, size);
        return size > 0 ? s + size : NULL;
}

static int read_items(const char *s, json_t *list)
{
        while (*s != ']') {
                _cleanup_text_ struct text t = {0};

                s = *s == '\'' || *s == '"' ? read_string(s + 1, *s, &t) : read_word(s, &t);
                if (!s)
                        return -EINVAL;
                if (text_failed(&t) ||
                        json_array_append_new(list, json_string(text_string(&t))) < 0)
                        return -ENOMEM;
                s = skip_blanks(s);
                if (*s == ',')
                        s = skip_blanks(s + 1);
        }
        return *skip_blanks(s + 1) ? -EINVAL : 0;
}

int literal_strings(const char *text, json_t **ret)
{
        _cleanup_json_ json_t *list = json_array();
        const char *s = skip_blanks(text);
        int r;

        if (*s != '[')
                return -EINVAL;
        r = list ? read_items(skip_blanks(s + 1), list) : -ENOMEM;
        if (r == 0)
                *ret = take_ptr(list);
        return r;
}
