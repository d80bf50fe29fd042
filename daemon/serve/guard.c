/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

#include "macro.h"

static bool v4_is_local(const struct in_addr *a)
{
        return ntohl(a->s_addr) >> 24 == 127;
}

static bool v6_is_local(const struct in6_addr *a)
{
        return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

bool guard_peer_is_local(const struct sockaddr *peer)
{
        if (!peer)
                return false;
        switch (peer->sa_family) {
        case AF_UNIX:
                return true;
        case AF_INET:
                return v4_is_local(&((const struct sockaddr_in *)(const void *)peer)->sin_addr);
        case AF_INET6:
                return v6_is_local(&((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr);
        default:
                return false;
        }
}

/* Copies the host without brackets and port; false when it is too long or what follows is no port.
 */
static bool host_split(const char *host, char *buffer, size_t size, bool *ret_bracketed)
{
        const bool bracketed = host && host[0] == '[';
        const char *rest;
        size_t length;

        if (!host)
                return false;
        host += bracketed;
        length = strcspn(host, bracketed ? "]" : ":");
        rest = host + length;
        if (bracketed && *rest++ != ']')
                return false;
        if (*rest == ':')
                rest += 1 + strspn(rest + 1, "0123456789");
        if (*rest || length >= size)
                return false;
        memcpy(buffer, host, length);
        buffer[length] = '\0';
        *ret_bracketed = bracketed;
        return true;
}

/* Longest name that DNS has. */
#define NAME_SIZE 256

enum host_kind { HOST_NONE, HOST_NAME, HOST_V4, HOST_V6 };

struct host {
        char name[NAME_SIZE];
        struct in_addr v4; /* of HOST_V4 */
        struct in6_addr v6; /* of HOST_V6, which stands in brackets */
};

static enum host_kind host_read(const char *host, struct host *ret)
{
        bool bracketed;

        if (!host_split(host, ret->name, sizeof(ret->name), &bracketed))
                return HOST_NONE;
        if (bracketed)
                return inet_pton(AF_INET6, ret->name, &ret->v6) == 1 ? HOST_V6 : HOST_NONE;
        return inet_pton(AF_INET, ret->name, &ret->v4) == 1 ? HOST_V4 : HOST_NAME;
}

bool guard_host_is_local(const char *host)
{
        struct host h;

        switch (host_read(host, &h)) {
        case HOST_NAME:
                return strcasecmp(h.name, "localhost") == 0;
        case HOST_V4:
                return v4_is_local(&h.v4);
        case HOST_V6:
                return v6_is_local(&h.v6);
        case HOST_NONE:
                break;
        }
        return false;
}

static bool host_is_address(const char *host)
{
        struct host h;
        enum host_kind kind = host_read(host, &h);

        return kind == HOST_V4 || kind == HOST_V6;
}

/* "https://monitor.example.org:8443/prefix" is of the host "monitor.example.org" and of the origin
 * that ends before the path. */
static const char *after_scheme(const char *url)
{
        const char *end = url ? strstr(url, "://") : NULL;

        return end ? end + strlen("://") : NULL;
}

static bool url_is_of_host(const char *url, const char *name)
{
        const char *authority = after_scheme(url);
        size_t size = strlen(name);

        return authority && strncasecmp(authority, name, size) == 0 &&
                strchr(":/?#", authority[size]);
}

static bool url_is_of_origin(const char *url, const char *origin)
{
        const char *authority = after_scheme(url);
        size_t size = authority ? (size_t)(authority - url) + strcspn(authority, "/?#") : 0;

        return size > 0 && strlen(origin) == size && strncasecmp(url, origin, size) == 0;
}

static bool host_is_ours(const struct guard_request *r)
{
        struct host h;
        enum host_kind kind = host_read(r->host, &h);

        if (kind != HOST_NAME && kind != HOST_V4)
                return false;
        if ((r->machine && strcasecmp(r->machine, h.name) == 0) ||
                url_is_of_host(r->external_url, h.name))
                return true;
        for (size_t i = 0; i < r->host_count; i++)
                if (strcasecmp(r->hosts[i], h.name) == 0)
                        return true;
        return false;
}

static bool starts_with(const char *name, const char *prefix)
{
        return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

bool guard_header_is_proxys(const char *name)
{
        static const char *const names[] = {"Forwarded", "Via", "X-Real-IP", "CF-Connecting-IP",
                "True-Client-IP", "X-Client-IP", "X-Cluster-Client-IP", "X-ProxyUser-Ip",
                "Fastly-Client-IP"};

        if (starts_with(name, "X-Forwarded") || starts_with(name, "X-Original-"))
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcasecmp(name, names[i]) == 0)
                        return true;
        return false;
}

/* Accept-Language is the one that counts: the Fetch standard appends it to each request that has
 * none, and a script may change but not remove it. Neither Prometheus nor curl sends one. */
bool guard_header_is_browsers(const char *name)
{
        static const char *const names[] = {"Accept-Language", "Origin", "Referer", "Cookie"};

        if (starts_with(name, "Sec-"))
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcasecmp(name, names[i]) == 0)
                        return true;
        return false;
}

static bool origin_is_host(const char *origin, const char *host)
{
        static const char *const schemes[] = {"http://", "https://"};

        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
                if (starts_with(origin, schemes[i]))
                        return strcasecmp(origin + strlen(schemes[i]), host) == 0;
        return false;
}

const char *guard_read_refusal(const struct guard_request *r)
{
        bool within = r->local && guard_peer_is_local(r->local);

        if (!r->host || (r->peer && r->peer->sa_family == AF_UNIX))
                return NULL; /* no browser comes so */
        if (guard_host_is_local(r->host) || host_is_ours(r) ||
                (!within && host_is_address(r->host)))
                return NULL;
        if (!within && !r->browser)
                return NULL;
        return "this daemon is not known by the name in the Host header: give it by "
               "--web.external-url or web.hosts, or connect by address, as http://127.0.0.1";
}

const char *guard_origin_refusal(const struct guard_request *r)
{
        if (r->origin && !(r->host && origin_is_host(r->origin, r->host)) &&
                !url_is_of_origin(r->external_url, r->origin))
                return "a page from another origin may not do this";
        if (r->fetch_site && !streq(r->fetch_site, "same-origin") && !streq(r->fetch_site, "none"))
                return "a page from another site may not do this";
        return NULL;
}

const char *guard_change_refusal(const struct guard_request *r)
{
        if (r->distrusted)
                return "nobody may do this over HTTP: the configuration says web.trust_loopback: "
                       "false, and there are no users or tokens";
        if (!guard_peer_is_local(r->peer))
                return "only clients on the same machine may do this: connect through a loopback "
                       "address such as 127.0.0.1, or configure users or tokens with "
                       "--web.config.file";
        if (r->proxied)
                return "a proxy forwarded this request; only clients on the same machine may do "
                       "this";
        if (!r->host || !guard_host_is_local(r->host))
                return "the Host header is not a loopback name; use http://127.0.0.1 or "
                       "http://localhost";
        return guard_origin_refusal(r);
}
