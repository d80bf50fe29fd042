/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/directory.h"

#include <errno.h>

#include "ask/exchange.h"
#include "ask/wire.h"
#include "json.h"

#define NAME_EXCERPT_MAX 80
#define RESPONSE_MAX (16U << 20)

struct directory {
        struct exchange exchange;
        const struct directory_target *target;
        directory_done_t done;
        void *userdata;
};

static void end(struct directory *d, struct text *found)
{
        d->done(found && !text_failed(found) && found->size > 0 ? found->data : NULL, d->userdata);
}

static void ask(
        struct directory *d, const char *const *segments, const char *tail, http_done_t done)
{
        int r = wire_build_path("GET", segments, tail, RESPONSE_MAX, &d->exchange.request);

        if (r >= 0)
                r = exchange_submit(&d->exchange, done, d);
        if (r < 0)
                end(d, NULL);
}

void directory_names_free(char **names, size_t count)
{
        for (size_t i = 0; i < count; i++)
                free(names[i]);
        free(names);
}

int directory_parse(const char *body, size_t size, char ***ret, size_t *ret_count)
{
        _cleanup_json_ json_t *document = NULL;
        size_t count = 0, total;
        char **names;
        int r = wire_parse(body, size, &document, NULL);

        if (r < 0)
                return r;
        if (!json_is_array(document))
                return -EBADMSG;
        total = MIN(json_array_size(document), (size_t)DIRECTORY_NAMES_MAX);
        names = calloc(total + 1, sizeof(*names));
        for (size_t i = 0; names && r >= 0 && i < total; i++) {
                const json_t *one = json_array_get(document, i);
                const char *name = wire_string(json_object_get(one, "name"));

                r = name ? strdup_to(&names[count], name) : 0;
                count += name && r >= 0;
        }
        if (!names || r < 0) {
                directory_names_free(names, count);
                return -ENOMEM;
        }
        *ret = names;
        *ret_count = count;
        return 0;
}

/* Nearest first; qsort_r() hands over the word that was meant. */
static int compare(const void *a, const void *b, void *word)
{
        const char *x = *(char *const *)a, *y = *(char *const *)b;
        unsigned dx = edit_distance(word, x), dy = edit_distance(word, y);

        return dx != dy ? (dx < dy ? -1 : 1) : strcmp(x, y);
}

/* Names are the server's. */
static void append_name(struct text *t, const char *before, const char *name)
{
        _cleanup_free_ char *excerpt = http_body_excerpt(name, strlen(name), NAME_EXCERPT_MAX);

        text_appendf(t, "%s%s", before, excerpt ? excerpt : "?");
}

static void append_nearest(
        struct text *t, const char *kind, char **names, size_t count, const char *word)
{
        text_appendf(t, "has %zu %s%s", count, kind, count == 1 ? "" : "s");
        if (count > 1)
                qsort_r(names, count, sizeof(*names), compare, (void *)word);
        for (size_t i = 0; i < MIN(count, (size_t)DIRECTORY_TOLD); i++)
                append_name(t,
                        i > 0                            ? ", "
                                : count > DIRECTORY_TOLD ? "; nearest: "
                                                         : ": ",
                        names[i]);
}

/* The names of an answer; none where there is no such answer. */
static size_t read_names(struct directory *d, const struct http_response *response, char ***ret)
{
        size_t count = 0;

        if (exchange_accept(&d->exchange, response, "listing", NULL) < 0 ||
                directory_parse(response->body, response->body_size, ret, &count) < 0)
                return 0;
        return count;
}

static void on_tenant(const struct http_response *response, void *userdata)
{
        struct directory *d = userdata;
        _cleanup_text_ struct text t = {0};
        int code = exchange_accept(&d->exchange, response, "looking up the tenant", NULL);

        if (code == -ENOENT)
                text_appendf(&t, "the server has no tenant \"%s\"", d->target->tenant);
        else if (code >= 0)
                text_appendf(&t, "tenant \"%s\" has no database \"%s\"", d->target->tenant,
                        d->target->database);
        end(d, &t);
}

static void on_databases(const struct http_response *response, void *userdata)
{
        struct directory *d = userdata;
        _cleanup_text_ struct text t = {0};
        char **names = NULL;
        size_t count = read_names(d, response, &names);

        if (count > 0) {
                text_appendf(&t, "tenant \"%s\" has no database \"%s\"; it ", d->target->tenant,
                        d->target->database);
                append_nearest(&t, "database", names, count, d->target->database);
        }
        directory_names_free(names, count);
        if (count > 0)
                end(d, &t);
        else
                ask(d, (const char *const[]){"tenants", d->target->tenant, NULL}, "", on_tenant);
}

static void on_database(const struct http_response *response, void *userdata)
{
        struct directory *d = userdata;
        _cleanup_text_ struct text t = {0};
        int code = exchange_accept(&d->exchange, response, "looking up the database", NULL);

        if (code == -ENOENT) {
                ask(d, (const char *const[]){"tenants", d->target->tenant, NULL}, "/databases",
                        on_databases);
                return;
        }
        if (code >= 0)
                text_appendf(&t, "database \"%s\" of tenant \"%s\" has no collection",
                        d->target->database, d->target->tenant);
        end(d, &t);
}

/* A database that does not exist has no collections either, says Chroma. */
static void on_collections(const struct http_response *response, void *userdata)
{
        struct directory *d = userdata;
        const struct directory_target *t = d->target;
        _cleanup_text_ struct text text = {0};
        char **names = NULL;
        size_t count = read_names(d, response, &names);

        if (count > 0) {
                text_appendf(&text, "database \"%s\" of tenant \"%s\" ", t->database, t->tenant);
                append_nearest(&text, "collection", names, count, t->collection);
        }
        directory_names_free(names, count);
        if (count > 0)
                end(d, &text);
        else
                ask(d, (const char *const[]){"tenants", t->tenant, "databases", t->database, NULL},
                        "", on_database);
}

int directory_start(struct http_client *client, const struct directory_target *target,
        directory_done_t done, directory_exchange_t exchange, void *userdata,
        struct directory **ret)
{
        _cleanup_(directory_freep) struct directory *d = calloc(1, sizeof(*d));
        const char *const segments[] = {
                "tenants", target->tenant, "databases", target->database, "collections", NULL};
        int r;

        if (!d)
                return -ENOMEM;
        d->exchange = (struct exchange){
                .client = client, .peer = target->peer, .noted = exchange, .userdata = userdata};
        d->target = target;
        d->done = done;
        d->userdata = userdata;
        r = wire_build_path("GET", segments, "?limit=1000", RESPONSE_MAX, &d->exchange.request);
        if (r >= 0)
                r = exchange_submit(&d->exchange, on_collections, d);
        if (r < 0)
                return r;
        *ret = take_ptr(d);
        return 0;
}

struct directory *directory_free(struct directory *d)
{
        if (!d)
                return NULL;
        exchange_done(&d->exchange);
        free(d);
        return NULL;
}
