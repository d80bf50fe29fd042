/* SPDX-License-Identifier: Apache-2.0 */
#include "config/peer.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask/embedding.h"
#include "file.h"
#include "json.h"

#define HEADERS_MAX 64

static const char ours[] = "driftwatch sets it itself";

/* Headers that are not the administrator's: written by us, or a way to put a secret into a file
 * that is not kept like one. */
static const struct {
        const char *name, *why;
} refused_headers[] = {
        {"Authorization", "a secret is never written here; use auth"},
        {"Cookie", "a secret is never written here; use auth with scheme: header"},
        {"Proxy-Authorization", "a secret is never written here; use proxy_auth"},
        {"api-key", "a secret is never written here; use auth with scheme: header"},
        {"X-Api-Key", "a secret is never written here; use auth with scheme: header"},
        {"X-Chroma-Token", "a secret is never written here; use auth with scheme: token"},
        {"Accept-Encoding", ours},
        {"Connection", ours},
        {"Content-Length", ours},
        {"Content-Type", ours},
        {"Expect", ours},
        {"Transfer-Encoding", ours},
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

const char *url_check_proxy(const char *url)
{
        const char *host = strstr(url, "://");

        if (host && strchr(host, '@'))
                return "must not contain user information; name the file that holds user:password "
                       "in proxy_auth";
        if (host && strchr(host + 3, '/') && *(strchr(host + 3, '/') + 1))
                return "must not have a path";
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

/* What is wrong with the name of a header; NULL for nothing. RFC 9110, section 5.6.2: a token. */
static const char *check_name(const char *name)
{
        static const char token[] =
                "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

        return !*name || name[strspn(name, token)] ? "is not the name of a header" : NULL;
}

/* What is wrong with a header's name, its value or with setting it; NULL for nothing. */
static const char *check_header(const char *name, const char *value)
{
        const char *wrong = check_name(name);

        for (size_t i = 0; !wrong && i < ARRAY_SIZE(refused_headers); i++)
                if (strcasecmp(name, refused_headers[i].name) == 0)
                        wrong = refused_headers[i].why;
        return wrong ? wrong : schema_check_value(value);
}

static bool header_is_ours(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(refused_headers); i++)
                if (strcasecmp(name, refused_headers[i].name) == 0)
                        return refused_headers[i].why == ours;
        return false;
}

static bool header_is_there(char *const *headers, const char *name)
{
        size_t length = strlen(name);

        for (; headers && *headers; headers++)
                if (strncasecmp(*headers, name, length) == 0 && (*headers)[length] == ':')
                        return true;
        return false;
}

static const char *check_user_password(const char *value)
{
        const char *wrong = schema_check_line(value);

        return wrong ? wrong : strchr(value, ':') ? NULL : "must be user:password";
}

/* `*ret` stays NULL after a complaint. */
static int read_secret(const struct schema_reader *reader, const struct schema_place *place,
        const char *key, const char *path, secret_check_t check, struct secret **ret)
{
        _cleanup_error_ struct error e = {0};
        int r = secret_new(path, check, ret, &e);

        if (r == -ENOMEM)
                return r;
        if (r < 0)
                schema_error(reader, place, key, NULL, "%s", error_text(&e, r));
        return 0;
}

static int read_secret_file(const struct schema_reader *reader, const struct schema_place *place,
        const char *key, const char *file, secret_check_t check, struct secret **ret)
{
        _cleanup_free_ char *path = path_resolve(file, reader->file);

        return path ? read_secret(reader, place, key, path, check, ret) : -ENOMEM;
}

/* Where a secret is: in one of two places. */
struct secret_keys {
        const struct schema_place *place;
        const char *credential, *file_key, *file;
};

static int read_credential(const struct schema_reader *reader, const struct secret_keys *keys,
        secret_check_t check, struct secret **ret)
{
        _cleanup_error_ struct error e = {0};
        _cleanup_free_ char *path = NULL;
        int r = credential_path(keys->credential, &path, &e);

        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                schema_error(reader, keys->place, "credential", NULL, "%s", error_text(&e, r));
                return 0;
        }
        return read_secret(reader, keys->place, "credential", path, check, ret);
}

