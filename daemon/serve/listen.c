/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
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
                        ":9820, [::1]:9820 or unix:/run/driftwatch/web.sock",
                        address);
        return 0;
}

const char *listen_unix_path(const char *address)
{
        static const char scheme[] = "unix:";

        return strncmp(address, scheme, strlen(scheme)) == 0 ? address + strlen(scheme) : NULL;
}

static int unix_read(const char *path, struct sockaddr_un *ret, struct error *e)
{
        size_t size = strlen(path);

        *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
        if (path[0] != '/' || size >= sizeof(ret->sun_path))
                return error_set(e, -EINVAL,
                        "cannot listen on \"unix:%s\": expected an absolute path of at most %zu "
                        "bytes, such as unix:/run/driftwatch/web.sock",
                        path, sizeof(ret->sun_path) - 1);
        memcpy(ret->sun_path, path, size);
        return 0;
}

int listen_check(const char *address, struct error *e)
{
        const char *path = listen_unix_path(address);
        struct sockaddr_un un;
        struct address a;

        return path ? unix_read(path, &un, e) : address_read(address, &a, e);
}

/* A socket stays when its process ends, and is in the way of the next; nobody answers there. */
static bool is_abandoned(const struct sockaddr_un *un)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)un, sizeof(*un)) < 0 &&
                errno == ECONNREFUSED;

        if (fd >= 0)
                close(fd);
        return refused;
}

static int open_unix(const char *path, int *ret_fd, struct error *e)
{
        struct sockaddr_un un;
        int fd, r = unix_read(path, &un, e);

        if (r < 0)
                return r;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        r = fd < 0 ? -errno : 0;
        if (r >= 0 && is_abandoned(&un))
                (void)unlink(path);
        if (r >= 0 &&
                (bind(fd, (struct sockaddr *)&un, sizeof(un)) < 0 || listen(fd, SOMAXCONN) < 0))
                r = -errno;
        if (r < 0 && fd >= 0)
                close(fd);
        if (r < 0)
                return error_set(e, r, "cannot listen on unix:%s: %s", path,
                        r == -EADDRINUSE ? "there is a file already; is another process listening "
                                           "there?"
                                         : strerror(-r));
        *ret_fd = fd;
        return 0;
}

int listen_open(const char *address, int *ret_fd, struct error *e)
{
        struct address a;
        const char *why = NULL, *path = listen_unix_path(address);
        int r;

        if (path)
                return open_unix(path, ret_fd, e);
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
