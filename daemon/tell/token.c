/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/token.h"

#include <errno.h>

#include "base64.h"
#include "hmac.h"
#include "text.h"

#define PURPOSE "driftwatch: acknowledge an incident by a link"
#define VERSION 1
/* Version and times. */
#define HEAD_SIZE (1 + 2 * 8)
/* What TOKEN_MAX digits hold. */
#define BYTES_MAX (TOKEN_MAX / 4 * 3)

void token_done(struct token *t)
{
        free(t->incident);
        free(t->receiver);
        *t = (struct token){0};
}

int token_key(const char *secret, unsigned char ret[ACK_KEY_SIZE])
{
        _Static_assert(ACK_KEY_SIZE == HMAC_SIZE, "the key is a digest");

        return hmac_sha256(secret, strlen(secret), PURPOSE, strlen(PURPOSE), ret);
}

static void append_time(struct text *t, usec_t time)
{
        for (int shift = 56; shift >= 0; shift -= 8) {
                unsigned char byte = (unsigned char)(time >> shift & 0xff);

                text_append_bytes(t, &byte, 1);
        }
}

static usec_t read_time(const unsigned char bytes[8])
{
        usec_t time = 0;

        for (size_t i = 0; i < 8; i++)
                time = time << 8 | bytes[i];
        return time;
}

int token_build(const unsigned char key[ACK_KEY_SIZE], const struct token *t, char **ret)
{
        static const unsigned char version = VERSION;
        _cleanup_text_ struct text bytes = {0};
        unsigned char mac[HMAC_SIZE];
        int r;

        text_append_bytes(&bytes, &version, 1);
        append_time(&bytes, t->made);
        append_time(&bytes, t->expires);
        text_append_bytes(&bytes, t->receiver, strlen(t->receiver) + 1);
        text_append(&bytes, t->incident);
        if (text_failed(&bytes))
                return -ENOMEM;
        if (bytes.size + sizeof(mac) > BYTES_MAX)
                return -EMSGSIZE;
        r = hmac_sha256(key, ACK_KEY_SIZE, bytes.data, bytes.size, mac);
        if (r < 0)
                return r;
        text_append_bytes(&bytes, mac, sizeof(mac));
        *ret = text_failed(&bytes) ? NULL : base64_encode_url(bytes.data, bytes.size);
        return *ret ? 0 : -ENOMEM;
}

/* How many bytes it is of, without the HMAC that proves them; 0 when it is none of ours. */
static size_t verify(const unsigned char key[ACK_KEY_SIZE], const char *text,
        unsigned char bytes[BYTES_MAX], int *ret_error)
{
        size_t length = strnlen(text, TOKEN_MAX + 1);
        size_t size = length > TOKEN_MAX ? 0 : base64_decode_url(text, length, bytes, BYTES_MAX);
        unsigned char mac[HMAC_SIZE];

        if (size <= HEAD_SIZE + sizeof(mac))
                return 0;
        size -= sizeof(mac);
        *ret_error = hmac_sha256(key, ACK_KEY_SIZE, bytes, size, mac);
        return *ret_error >= 0 && hmac_equal(mac, bytes + size) ? size : 0;
}

/* What was proven. */
static int take_names(const unsigned char *names, size_t size, struct token *t)
{
        size_t length = strnlen((const char *)names, size);

        if (length == 0 || length + 1 >= size)
                return -EBADMSG;
        t->receiver = strndup((const char *)names, length);
        t->incident = strndup((const char *)names + length + 1, size - length - 1);
        return t->receiver && t->incident ? 0 : -ENOMEM;
}

int token_read(
        const unsigned char key[ACK_KEY_SIZE], const char *text, usec_t now, struct token *ret)
{
        _cleanup_(token_done) struct token t = {0};
        unsigned char bytes[BYTES_MAX];
        int r = 0;
        size_t size = verify(key, text, bytes, &r);

        if (size == 0)
                return r < 0 ? r : -EBADMSG;
        if (bytes[0] != VERSION)
                return -EBADMSG;
        t.made = read_time(bytes + 1);
        t.expires = read_time(bytes + 1 + 8);
        r = take_names(bytes + HEAD_SIZE, size - HEAD_SIZE, &t);
        if (r >= 0 && t.expires <= now)
                r = -ETIME;
        if (r < 0)
                return r;
        *ret = t;
        t = (struct token){0};
        return 0;
}

void token_append_url(const char *external_url, const char *token, struct text *t)
{
        size_t size = strlen(external_url);

        while (size > 0 && external_url[size - 1] == '/')
                size--;
        text_append_bytes(t, external_url, size);
        text_append_bytes(t, TOKEN_PATH, strlen(TOKEN_PATH) - 1);
        text_append(t, token);
}
