/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/cipher.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>

#include "text.h"

const char *const cipher_versions[] = {"TLS10", "TLS11", "TLS12", "TLS13", NULL};
static const char *const version_names[] = {"TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3"};

/* tls.CipherSuites() of Go 1.24, in the parts that GnuTLS knows. Those without a key exchange are
 * of TLS 1.3. */
static const struct suite {
        const char *name, *exchange, *cipher, *hash;
        const char *known_as; /* by GnuTLS */
} suites[] = {
        {"TLS_AES_128_GCM_SHA256", NULL, "AES-128-GCM", "AEAD", NULL},
        {"TLS_AES_256_GCM_SHA384", NULL, "AES-256-GCM", "AEAD", NULL},
        {"TLS_CHACHA20_POLY1305_SHA256", NULL, "CHACHA20-POLY1305", "AEAD", NULL},
        {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA", "AES-128-CBC", "SHA1",
                "TLS_ECDHE_ECDSA_AES_128_CBC_SHA1"},
        {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA", "AES-256-CBC", "SHA1",
                "TLS_ECDHE_ECDSA_AES_256_CBC_SHA1"},
        {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA", "AES-128-CBC", "SHA1",
                "TLS_ECDHE_RSA_AES_128_CBC_SHA1"},
        {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA", "AES-256-CBC", "SHA1",
                "TLS_ECDHE_RSA_AES_256_CBC_SHA1"},
        {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA", "AES-128-GCM", "AEAD",
                "TLS_ECDHE_ECDSA_AES_128_GCM_SHA256"},
        {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA", "AES-256-GCM", "AEAD",
                "TLS_ECDHE_ECDSA_AES_256_GCM_SHA384"},
        {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA", "AES-128-GCM", "AEAD",
                "TLS_ECDHE_RSA_AES_128_GCM_SHA256"},
        {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA", "AES-256-GCM", "AEAD",
                "TLS_ECDHE_RSA_AES_256_GCM_SHA384"},
        {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA", "CHACHA20-POLY1305", "AEAD",
                "TLS_ECDHE_RSA_CHACHA20_POLY1305"},
        {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA", "CHACHA20-POLY1305",
                "AEAD", "TLS_ECDHE_ECDSA_CHACHA20_POLY1305"},
};

static const struct {
        const char *name, *group;
} curves[] = {
        {"CurveP256", "SECP256R1"},
        {"CurveP384", "SECP384R1"},
        {"CurveP521", "SECP521R1"},
        {"X25519", "X25519"},
};

static size_t version_index(const char *name)
{
        size_t i = 0;

        while (i < ARRAY_SIZE(version_names) - 1 && !streq(cipher_versions[i], name))
                i++;
        return i;
}

static int append_versions(const struct cipher_choice *choice, struct text *t, struct error *e)
{
        size_t first = version_index(choice->min_version);
        size_t last = version_index(choice->max_version);

        if (first > last)
                return error_set(e, -EINVAL, "min_version %s is above max_version %s",
                        choice->min_version, choice->max_version);
        text_append(t, ":-VERS-ALL");
        for (size_t i = last + 1; i-- > first;)
                text_appendf(t, ":+VERS-%s", version_names[i]);
        return 0;
}

static const struct suite *find_suite(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
                if (streq(suites[i].name, name))
                        return &suites[i];
        return NULL;
}

static const char *hint(char *buffer, size_t size, const char *word)
{
        const char *names[ARRAY_SIZE(suites)], *near;

        for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
                names[i] = suites[i].name;
        near = nearest_word(word, names, ARRAY_SIZE(names));
        if (near)
                (void)snprintf(buffer, size, "; did you mean %s?", near);
        else
                buffer[0] = '\0';
        return buffer;
}

