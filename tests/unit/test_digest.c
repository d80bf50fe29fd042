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

/* Whatever the pieces are; and it is new again when it has told. */
static void pieces_have_the_digest_of_the_whole(void **state)
{
        static char data[20000];
        char whole[DIGEST_TEXT_MAX], digest[DIGEST_TEXT_MAX];
        _cleanup_(digest_freep) struct digest *d = digest_new();

        assert_non_null(d);
        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (char)(i * 31 % 251);
        assert_int_equal(digest_sha256(data, sizeof(data), whole), 0);
        for (size_t piece = 1; piece <= sizeof(data); piece = piece * 7 + 1) {
                for (size_t at = 0; at < sizeof(data); at += piece)
                        digest_add(d, data + at, MIN(piece, sizeof(data) - at));
                assert_int_equal(digest_end(d, digest), 0);
                assert_string_equal(digest, whole);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(known_digests),
                cmocka_unit_test(pieces_have_the_digest_of_the_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
