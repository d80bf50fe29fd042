/* SPDX-License-Identifier: Apache-2.0 */

#include "yaml_value.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "text.h"

#define EXCERPT_MAX 60 /* bytes of a scalar that a message quotes */

const char *yaml_quote(const char *s, char *buffer, size_t size)
{
        size_t n = utf8_prefix(s, MIN((size_t)EXCERPT_MAX, size > 6 ? size - 6 : 0));

        (void)snprintf(buffer, size, "\"%.*s%s\"", (int)n, s, s[n] ? "…" : "");
        return buffer;
}

const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
        if (!mapping || mapping->kind != YAML_MAPPING)
                return NULL;
        for (size_t i = 0; i < mapping->count; i++)
                if (streq(mapping->keys[i]->scalar, key))
                        return mapping->values[i];
        return NULL;
}

static const char *plain_scalar(const struct yaml_node *node)
{
        return node && node->kind == YAML_SCALAR && node->plain ? node->scalar : NULL;
}

bool yaml_is_null(const struct yaml_node *node)
{
        const char *s = plain_scalar(node);

        return !node || streq(s, "") || streq(s, "~") || streq(s, "null");
}

int yaml_to_bool(const struct yaml_node *node, bool *ret)
{
        const char *s = plain_scalar(node);

        if (!streq(s, "true") && !streq(s, "false"))
                return -EINVAL;
        *ret = streq(s, "true");
        return 0;
}

int yaml_to_double(const struct yaml_node *node, double *ret)
{
        static const char *const not_finite[] = {".inf", "-.inf", "+.inf", ".nan"};
        const char *s = plain_scalar(node);
        double value;
        char *end;

        for (size_t i = 0; s && i < ARRAY_SIZE(not_finite); i++)
                if (strcasecmp(s, not_finite[i]) == 0)
                        return -ERANGE;
        /* strtod() would also take hexadecimal numbers, "infinity" and leading spaces. */
        if (!s || !*s || s[strspn(s, "0123456789+-.eE")])
                return -EINVAL;
        value = strtod(s, &end);
        if (*end)
                return -EINVAL;
        if (!isfinite(value))
                return -ERANGE;
        *ret = value;
        return 0;
}

int yaml_to_uint(const struct yaml_node *node, unsigned long *ret)
{
        const char *s = plain_scalar(node);
        unsigned long value;

        if (!s || !*s || s[strspn(s, "0123456789")] || (s[0] == '0' && s[1]))
                return -EINVAL;
        errno = 0;
        value = strtoul(s, NULL, 10);
        if (errno != 0)
                return -errno;
        *ret = value;
        return 0;
}

/* What steers is escaped, so that what people review is what is read, and so is what YAML does not
 * allow or passes over. */
static void append_character(struct text *t, const char *s, size_t n)
{
        uint32_t code = utf8_code(s, n);

        if (code == '"' || code == '\\')
                text_appendf(t, "\\%c", (char)code);
        else if (code == '\n' || code == '\t')
                text_append(t, code == '\n' ? "\\n" : "\\t");
        else if (utf8_steers(s, n) || (code & 0xfffe) == 0xfffe)
                text_appendf(t, code > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)code);
        else
                text_append_bytes(t, s, n);
}

void yaml_append_string(struct text *t, const char *s)
{
        size_t n;

        text_append(t, "\"");
        for (size_t left = strlen(s); left > 0; s += n, left -= n) {
                n = utf8_sequence(s, left);
                if (n == 0) {
                        t->failed = true;
                        return;
                }
                append_character(t, s, n);
        }
        text_append(t, "\"");
}

const char *yaml_describe(const struct yaml_node *node, char *buffer, size_t size)
{
        if (node && node->kind == YAML_MAPPING)
                return "a mapping";
        if (node && node->kind == YAML_SEQUENCE)
                return "a list";
        if (yaml_is_null(node))
                return "nothing";
        return size > 0 ? yaml_quote(node->scalar, buffer, size) : "a value";
}
