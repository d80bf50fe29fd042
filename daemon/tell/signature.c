/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/signature.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base64.h"
#include "hmac.h"
#include "text.h"

/* standard-webhooks: spec/standard-webhooks.md, "Signature scheme". */
#define PREFIX "whsec_"
#define KEY_MIN 24
#define KEY_MAX 64

/* Bytes of the key; 0 when it is none. */
static size_t read_key(const char *secret, unsigned char key[KEY_MAX])
{
        const char *text = secret + strlen(PREFIX);
        size_t size;

        if (strncmp(secret, PREFIX, strlen(PREFIX)) != 0)
                return 0;
        size = base64_decode(text, strlen(text), key, KEY_MAX);
        return size >= KEY_MIN ? size : 0;
}

const char *signature_check_standard(const char *secret)
{
        unsigned char key[KEY_MAX];
        size_t size = read_key(secret, key);

        explicit_bzero(key, sizeof(key));
        return size > 0 ? NULL : "must be " PREFIX " and the base64 of 24 to 64 bytes";
}

static int sign_github(struct http_request *request, const char *secret, const char *id, usec_t now)
{
        unsigned char hmac[HMAC_SIZE];
        char text[2 * HMAC_SIZE + 1];
        _cleanup_free_ char *value = NULL;
        int r = hmac_sha256(secret, strlen(secret), request->body, request->body_size, hmac);

        if (r < 0)
                return r;
        for (size_t i = 0; i < HMAC_SIZE; i++)
                (void)snprintf(text + 2 * i, 3, "%02x", hmac[i]);
        if (asprintf(&value, "sha256=%s", text) < 0) {
                value = NULL;
                return -ENOMEM;
        }
        return http_request_add_header(request, "X-Hub-Signature-256", value);
}

static int standard_value(const struct http_request *request, const char *secret, const char *id,
        const char *seconds, char **ret)
{
        _cleanup_text_ struct text message = {0}, value = {0};
        _cleanup_free_ char *base64 = NULL;
        unsigned char key[KEY_MAX], hmac[HMAC_SIZE];
        size_t size = read_key(secret, key);
        int r;

        text_appendf(&message, "%s.%s.", id, seconds);
        text_append_bytes(&message, request->body, request->body_size);
        r = size == 0                   ? -EINVAL
                : text_failed(&message) ? -ENOMEM
                                        : hmac_sha256(key, size, message.data, message.size, hmac);
        explicit_bzero(key, sizeof(key));
        if (r < 0)
                return r;
        base64 = base64_encode(hmac, sizeof(hmac));
        if (!base64)
                return -ENOMEM;
        text_appendf(&value, "v1,%s", base64);
        *ret = text_take(&value, NULL);
        return *ret ? 0 : -ENOMEM;
}

static int sign_standard(
        struct http_request *request, const char *secret, const char *id, usec_t now)
{
        _cleanup_free_ char *value = NULL;
        char seconds[24];
        int r;

        (void)snprintf(seconds, sizeof(seconds), "%" PRIu64, now / USEC_PER_SEC);
        r = standard_value(request, secret, id, seconds, &value);
        if (r >= 0)
                r = http_request_add_header(request, "webhook-id", id);
        if (r >= 0)
                r = http_request_add_header(request, "webhook-timestamp", seconds);
        return r >= 0 ? http_request_add_header(request, "webhook-signature", value) : r;
}

int signature_add(struct http_request *request, const char *scheme, const char *secret,
        const char *id, usec_t now)
{
        static const struct {
                const char *name;
                int (*sign)(struct http_request *request, const char *secret, const char *id,
                        usec_t now);
        } schemes[] = {{"github", sign_github}, {"standard", sign_standard}};

        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
                if (streq(schemes[i].name, scheme))
                        return schemes[i].sign(request, secret, id, now);
        return -EINVAL;
}
