/* SPDX-License-Identifier: Apache-2.0 */
#include "config/outline.h"

#include <errno.h>

#include "config/peer.h"
#include "digest.h"
#include "yaml.h"

#define TIMEOUT (10 * USEC_PER_SEC)
/* Bytes of a name that a file's name begins with: 255 are allowed, and there are suffixes. */
#define STEM_MAX 200
#define DIGEST_DIGITS 12

static const char configuration_comment[] =
        "# Written by driftwatch init. Every key is described in\n"
        "# /usr/share/doc/driftwatch/configuration.md.\n"
        "#\n"
        "# The queries of these collections are canaries: stored records, asked for with their own vectors.\n"
        "# No embedder belongs to them: put questions of your own into another file, and watch the\n"
        "# collection with these by a second entry of the same name, with a label.\n";

static void append_key(const char *before, const char *key, const char *value, struct text *t)
{
        if (!value)
                return;
        text_appendf(t, "%s%s: ", before, key);
        yaml_append_string(t, value);
}

void outline_begin(const struct outline_server *s, struct text *t)
{
        text_append(t, configuration_comment);
        text_append(t, "servers:\n  - name: main");
        append_key("\n    ", "url", s->url, t);
        append_key("\n    ", "tenant", s->tenant, t);
        append_key("\n    ", "database", s->database, t);
        if (s->secret_file) {
                text_appendf(t, "\n    auth: {scheme: %s", s->scheme);
                append_key(", ", "secret_file", s->secret_file, t);
                text_append(t, "}");
        }
        if (s->ca_file) {
                append_key("\n    tls: {", "ca_file", s->ca_file, t);
                text_append(t, "}");
        }
        text_append(t, "\ncollections:\n");
}

static void append_bands(const struct bands *bands, struct text *t)
{
        text_append(t, "    bands:\n");
        for (size_t i = 0; i < bands->count; i++) {
                text_append(t, "      - {");
                append_key("", "name", bands->bands[i].name, t);
                if (i + 1 < bands->count) {
                        text_append(t, ", below: ");
                        text_append_float(t, bands->bands[i].below);
                }
                text_append(t, "}\n");
        }
}

void outline_append_collection(
        const char *name, const char *stem, const struct bands *bands, struct text *t)
{
        append_key("  - ", "name", name, t);
        text_appendf(t,
                "\n    server: main\n    queries: %s.queries.yaml\n    vectors: %s.vectors.npy\n",
                stem, stem);
        if (bands->count > 0)
                append_bands(bands, t);
}

static int build_peer(
        const struct schema_reader *reader, const struct yaml_node *root, struct http_peer *ret)
{
        struct config_keys keys = {0};
        int r = schema_read(reader, &config_schema, root, &keys);
        const struct peer_keys *server = keys.servers.items;

        if (r == 0)
                r = peer_build(reader, server, PEER_CHROMA, TIMEOUT, ret);
        schema_done(&config_schema, &keys);
        return r;
}

int outline_peer(const struct outline_server *s, struct http_peer *ret, struct errors *errors)
{
        _cleanup_(yaml_node_freep) struct yaml_node *root = NULL;
        _cleanup_text_ struct text t = {0};
        const struct schema_reader reader = {"driftwatch.yaml", errors};
        int r;

        outline_begin(s, &t);
        if (text_failed(&t))
                return -ENOMEM;
        r = yaml_parse(reader.file, text_string(&t), t.size, &root, errors);
        if (r == 0)
                r = build_peer(&reader, root, ret);
        return r == 0 && errors_total(errors) > 0 ? -EBADMSG : r;
}

char *outline_stem(const char *name)
{
        static const char allowed[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
        const size_t plain = strspn(name, allowed);
        _cleanup_text_ struct text t = {0};
        char digest[DIGEST_TEXT_MAX];

        /* One that begins with a dot would not be seen, and with a dash be taken for a flag. */
        if (plain > 0 && !name[plain] && plain <= STEM_MAX && !strchr(".-", *name))
                return strdup(name);
        if (digest_sha256(name, strlen(name), digest) < 0)
                return NULL;
        for (const char *p = name; *p && t.size < STEM_MAX; p++)
                text_append_bytes(
                        &t, strchr(allowed, *p) && (p > name || !strchr(".-", *p)) ? p : "_", 1);
        text_appendf(&t, "~%.*s", DIGEST_DIGITS, digest);
        return text_take(&t, NULL);
}

void outline_begin_set(struct text *t)
{
        text_append(t,
                "# Canaries: stored records, asked for with their own vectors, which have to find them.\n"
                "queries:\n");
}

void outline_append_query(const char *id, const char *words, const char *record, struct text *t)
{
        append_key("  - ", "id", id, t);
        append_key("\n    ", "text", words, t);
        if (record) {
                text_append(t, "\n    expect: {ids: [");
                yaml_append_string(t, record);
                text_append(t, "]}");
        }
        text_append(t, "\n");
}
