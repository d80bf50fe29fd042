/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"

#include "unit.h"

/* FIPS 180-2, appendix B, and the empty message. */
static void known_digests(void **state)
{
        static const struct {
                const char *data, *digest;
        } cases[] = {
                {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char digest[DIGEST_TEXT_MAX];

                assert_int_equal(digest_sha256(cases[i].data, strlen(cases[i].data), digest), 0);
                assert_string_equal(digest, cases[i].digest);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(known_digests),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
