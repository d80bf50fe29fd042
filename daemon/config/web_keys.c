/* SPDX-License-Identifier: Apache-2.0 */
#include "config/web_keys.h"

#include "config/table.h"
#include "serve/cipher.h"

#define TOKENS_MAX 64
#define BURST_MAX 1000000

/* RequireClientCert is what RequireAnyClientCert was called once. */
static const char *const client_auth_types[] = {"NoClientCert", "RequestClientCert",
        "RequireAnyClientCert", "RequireClientCert", "VerifyClientCertIfGiven",
        "RequireAndVerifyClientCert", NULL};
static const char *const frame_options[] = {"deny", "sameorigin", NULL};
static const char *const content_type_options[] = {"nosniff", NULL};

static const struct schema_key tls_table[] = {
        KEY(web_tls_keys, cert_file, "cert_file", SCHEMA_STRING, .kind = "path",
                .doc = "The server's certificate, followed by those that lead to its authority "
                       "(PEM)."),
        KEY(web_tls_keys, key_file, "key_file", SCHEMA_STRING, .kind = "path",
                .doc = "Its private key (PEM)."),
        KEY(web_tls_keys, cert, "cert", SCHEMA_STRING, .kind = "PEM",
                .doc = "Instead of `cert_file`: the certificate itself."),
        KEY(web_tls_keys, key, "key", SCHEMA_STRING, .kind = "PEM",
                .doc = "Instead of `key_file`: the key itself."),
        KEY(web_tls_keys, client_auth_type, "client_auth_type", SCHEMA_WORD,
                .words = client_auth_types, .fallback = "NoClientCert",
                .doc = "Whether clients show a certificate, and whether it is verified."),
        KEY(web_tls_keys, client_ca_file, "client_ca_file", SCHEMA_STRING, .kind = "path",
                .doc = "Authorities that clients' certificates come from (PEM)."),
        KEY(web_tls_keys, client_ca, "client_ca", SCHEMA_STRING, .kind = "PEM",
                .doc = "Instead of `client_ca_file`: their certificates themselves."),
        KEY(web_tls_keys, client_allowed_sans, "client_allowed_sans", SCHEMA_STRINGS,
                .doc = "A client's certificate has one of these names (DNS, IP, e-mail, URI)."),
        KEY(web_tls_keys, min_version, "min_version", SCHEMA_WORD, .words = cipher_versions,
                .fallback = "TLS12", .doc = "The oldest version that is spoken."),
        KEY(web_tls_keys, max_version, "max_version", SCHEMA_WORD, .words = cipher_versions,
                .fallback = "TLS13", .doc = "The newest."),
        KEY(web_tls_keys, cipher_suites, "cipher_suites", SCHEMA_STRINGS,
                .doc = "Cipher suites up to TLS 1.2, by Go's names, most preferred first."),
        KEY(web_tls_keys, prefer_server_cipher_suites, "prefer_server_cipher_suites",
                SCHEMA_BOOLEAN, .fallback = "true",
                .doc = "Whether that order counts, and not the client's."),
        KEY(web_tls_keys, curve_preferences, "curve_preferences", SCHEMA_STRINGS,
                .doc = "Curves of the key exchange, most preferred first."),
};
static const struct schema tls_schema = SCHEMA(tls_table, web_tls_keys);

static const struct schema_key headers_table[] = {
        KEY(web_headers_keys, content_security_policy, "Content-Security-Policy", SCHEMA_STRING,
                .check = schema_check_line, .doc = "Instead of the policy of each page."),
        KEY(web_headers_keys, x_frame_options, "X-Frame-Options", SCHEMA_WORD,
                .words = frame_options, .doc = "For browsers that know no `frame-ancestors`."),
        KEY(web_headers_keys, x_content_type_options, "X-Content-Type-Options", SCHEMA_WORD,
                .words = content_type_options, .doc = "Sent in any case."),
        KEY(web_headers_keys, x_xss_protection, "X-XSS-Protection", SCHEMA_STRING,
                .check = schema_check_line, .doc = "For old browsers."),
        KEY(web_headers_keys, strict_transport_security, "Strict-Transport-Security", SCHEMA_STRING,
                .check = schema_check_line,
                .doc = "How long browsers insist on TLS for the whole host."),
};
static const struct schema headers_schema = SCHEMA(headers_table, web_headers_keys);

static const struct schema_key http_table[] = {
        KEY(web_http_keys, http2, "http2", SCHEMA_BOOLEAN, .fallback = "true",
                .doc = "Without effect: HTTP/1.1 is what is spoken."),
        KEY(web_http_keys, headers, "headers", SCHEMA_OBJECT, .object = &headers_schema,
                .doc = "Headers of every answer; no others can be set."),
};
static const struct schema http_schema = SCHEMA(http_table, web_http_keys);

static const struct schema_key token_table[] = {
        KEY(web_token_keys, name, "name", SCHEMA_STRING, .required = true, NAME_CHECKED,
                .doc = "For whom it is, for messages."),
        KEY(web_token_keys, token_file, "token_file", SCHEMA_STRING, .kind = "path",
                .doc = "File whose first line is the token."),
        KEY(web_token_keys, credential, "credential", SCHEMA_STRING,
                .doc = "Instead of `token_file`: a credential of the unit."),
        KEY(web_token_keys, scopes, "scopes", SCHEMA_STRINGS, .required = true, BETWEEN(1, 3),
                .doc = "What it is good for: `read`, `replay`, `write`."),
};
static const struct schema token_schema = SCHEMA(token_table, web_token_keys);

static const struct schema_key rate_table[] = {
        KEY(web_rate_keys, interval, "interval", SCHEMA_DURATION, .fallback = "0s",
                BETWEEN(0, USEC_PER_HOUR),
                .doc = "From one request to the next, whoever sends it; 0s for no limit."),
        KEY(web_rate_keys, burst, "burst", SCHEMA_INTEGER, .fallback = "1", BETWEEN(1, BURST_MAX),
                .doc = "Requests that may come at once."),
};
static const struct schema rate_schema = SCHEMA(rate_table, web_rate_keys);

static const struct schema_key file_table[] = {
        KEY(web_file_keys, tls, "tls_server_config", SCHEMA_OBJECT, .object = &tls_schema,
                .doc = "TLS; without it nothing is encrypted."),
        KEY(web_file_keys, http, "http_server_config", SCHEMA_OBJECT, .object = &http_schema,
                .doc = "What HTTP answers carry."),
        KEY(web_file_keys, users, "basic_auth_users", SCHEMA_STRING_MAP,
                .kind = "mapping of strings",
                .doc = "Users and the bcrypt hashes of their passwords; they may do everything."),
        KEY(web_file_keys, tokens, "bearer_tokens", SCHEMA_OBJECTS, BETWEEN(0, TOKENS_MAX),
                .object = &token_schema, .doc = "Tokens of programs; not of the toolkit."),
        KEY(web_file_keys, rate, "rate_limit", SCHEMA_OBJECT, .object = &rate_schema,
                .doc = "How many requests are answered at all."),
};
const struct schema web_file_schema = SCHEMA(file_table, web_file_keys);
