/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who sent a request, by its Authorization header. Passwords cost time on purpose, so that a
 * scraper pays once: who was right is remembered under a key of this process. Who is wrong is
 * answered as slowly whether the user exists or not, and after a few times not before a pause; what
 * all the wrong ones cost together is bounded, too. For one thread. */

#include "serve/throttle.h"
#include "serve/web_config.h"

/* Logins that fail from one address: so many at once, then one each interval. */
#define LOGIN_FAILURES_BURST 5
#define LOGIN_FAILURES_INTERVAL (5 * USEC_PER_SEC)
/* After a failed one nothing is compared for so many times what it took: strangers from however
 * many addresses get a quarter of the thread. */
#define LOGIN_REST 3
/* Users and passwords that were right lately. */
#define LOGIN_KNOWN 64

enum login_result {
        LOGIN_DONE, /* the scopes are known */
        LOGIN_MISSING, /* nobody said who it is */
        LOGIN_WRONG, /* no such user, password or token */
        LOGIN_LATER, /* too many were wrong: not looked at */
};

struct login {
        unsigned char key[WEB_KEY_SIZE];
        unsigned char known[LOGIN_KNOWN][HMAC_SIZE]; /* of user, hash and password */
        size_t known_count, next; /* which is replaced next */
        struct throttle failures;
        usec_t rests_until; /* monotonic */
        usec_t (*clock)(void); /* for what a comparison takes; monotonic */
};

void login_init(struct login *l, usec_t (*clock)(void));
/* `authorization` is the header or NULL, `peer` may be NULL. `*ret_scopes` is set when it is done,
 * `*ret_wait` when it is to come later. */
enum login_result login_check(struct login *l, const struct web_config *c,
        const char *authorization, const struct sockaddr *peer, unsigned *ret_scopes,
        usec_t *ret_wait);
