/* SPDX-License-Identifier: Apache-2.0 */
#include "config/mail.h"

#include <errno.h>
#include <stdio.h>

#include "config/peer.h"
#include "mime.h"

/* The longest name of a host, brackets and a port. */
#define SMARTHOST_MAX 270
/* Where TLS begins at once (RFC 8314). */
#define PORT_IMPLICIT ":465"

const char *mail_check_smarthost(const char *smarthost)
{
        static const char wrong[] = "must be a host and a port, such as smtp.example.org:587";
        char url[SMARTHOST_MAX + sizeof("http://")];
        const char *bracket = strrchr(smarthost, ']');

        if (strlen(smarthost) > SMARTHOST_MAX || smarthost[strcspn(smarthost, "/?#@")] ||
                !strchr(bracket ? bracket : smarthost, ':'))
                return wrong;
        (void)snprintf(url, sizeof(url), "http://%s", smarthost);
        return url_check_base(url) ? wrong : NULL;
}

const char *mail_check_hello(const char *name)
{
        static const char allowed[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:[]";

        return name[strspn(name, allowed)] ? "must be the name of this host" : NULL;
}

const char *mail_check_recipients(const char *list)
{
        const char *wrong = mime_check_addresses(list);
        struct mime_address a;
        size_t count = 0;

        while (!wrong && *list && mime_next_address(list, &a, &list) >= 0)
                count++;
        return count > MAIL_RECIPIENTS_MAX ? "has more than 100 addresses" : wrong;
}

static bool is_implicit(const struct peer_keys *keys)
{
        size_t length = strlen(keys->smarthost), port = strlen(PORT_IMPLICIT);

        return keys->force_implicit_tls ||
                (length > port && streq(keys->smarthost + length - port, PORT_IMPLICIT));
}

static int build_login(
        const struct schema_reader *reader, const struct peer_keys *keys, struct http_peer *ret)
{
        if (!keys->auth_username) {
                if (keys->key_file || keys->credential)
                        schema_error(reader, &keys->place, NULL, NULL,
                                "has a password, but no auth_username");
                return 0;
        }
        if (ret->plaintext)
                schema_error(reader, &keys->place, "require_tls", NULL,
                        "must be true with auth_username: anybody on the way could read the "
                        "password");
        return strdup_to(&ret->user, keys->auth_username) < 0
                ? -ENOMEM
                : peer_build_key(
                          reader, keys, "auth_password_file", schema_check_line, &ret->secret);
}

int mail_build(const struct schema_reader *reader, const struct peer_keys *keys, usec_t timeout,
        struct http_peer *ret)
{
        bool implicit = keys->smarthost && is_implicit(keys);
        int r = peer_build(reader, keys, PEER_ENDPOINT, timeout, ret);

        if (r < 0)
                return r;
        /* What a server says before a mail takes longer than a connection. */
        ret->connect_timeout_usec = timeout;
        ret->plaintext = !keys->require_tls && !implicit;
        if (keys->smarthost &&
                asprintf(&ret->url, "%s://%s", implicit ? "smtps" : "smtp", keys->smarthost) < 0) {
                ret->url = NULL;
                return -ENOMEM;
        }
        return build_login(reader, keys, ret);
}
