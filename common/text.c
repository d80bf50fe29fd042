/* SPDX-License-Identifier: Apache-2.0 */

#include "text.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>

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

/* And for the NUL. */
bool text_reserve(struct text *t, size_t size)
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

char *text_vformat(const char *format, va_list arguments)
{
        char *s;

        return vasprintf(&s, format, arguments) < 0 ? NULL : s;
}

const char *text_string(const struct text *t)
{
        return t->data ? t->data : "";
}

/* What stands for the character of `length` bytes (0: invalid) in HTML and XML, NULL for itself. */
static const char *html_entity(const char *s, size_t length)
{
        switch (length == 1 ? *s : '\n') {
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
        default:
                break;
        }
        if (length == 1 && strchr("\t\n\r", *s))
                return NULL;
        if (length == 0 || utf8_steers(s, length))
                return UTF8_REPLACEMENT;
        /* U+FFFE and U+FFFF are the only other characters that XML 1.0 forbids. */
        if (length == 3 && (memcmp(s, "\xef\xbf\xbe", 3) == 0 || memcmp(s, "\xef\xbf\xbf", 3) == 0))
                return UTF8_REPLACEMENT;
        return NULL;
}

void text_append_html(struct text *t, const char *s)
{
        size_t size = strlen(s), begin = 0, i = 0;

        while (i < size) {
                size_t length = utf8_sequence(s + i, size - i);
                const char *entity = html_entity(s + i, length);
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

void text_append_line(struct text *t, const char *s)
{
        _cleanup_free_ char *line = utf8_line(s, strlen(s));

        if (line)
                text_append(t, line);
        else
                t->failed = true;
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

static const char digit_pairs[] = "0001020304050607080910111213141516171819"
                                  "2021222324252627282930313233343536373839"
                                  "4041424344454647484950515253545556575859"
                                  "6061626364656667686970717273747576777879"
                                  "8081828384858687888990919293949596979899";

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

/* Nine digits behind the point and `zeros` zeros, of which the last `removed` are left out. */
static size_t format_fraction(
        char *buffer, bool negative, uint32_t mantissa, unsigned zeros, unsigned removed)
{
        char *p = buffer;
        uint32_t high = mantissa / 10000, low = mantissa % 10000;

        *p = '-';
        p += negative;
        memcpy(p, "0.000", 5);
        p += 2 + zeros;
        *p = (char)('0' + high / 10000);
        memcpy(p + 1, digit_pairs + 2 * (high / 100 % 100), 2);
        memcpy(p + 3, digit_pairs + 2 * (high % 100), 2);
        memcpy(p + 5, digit_pairs + 2 * (low / 100), 2);
        memcpy(p + 7, digit_pairs + 2 * (low % 100), 2);
        p += 9 - removed;
        *p = '\0';
        return (size_t)(p - buffer);
}

/* What a float between 0.0001 and 1 is written as while decimals are tried: it is
 * exact / 2^shift / 10^decimals. */
struct fixed {
        uint64_t exact; /* below 2^64: 24 bits, and 40 at most of the power of ten */
        unsigned shift; /* from 24 to 37 */
        unsigned zeros; /* behind the point, before the first of nine digits */
        uint64_t reach; /* how far decimals lie that read back as the float: half its last bit */
        bool even; /* one exactly so far away reads back, too */
};

static struct fixed fixed_of(float value)
{
        static const uint64_t powers[] = {1000000000, 10000000000, 100000000000, 1000000000000};
        unsigned zeros = (unsigned)((value < 1e-1F) + (value < 1e-2F) + (value < 1e-3F));
        uint32_t bits, significand;

        memcpy(&bits, &value, sizeof(bits));
        significand = (bits & 0x7fffff) | 0x800000;
        return (struct fixed){
                .exact = significand * powers[zeros],
                .shift = 150 - (bits >> 23),
                .zeros = zeros,
                .reach = powers[zeros] / 2,
                .even = significand % 2 == 0,
        };
}

/* The nearest multiple of `unit`, in units; whether it reads back. Branches would be mispredicted:
 * nobody knows how many digits the next float has. */
static inline bool fixed_round(const struct fixed *f, uint32_t unit, uint32_t *ret)
{
        uint32_t rounded = (uint32_t)(f->exact >> f->shift) / unit;
        uint64_t step = (uint64_t)unit << f->shift, rest = f->exact - rounded * step;
        bool up = (rest > step / 2) | ((rest == step / 2) & (rounded % 2 == 1));

        rest = up ? step - rest : rest;
        *ret = rounded + up;
        return (rest < f->reach) | ((rest == f->reach) & f->even);
}

/* The common case without printf() and strtof(), exactly, in integers: a float has 24 significant
 * bits. Nine digits always read back, and where fewer do, one more does as well. That does not hold
 * for powers of two, below which floats lie closer. Returns 0 for values it leaves to the general
 * case. With it the first replay of 1,000 queries in 384 dimensions takes 206 million instructions
 * and not 302, and each later one, most of whose bodies are kept, 87 and not 106. */
static size_t format_float_fast(char *buffer, float value)
{
        uint32_t bits, digits[4], unit = 1000;
        unsigned removed;
        struct fixed f;

        memcpy(&bits, &value, sizeof(bits));
        if (!(fabsf(value) >= 1e-4F && fabsf(value) < 1) || (bits & 0x7fffff) == 0)
                return 0;
        f = fixed_of(fabsf(value));
        (void)fixed_round(&f, 1, &digits[0]);
        removed = fixed_round(&f, 10, &digits[1]);
        removed += fixed_round(&f, 100, &digits[2]);
        removed += fixed_round(&f, 1000, &digits[3]);
        digits[1] *= 10;
        digits[2] *= 100;
        digits[3] *= 1000;
        if (removed == 3)
                for (uint32_t shorter; fixed_round(&f, unit * 10, &shorter); removed++) {
                        unit *= 10;
                        digits[3] = shorter * unit;
                }
        digits[0] = digits[MIN(removed, 3U)];
        /* It became 1, or has one zero less now. */
        if (digits[0] >= 1000000000)
                return 0;
        return format_fraction(buffer, signbit(value), digits[0], f.zeros, removed);
}

/* As format_float_fast() for the others. A float has 24 significant bits and 10^k = 2^k * 5^k, so
 * that value * 10^k is exact in a double for k <= 12, and rint() of it is what printf() would
 * print. mantissa / 10^k is rounded once to double and once to float; rounding twice can only
 * differ from rounding once when the first result lies exactly between two floats. */
static size_t format_float_plain(char *buffer, float value)
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
        size_t size = format_float_fast(buffer, value);

        if (size == 0)
                size = format_special(buffer, (double)value);
        if (size == 0)
                size = format_float_plain(buffer, value);
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
