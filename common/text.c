/* SPDX-License-Identifier: Apache-2.0 */

#include "text.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void text_done(struct text *t)
{
        free(t->data);
        *t = (struct text){0};
}

void text_clear(struct text *t)
{
        t->size = 0;
        t->failed = false;
        if (t->data)
                t->data[0] = '\0';
}

/* Makes room for `size` more bytes and the NUL. */
static bool text_reserve(struct text *t, size_t size)
{
        size_t wanted;
        char *data;

        if (t->failed)
                return false;
        if (size < t->allocated - t->size)
                return true;
        if (size >= SIZE_MAX / 2 - t->size) {
                t->failed = true;
                return false;
        }
        wanted = MAX(t->size + size + 1, MAX(t->allocated * 2, (size_t)256));
        data = realloc(t->data, wanted);
        if (!data) {
                t->failed = true;
                return false;
        }
        t->data = data;
        t->allocated = wanted;
        t->data[t->size] = '\0';
        return true;
}

void text_append_bytes(struct text *t, const void *data, size_t size)
{
        if (size == 0 || !text_reserve(t, size))
                return;
        memcpy(t->data + t->size, data, size);
        t->size += size;
        t->data[t->size] = '\0';
}

void text_append(struct text *t, const char *s)
{
        text_append_bytes(t, s, strlen(s));
}

void text_appendf(struct text *t, const char *format, ...)
{
        va_list arguments;
        int n;

        /* The first try prints into what is left; only a line that does not fit is printed twice.
         */
        if (!text_reserve(t, 64))
                return;
        va_start(arguments, format);
        n = vsnprintf(t->data + t->size, t->allocated - t->size, format, arguments);
        va_end(arguments);
        if (n >= 0 && (size_t)n >= t->allocated - t->size) {
                t->data[t->size] = '\0';
                if (!text_reserve(t, (size_t)n))
                        return;
                va_start(arguments, format);
                n = vsnprintf(t->data + t->size, t->allocated - t->size, format, arguments);
                va_end(arguments);
        }
        if (n < 0) {
                t->data[t->size] = '\0';
                t->failed = true;
                return;
        }
        t->size += (size_t)n;
}

char *text_take(struct text *t, size_t *ret_size)
{
        char *data;

        (void)text_reserve(t, 0);
        if (t->failed) {
                text_done(t);
                return NULL;
        }
        if (ret_size)
                *ret_size = t->size;
        data = t->data;
        *t = (struct text){0};
        return data;
}

const char *text_string(const struct text *t)
{
        return t->data ? t->data : "";
}

/* Bytes of the sequence that begins at `s`, 0 when it is not valid. The second byte's range is what
 * excludes overlong forms, surrogates and values above U+10FFFF (Unicode 15, table 3-7). */
