/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "hmac.h"

/* RFC 4231, test cases 1, 2 and 6: a key as long as a digest, a short one, one longer than a block.
 */
static void gives_the_digests_of_the_rfc(void **state)
{
        static const unsigned char first[HMAC_SIZE] = {0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38,
                0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1, 0x2b, 0x88, 0x1d, 0xc2, 0x00, 0xc9,
                0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7};
        static const unsigned char second[HMAC_SIZE] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75,
                0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d,
                0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
        static const unsigned char sixth[HMAC_SIZE] = {0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0, 0xb6,
                0x7f, 0x0d, 0x8a, 0x26, 0xaa, 0xcb, 0xf5, 0xb7, 0x7f, 0x8e, 0x0b, 0xc6, 0x21, 0x37,
                0x28, 0xc5, 0x14, 0x05, 0x46, 0x04, 0x0f, 0x0e, 0xe3, 0x7f, 0x54};
        unsigned char key[131], hmac[HMAC_SIZE];

        memset(key, 0x0b, 20);
        assert_int_equal(hmac_sha256(key, 20, "Hi There", 8, hmac), 0);
        assert_memory_equal(hmac, first, sizeof(hmac));
        assert_int_equal(hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, hmac), 0);
        assert_memory_equal(hmac, second, sizeof(hmac));
        memset(key, 0xaa, sizeof(key));
        assert_int_equal(
                hmac_sha256(key, sizeof(key),
                        "Test Using Larger Than Block-Size Key - Hash Key First", 54, hmac),
                0);
        assert_memory_equal(hmac, sixth, sizeof(hmac));
}

static void one_byte_makes_another_digest(void **state)
{
        unsigned char a[HMAC_SIZE] = {0}, b[HMAC_SIZE] = {0};

        assert_true(hmac_equal(a, b));
        for (size_t i = 0; i < HMAC_SIZE; i++) {
                b[i] = 1;
                assert_false(hmac_equal(a, b));
                b[i] = 0;
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(gives_the_digests_of_the_rfc),
                cmocka_unit_test(one_byte_makes_another_digest),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
