/* SPDX-License-Identifier: Apache-2.0 */

/* How fast replays are against the same requests sent by plain libcurl, which reads the answers and
 * does nothing with them. Both take turns, one replay each, so that both meet the same machine.
 * What plain libcurl sends is what a replay was seen to send, byte by byte. Rounds in which the
 * daemon asked for anything else - it probes an index now and then - are left out.
 *
 *   bench_replay CONFIG SECONDS */

#include <curl/curl.h>

#include "ask/http_client.h"
#include "bench.h"
#include "clock.h"

#define ROUNDS_MAX 65536
#define TRIES_MAX 10

/* The requests of one replay, ready to send by one handle that keeps its connection. */
struct plain {
        CURL *easy;
        struct curl_slist *headers;
        struct http_request *requests; /* their paths are whole URLs */
        size_t count;
        size_t received;
};

static struct {
        struct plain *to; /* NULL: they are only counted */
        size_t count;
} sent;

static size_t discard(char *data, size_t size, size_t count, void *userdata)
{
        struct plain *p = userdata;

        p->received += size * count;
        return size * count;
}

static void record(
        struct plain *p, const struct http_peer *peer, const struct http_request *request)
{
        struct http_request copy = {.method = request->method, .body_size = request->body_size};

        p->requests = reallocarray(p->requests, p->count + 1, sizeof(*p->requests));
        if (!p->requests || asprintf(&copy.path, "%s%s", peer->url, request->path) < 0)
                die("out of memory");
        if (request->body) {
                copy.body = malloc(request->body_size + 1);
                if (!copy.body)
                        die("out of memory");
                memcpy(copy.body, request->body, request->body_size);
        }
        p->requests[p->count++] = copy;
}

/* The linker puts the first of these in the place of the second (meson.build). */
int __wrap_http_client_submit(struct http_client *client, const struct http_peer *peer,
        const struct http_request *request, http_done_t done, void *userdata,
        struct http_transfer **ret);
int __real_http_client_submit(struct http_client *client, const struct http_peer *peer,
        const struct http_request *request, http_done_t done, void *userdata,
        struct http_transfer **ret);

int __wrap_http_client_submit(struct http_client *client, const struct http_peer *peer,
        const struct http_request *request, http_done_t done, void *userdata,
        struct http_transfer **ret)
{
        sent.count++;
        if (sent.to)
                record(sent.to, peer, request);
        return __real_http_client_submit(client, peer, request, done, userdata, ret);
}

static void forget(struct plain *p)
{
        for (size_t i = 0; i < p->count; i++)
                http_request_done(&p->requests[i]);
        p->count = 0;
}

static size_t replay_counted(struct stage *s)
{
        sent.count = 0;
        stage_replay(s, 1);
        return sent.count;
}

/* A replay that is under way when one is asked for is taken for that one: then all that follow are
 * out of step, until nothing was asked for a while. */
static void record_replay(struct stage *s, struct plain *p)
{
        for (int tries = 0; tries < TRIES_MAX; tries++) {
                stage_settle(s);
                forget(p);
                sent.to = p;
                (void)replay_counted(s);
                sent.to = NULL;
                if (replay_counted(s) == p->count)
                        return;
        }
        die("replays do not send the same number of requests");
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
        forget(p);
        free(p->requests);
        curl_easy_cleanup(p->easy);
        curl_slist_free_all(p->headers);
}

static void plain_send(struct plain *p, size_t i)
{
        const struct http_request *request = &p->requests[i];
        long status = 0;

        curl_easy_setopt(p->easy, CURLOPT_URL, request->path);
        if (request->body) {
                curl_easy_setopt(p->easy, CURLOPT_POST, 1L);
                curl_easy_setopt(
                        p->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
                curl_easy_setopt(p->easy, CURLOPT_POSTFIELDS, request->body);
        } else
                curl_easy_setopt(p->easy, CURLOPT_HTTPGET, 1L);
        if (curl_easy_perform(p->easy) != CURLE_OK)
                die("plain libcurl could not send %s", request->path);
        curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200)
                die("plain libcurl: status %ld from %s", status, request->path);
}

static double seconds_of_cpu(void)
{
        return (double)clock_usec(CLOCK_THREAD_CPUTIME_ID) / (double)USEC_PER_SEC;
}

/* What one replay took. */
struct cost {
        double seconds, cpu;
};

static struct cost cost_of_replay(struct stage *s)
{
        double begun = seconds_now(), cpu = seconds_of_cpu();

        (void)replay_counted(s);
        return (struct cost){seconds_now() - begun, seconds_of_cpu() - cpu};
}

static struct cost cost_of_plain(struct plain *p)
{
        double begun = seconds_now(), cpu = seconds_of_cpu();

        for (size_t i = 0; i < p->count; i++)
                plain_send(p, i);
        return (struct cost){seconds_now() - begun, seconds_of_cpu() - cpu};
}

static void note(struct cost cost, double *seconds, double *cpu)
{
        *seconds = cost.seconds;
        *cpu = cost.cpu;
}

/* Seconds of each round, on the clock and of the processor, and the replay's rate as a share of
 * that of plain libcurl beside it. */
struct rounds {
        double replay[ROUNDS_MAX], plain[ROUNDS_MAX], ratio[ROUNDS_MAX];
        double replay_cpu[ROUNDS_MAX], plain_cpu[ROUNDS_MAX];
        size_t count;
};

/* One of each a round, taking turns to be first, until the time is over. */
static void measure(struct stage *s, struct plain *p, double seconds, struct rounds *r)
{
        double end = seconds_now() + seconds;

        r->count = 0;
        for (size_t turn = 0; r->count < ROUNDS_MAX && seconds_now() < end; turn++) {
                size_t i = r->count;

                if (turn % 2 == 0)
                        note(cost_of_replay(s), &r->replay[i], &r->replay_cpu[i]);
                note(cost_of_plain(p), &r->plain[i], &r->plain_cpu[i]);
                if (turn % 2 == 1)
                        note(cost_of_replay(s), &r->replay[i], &r->replay_cpu[i]);
                r->ratio[i] = r->plain[i] / r->replay[i];
                r->count += sent.count == p->count;
        }
        if (r->count == 0)
                die("no replay sent the %zu requests of the one before", p->count);
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
        /* The first one chooses the records that every later one looks at, and entails a probe. */
        stage_replay(&stage, 1);
        plain_init(&plain);
        record_replay(&stage, &plain);
        measure(&stage, &plain, seconds / 10, &rounds);
        measure(&stage, &plain, seconds, &rounds);
        figure("replay_requests", (double)plain.count, "requests/replay");
        figure("replay_rate", 1 / median(rounds.replay, rounds.count), "replays/s");
        figure("libcurl_rate", 1 / median(rounds.plain, rounds.count), "replays/s");
        figure("replay_cpu", 1000 * median(rounds.replay_cpu, rounds.count), "ms of CPU");
        figure("libcurl_cpu", 1000 * median(rounds.plain_cpu, rounds.count), "ms of CPU");
        figure("replay_ratio", median(rounds.ratio, rounds.count),
                "times plain libcurl, median of pairs");
        plain_done(&plain);
        stage_done(&stage);
        return 0;
}
