/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/login.h"

#include <gnutls/gnutls.h>
#include <strings.h>

#include "base64.h"
#include "serve/bcrypt.h"
#include "text.h"

/* Longer ones are nobody's. */
#define CREDENTIALS_MAX 1024
/* Compared where there is no such user, so that who asks cannot tell by the time: the hash of a
 * password that nobody has, of the usual cost. */
#define NOBODY "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"

void login_init(struct login *l, usec_t (*clock)(void))
{
        *l = (struct login){.clock = clock};
        arc4random_buf(l->key, sizeof(l->key));
}

/* The words after "Basic " or "Bearer "; NULL for another scheme. */
static const char *after(const char *authorization, const char *scheme)
{
        size_t size = strlen(scheme);

        if (strncasecmp(authorization, scheme, size) != 0 || authorization[size] != ' ')
                return NULL;
        return authorization + size + strspn(authorization + size, " ");
}

/* All that a login depends on: once the hash is another one, nobody is known any more. */
static bool digest_of(const struct login *l, const struct web_user *user, const char *password,
        unsigned char ret[HMAC_SIZE])
{
        _cleanup_text_ struct text t = {0};
        bool made;

        text_append_bytes(&t, user->name, strlen(user->name) + 1);
        text_append_bytes(&t, user->hash, strlen(user->hash) + 1);
        text_append(&t, password);
        made = !text_failed(&t) && hmac_sha256(l->key, sizeof(l->key), t.data, t.size, ret) >= 0;
        if (t.data)
                explicit_bzero(t.data, t.size);
        return made;
}

/* Constant in what is compared; which of them it is tells nothing, the digests being keyed. */
static bool is_known(const struct login *l, const unsigned char digest[HMAC_SIZE])
{
        bool known = false;

        for (size_t i = 0; i < l->known_count; i++)
                known |= gnutls_memcmp(l->known[i], digest, HMAC_SIZE) == 0;
        return known;
}

static void remember(struct login *l, const unsigned char digest[HMAC_SIZE])
{
        memcpy(l->known[l->next], digest, HMAC_SIZE);
        l->next = (l->next + 1) % LOGIN_KNOWN;
        l->known_count = MIN(l->known_count + 1, (size_t)LOGIN_KNOWN);
}

/* Whether it is too early for a comparison; how long it is. */
static usec_t wait_of(struct login *l, const struct sockaddr *peer, usec_t now)
{
        usec_t wait = throttle_wait(*throttle_bucket(&l->failures, peer), LOGIN_FAILURES_INTERVAL,
                LOGIN_FAILURES_BURST, now);

        return MAX(wait, l->rests_until > now ? l->rests_until - now : 0);
}

static enum login_result fail(struct login *l, const struct sockaddr *peer, usec_t now, usec_t took)
{
        (void)throttle_take(throttle_bucket(&l->failures, peer), LOGIN_FAILURES_INTERVAL,
                LOGIN_FAILURES_BURST, now);
        l->rests_until = MAX(l->rests_until, now + LOGIN_REST * took);
        return LOGIN_WRONG;
}

static enum login_result check_password(struct login *l, const struct web_config *c,
        const char *name, const char *password, const struct sockaddr *peer, usec_t *ret_wait)
{
        const struct web_user *user = web_config_user(c, name);
        unsigned char digest[HMAC_SIZE];
        usec_t begun = l->clock(), now;
        bool right;

        if (user && !digest_of(l, user, password, digest))
                return LOGIN_WRONG;
        if (user && is_known(l, digest))
                return LOGIN_DONE;
        *ret_wait = wait_of(l, peer, begun);
        if (*ret_wait > 0)
                return LOGIN_LATER;
        right = bcrypt_matches(user ? user->hash : NOBODY, password) && user;
        now = l->clock();
        if (!right)
                return fail(l, peer, now, now - begun);
        remember(l, digest);
        return LOGIN_DONE;
}

static enum login_result check_basic(struct login *l, const struct web_config *c,
        const char *credentials, const struct sockaddr *peer, usec_t *ret_wait)
{
        char plain[CREDENTIALS_MAX + 1];
        size_t size = base64_decode(credentials, strlen(credentials), plain, CREDENTIALS_MAX);
        enum login_result result = LOGIN_WRONG;
        char *colon;

        plain[size] = '\0';
        colon = memchr(plain, ':', size);
        if (colon && strlen(plain) == size) {
                *colon = '\0';
                result = check_password(l, c, plain, colon + 1, peer, ret_wait);
        }
        explicit_bzero(plain, sizeof(plain));
        return result;
}

static enum login_result check_token(struct login *l, const struct web_config *c, const char *token,
        const struct sockaddr *peer, unsigned *ret_scopes, usec_t *ret_wait)
{
        usec_t now = l->clock();
        unsigned scopes = web_config_token_scopes(c, token);

        if (scopes > 0) {
                *ret_scopes = scopes;
                return LOGIN_DONE;
        }
        *ret_wait = throttle_wait(*throttle_bucket(&l->failures, peer), LOGIN_FAILURES_INTERVAL,
                LOGIN_FAILURES_BURST, now);
        return *ret_wait > 0 ? LOGIN_LATER : fail(l, peer, now, 0);
}

enum login_result login_check(struct login *l, const struct web_config *c,
        const char *authorization, const struct sockaddr *peer, unsigned *ret_scopes,
        usec_t *ret_wait)
{
        const char *basic = authorization ? after(authorization, "Basic") : NULL;
        const char *bearer = authorization ? after(authorization, "Bearer") : NULL;

        *ret_scopes = SCOPE_ALL;
        if (bearer)
                return check_token(l, c, bearer, peer, ret_scopes, ret_wait);
        return basic ? check_basic(l, c, basic, peer, ret_wait) : LOGIN_MISSING;
}
