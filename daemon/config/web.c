/* SPDX-License-Identifier: Apache-2.0 */
#include "config/web.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "file.h"
#include "hash.h"
#include "serve/bcrypt.h"
#include "serve/cipher.h"

#define TOKEN_MIN 16

struct loader {
        struct schema_reader reader;
        struct web_file_keys keys;
        struct web_config *config;
        struct web_files *files;
};

void web_files_done(struct web_files *files)
{
        for (size_t i = 0; i < files->count; i++)
                free(files->paths[i]);
        free(files->paths);
        *files = (struct web_files){0};
}

static uint64_t stamp_file(uint64_t hash, const char *path)
{
        struct stat st = {0};
        char text[160];

        if (stat(path, &st) < 0)
                st = (struct stat){0};
        (void)snprintf(text, sizeof(text), "%llu %llu %lld %lld.%09ld %lld.%09ld",
                (unsigned long long)st.st_dev, (unsigned long long)st.st_ino, (long long)st.st_size,
                (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec,
                st.st_ctim.tv_nsec);
        return hash_text(hash_text(hash, path), text);
}

/* Takes `path`. Before it is read, so that a change meanwhile is one. */
static int add_file(struct web_files *files, char *path)
{
        char **grown = path ? reallocarray(files->paths, files->count + 1, sizeof(char *)) : NULL;

        if (!grown) {
                free(path);
                return -ENOMEM;
        }
        files->paths = grown;
        grown[files->count++] = path;
        files->stamp = stamp_file(files->stamp, path);
        return 0;
}

uint64_t web_files_stamp(const struct web_files *files)
{
        uint64_t stamp = 0;

        for (size_t i = 0; i < files->count; i++)
                stamp = stamp_file(stamp, files->paths[i]);
        return stamp;
}

static void wipep(char **secret)
{
        if (*secret)
                explicit_bzero(*secret, strlen(*secret));
        free(*secret);
}

/* A PEM in the file or in one that it names; `*ret` stays NULL where there is none, or after a
 * complaint. */
static int read_pem(struct loader *l, const char *name, const char *inline_pem,
        const char *file_key, const char *file, char **ret)
{
        _cleanup_error_ struct error e = {0};
        size_t size;
        char *path;
        int r;

        if (inline_pem && file)
                schema_error(&l->reader, &l->keys.tls.place, file_key, NULL,
                        "there is \"%s\" already: give one of them", name);
        if (!file || inline_pem)
                return strdup_to(ret, inline_pem);
        path = path_resolve(file, l->reader.file);
        r = add_file(l->files, path);
        if (r >= 0)
                r = file_read(path, WEB_FILE_MAX, ret, &size, &e);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                schema_error(
                        &l->reader, &l->keys.tls.place, file_key, NULL, "%s", error_text(&e, r));
        else if (strlen(*ret) != size)
                schema_error(&l->reader, &l->keys.tls.place, file_key, NULL,
                        "%s is not PEM: it has bytes that are no text", path);
        return 0;
}

static enum tls_client_auth client_auth_of(const char *type)
{
        static const struct {
                const char *name;
                enum tls_client_auth auth;
        } types[] = {
                {"RequestClientCert", TLS_REQUEST_CLIENT_CERT},
                {"RequireAnyClientCert", TLS_REQUIRE_ANY_CLIENT_CERT},
                {"RequireClientCert", TLS_REQUIRE_ANY_CLIENT_CERT},
                {"VerifyClientCertIfGiven", TLS_VERIFY_CLIENT_CERT_IF_GIVEN},
                {"RequireAndVerifyClientCert", TLS_REQUIRE_AND_VERIFY_CLIENT_CERT},
        };

        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (streq(types[i].name, type))
                        return types[i].auth;
        return TLS_NO_CLIENT_CERT;
}

/* The strings of a list, borrowed; the array is owned, never NULL on success. */
static int strings_of(const struct yaml_node *list, const char *const **ret, size_t *ret_count)
{
        size_t count = list ? list->count : 0;
        const char **strings = calloc(count + 1, sizeof(char *));

        if (!strings)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                strings[i] = list->values[i]->scalar;
        *ret = strings;
        *ret_count = count;
        return 0;
}

static int build_priority(struct loader *l, char **ret)
{
        const struct web_tls_keys *k = &l->keys.tls;
        _cleanup_error_ struct error e = {0};
        _cleanup_free_ const char *const *suites = NULL, *const *curves = NULL;
        struct cipher_choice choice = {
                .min_version = k->min_version,
                .max_version = k->max_version,
                .server_prefers = k->prefer_server_cipher_suites,
        };
        int r = strings_of(k->cipher_suites, &suites, &choice.suite_count);

        if (r >= 0)
                r = strings_of(k->curve_preferences, &curves, &choice.curve_count);
        choice.suites = suites;
        choice.curves = curves;
        if (r >= 0 && k->min_version && k->max_version)
                r = cipher_priority(&choice, ret, &e);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                schema_error(&l->reader, &k->place, NULL, NULL, "%s", error_text(&e, r));
        return 0;
}

/* As the toolkit: what one of them would not do is an error. */
static bool clients_make_sense(struct loader *l, enum tls_client_auth auth)
{
        const struct web_tls_keys *k = &l->keys.tls;
        const bool authorities = k->client_ca || k->client_ca_file;

        if (authorities && auth == TLS_NO_CLIENT_CERT)
                schema_error(&l->reader, &k->place, k->client_ca ? "client_ca" : "client_ca_file",
                        NULL,
                        "nobody is asked for a certificate: set client_auth_type, as "
                        "RequireAndVerifyClientCert");
        else if (k->client_allowed_sans && auth != TLS_REQUIRE_ANY_CLIENT_CERT &&
                auth != TLS_REQUIRE_AND_VERIFY_CLIENT_CERT)
                schema_error(&l->reader, &k->place, "client_allowed_sans", NULL,
                        "a client may come without a certificate: client_auth_type must be "
                        "RequireAndVerifyClientCert or RequireAnyClientCert");
        else
                return true;
        return false;
}

static bool is_encrypted(const struct web_tls_keys *k)
{
        return k->cert || k->cert_file || k->key || k->key_file || k->client_ca ||
                k->client_ca_file || (k->place.node && !streq(k->client_auth_type, "NoClientCert"));
}

static int build_credentials(struct loader *l, const char *cert, const char *key,
        const char *client_ca, const char *priority)
{
        const struct web_tls_keys *k = &l->keys.tls;
        _cleanup_error_ struct error e = {0};
        _cleanup_free_ const char *const *sans = NULL;
        struct tls_settings settings = {
                .cert = cert,
                .key = key,
                .client_ca = client_ca,
                .client_auth = client_auth_of(k->client_auth_type),
                .priority = priority,
        };
        int r = strings_of(k->client_allowed_sans, &sans, &settings.allowed_san_count);

        settings.allowed_sans = sans;
        if (r >= 0)
                r = tls_new(&settings, &l->config->tls, &e);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                schema_error(&l->reader, &k->place, NULL, NULL, "%s", error_text(&e, r));
        return 0;
}

static int build_tls(struct loader *l)
{
        const struct web_tls_keys *k = &l->keys.tls;
        _cleanup_free_ char *cert = NULL, *client_ca = NULL, *priority = NULL;
        _cleanup_(wipep) char *key = NULL;
        bool sense = clients_make_sense(l, client_auth_of(k->client_auth_type));
        int r = build_priority(l, &priority);

        if (r >= 0)
                r = read_pem(l, "cert", k->cert, "cert_file", k->cert_file, &cert);
        if (r >= 0)
                r = read_pem(l, "key", k->key, "key_file", k->key_file, &key);
        if (r >= 0)
                r = read_pem(l, "client_ca", k->client_ca, "client_ca_file", k->client_ca_file,
                        &client_ca);
        if (r < 0 || !is_encrypted(k))
                return r;
        if (!k->cert && !k->cert_file)
                schema_error(&l->reader, &k->place, NULL, NULL, "cert_file is missing");
        if (!k->key && !k->key_file)
                schema_error(&l->reader, &k->place, NULL, NULL, "key_file is missing");
        if (!cert || !key || !priority || !sense ||
                ((k->client_ca || k->client_ca_file) && !client_ca))
                return 0;
        return build_credentials(l, cert, key, client_ca, priority);
}

static int build_headers(struct loader *l)
{
        const struct web_headers_keys *k = &l->keys.http.headers;
        const char *const values[WEB_HEADERS] = {k->content_security_policy, k->x_frame_options,
                k->x_content_type_options, k->x_xss_protection, k->strict_transport_security};
        int r = 0;

        for (size_t i = 0; i < WEB_HEADERS && r == 0; i++)
                r = strdup_to(&l->config->headers[i], values[i]);
        return r;
}

static const char *check_user(const char *name, const char *hash)
{
        if (*name == '\0' || strchr(name, ':'))
                return "a user's name is not empty and has no colon";
        return bcrypt_check_hash(hash);
}

static int build_users(struct loader *l)
{
        const struct yaml_node *users = l->keys.users;
        struct web_config *c = l->config;
        int r = 0;

        c->users = calloc(users ? users->count + 1 : 1, sizeof(*c->users));
        if (!c->users)
                return -ENOMEM;
        for (size_t i = 0; users && i < users->count && r == 0; i++) {
                const char *name = users->keys[i]->scalar, *hash = users->values[i]->scalar;
                const char *wrong = check_user(name, hash);
                struct web_user *user = &c->users[c->user_count];

                if (wrong) {
                        schema_error(&l->reader, &l->keys.place, "basic_auth_users",
                                users->values[i], "%s: %s", name, wrong);
                        continue;
                }
                c->user_count++;
                r = strdup_to(&user->name, name);
                if (r == 0)
                        r = strdup_to(&user->hash, hash);
        }
        return r;
}

/* The path of a token; NULL after a complaint. */
static int token_path(struct loader *l, const struct web_token_keys *k, char **ret)
{
        _cleanup_error_ struct error e = {0};
        int r;

        if (!k->token_file == !k->credential) {
                schema_error(&l->reader, &k->place, NULL, NULL,
                        "give token_file or credential: where is the token?");
                return 0;
        }
        if (k->token_file) {
                *ret = path_resolve(k->token_file, l->reader.file);
                return *ret ? 0 : -ENOMEM;
        }
        r = credential_path(k->credential, ret, &e);
        if (r < 0 && r != -ENOMEM)
                schema_error(&l->reader, &k->place, "credential", NULL, "%s", error_text(&e, r));
        return r == -ENOMEM ? r : 0;
}

/* As RFC 6750 has them: others could not be sent. */
static const char *check_token(const char *token)
{
        static const char allowed[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/=";

        if (strlen(token) < TOKEN_MIN)
                return "is shorter than 16 characters: openssl rand -hex 32 makes a good one";
        return token[strspn(token, allowed)] ? "has characters that a bearer token has not: "
                                               "letters, digits and -._~+/= are allowed"
                                             : NULL;
}

static int build_scopes(struct loader *l, const struct web_token_keys *k, unsigned *ret)
{
        for (size_t i = 0; k->scopes && i < k->scopes->count; i++) {
                const struct yaml_node *word = k->scopes->values[i];
                unsigned scope = SCOPE_READ;

                while (scope < SCOPE_ALL && !streq(web_scope_name(scope), word->scalar))
                        scope <<= 1;
                if (scope > SCOPE_ALL)
                        schema_error(&l->reader, &k->place, "scopes", word,
                                "\"%s\" is none of read, replay, write", word->scalar);
                else
                        *ret |= scope;
        }
        return 0;
}

static int build_token(struct loader *l, const struct web_token_keys *k)
{
        _cleanup_error_ struct error e = {0};
        _cleanup_(wipep) char *token = NULL;
        const char *key = k->token_file ? "token_file" : "credential", *wrong;
        unsigned scopes = 0;
        char *path = NULL;
        int r = build_scopes(l, k, &scopes);

        if (r >= 0)
                r = token_path(l, k, &path);
        if (r < 0 || !path)
                return r;
        r = add_file(l->files, path);
        if (r < 0)
                return r;
        r = file_read_secret(path, &token, &e);
        if (r == -ENOMEM)
                return r;
        wrong = r >= 0 ? check_token(token) : error_text(&e, r);
        if (wrong)
                schema_error(&l->reader, &k->place, key, NULL, "%s%s%s", r >= 0 ? path : "",
                        r >= 0 ? " " : "", wrong);
        else if (k->name)
                return web_config_add_token(l->config, k->name, token, scopes);
        return 0;
}

static int build(struct loader *l)
{
        const struct schema_list *tokens = &l->keys.tokens;
        int r = build_tls(l);

        if (r >= 0)
                r = build_headers(l);
        if (r >= 0)
                r = build_users(l);
        for (size_t i = 0; r >= 0 && i < tokens->count; i++)
                r = build_token(l, (const struct web_token_keys *)tokens->items + i);
        if (r >= 0)
                r = schema_unique(&l->reader, tokens, sizeof(struct web_token_keys), "name",
                        offsetof(struct web_token_keys, name));
        l->config->rate_interval = l->keys.rate.interval;
        l->config->rate_burst = l->keys.rate.burst;
        return r;
}

static int read_tree(struct loader *l, const struct yaml_node *root)
{
        int r = schema_read(&l->reader, &web_file_schema, root, &l->keys);

        if (r != -ENOMEM)
                r = build(l);
        schema_done(&web_file_schema, &l->keys);
        return r;
}

int web_parse(const char *path, const char *data, size_t size, struct web_config **ret,
        struct web_files *files, struct errors *errors)
{
        _cleanup_(web_config_unrefp) struct web_config *config = web_config_new();
        _cleanup_(yaml_node_freep) struct yaml_node *root = NULL;
        struct loader l = {.reader = {path, errors}, .config = config, .files = files};
        size_t known = errors_total(errors);
        int r = config ? yaml_parse(path, data, size, &root, errors) : -ENOMEM;

        if (r == 0)
                r = read_tree(&l, root);
        if (r < 0 && r != -EBADMSG)
                errors_add(errors, "%s: %s", path,
                        r == -ENOMEM ? "out of memory" : error_text(NULL, r));
        else if (errors_total(errors) > known)
                r = -EBADMSG;
        if (r >= 0)
                *ret = take_ptr(config);
        return MIN(r, 0);
}

int web_load(
        const char *path, struct web_config **ret, struct web_files *files, struct errors *errors)
{
        _cleanup_error_ struct error e = {0};
        _cleanup_(wipep) char *data = NULL;
        size_t size;
        int r;

        *files = (struct web_files){0};
        r = add_file(files, strdup(path));
        if (r >= 0)
                r = file_read(path, WEB_FILE_MAX, &data, &size, &e);
        if (r < 0) {
                errors_add(errors, "%s", error_text(&e, r));
                return r == -ENOMEM ? r : -EBADMSG;
        }
        return web_parse(path, data, size, ret, files, errors);
}
