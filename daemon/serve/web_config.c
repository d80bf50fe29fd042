/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/web_config.h"

#include <errno.h>
#include <gnutls/gnutls.h>

const char *const web_header_names[WEB_HEADERS] = {"Content-Security-Policy", "X-Frame-Options",
        "X-Content-Type-Options", "X-XSS-Protection", "Strict-Transport-Security"};

struct web_config *web_config_new(void)
{
        struct web_config *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        atomic_init(&c->references, 1);
        arc4random_buf(c->key, sizeof(c->key));
        return c;
}

struct web_config *web_config_ref(struct web_config *c)
{
        if (c)
                atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
        return c;
}

struct web_config *web_config_unref(struct web_config *c)
{
        if (!c || atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        tls_unref(c->tls);
        for (size_t i = 0; i < c->user_count; i++) {
                free(c->users[i].name);
                free(c->users[i].hash);
        }
        free(c->users);
        for (size_t i = 0; i < c->token_count; i++)
                free(c->tokens[i].name);
        free(c->tokens);
        for (size_t i = 0; i < WEB_HEADERS; i++)
                free(c->headers[i]);
        free(c);
        return NULL;
}

bool web_config_locked(const struct web_config *c)
{
        return c && c->user_count + c->token_count > 0;
}

int web_config_add_token(struct web_config *c, const char *name, const char *token, unsigned scopes)
{
        struct web_token *grown, *t;
        int r;

        grown = reallocarray(c->tokens, c->token_count + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        c->tokens = grown;
        t = &grown[c->token_count];
        *t = (struct web_token){.scopes = scopes};
        r = hmac_sha256(c->key, sizeof(c->key), token, strlen(token), t->digest);
        if (r >= 0)
                r = strdup_to(&t->name, name);
        if (r >= 0)
                c->token_count++;
        return r;
}

unsigned web_config_token_scopes(const struct web_config *c, const char *token)
{
        unsigned char digest[HMAC_SIZE];
        unsigned scopes = 0;

        if (hmac_sha256(c->key, sizeof(c->key), token, strlen(token), digest) < 0)
                return 0;
        for (size_t i = 0; i < c->token_count; i++)
                if (gnutls_memcmp(c->tokens[i].digest, digest, sizeof(digest)) == 0)
                        scopes |= c->tokens[i].scopes;
        return scopes;
}

const struct web_user *web_config_user(const struct web_config *c, const char *name)
{
        for (size_t i = 0; i < c->user_count; i++)
                if (streq(c->users[i].name, name))
                        return &c->users[i];
        return NULL;
}

const char *web_scope_name(unsigned scope)
{
        switch (scope) {
        case SCOPE_READ:
                return "read";
        case SCOPE_REPLAY:
                return "replay";
        case SCOPE_WRITE:
                return "write";
        default:
                return NULL;
        }
}
