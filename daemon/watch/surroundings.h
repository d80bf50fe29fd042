/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is on the servers of one configuration beside the collections that it names, which are
 * watched here or by another daemon. A server is listed
 * when it has just served somebody, and not more often than SURROUNDINGS_INTERVAL; a listing that
 * fails leaves open what there is, and concerns nobody else. */

#include "ask/http_client.h"
#include "config/config.h"
#include "model/unwatched.h"

#define SURROUNDINGS_INTERVAL (10 * USEC_PER_MINUTE)

struct surroundings;

/* Who wants to know. Called from the loop. */
struct surroundings_owner {
        void (*changed)(void *userdata); /* something is known that was not, or the reverse */
        void (*exchanged)(const char *server, const struct http_response *response, void *userdata);
        void *userdata;
};

/* Borrows configuration, client and owner for life. -ENOMEM. */
_must_check_ int surroundings_new(const struct config *config, struct http_client *client,
        const struct surroundings_owner *owner, struct surroundings **ret);
/* Cancels what is under way. */
struct surroundings *surroundings_free(struct surroundings *s);
DEFINE_CLEANUP(struct surroundings *, surroundings_free)
/* Takes over what `old`, of an earlier configuration, knows of servers of which the same is
 * watched. NULL: nothing. */
void surroundings_adopt(struct surroundings *s, struct surroundings *old);
/* The server has served somebody, at `now` (CLOCK_BOOTTIME): lists its collections where that is
 * due. */
void surroundings_note(struct surroundings *s, const struct server_config *server, usec_t now);
/* The clock was set: moves all times by as much. */
void surroundings_jump(struct surroundings *s, int64_t by);
/* What is known of the server with this name; NULL when there is none. */
const struct unwatched *surroundings_find(const struct surroundings *s, const char *server);
