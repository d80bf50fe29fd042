/* SPDX-License-Identifier: Apache-2.0 */
#include "config/peer.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define HEADERS_MAX 64

/* Headers that are not the administrator's: written by us, or a way to put a secret into a file
 * that is not kept like one. */
static const struct {
        const char *name, *why;
} refused_headers[] = {
        {"Authorization", "a secret is never written here; use auth"},
        {"Cookie", "a secret is never written here"},
        {"Proxy-Authorization", "a secret is never written here"},
        {"X-Chroma-Token", "a secret is never written here; use auth with scheme: token"},
        {"Accept-Encoding", "driftwatch sets it itself"},
        {"Connection", "driftwatch sets it itself"},
        {"Content-Length", "driftwatch sets it itself"},
        {"Content-Type", "driftwatch sets it itself"},
        {"Expect", "driftwatch sets it itself"},
        {"Transfer-Encoding", "driftwatch sets it itself"},
};

static const char *check_port(const char *s, const char *end)
{
        unsigned long port = 0;
        const char *first = s;

        for (; s < end && isdigit((unsigned char)*s) && port <= UINT16_MAX; s++)
                port = port * 10 + (unsigned long)(*s - '0');
        return s == first || s != end || port == 0 || port > UINT16_MAX
                ? "the port must be a number from 1 to 65535"
                : NULL;
}

static const char *check_host(const char *host, const char *end)
{
        static const char name[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
        const char *after;

        if (memchr(host, '@', (size_t)(end - host)))
                return "must not contain user information; use auth";
        if (*host == '[') {
                after = host + 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
                if (after == host + 1 || *after++ != ']')
                        return "the IPv6 address must look like [::1]";
        } else {
                after = host + strspn(host, name);
                if (after == host)
                        return "has no host";
        }
        if (after == end)
                return NULL;
        return *after == ':' ? check_port(after + 1, end) : "the host is not valid";
}

static const char *check_url(const char *url, const char *without)
{
        const char *host = strncmp(url, "http://", 7) == 0 ? url + 7
                : strncmp(url, "https://", 8) == 0         ? url + 8
                                                           : NULL;

        /* A query may well have a member such as $filter. */
        if (schema_check_variable(url, strcspn(url, "?")))
                return schema_check_variable(url, strcspn(url, "?"));
        if (!host)
                return "must begin with http:// or https://";
        for (const char *p = url; *p; p++)
                if ((unsigned char)*p <= ' ' || (unsigned char)*p > '~' ||
                        strchr("\"<>\\^`{|}", *p))
                        return "contains a character that must be written percent-encoded";
        if (strpbrk(host, without))
                return strchr(without, '?') ? "must not have a query (?) or fragment (#)"
                                            : "must not have a fragment (#)";
        return check_host(host, host + strcspn(host, "/?#"));
}

const char *url_check_base(const char *url)
{
        return check_url(url, "?#");
}

const char *url_check_target(const char *url)
{
        return check_url(url, "#");
}

const char *url_check_link(const char *url)
{
        return check_url(url, "");
}

static void secret_freep(char **secret)
{
        if (*secret)
                explicit_bzero(*secret, strlen(*secret));
        free(*secret);
}

/* `*ret` stays NULL after a complaint. */
static int read_secret(const struct schema_reader *reader, const struct schema_place *place,
        const char *key, const char *path, char **ret)
{
        _cleanup_(secret_freep) char *secret = NULL;
        _cleanup_error_ struct error e = {0};
        int r = file_read_secret(path, &secret, &e);

        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                schema_error(reader, place, key, NULL, "%s", error_text(&e, r));
                return 0;
        }
        if (schema_check_line(secret)) {
                schema_error(
                        reader, place, key, NULL, "the secret in %s has control characters", path);
                return 0;
        }
        *ret = take_ptr(secret);
        return 0;
}

static int read_secret_file(const struct schema_reader *reader, const struct schema_place *place,
        const char *key, const char *file, char **ret)
{
        _cleanup_free_ char *path = path_resolve(file, reader->file);

        return path ? read_secret(reader, place, key, path, ret) : -ENOMEM;
}

static int read_credential(const struct schema_reader *reader, const struct schema_place *place,
        const char *name, char **ret)
{
        _cleanup_error_ struct error e = {0};
        _cleanup_free_ char *path = NULL;
        int r = credential_path(name, &path, &e);

        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                schema_error(reader, place, "credential", NULL, "%s", error_text(&e, r));
                return 0;
        }
        return read_secret(reader, place, "credential", path, ret);
}

static int join(const char *first, const char *second, const char *third, char **ret)
{
        if (asprintf(ret, "%s%s%s", first, second, third) >= 0)
                return 0;
        *ret = NULL;
        return -ENOMEM;
}

static int build_auth(
        const struct schema_reader *reader, const struct auth_keys *keys, struct http_peer *ret)
{
        _cleanup_(secret_freep) char *secret = NULL;
        int r = 0;

        if (!keys->place.node)
                return 0;
        if (!keys->credential == !keys->secret_file)
                schema_error(
                        reader, &keys->place, NULL, NULL, "needs either credential or secret_file");
        else if (keys->credential)
                r = read_credential(reader, &keys->place, keys->credential, &secret);
        else
                r = read_secret_file(
                        reader, &keys->place, "secret_file", keys->secret_file, &secret);
        if (r < 0 || !secret)
                return r;
        if (streq(keys->scheme, "token"))
                return join("X-Chroma-Token: ", secret, "", &ret->authorization);
        if (streq(keys->scheme, "bearer"))
                return join("Authorization: Bearer ", secret, "", &ret->authorization);
        if (!streq(keys->scheme, "basic"))
                return 0;
        if (!strchr(secret, ':'))
                schema_error(reader, &keys->place, NULL, NULL,
                        "the secret of scheme: basic must be user:password");
        else
                ret->user_password = take_ptr(secret);
        return 0;
}

