/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/throttle.h"

#include <netinet/in.h>

#include "macro.h"

#define NETWORK_SIZE 8

usec_t throttle_wait(usec_t bucket, usec_t interval, unsigned burst, usec_t now)
{
        usec_t room = interval * MAX(burst, 1U);

        return bucket + interval > now + room ? bucket + interval - room - now : 0;
}

bool throttle_take(usec_t *bucket, usec_t interval, unsigned burst, usec_t now)
{
        if (throttle_wait(*bucket, interval, burst, now) > 0)
                return false;
        *bucket = MAX(*bucket, now) + interval;
        return true;
}

void throttle_address(const struct sockaddr *peer, unsigned char ret[16])
{
        const struct sockaddr_in *in = (const void *)peer;
        const struct sockaddr_in6 *in6 = (const void *)peer;

        memset(ret, 0, 16);
        if (peer && peer->sa_family == AF_INET) {
                ret[10] = ret[11] = 0xff;
                memcpy(ret + 12, &in->sin_addr, sizeof(in->sin_addr));
        } else if (peer && peer->sa_family == AF_INET6) {
                memcpy(ret, &in6->sin6_addr,
                        IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) ? 16 : NETWORK_SIZE);
        }
}

usec_t *throttle_bucket(struct throttle *t, const struct sockaddr *peer)
{
        struct throttle_peer *rested = &t->peers[0];
        unsigned char key[16];

        throttle_address(peer, key);
        for (size_t i = 0; i < THROTTLE_PEERS; i++) {
                if (t->peers[i].bucket > 0 && memcmp(t->peers[i].address, key, sizeof(key)) == 0)
                        return &t->peers[i].bucket;
                if (t->peers[i].bucket < rested->bucket)
                        rested = &t->peers[i];
        }
        memcpy(rested->address, key, sizeof(key));
        rested->bucket = 0;
        return &rested->bucket;
}
