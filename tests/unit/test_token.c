/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>

#include "base64.h"
#include "hmac.h"
#include "tell/token.h"
#include "text.h"

#define NOW (1800000000 * USEC_PER_SEC)
#define DAY USEC_PER_DAY

static const struct token sample = {(char *)"handbook", (char *)"search-team", NOW, NOW + DAY};

static void make_key(const char *secret, unsigned char key[ACK_KEY_SIZE])
{
        assert_int_equal(token_key(secret, key), 0);
}

static char *make(const char *secret, const struct token *t)
{
        unsigned char key[ACK_KEY_SIZE];
        char *text = NULL;

        make_key(secret, key);
        assert_int_equal(token_build(key, t, &text), 0);
        return text;
}

static int read_with(const char *secret, const char *text, usec_t now)
{
        unsigned char key[ACK_KEY_SIZE];
        _cleanup_(token_done) struct token t = {0};
        int r;

        make_key(secret, key);
        r = token_read(key, text, now, &t);
        assert_true((r == 0) == (t.incident != NULL));
        return r;
}

static void what_is_made_is_read(void **state)
{
        static const struct token cases[] = {
                {(char *)"handbook", (char *)"search-team", NOW, NOW + DAY},
                {(char *)"a", (char *)"b", 1, USEC_INFINITY},
                {(char *)"50 % of a/b & ack?ü", (char *)"\"team\" \n", UINT64_C(0x0102030405060708),
                        UINT64_C(0xfffefdfcfbfaf9f8)},
        };
        unsigned char key[ACK_KEY_SIZE];

        make_key("secret", key);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *text = make("secret", &cases[i]);
                _cleanup_(token_done) struct token t = {0};

                assert_int_equal(strspn(text,
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                         "0123456789-_"),
                        strlen(text));
                assert_int_equal(token_read(key, text, cases[i].made, &t), 0);
                assert_string_equal(t.incident, cases[i].incident);
                assert_string_equal(t.receiver, cases[i].receiver);
                assert_true(t.made == cases[i].made && t.expires == cases[i].expires);
        }
}

/* Whatever is changed of it, wherever. */
static void no_other_text_is_one(void **state)
{
        _cleanup_free_ char *text = make("secret", &sample);
        size_t size = strlen(text);
        int changed = 0;

        for (size_t i = 0; i < size; i++)
                for (int c = 1; c < 256; c++) {
                        char before = text[i];

                        if (c == (unsigned char)before)
                                continue;
                        text[i] = (char)c;
                        assert_int_equal(read_with("secret", text, NOW), -EBADMSG);
                        text[i] = before;
                        changed++;
                }
        assert_int_equal(changed, size * 254);
        for (size_t i = 0; i < size; i++) {
                _cleanup_free_ char *cut = strndup(text, i);

                assert_int_equal(read_with("secret", cut, NOW), -EBADMSG);
                assert_int_equal(read_with("secret", text + i, NOW), i == 0 ? 0 : -EBADMSG);
        }
}

/* Every bit of the bytes below the text. */
static void no_other_bytes_are_one(void **state)
{
        _cleanup_free_ char *text = make("secret", &sample);
        unsigned char bytes[256];
        size_t size = base64_decode_url(text, strlen(text), bytes, sizeof(bytes));

        assert_int_equal(size, 1 + 16 + strlen("search-team") + 1 + strlen("handbook") + HMAC_SIZE);
        for (size_t bit = 0; bit < 8 * size; bit++) {
                _cleanup_free_ char *changed = NULL;

                bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
                changed = base64_encode_url(bytes, size);
                assert_int_equal(read_with("secret", changed, NOW), -EBADMSG);
                bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
        }
}

static void nor_is_one_of_another_key(void **state)
{
        _cleanup_free_ char *text = make("secret", &sample);

        assert_int_equal(read_with("secret", text, NOW), 0);
        assert_int_equal(read_with("secreT", text, NOW), -EBADMSG);
        assert_int_equal(read_with("", text, NOW), -EBADMSG);
}

static void append_byte(struct text *t, unsigned char byte)
{
        text_append_bytes(t, &byte, 1);
}

/* Signed with our key, and yet not ours: of another version, or without names. */
static void what_is_signed_has_to_make_sense(void **state)
{
        static const struct {
                unsigned char version;
                const char *names;
                size_t size;
                int result;
        } cases[] = {{1, "team\0kb", 7, 0}, {2, "team\0kb", 7, -EBADMSG},
                {0, "team\0kb", 7, -EBADMSG}, {1, "team", 4, -EBADMSG}, {1, "team\0", 5, -EBADMSG},
                {1, "\0kb", 3, -EBADMSG}, {1, "", 0, -EBADMSG}};
        unsigned char key[ACK_KEY_SIZE];

        make_key("secret", key);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_text_ struct text bytes = {0};
                _cleanup_free_ char *text = NULL;
                unsigned char mac[HMAC_SIZE];

                append_byte(&bytes, cases[i].version);
                for (int k = 0; k < 16; k++)
                        append_byte(&bytes, k < 8 ? 0 : 0xff);
                text_append_bytes(&bytes, cases[i].names, cases[i].size);
                assert_int_equal(hmac_sha256(key, sizeof(key), bytes.data, bytes.size, mac), 0);
                text_append_bytes(&bytes, mac, sizeof(mac));
                text = base64_encode_url(bytes.data, bytes.size);
                assert_int_equal(read_with("secret", text, NOW), cases[i].result);
        }
}

static void it_expires(void **state)
{
        _cleanup_free_ char *text = make("secret", &sample);

        assert_int_equal(read_with("secret", text, 0), 0);
        assert_int_equal(read_with("secret", text, NOW + DAY - 1), 0);
        assert_int_equal(read_with("secret", text, NOW + DAY), -ETIME);
        assert_int_equal(read_with("secret", text, USEC_INFINITY), -ETIME);
}

static void names_may_be_long_but_not_endless(void **state)
{
        unsigned char key[ACK_KEY_SIZE];

        make_key("secret", key);
        for (size_t length = 1; length < 2 * TOKEN_MAX; length += 37) {
                _cleanup_free_ char *incident = malloc(length + 1), *text = NULL;
                const struct token t = {incident, (char *)"team", NOW, NOW + DAY};
                int r;

                memset(incident, 'x', length);
                incident[length] = '\0';
                r = token_build(key, &t, &text);
                assert_int_equal(r, length < 1447 ? 0 : -EMSGSIZE);
                if (r == 0) {
                        assert_true(strlen(text) <= TOKEN_MAX);
                        assert_int_equal(read_with("secret", text, NOW), 0);
                }
        }
}

static void the_address(void **state)
{
        static const char *const bases[][2] = {
                {"http://drift.example:9820", "http://drift.example:9820/ack/T0-_ken"},
                {"https://example.org/driftwatch//", "https://example.org/driftwatch/ack/T0-_ken"}};

        for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
                _cleanup_text_ struct text t = {0};

                token_append_url(bases[i][0], "T0-_ken", &t);
                assert_string_equal(text_string(&t), bases[i][1]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_made_is_read),
                cmocka_unit_test(no_other_text_is_one),
                cmocka_unit_test(no_other_bytes_are_one),
                cmocka_unit_test(nor_is_one_of_another_key),
                cmocka_unit_test(what_is_signed_has_to_make_sense),
                cmocka_unit_test(it_expires),
                cmocka_unit_test(names_may_be_long_but_not_endless),
                cmocka_unit_test(the_address),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
