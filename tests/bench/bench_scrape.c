/* SPDX-License-Identifier: Apache-2.0 */

/* How fast metrics are scraped from the daemon and from another server of as many series, in three
 * situations: right after a replay, when all of the page is new; again a second later, as by a
 * monitor between two replays; and without pause, as by a load generator, when the daemon may send
 * what it rendered within the last second. Both servers are asked in turns.
 *
 *   bench_scrape DAEMON_URL OTHER_URL SECONDS */

#include <curl/curl.h>
#include <poll.h>

#include "bench.h"
#include "serve/scrape.h"

#define SAMPLES_MAX 65536
/* A little more than the daemon keeps what it rendered. */
#define KEPT_SECONDS (1.05 * (double)SCRAPE_AGE_USEC / (double)USEC_PER_SEC)
#define BUSY_SECONDS (KEPT_SECONDS / 4)

enum situation { REPLAYED, AGAIN, BUSY, SITUATIONS };
static const char *const situation_names[SITUATIONS] = {"replayed", "again", "busy"};

/* Seconds that scrapes of one server in one encoding took. */
struct samples {
        double values[SAMPLES_MAX];
        size_t count;
        size_t size; /* of the body, as sent */
};

struct series {
        const char *name;
        struct curl_slist *headers;
        struct samples daemon[SITUATIONS], other[SITUATIONS];
};

static size_t discard(char *data, size_t size, size_t count, void *userdata)
{
        *(size_t *)userdata += size * count;
        return size * count;
}

struct scraper {
        CURL *easy;
        const char *replay_url, *daemon_url, *other_url;
};

static void get(struct scraper *x, const char *url)
{
        long status = 0;

        curl_easy_setopt(x->easy, CURLOPT_URL, url);
        if (curl_easy_perform(x->easy) != CURLE_OK)
                die("%s: no answer", url);
        curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200)
                die("%s: status %ld", url, status);
}

static void replay(struct scraper *x)
{
        size_t size = 0;

        curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, &size);
        curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, "");
        get(x, x->replay_url);
        curl_easy_setopt(x->easy, CURLOPT_HTTPGET, 1L);
}

static void scrape(struct scraper *x, const char *url, const struct series *s, struct samples *to)
{
        double begun;

        to->size = 0;
        curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, s->headers);
        curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, &to->size);
        begun = seconds_now();
        get(x, url);
        if (to->count < ARRAY_SIZE(to->values))
                to->values[to->count++] = seconds_now() - begun;
}

static void scrape_both(struct scraper *x, struct series *s, enum situation i)
{
        scrape(x, x->daemon_url, s, &s->daemon[i]);
        scrape(x, x->other_url, s, &s->other[i]);
}

static void run_round(struct scraper *x, struct series *s)
{
        double begun;

        replay(x);
        begun = seconds_now();
        scrape_both(x, s, REPLAYED);
        (void)poll(NULL, 0, (int)((begun + KEPT_SECONDS - seconds_now()) * 1000) + 1);
        begun = seconds_now();
        scrape_both(x, s, AGAIN);
        while (seconds_now() < begun + BUSY_SECONDS)
                scrape_both(x, s, BUSY);
}

static void print(
        const struct series *s, const char *what, const char *where, double value, const char *unit)
{
        char label[64];

        (void)snprintf(label, sizeof(label), "scrape_%s_%s_%s", s->name, where, what);
        figure(label, value, unit);
}

static void report(struct series *s)
{
        print(s, "daemon", "size", (double)s->daemon[AGAIN].size / 1e3, "kB");
        print(s, "python", "size", (double)s->other[AGAIN].size / 1e3, "kB");
        for (size_t i = 0; i < SITUATIONS; i++) {
                const char *name = situation_names[i];
                double daemon = median(s->daemon[i].values, s->daemon[i].count);
                double other = median(s->other[i].values, s->other[i].count);

                print(s, "daemon", name, daemon * 1e3, "ms");
                print(s, "python", name, other * 1e3, "ms");
                print(s, "ratio", name, other / daemon, "times as fast");
        }
}

static char *join(const char *base, const char *path)
{
        char *url;

        if (asprintf(&url, "%s%s", base, path) < 0)
                die("out of memory");
        return url;
}

int main(int argc, char **argv)
{
        static struct series plain = {.name = "plain"}, gzip = {.name = "gzip"};
        double seconds = argc == 4 ? strtod(argv[3], NULL) : 0, end;
        struct scraper x = {.easy = curl_easy_init()};
        _cleanup_free_ char *replay_url = NULL, *daemon_url = NULL, *other_url = NULL;

        if (seconds <= 0 || !x.easy)
                die("usage: bench_scrape DAEMON_URL OTHER_URL SECONDS");
        x.replay_url = replay_url = join(argv[1], "/api/v1/replay?wait=true");
        x.daemon_url = daemon_url = join(argv[1], "/metrics");
        x.other_url = other_url = join(argv[2], "/metrics");
        curl_easy_setopt(x.easy, CURLOPT_PROXY, "");
        curl_easy_setopt(x.easy, CURLOPT_WRITEFUNCTION, discard);
        plain.headers = curl_slist_append(NULL, "Accept: text/plain;version=0.0.4");
        gzip.headers = curl_slist_append(NULL, "Accept: text/plain;version=0.0.4");
        gzip.headers = curl_slist_append(gzip.headers, "Accept-Encoding: gzip");
        end = seconds_now() + seconds;
        do {
                run_round(&x, &plain);
                run_round(&x, &gzip);
        } while (seconds_now() < end);
        report(&plain);
        report(&gzip);
        curl_easy_cleanup(x.easy);
        curl_slist_free_all(plain.headers);
        curl_slist_free_all(gzip.headers);
        return 0;
}
