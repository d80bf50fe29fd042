/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The keys of the web configuration file: those of the Prometheus exporter-toolkit, by its names,
 * and bearer_tokens. What they mean is web.h's business. Structures borrow from the tree that they
 * were read from. */

#include "schema.h"

struct web_tls_keys {
        struct schema_place place;
        const char *cert, *cert_file, *key, *key_file, *client_ca, *client_ca_file;
        const char *client_auth_type, *min_version, *max_version;
        const struct yaml_node *client_allowed_sans, *cipher_suites, *curve_preferences;
        bool prefer_server_cipher_suites;
};

struct web_headers_keys {
        struct schema_place place;
        const char *content_security_policy, *x_frame_options, *x_content_type_options;
        const char *x_xss_protection, *strict_transport_security;
};

struct web_http_keys {
        struct schema_place place;
        bool http2;
        struct web_headers_keys headers;
};

struct web_token_keys {
        struct schema_place place;
        const char *name, *token_file, *credential;
        const struct yaml_node *scopes;
};

struct web_rate_keys {
        struct schema_place place;
        usec_t interval;
        unsigned burst;
};

struct web_file_keys {
        struct schema_place place;
        struct web_tls_keys tls;
        struct web_http_keys http;
        const struct yaml_node *users;
        struct schema_list tokens; /* struct web_token_keys */
        struct web_rate_keys rate;
};

extern const struct schema web_file_schema;
