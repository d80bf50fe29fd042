/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/surroundings.h"

#include <errno.h>

#include "ask/listing.h"
#include "clock.h"

/* Bytes of a name that are shown; they are the server's. */
#define NAME_EXCERPT_MAX 80

struct place {
        struct surroundings *all;
        const struct server_config *server;
        const char **watched; /* names of collections, ascending; borrowed */
        size_t watched_count;
        struct listing_target target;
        struct listing *listing; /* under way, or NULL */
        struct unwatched counting; /* by it */
        bool failed; /* memory was short while it was */
        struct unwatched known;
        usec_t due; /* CLOCK_BOOTTIME */
};

struct surroundings {
        struct http_client *client;
        const struct surroundings_owner *owner;
        struct place *places; /* as many as servers, in their order */
        size_t count;
};

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool same_place(const struct server_config *a, const struct server_config *b)
{
        return streq(a->peer.url, b->peer.url) && streq(a->tenant, b->tenant) &&
                streq(a->database, b->database);
}

/* Also what is watched there by another name of the same server, or by another daemon. */
static int find_watched(const struct config *config, struct place *p)
{
        p->watched =
                calloc(config->collection_count + config->elsewhere_count + 1, sizeof(*p->watched));
        if (!p->watched)
                return -ENOMEM;
        for (size_t i = 0; i < config->collection_count; i++)
                if (same_place(config->collections[i]->server, p->server))
                        p->watched[p->watched_count++] = config->collections[i]->name;
        for (size_t i = 0; i < config->elsewhere_count; i++)
                if (same_place(config->elsewhere[i].server, p->server))
                        p->watched[p->watched_count++] = config->elsewhere[i].name;
        qsort(p->watched, p->watched_count, sizeof(*p->watched), compare_names);
        return 0;
}

int surroundings_new(const struct config *config, struct http_client *client,
        const struct surroundings_owner *owner, struct surroundings **ret)
{
        _cleanup_(surroundings_freep) struct surroundings *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->client = client;
        s->owner = owner;
        s->places = calloc(config->server_count + 1, sizeof(*s->places));
        if (!s->places)
                return -ENOMEM;
        while (s->count < config->server_count) {
                struct place *p = &s->places[s->count];
                int r;

                p->all = s;
                p->server = config->servers[s->count++];
                p->target = (struct listing_target){
                        p->server->tenant, p->server->database, &p->server->peer};
                r = find_watched(config, p);
                if (r < 0)
                        return r;
        }
        *ret = take_ptr(s);
        return 0;
}

struct surroundings *surroundings_free(struct surroundings *s)
{
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->count; i++) {
                listing_free(s->places[i].listing);
                unwatched_done(&s->places[i].counting);
                unwatched_done(&s->places[i].known);
                free(s->places[i].watched);
        }
        free(s->places);
        free(s);
        return NULL;
}

static struct place *find(const struct surroundings *s, const char *server)
{
        for (size_t i = 0; i < s->count; i++)
                if (streq(s->places[i].server->name, server))
                        return &s->places[i];
        return NULL;
}

static bool same_watched(const struct place *a, const struct place *b)
{
        for (size_t i = 0; i < a->watched_count && a->watched_count == b->watched_count; i++)
                if (!streq(a->watched[i], b->watched[i]))
                        return false;
        return a->watched_count == b->watched_count;
}

void surroundings_adopt(struct surroundings *s, struct surroundings *old)
{
        for (size_t i = 0; i < s->count; i++) {
                struct place *p = &s->places[i];
                struct place *before = old ? find(old, p->server->name) : NULL;

                if (!before || !same_place(p->server, before->server) || !same_watched(p, before))
                        continue;
                p->known = before->known;
                before->known = (struct unwatched){0};
                p->due = before->listing ? 0 : before->due;
        }
}

static void on_page(char *const *names, size_t count, void *userdata)
{
        struct place *p = userdata;

        for (size_t i = 0; i < count; i++) {
                _cleanup_free_ char *shown = NULL;

                if (bsearch(&names[i], p->watched, p->watched_count, sizeof(*p->watched),
                            compare_names))
                        continue;
                shown = http_body_excerpt(names[i], strlen(names[i]), NAME_EXCERPT_MAX);
                p->failed |= !shown || unwatched_add(&p->counting, shown) < 0;
        }
}

/* Also what failed is not asked again before its time: a proxy that refuses lists, say, lets
 * everything else pass, so that the server goes on to answer. */
static void on_done(const struct error *why, void *userdata)
{
        struct place *p = userdata;

        unwatched_done(&p->known);
        if (!why->message && !p->failed) {
                p->known = p->counting;
                p->counting = (struct unwatched){0};
                p->known.known = true;
                p->known.listed = clock_wall();
        } else if (strdup_to(&p->known.error, error_text(why, -ENOMEM)) < 0)
                p->known.error = NULL;
        p->listing = listing_free(p->listing);
        p->all->owner->changed(p->all->owner->userdata);
}

static void on_exchanged(const struct http_response *response, void *userdata)
{
        const struct place *p = userdata;

        p->all->owner->exchanged(p->server->name, response, p->all->owner->userdata);
}

void surroundings_note(struct surroundings *s, const struct server_config *server, usec_t now)
{
        struct place *p = find(s, server->name);
        const struct listing_callbacks callbacks = {on_page, on_done, on_exchanged, p};

        if (!p || p->listing || now < p->due)
                return;
        unwatched_done(&p->counting);
        p->failed = false;
        p->due = now + SURROUNDINGS_INTERVAL;
        if (listing_start(s->client, &p->target, &callbacks, &p->listing) < 0)
                p->due = 0;
}

void surroundings_jump(struct surroundings *s, int64_t by)
{
        for (size_t i = 0; i < s->count; i++)
                time_jump(&s->places[i].known.listed, by);
}

const struct unwatched *surroundings_find(const struct surroundings *s, const char *server)
{
        const struct place *p = find(s, server);

        return p ? &p->known : NULL;
}
