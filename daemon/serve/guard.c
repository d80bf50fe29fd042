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
        const bool bracketed = host[0] == '[';
        const char *rest;
        size_t length;

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

bool guard_host_is_local(const char *host)
{
        char name[INET6_ADDRSTRLEN];
        struct in6_addr v6;
        struct in_addr v4;
        bool bracketed;

        if (!host_split(host, name, sizeof(name), &bracketed))
                return false;
        if (bracketed)
                return inet_pton(AF_INET6, name, &v6) == 1 && v6_is_local(&v6);
        return strcasecmp(name, "localhost") == 0 ||
                (inet_pton(AF_INET, name, &v4) == 1 && v4_is_local(&v4));
}

static bool origin_is_host(const char *origin, const char *host)
{
        static const char *const schemes[] = {"http://", "https://"};

        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
                if (strncasecmp(origin, schemes[i], strlen(schemes[i])) == 0)
                        return strcasecmp(origin + strlen(schemes[i]), host) == 0;
        return false;
}

const char *guard_refusal(const struct guard_request *request)
{
        if (request->distrusted)
                return "nobody may do this over HTTP: the configuration says web.trust_loopback: "
                       "false";
        if (!guard_peer_is_local(request->peer))
                return "only clients on the same machine may do this: connect through a loopback "
                       "address such as 127.0.0.1";
        if (request->forwarded)
                return "a proxy forwarded this request; only clients on the same machine may do "
                       "this";
        if (!request->host || !guard_host_is_local(request->host))
                return "the Host header is not a loopback name; use http://127.0.0.1 or "
                       "http://localhost";
        if (request->origin && !origin_is_host(request->origin, request->host))
                return "a page from another origin may not do this";
        if (request->fetch_site && !streq(request->fetch_site, "same-origin") &&
                !streq(request->fetch_site, "none"))
                return "a page from another site may not do this";
        return NULL;
}
