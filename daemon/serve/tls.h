/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The server's side of TLS, by GnuTLS: certificate and key, what is spoken, and which clients are
 * let in by their certificates. Made once and not changed; a renewed certificate is another one.
 * Shared by threads and by the connections that began with it, through references. It reads no
 * file. */

#include <gnutls/gnutls.h>
#include <stddef.h>

#include "error.h"

/* What a client's certificate is asked for; as Go's crypto/tls names them. */
enum tls_client_auth {
        TLS_NO_CLIENT_CERT,
        TLS_REQUEST_CLIENT_CERT,
        TLS_REQUIRE_ANY_CLIENT_CERT,
        TLS_VERIFY_CLIENT_CERT_IF_GIVEN,
        TLS_REQUIRE_AND_VERIFY_CLIENT_CERT,
};

struct tls_settings {
        const char *cert, *key; /* PEM: the chain, and its private key */
        const char *client_ca; /* PEM; NULL: those of the system */
        enum tls_client_auth client_auth;
        const char *const *allowed_sans; /* of which a client's certificate has one */
        size_t allowed_san_count; /* 0: any will do */
        const char *priority; /* as GnuTLS writes them; cipher.h makes it */
};

struct tls;
/* -EBADMSG with a sentence's end - "the key does not belong to the certificate" -; -ENOMEM. */
_must_check_ int tls_new(const struct tls_settings *settings, struct tls **ret, struct error *e);
struct tls *tls_ref(struct tls *t); /* NULL stays NULL */
struct tls *tls_unref(struct tls *t);
DEFINE_CLEANUP(struct tls *, tls_unref)
/* Before the handshake: the session uses it, and needs it until it ends. -EIO when the library
 * refuses; the session is of no use then. */
_must_check_ int tls_attach(struct tls *t, gnutls_session_t session);