static int join(const char *first, const char *second, const char *third, char **ret)
{
        if (asprintf(ret, "%s%s%s", first, second, third) >= 0)
                return 0;
        *ret = NULL;
        return -ENOMEM;
}

/* `*ret` stays NULL after a complaint. */
static int find_secret(const struct schema_reader *reader, const struct secret_keys *keys,
        secret_check_t check, struct secret **ret)
{
        if (keys->credential && !keys->file)
                return read_credential(reader, keys, check, ret);
        if (keys->file && !keys->credential)
                return read_secret_file(
                        reader, keys->place, keys->file_key, keys->file, check, ret);
        schema_error(
                reader, keys->place, NULL, NULL, "needs either credential or %s", keys->file_key);
        return 0;
}

int peer_find_secret(const struct schema_reader *reader, const struct auth_keys *keys,
        secret_check_t check, struct secret **ret)
{
        const struct secret_keys found = {
                &keys->place, keys->credential, "secret_file", keys->secret_file};

        return find_secret(reader, &found, check, ret);
}

int peer_build_key(const struct schema_reader *reader, const struct peer_keys *keys,
        const char *file_key, secret_check_t check, struct secret **ret)
{
        const struct secret_keys found = {&keys->place, keys->credential, file_key, keys->key_file};

        return find_secret(reader, &found, check, ret);
}

/* The name of the header that holds the secret; NULL after a complaint. */
static const char *secret_header_name(
        const struct schema_reader *reader, const struct auth_keys *keys, char *const *headers)
{
        const char *wrong;

        if (!keys->name) {
                if (!yaml_get(keys->place.node, "name"))
                        schema_error(reader, &keys->place, NULL, NULL,
                                "scheme: header needs the header's name");
                return NULL;
        }
        wrong = check_name(keys->name);
        if (!wrong && header_is_ours(keys->name))
                wrong = ours;
        if (!wrong && header_is_there(headers, keys->name))
                wrong = "is among headers already";
        if (!wrong)
                return keys->name;
        schema_error(reader, &keys->place, "name", NULL, "%s", wrong);
        return NULL;
}

static int build_auth(
        const struct schema_reader *reader, const struct auth_keys *keys, struct http_peer *ret)
{
        bool basic = keys->scheme && streq(keys->scheme, "basic");
        const char *name;
        int r;

        if (!keys->place.node)
                return 0;
        r = peer_find_secret(
                reader, keys, basic ? check_user_password : schema_check_line, &ret->secret);
        if (r < 0 || !keys->scheme)
                return r;
        if (!streq(keys->scheme, "header") && keys->name)
                schema_error(reader, &keys->place, "name", NULL, "goes with scheme: header only");
        if (streq(keys->scheme, "token"))
                return strdup_to(&ret->secret_header, "X-Chroma-Token: ");
        if (streq(keys->scheme, "bearer"))
                return strdup_to(&ret->secret_header, "Authorization: Bearer ");
        if (basic)
                return 0;
        name = secret_header_name(reader, keys, ret->headers);
        return name ? join(name, ": ", "", &ret->secret_header) : 0;
}