static size_t utf8_sequence(const unsigned char *s, size_t size)
{
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

bool utf8_turns(const char *s)
{
        const unsigned char *p = (const unsigned char *)s;

        return p[0] == 0xe2 &&
                ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
                        (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
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
        const unsigned char *bytes = (const unsigned char *)s;
        size_t i = 0;

        while (i < size) {
                size_t length = utf8_sequence(bytes + i, size - i);

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
                size_t length = utf8_sequence((const unsigned char *)s + i, size - i);

                if (length == 0 || s[i] == '\0')
                        text_append(&t, REPLACEMENT);
                else
                        text_append_bytes(&t, s + i, length);
                i += MAX(length, (size_t)1);
        }
        return text_take(&t, NULL);
}

/* What stands for the sequence of `length` bytes (0: invalid) in HTML and XML, NULL for itself. */
static const char *html_entity(const unsigned char *s, size_t length)
{
        switch (length == 1 ? s[0] : 0x80) {
        case '&':
                return "&amp;";
        case '<':
                return "&lt;";
        case '>':
                return "&gt;";
        case '"':
                return "&quot;";
        case '\'':
                return "&#39;";
        case '\t':
        case '\n':
        case '\r':
                return NULL;
        default:
                break;
        }
        if (length == 0 || s[0] < 0x20 || (length == 3 && utf8_turns((const char *)s)))
                return REPLACEMENT;
        /* U+FFFE and U+FFFF are the only other characters that XML 1.0 forbids. */
        if (length == 3 && s[0] == 0xef && s[1] == 0xbf && s[2] >= 0xbe)
                return REPLACEMENT;
        return NULL;
}

void text_append_html(struct text *t, const char *s)
{
        const unsigned char *bytes = (const unsigned char *)s;
        size_t size = strlen(s), begin = 0, i = 0;

        while (i < size) {
                size_t length = utf8_sequence(bytes + i, size - i);
                const char *entity = html_entity(bytes + i, length);
                size_t next = i + MAX(length, (size_t)1);

                if (entity) {
                        text_append_bytes(t, s + begin, i - begin);
                        text_append(t, entity);
                        begin = next;
                }
                i = next;
        }
        text_append_bytes(t, s + begin, i - begin);
}

static size_t copy_literal(char *buffer, const char *s)
{
        size_t size = strlen(s);

        memcpy(buffer, s, size + 1);
        return size;
}

/* Names of values that have no digits; 0 for all others. */
static size_t format_special(char *buffer, double value)
{
        if (isnan(value))
                return copy_literal(buffer, "NaN");
        if (isinf(value))
                return copy_literal(buffer, value < 0 ? "-Inf" : "+Inf");
        return 0;
}

/* Writes mantissa / 10^decimals; trailing zeros of the fraction are left out. */
static size_t format_scaled(char *buffer, bool negative, uint64_t mantissa, unsigned decimals)
{
        char reversed[NUMBER_TEXT_MAX];
        size_t n = 0, size = 0;

        for (; decimals > 0 && mantissa % 10 == 0; decimals--)
                mantissa /= 10;
        for (unsigned digits = 0; mantissa > 0 || digits <= decimals; digits++) {
                if (digits == decimals && decimals > 0)
                        reversed[n++] = '.';
                reversed[n++] = (char)('0' + mantissa % 10);
                mantissa /= 10;
        }
        if (negative)
                buffer[size++] = '-';
        while (n > 0)
                buffer[size++] = reversed[--n];
        buffer[size] = '\0';
        return size;
}

/* The common case without printf() and strtof(), exactly: a float has 24 significant bits and
 * 10^k = 2^k * 5^k, so that value * 10^k is exact in a double for k <= 12, and rint() of it is what
 * printf() would print. mantissa / 10^k is rounded once to double and once to float; rounding twice
 * can only differ from rounding once when the first result lies exactly between two floats. Returns
 * 0 for values it leaves to the general case. */
static size_t format_float_fast(char *buffer, float value)
{
        static const double powers[] = {
                1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
        double magnitude = fabs((double)value);
        unsigned k = 0;

        if (magnitude < 0x1p24 && magnitude == floor(magnitude))
                return format_scaled(buffer, signbit(value), (uint64_t)magnitude, 0);
        if (magnitude < 1e-4 || magnitude >= 0x1p23)
                return 0;
        while (magnitude * powers[k] < 1e5)
                k++;
        for (; k < ARRAY_SIZE(powers); k++) {
                double mantissa = rint(magnitude * powers[k]), decimal = mantissa / powers[k];
                uint64_t bits;

                memcpy(&bits, &decimal, sizeof(bits));
                if ((bits & 0x1fffffff) == 0x10000000)
                        return 0;
                if ((float)decimal == (float)magnitude)
                        return format_scaled(buffer, signbit(value), (uint64_t)mantissa, k);
        }
        return 0;
}

/* Lays out "d.ddde±XX" as a plain decimal unless that would be much longer, without trailing zeros.
 */
static size_t format_layout(char *buffer, const char *scientific)
{
        const char *e = strchr(scientific, 'e');
        bool negative = scientific[0] == '-';
        long exponent = strtol(e + 1, NULL, 10);
        uint64_t mantissa = 0;
        long digits = 0;
        size_t size;

        for (const char *p = scientific + negative; p < e; p++)
                if (*p != '.') {
                        mantissa = mantissa * 10 + (uint64_t)(*p - '0');
                        digits++;
                }
        for (; digits > 1 && mantissa % 10 == 0; digits--)
                mantissa /= 10;
        if (exponent >= -5 && exponent < digits - 1)
                return format_scaled(buffer, negative, mantissa, (unsigned)(digits - 1 - exponent));
        if (exponent >= digits - 1 && exponent < 15) {
                for (; exponent >= digits; digits++)
                        mantissa *= 10;
                return format_scaled(buffer, negative, mantissa, 0);
        }
        size = format_scaled(buffer, negative, mantissa, (unsigned)(digits - 1));
        return size + (size_t)snprintf(buffer + size, NUMBER_TEXT_MAX - size, "e%+03ld", exponent);
}

size_t float_format(char *buffer, float value)
{
        char scientific[NUMBER_TEXT_MAX];
        size_t size = format_special(buffer, (double)value);

        if (size == 0)
                size = format_float_fast(buffer, value);
        if (size > 0)
                return size;
        /* printf() gives the nearest decimal of so many digits. Only for 2^-96, 2^87 and 2^90 does
         * a farther one of fewer digits read back, too. Every decimal of FLT_DIG digits survives
         * the way to a normal float and back, so shorter ones show as trailing zeros; subnormal
         * floats have fewer digits. */
        for (int digits = fabsf(value) < FLT_MIN ? 1 : FLT_DIG; digits <= FLT_DECIMAL_DIG;
                digits++) {
                (void)snprintf(scientific, sizeof(scientific), "%.*e", digits - 1, (double)value);
                if (strtof(scientific, NULL) == value)
                        break;
        }
        return format_layout(buffer, scientific);
}

size_t double_format(char *buffer, double value)
{
        char scientific[NUMBER_TEXT_MAX];
        size_t size = format_special(buffer, value);

        if (size > 0)
                return size;
        if (fabs(value) < 1e15 && value == trunc(value))
                return format_scaled(buffer, signbit(value), (uint64_t)fabs(value), 0);
        for (int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG; digits <= DBL_DECIMAL_DIG;
                digits++) {
                (void)snprintf(scientific, sizeof(scientific), "%.*e", digits - 1, value);
                if (strtod(scientific, NULL) == value)
                        break;
        }
        return format_layout(buffer, scientific);
}

void text_append_float(struct text *t, float value)
{
        if (text_reserve(t, NUMBER_TEXT_MAX))
                t->size += float_format(t->data + t->size, value);
}

void text_append_double(struct text *t, double value)
{
        if (text_reserve(t, NUMBER_TEXT_MAX))
                t->size += double_format(t->data + t->size, value);
}

/* Words of configuration and command line are far shorter; what is longer is not a typing mistake.
 */
#define WORD_MAX 63

unsigned edit_distance(const char *a, const char *b)
{
        unsigned rows[3][WORD_MAX + 1];
        unsigned *above2 = rows[0], *above = rows[1], *row = rows[2];
        size_t length_a = strlen(a), length_b = strlen(b);

        if (length_a > WORD_MAX || length_b > WORD_MAX)
                return strcmp(a, b) == 0 ? 0 : (unsigned)MIN(MAX(length_a, length_b), UINT32_MAX);
        for (size_t j = 0; j <= length_b; j++)
                above[j] = (unsigned)j;
        for (size_t i = 1; i <= length_a; i++) {
                unsigned *spare = above2;

                row[0] = (unsigned)i;
                for (size_t j = 1; j <= length_b; j++) {
                        unsigned change = above[j - 1] + (a[i - 1] != b[j - 1]);

                        row[j] = MIN(MIN(above[j], row[j - 1]) + 1, change);
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = MIN(row[j], above2[j - 2] + 1);
                }
                above2 = above;
                above = row;
                row = spare;
        }
        return above[length_b];
}

const char *nearest_word(const char *word, const char *const *candidates, size_t count)
{
        size_t length = strlen(word);
        unsigned limit = (unsigned)MAX(MIN(length, (size_t)WORD_MAX) / 3, (size_t)1);
        const char *nearest = NULL;

        /* A word with every letter changed is another word, however short. */
        if (length < 2)
                return NULL;
        for (size_t i = 0; i < count; i++) {
                unsigned distance = edit_distance(word, candidates[i]);

                if (distance <= limit && (!nearest || distance < limit)) {
                        nearest = candidates[i];
                        limit = distance;
                }
        }
        return nearest;
}
