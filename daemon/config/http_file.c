/* SPDX-License-Identifier: Apache-2.0 */
#include "config/http_file.h"

#include <errno.h>
#include <stdio.h>

#include "base64.h"
#include "config/peer.h"
#include "config/table.h"
#include "file.h"

#define HTTP_FILE_MAX ((size_t)1 << 20)

struct basic_keys {
        struct schema_place place;
        const char *username, *password, *password_file;
};

struct authorization_keys {
        struct schema_place place;
        const char *type, *credentials, *credentials_file;
};

struct http_file_keys {
        struct schema_place place;
        struct basic_keys basic;
        struct authorization_keys authorization;
        struct tls_keys tls;
        const char *proxy_url;
        bool follow_redirects, enable_http2; /* accepted, and without effect */
};

static const struct schema_key basic_table[] = {
        KEY(basic_keys, username, "username", SCHEMA_STRING, .check = schema_check_line),
        KEY(basic_keys, password, "password", SCHEMA_STRING, .check = schema_check_line),
        KEY(basic_keys, password_file, "password_file", SCHEMA_STRING),
};
static const struct schema basic_schema = SCHEMA(basic_table, basic_keys);

static const struct schema_key authorization_table[] = {
        KEY(authorization_keys, type, "type", SCHEMA_STRING, .fallback = "Bearer",
                .check = schema_check_line),
        KEY(authorization_keys, credentials, "credentials", SCHEMA_STRING,
                .check = schema_check_line),
        KEY(authorization_keys, credentials_file, "credentials_file", SCHEMA_STRING),
};
static const struct schema authorization_schema = SCHEMA(authorization_table, authorization_keys);

static const struct schema_key tls_table[] = {
        KEY(tls_keys, ca_file, "ca_file", SCHEMA_STRING),
        KEY(tls_keys, cert_file, "cert_file", SCHEMA_STRING),
        KEY(tls_keys, key_file, "key_file", SCHEMA_STRING),
        KEY(tls_keys, server_name, "server_name", SCHEMA_STRING, .check = schema_check_line),
        KEY(tls_keys, insecure_skip_verify, "insecure_skip_verify", SCHEMA_BOOLEAN,
                .fallback = "false"),
};
static const struct schema tls_schema = SCHEMA(tls_table, tls_keys);

static const struct schema_key file_table[] = {
        KEY(http_file_keys, basic, "basic_auth", SCHEMA_OBJECT, .object = &basic_schema),
        KEY(http_file_keys, authorization, "authorization", SCHEMA_OBJECT,
                .object = &authorization_schema),
        KEY(http_file_keys, tls, "tls_config", SCHEMA_OBJECT, .object = &tls_schema),
        KEY(http_file_keys, proxy_url, "proxy_url", SCHEMA_STRING, .check = url_check_proxy),
        KEY(http_file_keys, follow_redirects, "follow_redirects", SCHEMA_BOOLEAN,
                .fallback = "true"),
        KEY(http_file_keys, enable_http2, "enable_http2", SCHEMA_BOOLEAN, .fallback = "true"),
};
static const struct schema file_schema = SCHEMA(file_table, http_file_keys);

static void wipep(char **secret)
{
        if (*secret)
                explicit_bzero(*secret, strlen(*secret));
        free(*secret);
}

/* What stands there or in the file; `*ret` stays NULL after a complaint. */
static int read_secret(const struct schema_reader *reader, const struct schema_place *place,
        const char *key, const char *value, const char *file_key, const char *file, char **ret)
{
        _cleanup_error_ struct error e = {0};
        _cleanup_free_ char *path = file ? path_resolve(file, reader->file) : NULL;
        int r;

        if (!value == !file) {
                schema_error(reader, place, NULL, NULL, "give %s or %s", key, file_key);
                return 0;
        }
        if (value)
                return strdup_to(ret, value);
        r = path ? file_read_secret(path, ret, &e) : -ENOMEM;
        if (r < 0 && r != -ENOMEM)
                schema_error(reader, place, file_key, NULL, "%s", error_text(&e, r));
        return r == -ENOMEM ? r : 0;
}

/* The one header that there is. */
static int set_authorization(struct http_peer *peer, const char *scheme, const char *value)
{
        peer->headers = calloc(2, sizeof(char *));
        if (!peer->headers)
                return -ENOMEM;
        if (asprintf(&peer->headers[0], "Authorization: %s %s", scheme, value) >= 0)
                return 0;
        peer->headers[0] = NULL;
        return -ENOMEM;
}

static int build_basic(
        const struct schema_reader *reader, const struct basic_keys *k, struct http_peer *ret)
{
        _cleanup_(wipep) char *password = NULL, *both = NULL, *encoded = NULL;
        int r = read_secret(reader, &k->place, "password", k->password, "password_file",
                k->password_file, &password);

        if (r < 0 || !password)
                return r;
        if (asprintf(&both, "%s:%s", k->username ? k->username : "", password) < 0) {
                both = NULL;
                return -ENOMEM;
        }
        encoded = base64_encode(both, strlen(both));
        return encoded ? set_authorization(ret, "Basic", encoded) : -ENOMEM;
}

static int build_authorization(const struct schema_reader *reader,
        const struct authorization_keys *k, struct http_peer *ret)
{
        _cleanup_(wipep) char *credentials = NULL;
        int r = read_secret(reader, &k->place, "credentials", k->credentials, "credentials_file",
                k->credentials_file, &credentials);

        return r < 0 || !credentials ? r : set_authorization(ret, k->type, credentials);
}

static int build(
        const struct schema_reader *reader, const struct http_file_keys *k, struct http_peer *ret)
{
        int r = peer_build_tls(reader, &k->tls, ret);

        if (k->basic.place.node && k->authorization.place.node)
                schema_error(reader, &k->authorization.place, NULL, NULL,
                        "there is a basic_auth already: give one of them");
        else if (r >= 0 && k->basic.place.node)
                r = build_basic(reader, &k->basic, ret);
        else if (r >= 0 && k->authorization.place.node)
                r = build_authorization(reader, &k->authorization, ret);
        return r < 0 ? r : strdup_to(&ret->proxy, k->proxy_url);
}

int http_file_load(
        const char *path, struct http_peer *ret, bool *ret_encrypted, struct errors *errors)
{
        _cleanup_(yaml_node_freep) struct yaml_node *root = NULL;
        _cleanup_error_ struct error e = {0};
        _cleanup_(wipep) char *data = NULL;
        const struct schema_reader reader = {path, errors};
        struct http_file_keys keys = {0};
        size_t size, known = errors_total(errors);
        int r = file_read(path, HTTP_FILE_MAX, &data, &size, &e);

        if (r < 0)
                errors_add(errors, "%s", error_text(&e, r));
        else
                r = yaml_parse(path, data, size, &root, errors);
        if (r >= 0)
                r = schema_read(&reader, &file_schema, root, &keys);
        if (r >= 0)
                r = build(&reader, &keys, ret);
        *ret_encrypted = keys.tls.place.node != NULL;
        schema_done(&file_schema, &keys);
        if (r == -ENOMEM)
                errors_add(errors, "%s: out of memory", path);
        return errors_total(errors) > known ? (r == -ENOMEM ? r : -EBADMSG) : r;
}
