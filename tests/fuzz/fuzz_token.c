/* SPDX-License-Identifier: Apache-2.0 */

/* What stands in a link that somebody follows. Nothing that was not made with the key is taken, and
 * the same bytes with the right proof behind them are read or refused. */

#include <errno.h>

#include "base64.h"
#include "fuzz.h"
#include "hmac.h"
#include "tell/token.h"
#include "text.h"

static const unsigned char key[ACK_KEY_SIZE] = {42};

static int read_text(const char *text)
{
        struct token t = {0};
        int r = token_read(key, text, 1000 * USEC_PER_DAY, &t);

        REQUIRE(r == 0 || r == -EBADMSG || r == -ETIME);
        REQUIRE((r == 0) == (t.incident && *t.incident && t.receiver && *t.receiver));
        token_done(&t);
        return r;
}

static void read_signed(const uint8_t *data, size_t size)
{
        _cleanup_text_ struct text bytes = {0};
        _cleanup_free_ char *text = NULL;
        unsigned char mac[HMAC_SIZE];

        text_append_bytes(&bytes, data, size);
        REQUIRE(hmac_sha256(key, sizeof(key), data, size, mac) == 0);
        text_append_bytes(&bytes, mac, sizeof(mac));
        text = base64_encode_url(bytes.data, bytes.size);
        REQUIRE(text);
        (void)read_text(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_text_ struct text t = {0};

        text_append_bytes(&t, data, size);
        REQUIRE(read_text(text_string(&t)) == -EBADMSG);
        if (size > 0)
                read_signed(data, size);
        return 0;
}
