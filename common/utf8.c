/* SPDX-License-Identifier: Apache-2.0 */

#include "utf8.h"

#include <stdint.h>

#include "macro.h"
#include "text.h"

/* The second byte's range is what excludes overlong forms, surrogates and values above U+10FFFF
 * (Unicode 15, table 3-7). */
size_t utf8_sequence(const char *text, size_t size)
{
        const unsigned char *s = (const unsigned char *)text;
        unsigned char low = 0x80, high = 0xbf;
        size_t length;

        if (s[0] < 0x80)
                return 1;
        if (s[0] < 0xc2 || s[0] > 0xf4)
                return 0;
        length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
        if (length > size)
                return 0;
        switch (s[0]) {
        case 0xe0:
                low = 0xa0;
                break;
        case 0xed:
                high = 0x9f;
                break;
        case 0xf0:
                low = 0x90;
                break;
        case 0xf4:
                high = 0x8f;
                break;
        default:
                break;
        }
        if (s[1] < low || s[1] > high)
                return 0;
        for (size_t i = 2; i < length; i++)
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
        return length;
}

uint32_t utf8_code(const char *s, size_t length)
{
        static const unsigned char lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
        uint32_t code = (unsigned char)s[0] & lead_bits[length];

        for (size_t i = 1; i < length; i++)
                code = code << 6 | ((unsigned char)s[i] & 0x3f);
        return code;
}

static const struct range {
        uint32_t first, last;
} steering[] = {
        {0x00, 0x1f}, /* C0 */
        {0x7f, 0x9f}, /* DEL and C1: U+009B is ESC [ to some terminals */
        {0x061c, 0x061c}, /* Arabic letter mark */
        {0x200e, 0x200f}, /* left-to-right and right-to-left mark */
        {0x2028, 0x202e}, /* line and paragraph separator, embeddings and overrides */
        {0x2066, 0x2069}, /* isolates */
};

bool utf8_steers(const char *s, size_t length)
{
        uint32_t code = utf8_code(s, length);

        for (size_t i = 0; i < ARRAY_SIZE(steering); i++)
                if (code >= steering[i].first && code <= steering[i].last)
                        return true;
        return false;
}

size_t utf8_prefix(const char *s, size_t max)
{
        size_t n = strnlen(s, max), start;

        if (n < max)
                return n;
        start = n;
        while (start > 0 && n - start < 3 && ((unsigned char)s[start] & 0xc0) == 0x80)
                start--;
        /* Stray continuation bytes belong to no sequence that could be cut. */
        return ((unsigned char)s[start] & 0xc0) == 0x80 ? n : start;
}

bool utf8_valid(const char *s, size_t size)
{
        return utf8_invalid_at(s, size) == size;
}

size_t utf8_invalid_at(const char *s, size_t size)
{
        size_t i = 0;

        while (i < size) {
                size_t length = utf8_sequence(s + i, size - i);

                if (length == 0)
                        return i;
                i += length;
        }
        return size;
}

char *utf8_clean(const char *s, size_t size)
{
        _cleanup_text_ struct text t = {0};
        size_t i = 0;

        while (i < size) {
                size_t length = utf8_sequence(s + i, size - i);

                if (length == 0 || s[i] == '\0')
                        text_append(&t, UTF8_REPLACEMENT);
                else
                        text_append_bytes(&t, s + i, length);
                i += MAX(length, (size_t)1);
        }
        return text_take(&t, NULL);
}

/* With a blank for everything that steers, but for what is in `kept`. */
static char *clean_copy(const char *s, size_t size, const char *kept)
{
        _cleanup_text_ struct text t = {0};

        for (size_t i = 0, length; i < size; i += MAX(length, (size_t)1)) {
                length = utf8_sequence(s + i, size - i);
                if (length == 0)
                        text_append(&t, UTF8_REPLACEMENT);
                else if (utf8_steers(s + i, length) && !(s[i] && strchr(kept, s[i])))
                        text_append(&t, " ");
                else
                        text_append_bytes(&t, s + i, length);
        }
        return text_take(&t, NULL);
}

char *utf8_line(const char *s, size_t size)
{
        return clean_copy(s, size, "");
}

char *utf8_lines(const char *s, size_t size)
{
        return clean_copy(s, size, "\n\t");
}
