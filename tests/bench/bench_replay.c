/* SPDX-License-Identifier: Apache-2.0 */

/* How fast replays are against the same requests sent by plain libcurl, which reads the answers and
 * does nothing with them. Both take turns, one replay each, so that both meet the same machine.
 *
 *   bench_replay CONFIG SECONDS */

#include <curl/curl.h>

#include "ask/records.h"
#include "bench.h"

#define ROUNDS_MAX 65536

/* The requests of one replay, ready to send by one handle that keeps its connection. */
struct plain {
        CURL *easy;
        struct curl_slist *headers;
        char **urls;
        struct http_request *requests;
        size_t count;
        size_t received;
};

static size_t discard(char *data, size_t size, size_t count, void *userdata)
{
        struct plain *p = userdata;

        p->received += size * count;
        return size * count;
}

static void add_request(struct plain *p, const char *base, struct http_request request)
{
        p->urls = reallocarray(p->urls, p->count + 1, sizeof(*p->urls));
        p->requests = reallocarray(p->requests, p->count + 1, sizeof(*p->requests));
        if (!p->urls || !p->requests ||
                asprintf(&p->urls[p->count], "%s%s", base, request.path) < 0)
                die("out of memory");
        p->requests[p->count++] = request;
}

/* What replay.c asks when all queries share their filters and there are no sentinels. */
static void add_requests(
        struct plain *p, const struct collection_config *c, const struct epoch *epoch)
{
        const struct records_request newest = {.offset = (uint64_t)epoch->records - 1, .limit = 1};
        const char *id = epoch->id;
        const struct server_config *s = c->server;
        const float **vectors = calloc(c->queries->count + 1, sizeof(*vectors));
        struct http_request request;

        if (!vectors)
                die("out of memory");
        for (size_t i = 0; i < c->queries->count; i++)
                vectors[i] = vector_set_find(c->vectors, c->queries->queries[i].id);
        if (chroma_build_collection(s->tenant, s->database, c->name, &request) < 0)
                die("no request");
        add_request(p, c->peer.url, request);
        if (chroma_build_count(s->tenant, s->database, id, &request) < 0)
                die("no request");
        add_request(p, c->peer.url, request);
        if (records_build(s->tenant, s->database, id, &newest, &request) < 0)
                die("no request");
        add_request(p, c->peer.url, request);
        for (size_t i = 0; i < c->queries->count; i += c->replay.batch) {
                size_t batch = MIN((size_t)c->replay.batch, c->queries->count - i);

                if (chroma_build_query(s->tenant, s->database, id, vectors + i, batch,
                            c->vectors->dimension, c->replay.results, NULL, NULL, CHROMA_DISTANCES,
                            &request) < 0)
                        die("no request");
                add_request(p, c->peer.url, request);
        }
        if (chroma_build_count(s->tenant, s->database, id, &request) < 0)
                die("no request");
        add_request(p, c->peer.url, request);
        free(vectors);
}

static void plain_init(struct plain *p)
{
        *p = (struct plain){.easy = curl_easy_init()};
        p->headers = curl_slist_append(NULL, "Content-Type: application/json");
        p->headers = curl_slist_append(p->headers, "Expect:");
        if (!p->easy || !p->headers)
                die("out of memory");
        curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, p->headers);
        curl_easy_setopt(p->easy, CURLOPT_WRITEFUNCTION, discard);
        curl_easy_setopt(p->easy, CURLOPT_WRITEDATA, p);
        curl_easy_setopt(p->easy, CURLOPT_PROXY, "");
}

static void plain_done(struct plain *p)
{
        for (size_t i = 0; i < p->count; i++) {
                free(p->urls[i]);
                http_request_done(&p->requests[i]);
        }
        free(p->urls);
        free(p->requests);
        curl_easy_cleanup(p->easy);
        curl_slist_free_all(p->headers);
}

static void plain_send(struct plain *p, size_t i)
{
        const struct http_request *request = &p->requests[i];
        long status = 0;

        curl_easy_setopt(p->easy, CURLOPT_URL, p->urls[i]);
        if (request->body) {
                curl_easy_setopt(p->easy, CURLOPT_POST, 1L);
                curl_easy_setopt(
                        p->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
                curl_easy_setopt(p->easy, CURLOPT_POSTFIELDS, request->body);
        } else
                curl_easy_setopt(p->easy, CURLOPT_HTTPGET, 1L);
        if (curl_easy_perform(p->easy) != CURLE_OK)
                die("plain libcurl could not send %s", p->urls[i]);
        curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200)
                die("plain libcurl: status %ld from %s", status, p->urls[i]);
}

static double seconds_of_replay(struct stage *s)
{
        double begun = seconds_now();

        stage_replay(s, 1);
        return seconds_now() - begun;
}

static double seconds_of_plain(struct plain *p)
{
        double begun = seconds_now();

        for (size_t i = 0; i < p->count; i++)
                plain_send(p, i);
        return seconds_now() - begun;
}

/* Seconds of each round, and the replay's rate as a share of that of plain libcurl beside it. */
struct rounds {
        double replay[ROUNDS_MAX], plain[ROUNDS_MAX], ratio[ROUNDS_MAX];
        size_t count;
};

/* One of each a round, taking turns to be first, until the time is over. */
static void measure(struct stage *s, struct plain *p, double seconds, struct rounds *r)
{
        double end = seconds_now() + seconds;

        for (r->count = 0; r->count < ROUNDS_MAX && seconds_now() < end; r->count++) {
                size_t i = r->count;

                if (i % 2 == 0)
                        r->replay[i] = seconds_of_replay(s);
                r->plain[i] = seconds_of_plain(p);
                if (i % 2 == 1)
                        r->replay[i] = seconds_of_replay(s);
                r->ratio[i] = r->plain[i] / r->replay[i];
        }
}

int main(int argc, char **argv)
{
        static struct rounds rounds;
        double seconds = argc == 3 ? strtod(argv[2], NULL) : 0;
        struct stage stage;
        struct plain plain;

        if (seconds <= 0)
                die("usage: bench_replay CONFIG SECONDS");
        stage_init(&stage, argv[1]);
        stage_replay(&stage, 1);
        plain_init(&plain);
        add_requests(&plain, &stage.config->collections[0], &watch_view(stage.watch)->epoch);
        measure(&stage, &plain, seconds / 10, &rounds);
        measure(&stage, &plain, seconds, &rounds);
        figure("replay_requests", (double)plain.count, "requests/replay");
        figure("replay_rate", 1 / median(rounds.replay, rounds.count), "replays/s");
        figure("libcurl_rate", 1 / median(rounds.plain, rounds.count), "replays/s");
        figure("replay_ratio", median(rounds.ratio, rounds.count),
                "times plain libcurl, median of pairs");
        plain_done(&plain);
        stage_done(&stage);
        return 0;
}
