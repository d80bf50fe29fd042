/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A first configuration and a query set as text, for who has neither: what is built here is read by
 * config.h and query_set.h as it stands. It writes no file. */

#include "http.h"
#include "model/bands.h"
#include "text.h"

/* The one that everything is asked of. Paths are absolute; NULL: the key is left out. */
struct outline_server {
        const char *url, *tenant, *database;
        const char *scheme, *secret_file; /* of auth: both or neither */
        const char *ca_file;
};

/* The beginning of a configuration, up to the list of its collections. */
void outline_begin(const struct outline_server *s, struct text *t);
/* One more of these: `stem` is what its files are called, before .queries.yaml and .vectors.npy;
 * `bands` of a count of 0 are left out. */
void outline_append_collection(
        const char *name, const char *stem, const struct bands *bands, struct text *t);
/* How the server is reached, by the rules of the configuration: every complaint is added, -EBADMSG
 * then. -ENOMEM. */
_must_check_ int outline_peer(
        const struct outline_server *s, struct http_peer *ret, struct errors *errors);
/* What a collection's files may be called: its name as far as that is a file's, else its beginning
 * and a digest. Owned; NULL when memory is short. */
char *outline_stem(const char *name);

/* The beginning of a query set, up to its queries. */
void outline_begin_set(struct text *t);
/* One more query; `record` is the id of the one that it expects, NULL: none. */
void outline_append_query(const char *id, const char *words, const char *record, struct text *t);