/* The client opens the file when it connects; a mistake should be known before. */
static int check_file(const struct schema_reader *reader, const struct schema_place *place,
        const char *key, const char *file, char **ret)
{
        struct stat st;

        if (!file)
                return 0;
        *ret = path_resolve(file, reader->file);
        if (!*ret)
                return -ENOMEM;
        if (stat(*ret, &st) < 0 || access(*ret, R_OK) < 0)
                schema_error(reader, place, key, NULL, "cannot read %s: %s", *ret,
                        error_text(NULL, -errno));
        else if (!S_ISREG(st.st_mode))
                schema_error(reader, place, key, NULL, "%s is not a regular file", *ret);
        return 0;
}

static int build_tls(
        const struct schema_reader *reader, const struct tls_keys *keys, struct http_peer *ret)
{
        int r = check_file(reader, &keys->place, "ca_file", keys->ca_file, &ret->ca_file);

        if (r == 0)
                r = check_file(reader, &keys->place, "cert_file", keys->cert_file, &ret->cert_file);
        if (r == 0)
                r = check_file(reader, &keys->place, "key_file", keys->key_file, &ret->key_file);
        if (r == 0)
                r = strdup_to(&ret->server_name, keys->server_name);
        if (!keys->cert_file != !keys->key_file)
                schema_error(reader, &keys->place, NULL, NULL,
                        "needs both cert_file and key_file, or neither");
        ret->insecure_skip_verify = keys->insecure_skip_verify;
        return r;
}

/* What is wrong with a header's name, its value or with setting it; NULL for nothing. */
static const char *check_header(const char *name, const char *value)
{
        /* RFC 9110, section 5.6.2: a token. */
        static const char token[] =
                "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

        if (!*name || name[strspn(name, token)])
                return "is not the name of a header";
        for (size_t i = 0; i < ARRAY_SIZE(refused_headers); i++)
                if (strcasecmp(name, refused_headers[i].name) == 0)
                        return refused_headers[i].why;
        return schema_check_value(value);
}

static bool header_is_there(char *const *headers, const char *name)
{
        size_t length = strlen(name);

        for (; *headers; headers++)
                if (strncasecmp(*headers, name, length) == 0 && (*headers)[length] == ':')
                        return true;
        return false;
}

static int build_headers(
        const struct schema_reader *reader, const struct peer_keys *keys, struct http_peer *ret)
{
        const struct yaml_node *map = keys->headers;
        const struct schema_place place = {&keys->place, "headers", NULL, SIZE_MAX, map};
        size_t count = 0;

        if (!map || map->count == 0)
                return 0;
        if (map->count > HEADERS_MAX) {
                schema_error(reader, &place, NULL, NULL, "has more than %d entries", HEADERS_MAX);
                return 0;
        }
        ret->headers = calloc(map->count + 1, sizeof(char *));
        if (!ret->headers)
                return -ENOMEM;
        for (size_t i = 0; i < map->count; i++) {
                const char *name = map->keys[i]->scalar;
                const char *wrong = check_header(name, map->values[i]->scalar);

                if (!wrong && header_is_there(ret->headers, name))
                        wrong = "is given twice; case does not matter in names of headers";
                if (wrong)
                        schema_error(reader, &place, name, map->keys[i], "%s", wrong);
                else if (join(name, ": ", map->values[i]->scalar, &ret->headers[count++]) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int build_url_file(
        const struct schema_reader *reader, const struct peer_keys *keys, struct http_peer *ret)
{
        _cleanup_(secret_freep) char *url = NULL;
        const char *wrong;
        int r = read_secret_file(reader, &keys->place, "url_file", keys->url_file, &url);

        if (r < 0 || !url)
                return r;
        wrong = url_check_target(url);
        if (wrong)
                schema_error(
                        reader, &keys->place, "url_file", NULL, "the URL in the file %s", wrong);
        else
                ret->url = take_ptr(url);
        return 0;
}

/* A base loses its trailing slashes, because paths begin with one. A target is used as it stands:
 * to some receivers "/hook" and "/hook/" are two. */
static int build_url(const struct schema_reader *reader, const struct peer_keys *keys,
        enum peer_kind kind, struct http_peer *ret)
{
        const struct yaml_node *node = keys->place.node;
        size_t length;

        if (kind == PEER_TARGET && !yaml_get(node, "url") == !yaml_get(node, "url_file"))
                schema_error(reader, &keys->place, NULL, NULL, "needs either url or url_file");
        else if (keys->url_file)
                return build_url_file(reader, keys, ret);
        if (!keys->url)
                return 0;
        length = strlen(keys->url);
        while (kind == PEER_BASE && keys->url[length - 1] == '/')
                length--;
        ret->url = strndup(keys->url, length);
        return ret->url ? 0 : -ENOMEM;
}

int peer_build(const struct schema_reader *reader, const struct peer_keys *keys,
        enum peer_kind kind, usec_t timeout, struct http_peer *ret)
{
        int r = build_url(reader, keys, kind, ret);

        if (r == 0)
                r = build_headers(reader, keys, ret);
        if (r == 0)
                r = build_auth(reader, &keys->auth, ret);
        if (r == 0)
                r = build_tls(reader, &keys->tls, ret);
        peer_set_timeout(ret, timeout);
        return r;
}

void peer_set_timeout(struct http_peer *peer, usec_t timeout)
{
        peer->timeout_usec = timeout;
        peer->connect_timeout_usec = MIN(timeout, CONNECT_TIMEOUT_MAX);
}
