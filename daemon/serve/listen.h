/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Listening stream sockets: made from an address as users write it, or handed over by systemd.
 * Nothing is accepted here. */

#include "error.h"

/* Whether listen_open() would understand it: -EINVAL with a sentence when not. Opens nothing. */
_must_check_ int listen_check(const char *address, struct error *e);
/* The path of "unix:/path"; NULL for other addresses. */
const char *listen_unix_path(const char *address);
/* Listens on "host:port", ":port" (every address of the machine, IPv6 and IPv4), "[v6]:port" -
 * port 0 lets the kernel choose - or "unix:/path", where a socket that nobody listens at any more
 * is replaced; whoever may write to it may connect, and the umask says who that is. The socket is
 * close-on-exec and non-blocking; the caller owns it. -EINVAL for what is not such an address, else
 * the reason of the failure, as a sentence with what to do. */
_must_check_ int listen_open(const char *address, int *ret_fd, struct error *e);
/* Prepares a socket made by someone else. -EINVAL with a sentence when it is not a listening stream
 * socket. */
_must_check_ int listen_adopt(int fd, struct error *e);
/* The socket's TCP port; 0 when it has none. */
unsigned listen_port(int fd);