/* Each part once, in the order of the list, which is the server's preference. */
static int append_suites(const struct cipher_choice *choice, struct text *t, struct error *e)
{
        char near[128];

        if (choice->suite_count > 0)
                text_append(t, ":-CIPHER-ALL:-MAC-ALL:-KX-ALL");
        for (size_t i = 0; i < choice->suite_count; i++) {
                const struct suite *s = find_suite(choice->suites[i]);

                if (!s)
                        return error_set(e, -EINVAL, "\"%s\" is no cipher suite that is offered%s",
                                choice->suites[i], hint(near, sizeof(near), choice->suites[i]));
                text_appendf(t, ":+%s:+%s", s->cipher, s->hash);
                if (s->exchange)
                        text_appendf(t, ":+%s", s->exchange);
        }
        return 0;
}

static int append_curves(const struct cipher_choice *choice, struct text *t, struct error *e)
{
        if (choice->curve_count > 0)
                text_append(t, ":-GROUP-ALL");
        for (size_t i = 0; i < choice->curve_count; i++) {
                size_t k = 0;

                while (k < ARRAY_SIZE(curves) && !streq(curves[k].name, choice->curves[i]))
                        k++;
                if (k == ARRAY_SIZE(curves))
                        return error_set(e, -EINVAL,
                                "\"%s\" is no curve that is offered: those are CurveP256, "
                                "CurveP384, CurveP521 and X25519",
                                choice->curves[i]);
                text_appendf(t, ":+GROUP-%s", curves[k].group);
        }
        return 0;
}

static bool is_chosen(const struct cipher_choice *choice, const char *known_as)
{
        for (size_t i = 0; i < choice->suite_count; i++)
                if (streq(find_suite(choice->suites[i])->known_as, known_as))
                        return true;
        return false;
}

/* What is offered up to TLS 1.2 is what was chosen, or the choice is refused. */
static int check_product(const struct cipher_choice *choice, gnutls_priority_t p, struct error *e)
{
        unsigned suite;

        for (unsigned i = 0;; i++) {
                int r = gnutls_priority_get_cipher_suite_index(p, i, &suite);
                gnutls_protocol_t version = GNUTLS_TLS1_3;
                const char *name;

                if (r == GNUTLS_E_UNKNOWN_CIPHER_SUITE)
                        continue;
                if (r < 0)
                        return 0;
                name = gnutls_cipher_suite_info(suite, NULL, NULL, NULL, NULL, &version);
                if (name && version < GNUTLS_TLS1_3 && !is_chosen(choice, name))
                        return error_set(e, -EINVAL,
                                "with these cipher_suites GnuTLS would also offer %s, which is "
                                "not among them: name every combination of their key exchanges "
                                "and ciphers, or fewer",
                                name);
        }
}

static int check(const struct cipher_choice *choice, const char *priority, struct error *e)
{
        gnutls_priority_t p;
        int r = gnutls_priority_init(&p, priority, NULL);

        if (r == GNUTLS_E_MEMORY_ERROR)
                return error_set(e, -ENOMEM, "out of memory");
        if (r < 0)
                return error_set(e, -EINVAL,
                        "GnuTLS cannot offer these versions with these cipher_suites and curve_preferences");
        r = choice->suite_count > 0 ? check_product(choice, p, e) : 0;
        gnutls_priority_deinit(p);
        return r;
}

int cipher_priority(const struct cipher_choice *choice, char **ret, struct error *e)
{
        _cleanup_text_ struct text t = {0};
        int r;

        text_append(&t, "NORMAL");
        r = append_versions(choice, &t, e);
        if (r >= 0)
                r = append_suites(choice, &t, e);
        if (r >= 0)
                r = append_curves(choice, &t, e);
        if (choice->server_prefers)
                text_append(&t, ":%SERVER_PRECEDENCE");
        if (r >= 0 && text_failed(&t))
                r = error_set(e, -ENOMEM, "out of memory");
        if (r >= 0)
                r = check(choice, text_string(&t), e);
        if (r < 0)
                return r;
        *ret = text_take(&t, NULL);
        return *ret ? 0 : error_set(e, -ENOMEM, "out of memory");
}
