/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From the keys of a server, an embedder, an Alertmanager or a channel to a peer that can be talked
 * to: URL, header lines, TLS files and the secret, read from its file or credential. Messages never
 * contain a secret, nor a URL, which may be one. It does not talk to anybody. */

#include "config/keys.h"
#include "http.h"
#include "json.h"

/* Of a request to establish a connection, unless the request's own timeout is shorter. */
#define CONNECT_TIMEOUT_MAX (2 * USEC_PER_SEC)

enum peer_kind {
        PEER_CHROMA, /* paths are appended to its URL, which loses one that is there already */
        PEER_ALERTMANAGER, /* likewise */
        PEER_EMBEDDER, /* its URL becomes that of a request */
        PEER_TARGET, /* its URL is the address, exactly; the key is url or url_file, … */
        PEER_API, /* … api_url or api_url_file, … */
        PEER_HOOK, /* … webhook_url or webhook_url_file, … */
        PEER_ENDPOINT, /* … or one that the table of keys sees to */
        PEER_SERVICE, /* the like, which paths are appended to */
        PEER_KIND_COUNT,
};

/* Fills the zeroed `ret`, as far as there is no complaint; -ENOMEM. */
_must_check_ int peer_build(const struct schema_reader *reader, const struct peer_keys *keys,
        enum peer_kind kind, usec_t timeout, struct http_peer *ret);
/* The part of it that is about TLS: files that can be read, and belong together. -ENOMEM. */
_must_check_ int peer_build_tls(
        const struct schema_reader *reader, const struct tls_keys *keys, struct http_peer *ret);
/* What signs or routes a channel's messages, from the file that the key `file_key` names or from a
 * credential. `*ret` stays as it is after a complaint; -ENOMEM. */
_must_check_ int peer_build_key(const struct schema_reader *reader, const struct peer_keys *keys,
        const char *file_key, secret_check_t check, struct secret **ret);
/* The secret that `keys` name, checked; `*ret` stays NULL after a complaint. -ENOMEM. */
_must_check_ int peer_find_secret(const struct schema_reader *reader, const struct auth_keys *keys,
        secret_check_t check, struct secret **ret);
/* What an embedder's requests have beside the texts; new reference, NULL for nothing. -ENOMEM. */
_must_check_ int peer_build_body(
        const struct schema_reader *reader, const struct peer_keys *keys, json_t **ret);
void peer_set_timeout(struct http_peer *peer, usec_t timeout);

/* String checks of the table: what is wrong with it, NULL for nothing. A base URL gets paths
 * appended, so that it has no query; a link is for people and may have a fragment too; a proxy's
 * has nothing but host and port. */
const char *url_check_base(const char *url);
const char *url_check_proxy(const char *url);
const char *url_check_target(const char *url);
const char *url_check_link(const char *url);
