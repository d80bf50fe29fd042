/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Topics: the queries of a set that share a tag, key and value. What happens to most of a topic's
 * queries is told of the tag. Which topics that is true of is judged in judge/topic.h. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "macro.h"

/* Fewer queries are no topic: what happens to them is told of each. */
#define TOPIC_MIN 3

struct tag {
        char *key, *value;
};

/* `hit` of `all`. */
struct portion {
        uint32_t hit, all;
};

struct topic {
        const struct tag *tag; /* of its first query, borrowed */
        const size_t *queries; /* indices, ascending; TOPIC_MIN or more */
        size_t count;
};

/* By key and value. */
struct topics {
        struct topic *topics;
        size_t count;
        size_t *queries; /* what the topics point into */
};

struct query;
/* Of `count` queries, which are borrowed; `*ret` needs topics_done(). -ENOMEM. */
_must_check_ int topics_build(const struct query *queries, size_t count, struct topics *ret);
void topics_done(struct topics *t);
/* NULL when there is none of this tag. */
const struct topic *topics_find(const struct topics *t, const struct tag *tag);

/* Topics that people are told by name. */
#define TOPICS_TOLD 3

/* Topics that something happened to, the most concerned ones first. */
struct topic_list {
        uint32_t count;
        struct {
                uint32_t topic; /* index */
                struct portion portion;
        } told[TOPICS_TOLD]; /* the first of them */
};

/* The same of another query set; topics that `to` does not have are left out. */
void topic_list_rebase(struct topic_list *l, const struct topics *from, const struct topics *to);
/* How many of a list's topics are told by name. */
size_t topic_list_told(const struct topic_list *l);
/* Whether all that `l` is about is named by `by`. */
bool topic_list_within(const struct topic_list *l, const struct topic_list *by);
/* Whether the query has one of the tags that are told by name. */
bool topic_list_names(
        const struct topic_list *l, const struct topics *topics, const struct query *query);
