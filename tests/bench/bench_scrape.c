/* SPDX-License-Identifier: Apache-2.0 */

/* How fast metrics are scraped from the daemon and from another server of as many series. Each
 * round asks the daemon once for a page that it has to render anew, some times more for the one it
 * still has, and then, until that one is too old, the other server.
 *
 *   bench_scrape DAEMON_URL OTHER_URL SECONDS */

#include <curl/curl.h>

#include "bench.h"
#include "serve/scrape.h"

#define ROUNDS_MAX 1000
#define REPEATS 20
/* A little more than the daemon keeps what it rendered. */
#define ROUND_SECONDS (1.05 * (double)SCRAPE_AGE_USEC / (double)USEC_PER_SEC)

struct samples {
        double values[ROUNDS_MAX * REPEATS];
        size_t count;
};

/* One encoding's times, in seconds. */
struct series {
        const char *name;
        struct curl_slist *headers;
        struct samples fresh, kept, other;
        size_t fresh_size, other_size; /* of the body, as sent */
};

static size_t discard(char *data, size_t size, size_t count, void *userdata)
{
        *(size_t *)userdata += size * count;
        return size * count;
}

static size_t scrape(CURL *easy, const char *url, const struct series *s, struct samples *to)
{
        size_t size = 0;
        double begun;
        long status = 0;

        curl_easy_setopt(easy, CURLOPT_URL, url);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, s->headers);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &size);
        begun = seconds_now();
        if (curl_easy_perform(easy) != CURLE_OK)
                die("%s: no answer", url);
        if (to->count < ARRAY_SIZE(to->values))
                to->values[to->count++] = seconds_now() - begun;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200)
                die("%s: status %ld", url, status);
        return size;
}

static void run_round(CURL *easy, const char *daemon, const char *other, struct series *s)
{
        double end = seconds_now() + ROUND_SECONDS;

        s->fresh_size = scrape(easy, daemon, s, &s->fresh);
        for (unsigned i = 0; i < REPEATS; i++)
                (void)scrape(easy, daemon, s, &s->kept);
        do
                s->other_size = scrape(easy, other, s, &s->other);
        while (seconds_now() < end);
}

static void print(const char *name, const char *what, double value, const char *unit)
{
        char label[64];

        (void)snprintf(label, sizeof(label), "scrape_%s_%s", name, what);
        figure(label, value, unit);
}

static void report(struct series *s)
{
        double fresh = median(s->fresh.values, s->fresh.count);
        double kept = median(s->kept.values, s->kept.count);
        double other = median(s->other.values, s->other.count);

        print(s->name, "size", (double)s->fresh_size / 1e3, "kB");
        print(s->name, "fresh", fresh * 1e3, "ms");
        print(s->name, "kept", kept * 1e3, "ms");
        print(s->name, "python_size", (double)s->other_size / 1e3, "kB");
        print(s->name, "python", other * 1e3, "ms");
        print(s->name, "ratio", other / fresh, "times as fast, rendered anew");
        print(s->name, "kept_ratio", other / kept,
                "times as fast, rendered within the last second");
}

int main(int argc, char **argv)
{
        static struct series plain = {.name = "plain"}, gzip = {.name = "gzip"};
        double seconds = argc == 4 ? strtod(argv[3], NULL) : 0, end;
        CURL *easy = curl_easy_init();

        if (seconds <= 0 || !easy)
                die("usage: bench_scrape DAEMON_URL OTHER_URL SECONDS");
        plain.headers = curl_slist_append(NULL, "Accept: text/plain;version=0.0.4");
        gzip.headers = curl_slist_append(NULL, "Accept: text/plain;version=0.0.4");
        gzip.headers = curl_slist_append(gzip.headers, "Accept-Encoding: gzip");
        end = seconds_now() + seconds;
        do {
                run_round(easy, argv[1], argv[2], &plain);
                run_round(easy, argv[1], argv[2], &gzip);
        } while (seconds_now() < end);
        report(&plain);
        report(&gzip);
        curl_slist_free_all(plain.headers);
        curl_slist_free_all(gzip.headers);
        curl_easy_cleanup(easy);
        return 0;
}
