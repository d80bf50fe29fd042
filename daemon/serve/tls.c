/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "macro.h"

struct tls {
        atomic_uint references;
        gnutls_certificate_credentials_t credentials;
        gnutls_priority_t priority;
        enum tls_client_auth client_auth;
        char **allowed_sans;
        size_t allowed_san_count;
};

static int failed(struct error *e, int code, const char *what)
{
        if (code == GNUTLS_E_MEMORY_ERROR)
                return error_set(e, -ENOMEM, "out of memory");
        return error_set(e, -EBADMSG, "%s: %s", what, gnutls_strerror(code));
}

static gnutls_datum_t datum(const char *pem)
{
        return (gnutls_datum_t){(unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem)};
}

/* GnuTLS does not tell which of the two it is. */
static const char *unusable(const struct tls_settings *s)
{
        if (!strstr(s->cert, "-----BEGIN "))
                return "there is no certificate in PEM, with a line -----BEGIN CERTIFICATE-----";
        if (!strstr(s->key, "-----BEGIN "))
                return "there is no key in PEM, with a line -----BEGIN PRIVATE KEY-----";
        return "certificate or key cannot be used";
}

static int load(struct tls *t, const struct tls_settings *s, struct error *e)
{
        const gnutls_datum_t cert = datum(s->cert), key = datum(s->key);
        int r = gnutls_certificate_allocate_credentials(&t->credentials);

        if (r < 0)
                return failed(e, r, "TLS");
        r = gnutls_certificate_set_x509_key_mem2(
                t->credentials, &cert, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
        if (r == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
                return error_set(e, -EBADMSG, "the key does not belong to the certificate");
        if (r < 0)
                return failed(e, r, unusable(s));
        r = gnutls_priority_init(&t->priority, s->priority, NULL);
        return r < 0 ? failed(e, r, "GnuTLS does not offer that") : 0;
}

static bool verifies(enum tls_client_auth client_auth)
{
        return client_auth == TLS_VERIFY_CLIENT_CERT_IF_GIVEN ||
                client_auth == TLS_REQUIRE_AND_VERIFY_CLIENT_CERT;
}

static int load_clients(struct tls *t, const struct tls_settings *s, struct error *e)
{
        int r;

        t->client_auth = s->client_auth;
        t->allowed_sans = calloc(s->allowed_san_count + 1, sizeof(char *));
        if (!t->allowed_sans)
                return error_set(e, -ENOMEM, "out of memory");
        for (; t->allowed_san_count < s->allowed_san_count; t->allowed_san_count++)
                if (strdup_to(&t->allowed_sans[t->allowed_san_count],
                            s->allowed_sans[t->allowed_san_count]) < 0)
                        return error_set(e, -ENOMEM, "out of memory");
        if (s->client_ca) {
                const gnutls_datum_t ca = datum(s->client_ca);

                r = gnutls_certificate_set_x509_trust_mem(t->credentials, &ca, GNUTLS_X509_FMT_PEM);
                if (r == 0)
                        return error_set(e, -EBADMSG,
                                "there is no certificate in what clients are verified with");
        } else {
                r = verifies(s->client_auth)
                        ? gnutls_certificate_set_x509_system_trust(t->credentials)
                        : 0;
        }
        return r < 0 ? failed(e, r, "what clients are verified with cannot be used") : 0;
}

int tls_new(const struct tls_settings *settings, struct tls **ret, struct error *e)
{
        _cleanup_(tls_unrefp) struct tls *t = calloc(1, sizeof(*t));
        int r;

        if (!t)
                return error_set(e, -ENOMEM, "out of memory");
        atomic_init(&t->references, 1);
        r = load(t, settings, e);
        if (r >= 0)
                r = load_clients(t, settings, e);
        if (r >= 0)
                *ret = take_ptr(t);
        return r;
}

struct tls *tls_ref(struct tls *t)
{
        if (t)
                atomic_fetch_add_explicit(&t->references, 1, memory_order_relaxed);
        return t;
}

struct tls *tls_unref(struct tls *t)
{
        if (!t || atomic_fetch_sub_explicit(&t->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        if (t->credentials)
                gnutls_certificate_free_credentials(t->credentials);
        if (t->priority)
                gnutls_priority_deinit(t->priority);
        for (size_t i = 0; i < t->allowed_san_count; i++)
                free(t->allowed_sans[i]);
        free(t->allowed_sans);
        free(t);
        return NULL;
}

static bool is_allowed(const struct tls *t, const char *name, size_t size)
{
        for (size_t i = 0; i < t->allowed_san_count; i++)
                if (strlen(t->allowed_sans[i]) == size &&
                        memcmp(t->allowed_sans[i], name, size) == 0)
                        return true;
        return false;
}

/* An address is bytes in the certificate and text in the configuration. */
static bool address_allowed(const struct tls *t, const char *bytes, size_t size)
{
        char text[INET6_ADDRSTRLEN];
        int family = size == 4 ? AF_INET : AF_INET6;

        if ((size != 4 && size != 16) || !inet_ntop(family, bytes, text, sizeof(text)))
                return false;
        return is_allowed(t, text, strlen(text));
}

static bool san_allowed(const struct tls *t, gnutls_x509_crt_t certificate)
{
        for (unsigned i = 0;; i++) {
                char name[1024];
                size_t size = sizeof(name);
                int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &size, NULL);

                if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
                        continue; /* none that is configured is so long */
                if (type < 0)
                        return false;
                if (type == GNUTLS_SAN_IPADDRESS
                                ? address_allowed(t, name, size)
                                : (type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_RFC822NAME ||
                                          type == GNUTLS_SAN_URI) &&
                                        is_allowed(t, name, size))
                        return true;
        }
}

static bool peer_allowed(const struct tls *t, const gnutls_datum_t *leaf)
{
        gnutls_x509_crt_t certificate;
        bool allowed;

        if (t->allowed_san_count == 0)
                return true;
        if (gnutls_x509_crt_init(&certificate) < 0)
                return false;
        allowed = gnutls_x509_crt_import(certificate, leaf, GNUTLS_X509_FMT_DER) >= 0 &&
                san_allowed(t, certificate);
        gnutls_x509_crt_deinit(certificate);
        return allowed;
}

/* In the handshake, which ends where this is negative. */
static int verify(gnutls_session_t session)
{
        const struct tls *t = gnutls_session_get_ptr(session);
        gnutls_typed_vdata_st purpose = {
                GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0};
        unsigned count = 0, status = 0;
        const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);

        if (!chain || count == 0)
                return t->client_auth == TLS_REQUIRE_ANY_CLIENT_CERT ||
                                t->client_auth == TLS_REQUIRE_AND_VERIFY_CLIENT_CERT
                        ? GNUTLS_E_CERTIFICATE_REQUIRED
                        : 0;
        if (verifies(t->client_auth) &&
                (gnutls_certificate_verify_peers(session, &purpose, 1, &status) < 0 || status != 0))
                return GNUTLS_E_CERTIFICATE_ERROR;
        return peer_allowed(t, &chain[0]) ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

int tls_attach(struct tls *t, gnutls_session_t session)
{
        static const gnutls_certificate_request_t requests[] = {
                [TLS_NO_CLIENT_CERT] = GNUTLS_CERT_IGNORE,
                [TLS_REQUEST_CLIENT_CERT] = GNUTLS_CERT_REQUEST,
                [TLS_REQUIRE_ANY_CLIENT_CERT] = GNUTLS_CERT_REQUIRE,
                [TLS_VERIFY_CLIENT_CERT_IF_GIVEN] = GNUTLS_CERT_REQUEST,
                [TLS_REQUIRE_AND_VERIFY_CLIENT_CERT] = GNUTLS_CERT_REQUIRE,
        };

        if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, t->credentials) < 0 ||
                gnutls_priority_set(session, t->priority) < 0)
                return -EIO;
        gnutls_session_set_ptr(session, t);
        gnutls_certificate_server_set_request(session, requests[t->client_auth]);
        if (t->client_auth != TLS_NO_CLIENT_CERT)
                gnutls_session_set_verify_function(session, verify);
        return 0;
}
