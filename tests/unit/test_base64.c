/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base64.h"

/* 0.1f is cd cc cc 3d, -2.5f 00 00 20 c0. */
static void floats_and_their_text(void **state)
{
        static const float values[] = {0.1f, -2.5f, 0};
        static const char *const texts[] = {"", "zczMPQ==", "zczMPQAAIMA=", "zczMPQAAIMAAAAAA"};

        for (size_t n = 0; n < ARRAY_SIZE(texts); n++) {
                _cleanup_free_ char *text = base64_write(values, n);
                float read[ARRAY_SIZE(values)] = {9, 9, 9};

                assert_string_equal(text, texts[n]);
                assert_int_equal(base64_floats(text, strlen(text)), n);
                base64_read(text, n, read);
                assert_memory_equal(read, values, n * sizeof(float));
        }
}

static void every_bit_pattern_comes_back(void **state)
{
        uint32_t bits = 1;

        for (size_t i = 0; i < 10000; i++) {
                _cleanup_free_ char *text = NULL;
                float value, read;

                bits = bits * 1664525 + 1013904223;
                memcpy(&value, &bits, sizeof(value));
                text = base64_write(&value, 1);
                base64_read(text, 1, &read);
                assert_memory_equal(&read, &bits, sizeof(bits));
        }
}

static void what_is_none_is_seen(void **state)
{
        static const char *const texts[] = {"=", "====", "zczMPQ=", "zczMPQ", "zczMPQA=", "zczM",
                "zczMP===", "zczM\nQ==", "zczM-Q==", "zczMPQ==zczMPQ==", "zc=MPQ=="};

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (base64_floats(texts[i], strlen(texts[i])) != 0)
                        fail_msg("%s", texts[i]);
}

/* RFC 4648, section 10. */
static void bytes_and_their_text(void **state)
{
        static const char *const texts[] = {
                "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
        char read[6];

        for (size_t n = 0; n < ARRAY_SIZE(texts); n++) {
                _cleanup_free_ char *text = base64_encode("foobar", n);

                assert_string_equal(text, texts[n]);
                assert_int_equal(base64_decode(text, strlen(text), read, sizeof(read)), n);
                assert_memory_equal(read, "foobar", n);
        }
        assert_int_equal(base64_decode("Zm9vYmFy", 8, read, 5), 0);
        assert_int_equal(base64_decode("Zm9v*mFy", 8, read, 6), 0);
}

/* Of all texts only those that are made are read: a link that was changed anywhere is another one.
 */
static void in_addresses(void **state)
{
        static const unsigned char bytes[] = {0xfb, 0xff, 0xbf, 0x3e, 0x3f};
        static const char *const texts[] = {"", "-w", "-_8", "-_-_", "-_-_Pg", "-_-_Pj8"};
        static const char *const wrong[] = {
                "-", "-x", "-w==", "+w", "-_9", "-_-_=", "-_-/", " -w", "-_-_Ph", "-_-_P", "a.b_"};
        unsigned char read[8];

        for (size_t n = 0; n < ARRAY_SIZE(texts); n++) {
                _cleanup_free_ char *text = base64_encode_url(bytes, n);

                assert_string_equal(text, texts[n]);
                assert_int_equal(base64_decode_url(text, strlen(text), read, sizeof(read)), n);
                assert_memory_equal(read, bytes, n);
        }
        assert_int_equal(base64_decode_url("-_-_Pj8", 7, read, 4), 0);
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                if (base64_decode_url(wrong[i], strlen(wrong[i]), read, sizeof(read)) != 0)
                        fail_msg("%s", wrong[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bytes_and_their_text),
                cmocka_unit_test(floats_and_their_text),
                cmocka_unit_test(every_bit_pattern_comes_back),
                cmocka_unit_test(what_is_none_is_seen),
                cmocka_unit_test(in_addresses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
