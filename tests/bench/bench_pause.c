/* SPDX-License-Identifier: Apache-2.0 */

/* How long the loop is kept from anything else while a large collection is replayed: what follows a
 * replay - rules, alerts, the view and its publication - and how late a timer comes that is due
 * every millisecond.
 *
 *   bench_pause CONFIG REPLAYS */

#include <errno.h>

#include "bench.h"
#include "clock.h"
#include "serve/handover.h"
#include "watch/publisher.h"

#define REPLAYS_MAX 1000
#define TICK USEC_PER_MSEC

/* What daemon.c owns besides the watch. */
struct house {
        struct stage stage; /* first: the callback gets it */
        struct alerts *alerts;
        struct outbox *outbox;
        struct handover *handover;
        struct publisher publisher;
        sd_event_source *tick;
        double latest; /* of the ticks during this replay, in milliseconds */
        double publish[REPLAYS_MAX], late[REPLAYS_MAX];
        unsigned count;
};

static int send_nothing(void *sender, const struct http_peer *peer,
        const struct http_request *request, http_done_t done, void *userdata)
{
        return -EIO;
}

static void evaluate(struct house *h, const struct collection_view *view)
{
        const struct alerting_config *c = &h->stage.config->alerting;
        const struct signal_policy policy = {.rules = c->rules,
                .query_alerts_max = c->query_alerts_max,
                .runbook_url = c->runbook_url};
        struct signals signals = {0};

        if (signals_build(&policy, view, &signals) < 0 ||
                alerts_update(h->alerts, c->rules, &signals, clock_usec(CLOCK_REALTIME)) < 0)
                die("the alert rules failed");
        signals_done(&signals);
}

static void publish(struct house *h)
{
        const struct publication p = {
                .config = h->stage.config,
                .watches = &h->stage.watch,
                .watch_count = 1,
                .alerts = h->alerts,
                .outbox = h->outbox,
        };
        struct view *view;

        if (publisher_view(&h->publisher, &p, clock_usec(CLOCK_REALTIME), &view) < 0)
                die("no view");
        (void)publisher_status(&h->publisher, view);
        handover_publish(h->handover, view);
}

static void on_replayed(struct stage *s)
{
        struct house *h = (struct house *)s;
        double begun = seconds_now();

        evaluate(h, watch_view(s->watch));
        publish(h);
        h->publish[h->count] = (seconds_now() - begun) * 1000;
}

static int on_tick(sd_event_source *source, uint64_t due, void *userdata)
{
        struct house *h = userdata;
        usec_t now = clock_usec(CLOCK_MONOTONIC);

        h->latest = MAX(h->latest, (double)(now - due) / (double)USEC_PER_MSEC);
        if (sd_event_source_set_time(source, now + TICK) < 0 ||
                sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) < 0)
                die("no timer");
        return 0;
}

static void house_init(struct house *h, const char *config_path)
{
        stage_init(&h->stage, config_path);
        h->stage.replayed = on_replayed;
        h->alerts = alerts_new();
        publisher_init(&h->publisher, clock_usec(CLOCK_REALTIME));
        if (!h->alerts || outbox_new(h->stage.event, send_nothing, NULL, NULL, &h->outbox) < 0 ||
                handover_new(&h->handover) < 0 ||
                sd_event_add_time(h->stage.event, &h->tick, CLOCK_MONOTONIC,
                        clock_usec(CLOCK_MONOTONIC) + TICK, 1, on_tick, h) < 0)
                die("the house could not be built");
}

static void house_done(struct house *h)
{
        sd_event_source_disable_unref(h->tick);
        outbox_free(h->outbox);
        alerts_free(h->alerts);
        handover_free(h->handover);
        publisher_done(&h->publisher);
        stage_done(&h->stage);
}

int main(int argc, char **argv)
{
        static struct house house;
        long replays = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
        double longest = 0;

        if (replays <= 0 || replays > REPLAYS_MAX)
                die("usage: bench_pause CONFIG REPLAYS");
        house_init(&house, argv[1]);
        stage_replay(&house.stage, 1);
        for (; house.count < replays; house.count++) {
                house.latest = 0;
                stage_replay(&house.stage, 1);
                house.late[house.count] = house.latest;
                longest = MAX(longest, house.latest);
        }
        figure("publish_pause", median(house.publish, house.count), "ms, median");
        figure("loop_lateness", median(house.late, house.count),
                "ms, median of the replays' worst");
        figure("loop_lateness_max", longest, "ms");
        house_done(&house);
        return 0;
}
