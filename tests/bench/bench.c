/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <stdarg.h>

#include "clock.h"

/* Longer than a probe takes. */
#define SETTLED_SECONDS 2

void die(const char *format, ...)
{
        va_list args;

        va_start(args, format);
        (void)vfprintf(stderr, format, args);
        va_end(args);
        (void)fputc('\n', stderr);
        exit(1);
}

void figure(const char *name, double value, const char *unit)
{
        printf("%s %.4g %s\n", name, value, unit);
        (void)fflush(stdout);
}

static int compare(const void *a, const void *b)
{
        double left = *(const double *)a, right = *(const double *)b;

        return left < right ? -1 : left > right;
}

double median(double *values, size_t count)
{
        qsort(values, count, sizeof(*values), compare);
        return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

double seconds_now(void)
{
        return (double)clock_usec(CLOCK_MONOTONIC) / (double)USEC_PER_SEC;
}

static void on_replayed(struct watch *w, void *userdata)
{
        struct stage *s = userdata;

        if (watch_view(w)->last_error)
                die("a replay failed: %s", watch_view(w)->last_error);
        if (s->replayed)
                s->replayed(s);
        /* Replays that nobody asked for come too: at the end of an ingest, to confirm. */
        if (s->left > 0 && --s->left > 0)
                watch_replay(w);
}

static void on_exchanged(struct watch *w, const struct http_response *response, void *userdata)
{
}

static void on_changed(struct watch *w, void *userdata)
{
}

static void load(struct stage *s, const char *config_path)
{
        _cleanup_errors_ struct errors errors = {0};

        if (config_load(config_path, NULL, &s->config, &errors) >= 0)
                return;
        for (size_t i = 0; i < errors.count; i++)
                (void)fprintf(stderr, "%s\n", errors.messages[i]);
        die("%s: cannot be used", config_path);
}

static void open_loop(struct stage *s)
{
        if (sd_event_new(&s->event) < 0 || http_client_new(s->event, "bench", &s->client) < 0)
                die("no event loop");
        if (watch_new(s->event, s->config->collections[0], s->client, &s->owner, &s->watch) < 0)
                die("no watch");
}

void stage_init(struct stage *s, const char *config_path)
{
        *s = (struct stage){.owner = {on_replayed, on_changed, on_exchanged, s, NULL, NULL}};
        load(s, config_path);
        open_loop(s);
}

void stage_done(struct stage *s)
{
        watch_free(s->watch);
        http_client_free(s->client);
        sd_event_unref(s->event);
        config_free(s->config);
}

void stage_replay(struct stage *s, unsigned count)
{
        s->left = count;
        watch_replay(s->watch);
        while (s->left > 0)
                if (sd_event_run(s->event, UINT64_MAX) < 0)
                        die("the event loop failed");
}

void stage_settle(struct stage *s)
{
        double end = seconds_now() + SETTLED_SECONDS;

        while (seconds_now() < end)
                if (sd_event_run(s->event, USEC_PER_MSEC) < 0)
                        die("the event loop failed");
}
