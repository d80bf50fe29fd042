/* SPDX-License-Identifier: Apache-2.0 */
/* What a list of versions, suites and curves becomes, and what is refused rather than widened. */
#include "unit.h"

#include <errno.h>
#include <gnutls/gnutls.h>

#include "serve/cipher.h"

#define GCM128_RSA "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
#define GCM128_ECDSA "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
#define GCM256_RSA "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
#define GCM256_ECDSA "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"

/* Those up to TLS 1.2. */
static size_t offered(const char *priority)
{
        gnutls_priority_t p;
        unsigned suite;
        size_t count = 0;
        int r;

        assert_int_equal(gnutls_priority_init(&p, priority, NULL), 0);
        for (unsigned i = 0; (r = gnutls_priority_get_cipher_suite_index(p, i, &suite)) !=
                GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
                i++) {
                gnutls_protocol_t version;

                if (r == 0 && gnutls_cipher_suite_info(suite, NULL, NULL, NULL, NULL, &version))
                        count += version < GNUTLS_TLS1_3;
        }
        gnutls_priority_deinit(p);
        return count;
}

static void choices(void **state)
{
        static const char *const one[] = {GCM128_RSA};
        static const char *const four[] = {GCM128_RSA, GCM128_ECDSA, GCM256_RSA, GCM256_ECDSA};
        static const char *const crossed[] = {GCM128_RSA, GCM256_ECDSA};
        static const char *const newest[] = {"TLS_AES_128_GCM_SHA256"};
        static const char *const unknown[] = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA265"};
        static const char *const curves[] = {"X25519", "CurveP256"};
        static const char *const post_quantum[] = {"X25519MLKEM768"};
        static const struct {
                struct cipher_choice choice;
                size_t offered; /* up to TLS 1.2; 0: as many as GnuTLS likes */
                const char *contains, *wrong;
        } cases[] = {
                {{"TLS12", "TLS13", NULL, 0, NULL, 0, true}, 0, "%SERVER_PRECEDENCE", NULL},
                {{"TLS12", "TLS13", NULL, 0, NULL, 0, false}, 0, "+VERS-TLS1.3:+VERS-TLS1.2", NULL},
                {{"TLS10", "TLS12", NULL, 0, NULL, 0, true}, 0, "+VERS-TLS1.0", NULL},
                {{"TLS13", "TLS12", NULL, 0, NULL, 0, true}, 0, NULL, "above max_version"},
                {{"TLS12", "TLS13", one, 1, NULL, 0, true}, 1, "+ECDHE-RSA", NULL},
                {{"TLS12", "TLS13", four, 4, NULL, 0, true}, 4, NULL, NULL},
                {{"TLS12", "TLS13", crossed, 2, NULL, 0, true}, 0, NULL, "would also offer"},
                {{"TLS13", "TLS13", newest, 1, NULL, 0, true}, 0, "+AES-128-GCM", NULL},
                {{"TLS12", "TLS13", unknown, 1, NULL, 0, true}, 0, NULL,
                        "did you mean " GCM128_RSA},
                {{"TLS12", "TLS13", NULL, 0, curves, 2, true}, 0,
                        "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1", NULL},
                {{"TLS12", "TLS13", NULL, 0, post_quantum, 1, true}, 0, NULL, "no curve"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_error_ struct error e = {0};
                _cleanup_free_ char *priority = NULL;
                int r = cipher_priority(&cases[i].choice, &priority, &e);

                if (cases[i].wrong) {
                        if (r != -EINVAL || !strstr(e.message, cases[i].wrong))
                                fail_msg("case %zu: %s", i, r < 0 ? error_text(&e, r) : priority);
                        continue;
                }
                if (r < 0)
                        fail_msg("case %zu: %s", i, error_text(&e, r));
                if (cases[i].contains && !strstr(priority, cases[i].contains))
                        fail_msg("case %zu: %s", i, priority);
                if (cases[i].offered > 0)
                        assert_int_equal(offered(priority), cases[i].offered);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(choices),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
