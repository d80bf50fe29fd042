/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the web configuration file means once it is read: how connections are encrypted, who may
 * come in, what every answer carries. Plain data that does not change after it was made, shared by
 * all threads through references. Files are read in config/web.h. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "duration.h"
#include "hmac.h"
#include "serve/tls.h"

/* What a request may do. None of them implies another. */
enum scope {
        SCOPE_NONE = 0, /* what a signed link may: its token is proof enough, nobody is asked who he
                           is */
        SCOPE_READ = 1, /* see everything */
        SCOPE_REPLAY = 2, /* POST /api/v1/replay: what an ingest job needs */
        SCOPE_WRITE = 4, /* reload, acknowledge, silence */
        SCOPE_ALL = 7,
};

struct web_user {
        char *name;
        char *hash; /* bcrypt */
};

#define WEB_KEY_SIZE 32

struct web_token {
        char *name; /* for messages */
        unsigned char digest[HMAC_SIZE]; /* of the token, under the configuration's key */
        unsigned scopes; /* of enum scope */
};

/* Headers that may be set, in the order of web_header_names[]. */
#define WEB_HEADERS 5
extern const char *const web_header_names[WEB_HEADERS];

struct web_config {
        atomic_uint references;
        struct tls *tls; /* a reference; NULL: not encrypted */
        struct web_user *users; /* with all scopes */
        size_t user_count;
        struct web_token *tokens;
        size_t token_count;
        unsigned char key[WEB_KEY_SIZE]; /* random, so that no digest is worth keeping */
        char *headers[WEB_HEADERS]; /* values; NULL: not set */
        usec_t rate_interval; /* from one request to the next; 0: as many as come */
        unsigned rate_burst;
};

/* Of zeroes, with a key and one reference. NULL when memory is short. */
struct web_config *web_config_new(void);
struct web_config *web_config_ref(struct web_config *c); /* NULL stays NULL */
struct web_config *web_config_unref(struct web_config *c);
DEFINE_CLEANUP(struct web_config *, web_config_unref)
/* Whether whoever comes has to say who he is. `c` may be NULL. */
bool web_config_locked(const struct web_config *c);
/* Adds a token, of which only the digest is kept. -ENOMEM, -EIO when the library refuses. */
_must_check_ int web_config_add_token(
        struct web_config *c, const char *name, const char *token, unsigned scopes);
/* The scopes of a token, 0 for one that is unknown. Takes the same time for all. */
unsigned web_config_token_scopes(const struct web_config *c, const char *token);
const struct web_user *web_config_user(const struct web_config *c, const char *name);
/* A scope's name as the file has it; NULL for none of them. */
const char *web_scope_name(unsigned scope);
