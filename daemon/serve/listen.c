/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "macro.h"

struct address {
        char host[256]; /* empty: every address */
        char port[6];
};

static bool port_valid(const char *s)
{
        size_t length = strlen(s);

        return length > 0 && length <= 5 && strspn(s, "0123456789") == length &&
                strtoul(s, NULL, 10) <= 65535;
}

static int address_parse(const char *s, struct address *ret)
{
        const char *colon = strrchr(s, ':'), *host = s;
        size_t length;

        if (!colon || !port_valid(colon + 1))
                return -EINVAL;
        length = (size_t)(colon - s);
        if (s[0] == '[') {
                if (length < 3 || s[length - 1] != ']')
                        return -EINVAL;
                host++;
                length -= 2;
        } else if (memchr(s, ':', length)) {
                return -EINVAL;
        }
        if (length >= sizeof(ret->host))
                return -EINVAL;
        memcpy(ret->host, host, length);
        ret->host[length] = '\0';
        memcpy(ret->port, colon + 1, strlen(colon + 1) + 1);
        return 0;
}

static int bind_to(const struct addrinfo *ai, bool dual_stack)
{
        const int on = 1, v6only = !dual_stack;
        int fd, r;

        fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
        if (fd < 0)
                return -errno;
        /* Without it a restart has to wait for the last connections' TIME_WAIT. */
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (ai->ai_family == AF_INET6)
                (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only));
        if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0) {
                r = -errno;
                close(fd);
                return r;
        }
        return fd;
}

static int open_host(const char *host, const char *port, int *ret_fd, const char **ret_why)
{
        const struct addrinfo hints = {
                .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                .ai_socktype = SOCK_STREAM,
        };
        const bool dual_stack = streq(host, "::");
        struct addrinfo *list = NULL;
        int r;

        r = getaddrinfo(host, port, &hints, &list);
        if (r != 0) {
                *ret_why = gai_strerror(r);
                return -EADDRNOTAVAIL;
        }
        r = -EADDRNOTAVAIL;
        for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
                r = bind_to(ai, dual_stack);
                if (r >= 0 || r == -EADDRINUSE || r == -EACCES)
                        break;
        }
        freeaddrinfo(list);
        if (r < 0)
                return r;
        *ret_fd = r;
        return 0;
}

static const char *advice(int code)
{
        switch (-code) {
        case EADDRINUSE:
                return "the address is in use; stop the process that listens there, or choose "
                       "another address with --web.listen-address";
        case EACCES:
                return "permission denied; choose a port above 1023 with --web.listen-address, or "
                       "let systemd listen (--web.systemd-socket)";
        case EADDRNOTAVAIL:
                return "this machine has no such address";
        default:
                return strerror(-code);
        }
}

/* `*ret` is filled when the address can be used. */
static int address_read(const char *address, struct address *ret, struct error *e)
{
        int r = address_parse(address, ret);

        if (r < 0 && port_valid(address))
                return error_set(e, r,
                        "cannot listen on \"%s\": a port alone is not an address; write :%s for "
                        "every address of this machine, or 127.0.0.1:%s for itself only",
                        address, address, address);
        if (r < 0)
                return error_set(e, r,
                        "cannot listen on \"%s\": expected an address such as 127.0.0.1:9820, "
                        ":9820 or [::1]:9820",
                        address);
        return 0;
}

int listen_check(const char *address, struct error *e)
{
        struct address a;

        return address_read(address, &a, e);
}

int listen_open(const char *address, int *ret_fd, struct error *e)
{
        struct address a;
        const char *why = NULL;
        int r;

        r = address_read(address, &a, e);
        if (r < 0)
                return r;
        r = open_host(a.host[0] ? a.host : "::", a.port, ret_fd, &why);
        if (r < 0 && !a.host[0] && r != -EADDRINUSE && r != -EACCES)
                r = open_host("0.0.0.0", a.port, ret_fd, &why); /* a kernel without IPv6 */
        if (r < 0)
                return error_set(e, r, "cannot listen on %s: %s", address, why ? why : advice(r));
        return 0;
}

static bool socket_is(int fd, int option, int expected)
{
        int value = 0;
        socklen_t size = sizeof(value);

        return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == expected;
}

int listen_adopt(int fd, struct error *e)
{
        int flags;

        if (!socket_is(fd, SO_TYPE, SOCK_STREAM) || !socket_is(fd, SO_ACCEPTCONN, 1))
                return error_set(e, -EINVAL,
                        "file descriptor %d is not a listening stream socket; the socket unit "
                        "needs ListenStream= and Accept=no",
                        fd);
        flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return error_set(e, -errno, "cannot make file descriptor %d non-blocking: %s", fd,
                        strerror(errno));
        return 0;
}

unsigned listen_port(int fd)
{
        union {
                struct sockaddr sa;
                struct sockaddr_in in;
                struct sockaddr_in6 in6;
                struct sockaddr_storage storage;
        } u = {0};
        socklen_t size = sizeof(u);

        if (getsockname(fd, &u.sa, &size) < 0)
                return 0;
        if (u.sa.sa_family == AF_INET)
                return ntohs(u.in.sin_port);
        return u.sa.sa_family == AF_INET6 ? ntohs(u.in6.sin6_port) : 0;
}