static int build_proxy(
        const struct schema_reader *reader, const struct peer_keys *keys, struct http_peer *ret)
{
        int r = strdup_to(&ret->proxy, keys->proxy);

        if (r < 0 || !keys->proxy_auth.place.node)
                return r;
        if (!keys->proxy && !yaml_get(keys->place.node, "proxy"))
                schema_error(reader, &keys->proxy_auth.place, NULL, NULL, "goes with proxy only");
        return peer_find_secret(reader, &keys->proxy_auth, check_user_password, &ret->proxy_secret);
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

int peer_build_tls(
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

static const struct {
        const char *url, *file; /* keys of which one must be given; NULL: there is but `url` */
        bool exact; /* the URL is used as it stands */
        const char *known_paths[4]; /* how URLs end that were copied with the path of the API: the
                                     * first that fits is cut off */
} kinds[PEER_KIND_COUNT] = {
        [PEER_CHROMA] = {.known_paths = {"/api/v2", "/api/v1"}},
        [PEER_ALERTMANAGER] = {.known_paths = {"/api/v2/alerts", "/api/v1/alerts", "/api/v2"}},
        [PEER_TARGET] = {"url", "url_file", true},
        [PEER_API] = {"api_url", "api_url_file", true},
        [PEER_HOOK] = {"webhook_url", "webhook_url_file", true},
        [PEER_ENDPOINT] = {.exact = true},
};

static int build_url_file(const struct schema_reader *reader, const struct peer_keys *keys,
        const char *file_key, struct http_peer *ret)
{
        int r = read_secret_file(
                reader, &keys->place, file_key, keys->url_file, url_check_target, &ret->secret_url);

        return r < 0 || !ret->secret_url ? r : strdup_to(&ret->url, secret_value(ret->secret_url));
}

/* Without slashes at the end, because paths begin with one, and without a known path. */
static char *base_url(const char *url, const char *const *paths)
{
        size_t length = strlen(url);

        while (url[length - 1] == '/')
                length--;
        for (; *paths; paths++) {
                size_t size = strlen(*paths);

                if (length <= size || memcmp(url + length - size, *paths, size) != 0)
                        continue;
                length -= size;
                break;
        }
        while (url[length - 1] == '/')
                length--;
        return strndup(url, length);
}

/* A target is used as it stands: to some receivers "/hook" and "/hook/" are two. */
static int build_url(const struct schema_reader *reader, const struct peer_keys *keys,
        enum peer_kind kind, struct http_peer *ret)
{
        const struct yaml_node *node = keys->place.node;
        const struct embedding_dialect *dialect = embedding_dialect_find(keys->api);
        _cleanup_free_ char *base = NULL;

        if (kinds[kind].file &&
                !yaml_get(node, kinds[kind].url) == !yaml_get(node, kinds[kind].file))
                schema_error(reader, &keys->place, NULL, NULL, "needs either %s or %s",
                        kinds[kind].url, kinds[kind].file);
        else if (keys->url_file)
                return build_url_file(reader, keys, kinds[kind].file, ret);
        if (!keys->url)
                return 0;
        if (kinds[kind].exact || strchr(keys->url, '?'))
                return strdup_to(&ret->url, keys->url);
        base = base_url(keys->url, kinds[kind].known_paths);
        if (!base)
                return -ENOMEM;
        ret->url = dialect ? embedding_url(dialect, base) : take_ptr(base);
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
                r = build_proxy(reader, keys, ret);
        if (r == 0)
                r = peer_build_tls(reader, &keys->tls, ret);
        peer_set_timeout(ret, timeout);
        ret->concurrency = keys->concurrency;
        return r;
}

/* What the texts stand under, and whose model they are, is said by keys of their own. */
int peer_build_body(const struct schema_reader *reader, const struct peer_keys *keys, json_t **ret)
{
        const struct schema_place place = {&keys->place, "body", NULL, SIZE_MAX, keys->body};
        static const struct {
                const char *name, *why;
        } refused[] = {
                {"model", "is said by the embedder's own key model"},
                {"input", "is what driftwatch puts the texts into"},
                {"inputs", "is what driftwatch puts the texts into"},
        };

        if (!keys->body)
                return 0;
        for (size_t i = 0; i < keys->body->count; i++)
                for (size_t k = 0; k < ARRAY_SIZE(refused); k++)
                        if (streq(keys->body->keys[i]->scalar, refused[k].name))
                                schema_error(reader, &place, refused[k].name, keys->body->keys[i],
                                        "%s", refused[k].why);
        *ret = json_from_yaml(keys->body);
        return *ret ? 0 : -ENOMEM;
}

void peer_set_timeout(struct http_peer *peer, usec_t timeout)
{
        peer->timeout_usec = timeout;
        peer->connect_timeout_usec = MIN(timeout, CONNECT_TIMEOUT_MAX);
}
