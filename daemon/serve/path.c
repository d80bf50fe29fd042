/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/path.h"

#include <ctype.h>

#include "macro.h"

bool path_matches(const char *pattern, const char *path, char **ret_subject)
{
        const char *star = strchr(pattern, '*');
        size_t before, after, size = strlen(path);

        if (!star)
                return streq(pattern, path);
        before = (size_t)(star - pattern);
        after = strlen(star + 1);
        if (size <= before + after || strncmp(pattern, path, before) != 0 ||
                !streq(star + 1, path + size - after))
                return false;
        *ret_subject = strndup(path + before, size - before - after);
        return *ret_subject;
}

static int hex_digit(char c)
{
        return isdigit((unsigned char)c)     ? c - '0'
                : isxdigit((unsigned char)c) ? (c | 0x20) - 'a' + 10
                                             : -1;
}

size_t path_unescape(char *s)
{
        char *out = s;

        for (const char *in = s; *in;) {
                int high = in[0] == '%' ? hex_digit(in[1]) : -1;
                int low = high >= 0 ? hex_digit(in[2]) : -1;

                if (low >= 0 && (high | low) != 0) {
                        *out++ = (char)(high << 4 | low);
                        in += 3;
                } else {
                        *out++ = *in++;
                }
        }
        *out = '\0';
        return (size_t)(out - s);
}

unsigned path_depth(const char *pattern)
{
        unsigned depth = 0;

        for (const char *c = pattern + 1; *c; c++)
                depth += *c == '/';
        return depth;
}
