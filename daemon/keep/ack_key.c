/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/ack_key.h"

#include <errno.h>

#include "base64.h"
#include "file.h"
#include "text.h"

#define RANDOM_BYTES 32

static int read_secret(const char *path, char **ret, struct error *e)
{
        _cleanup_free_ char *secret = NULL;
        int r = file_read_secret(path, &secret, e);

        if (r < 0)
                return r;
        if (strlen(secret) < ACK_KEY_SECRET_MIN) {
                explicit_bzero(secret, strlen(secret));
                return error_set(e, -EBADMSG, "%s: the first line has fewer than %d bytes", path,
                        ACK_KEY_SECRET_MIN);
        }
        *ret = take_ptr(secret);
        return 0;
}

/* One line, as an administrator would write it. */
static int make_secret(const char *path, char **ret, struct error *e)
{
        unsigned char bytes[RANDOM_BYTES];
        _cleanup_free_ char *secret = NULL;
        _cleanup_text_ struct text line = {0};
        int r;

        arc4random_buf(bytes, sizeof(bytes));
        secret = base64_encode(bytes, sizeof(bytes));
        explicit_bzero(bytes, sizeof(bytes));
        if (!secret)
                return -ENOMEM;
        text_appendf(&line, "%s\n", secret);
        r = text_failed(&line) ? -ENOMEM : file_replace(path, line.data, line.size, e);
        if (r >= 0)
                *ret = take_ptr(secret);
        return r;
}

/* 0 or an error that counts; -ENOENT: there is none. */
static int read_credential(char **ret, struct error *e)
{
        _cleanup_free_ char *path = NULL;
        int r = credential_path(ACK_KEY_CREDENTIAL, &path, NULL);

        if (r >= 0)
                r = read_secret(path, ret, e);
        return r == -ENXIO ? -ENOENT : r;
}

int ack_key_load(const char *directory, char **ret, struct error *e)
{
        _cleanup_error_ struct error why = {0};
        _cleanup_text_ struct text path = {0};
        int r = read_credential(ret, &why);

        text_appendf(&path, "%s/" ACK_KEY_FILE, directory);
        if (text_failed(&path))
                return -ENOMEM;
        if (r == -ENOENT) {
                error_done(&why);
                r = read_secret(text_string(&path), ret, &why);
        }
        if (r == -ENOENT)
                return make_secret(text_string(&path), ret, e);
        return r < 0 ? error_set(e, r, "%s", error_text(&why, r)) : 0;
}
