/* SPDX-License-Identifier: Apache-2.0 */
#include "base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 64 for what is no digit. */
static uint32_t value_of(char c)
{
        if (c >= 'A' && c <= 'Z')
                return (uint32_t)(c - 'A');
        if (c >= 'a' && c <= 'z')
                return (uint32_t)(c - 'a') + 26;
        if (c >= '0' && c <= '9')
                return (uint32_t)(c - '0') + 52;
        return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* How many bytes a text holds; 0 when it is not base64. */
static size_t bytes_of(const char *text, size_t size)
{
        size_t digits = size;

        while (digits > 0 && size - digits < 2 && text[digits - 1] == '=')
                digits--;
        for (size_t i = 0; i < digits; i++)
                if (value_of(text[i]) > 63)
                        return 0;
        return size % 4 == 0 ? digits / 4 * 3 + (digits % 4 > 0 ? digits % 4 - 1 : 0) : 0;
}

size_t base64_floats(const char *text, size_t size)
{
        size_t bytes = bytes_of(text, size);

        return bytes % sizeof(float) == 0 ? bytes / sizeof(float) : 0;
}

size_t base64_decode(const char *text, size_t size, void *ret, size_t max)
{
        size_t bytes = bytes_of(text, size);
        unsigned char *to = ret;
        uint32_t bits = 0;
        unsigned held = 0;

        if (bytes > max)
                return 0;
        for (size_t k = 0; k < bytes; text++) {
                bits = bits << 6 | value_of(*text);
                held += 6;
                if (held < 8)
                        continue;
                held -= 8;
                to[k++] = bits >> held & 0xff;
        }
        return bytes;
}

void base64_read(const char *text, size_t count, float *ret)
{
        uint32_t bits = 0, value = 0;
        unsigned held = 0;

        for (size_t k = 0, byte = 0; k < count; text++) {
                bits = bits << 6 | value_of(*text);
                held += 6;
                if (held < 8)
                        continue;
                held -= 8;
                value |= (bits >> held & 0xff) << 8 * byte;
                byte = (byte + 1) % sizeof(float);
                if (byte > 0)
                        continue;
                memcpy(&ret[k++], &value, sizeof(float));
                value = 0;
        }
}

char *base64_encode(const void *data, size_t size)
{
        const unsigned char *bytes = data;
        char *text = malloc((size + 2) / 3 * 4 + 1);
        size_t at = 0;

        for (size_t i = 0; text && i < size; i += 3) {
                size_t n = MIN(size - i, (size_t)3);
                uint32_t bits = 0;

                for (size_t k = 0; k < 3; k++)
                        bits = bits << 8 | (k < n ? bytes[i + k] : 0U);
                for (size_t k = 0; k < 4; k++)
                        text[at++] = k <= n ? alphabet[bits >> (18 - 6 * k) & 63] : '=';
        }
        if (text)
                text[at] = '\0';
        return text;
}

char *base64_write(const float *values, size_t count)
{
        size_t size = count * sizeof(float);
        _cleanup_free_ unsigned char *bytes = malloc(size + 1);

        for (size_t i = 0; bytes && i < count; i++) {
                uint32_t bits;

                memcpy(&bits, &values[i], sizeof(bits));
                for (size_t k = 0; k < sizeof(bits); k++)
                        bytes[i * sizeof(bits) + k] = bits >> 8 * k & 0xff;
        }
        return bytes ? base64_encode(bytes, size) : NULL;
}

static void exchange(char *text, size_t size, const char *from, const char *to)
{
        for (size_t i = 0; i < size; i++) {
                const char *found = strchr(from, text[i]);

                if (text[i] && found)
                        text[i] = to[found - from];
        }
}

char *base64_encode_url(const void *data, size_t size)
{
        char *text = base64_encode(data, size);

        if (!text)
                return NULL;
        text[strcspn(text, "=")] = '\0';
        exchange(text, strlen(text), "+/", "-_");
        return text;
}

size_t base64_decode_url(const char *text, size_t size, void *ret, size_t max)
{
        size_t padded = (size + 3) / 4 * 4, bytes;
        _cleanup_free_ char *copy = malloc(padded + 1), *again = NULL;

        if (!copy)
                return 0;
        memset(copy, '=', padded);
        memcpy(copy, text, size);
        copy[padded] = '\0';
        exchange(copy, size, "-_+/=", "+/...");
        bytes = base64_decode(copy, padded, ret, max);
        again = bytes > 0 ? base64_encode_url(ret, bytes) : NULL;
        return again && strlen(again) == size && memcmp(again, text, size) == 0 ? bytes : 0;
}
