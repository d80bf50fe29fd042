/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How often something may happen: one bucket as a single moment (the generic cell rate algorithm),
 * and a bounded table of such buckets by the address of a peer. It reads no clock. */

#include <stdbool.h>
#include <sys/socket.h>

#include "duration.h"

/* A bucket is the moment at which it is full again; 0: it is. Takes one, at `now`, from a bucket of
 * `burst` that gets one each `interval`; false, and nothing is taken, where there is none. */
bool throttle_take(usec_t *bucket, usec_t interval, unsigned burst, usec_t now);
/* How long until there is one again; 0: there is. */
usec_t throttle_wait(usec_t bucket, usec_t interval, unsigned burst, usec_t now);

/* Addresses that are remembered; beyond that the one that has rested longest is forgotten. */
#define THROTTLE_PEERS 64

/* Who counts as one peer: an IPv4 address, or an IPv6 network of 64 bits; what is no address, as
 * the peer of a Unix socket, or NULL, is another one. */
void throttle_address(const struct sockaddr *peer, unsigned char ret[16]);

struct throttle_peer {
        unsigned char address[16];
        usec_t bucket;
};

struct throttle {
        struct throttle_peer peers[THROTTLE_PEERS];
};

/* The bucket of the peer, a new one where it has none; valid until the next call. */
usec_t *throttle_bucket(struct throttle *t, const struct sockaddr *peer);
