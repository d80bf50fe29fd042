/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/outbox.h"

#include <errno.h>

#include "log.h"
#include "tell/queue.h"
#include "tell/record.h"

/* Late by so much is still in time. */
#define TIMER_ACCURACY USEC_PER_MSEC

struct peer {
        unsigned references;
        struct http_peer http;
};

struct attempt {
        struct attempt *next;
        struct outbox *outbox;
        struct destination *destination; /* NULL: vanished meanwhile */
        struct queue_entry *entry;
        struct peer *peer;
};

/* What carries over to the destination of the same key under a new configuration. */
struct traffic {
        struct queue queue; /* without the one in flight */
        struct attempt *attempt;
        unsigned failures; /* attempts in a row that have to be repeated */
        usec_t not_before; /* CLOCK_BOOTTIME; no attempt before */
        struct record record;
};

struct destination {
        struct outbox *outbox;
        char *key;
        struct identity who;
        const struct channel *channel;
        struct peer *peer;
        sd_event_source *timer; /* NULL until it is needed */
        struct traffic traffic;
};

struct outbox {
        sd_event *event;
        outbox_send_t send;
        void *sender;
        const struct outbox_store *store;
        bool store_failing;
        usec_t backoff_min, backoff_max;
        uint64_t last_id;
        struct destination **destinations;
        size_t count;
        struct attempt *attempts; /* all that are in flight */
        uint64_t generation;
};

static void pump(struct destination *d);

static struct peer *peer_unref(struct peer *p)
{
        if (p && --p->references == 0) {
                http_peer_done(&p->http);
                free(p);
        }
        return NULL;
}
DEFINE_CLEANUP(struct peer *, peer_unref)

static struct peer *peer_new(const struct http_peer *from)
{
        _cleanup_(peer_unrefp) struct peer *p = calloc(1, sizeof(*p));

        if (!p)
                return NULL;
        p->references = 1;
        return http_peer_copy(from, &p->http) < 0 ? NULL : take_ptr(p);
}

static struct attempt *attempt_free(struct attempt *a)
{
        queue_entry_free(a->entry);
        peer_unref(a->peer);
        free(a);
        return NULL;
}

static struct destination *destination_free(struct destination *d)
{
        if (!d)
                return NULL;
        queue_clear(&d->traffic.queue);
        if (d->traffic.attempt)
                d->traffic.attempt->destination = NULL;
        record_done(&d->traffic.record);
        sd_event_source_disable_unref(d->timer);
        peer_unref(d->peer);
        free(d->key);
        free(d->who.receiver);
        free(d->who.address);
        free(d->who.peer);
        free(d);
        return NULL;
}
DEFINE_CLEANUP(struct destination *, destination_free)

static int destination_new(
        struct outbox *o, const struct outbox_destination *from, struct destination **ret)
{
        _cleanup_(destination_freep) struct destination *d = calloc(1, sizeof(*d));

        if (!d)
                return -ENOMEM;
        d->outbox = o;
        d->channel = from->channel;
        d->who.channel = from->channel->name;
        d->who.address = http_url_address(from->peer->url);
        d->who.peer = http_url_peer(from->peer->url);
        d->peer = peer_new(from->peer);
        if (!d->who.address || !d->who.peer || !d->peer || strdup_to(&d->key, from->key) < 0 ||
                strdup_to(&d->who.receiver, from->receiver) < 0)
                return -ENOMEM;
        *ret = take_ptr(d);
        return 0;
}

static struct destination *find(const struct outbox *o, const char *key)
{
        for (size_t i = 0; i < o->count; i++)
                if (streq(o->destinations[i]->key, key))
                        return o->destinations[i];
        return NULL;
}

static void forget(struct outbox *o, uint64_t id)
{
        if (o->store)
                o->store->remove(o->store->userdata, id);
}

/* The entry will not be delivered; takes it. */
static void lose(
        struct destination *d, struct queue_entry *e, const char *reason, const char *consequence)
{
        record_loss(&d->traffic.record, &d->who, reason, consequence);
        forget(d->outbox, e->id);
        queue_entry_free(e);
}

/* The peer is there and will not have it. */
static void refuse(struct destination *d, struct queue_entry *e, const char *reason)
{
        d->traffic.failures = 0;
        lose(d, e, reason ? reason : "unexpected", "refused for good, not repeated");
}

static void limit_queue(struct destination *d)
{
        struct traffic *t = &d->traffic;

        while (t->queue.count > OUTBOX_QUEUE_MAX || t->queue.size > OUTBOX_QUEUE_BYTES_MAX) {
                t->record.dropped++;
                lose(d, queue_take(&t->queue), "queue_full",
                        "the queue is full, the oldest are dropped");
        }
}

static void succeed(struct destination *d, struct queue_entry *e)
{
        d->traffic.failures = 0;
        record_success(&d->traffic.record, &d->who);
        forget(d->outbox, e->id);
        queue_entry_free(e);
}

/* Random, so that many daemons do not come back to a restarted peer at one moment. */
static usec_t random_wait(const struct outbox *o, unsigned failures)
{
        usec_t ceiling = o->backoff_min;
        uint64_t random;

        for (unsigned i = 0; i < failures && ceiling < o->backoff_max; i++)
                ceiling *= 2;
        ceiling = MIN(ceiling, o->backoff_max);
        arc4random_buf(&random, sizeof(random));
        return random % (ceiling + 1);
}

static usec_t now(const struct outbox *o, clockid_t clock)
{
        usec_t usec = 0;

        (void)sd_event_now(o->event, clock, &usec);
        return usec;
}

/* The entry has to be sent again; takes it. */
static void postpone(struct destination *d, struct queue_entry *e, usec_t retry_after)
{
        struct traffic *t = &d->traffic;
        usec_t wait = random_wait(d->outbox, t->failures);

        wait = MAX(wait, MIN(retry_after, OUTBOX_RETRY_AFTER_MAX));
        t->not_before = now(d->outbox, CLOCK_BOOTTIME) + wait;
        t->failures++;
        record_retry(&t->record, &d->who);
        queue_add_first(&t->queue, e);
        limit_queue(d);
}

static void unlink_attempt(struct outbox *o, struct attempt *a)
{
        struct attempt **p = &o->attempts;

        while (*p != a)
                p = &(*p)->next;
        *p = a->next;
        if (a->destination)
                a->destination->traffic.attempt = NULL;
}

static void on_response(const struct http_response *response, void *userdata)
{
        struct attempt *a = userdata;
        struct destination *d = a->destination;
        struct queue_entry *e = take_ptr(a->entry);
        enum delivery delivery;

        unlink_attempt(a->outbox, a);
        attempt_free(a);
        if (!d) {
                queue_entry_free(e);
                return;
        }
        delivery = d->channel->judge(response);
        if (delivery != DELIVERY_DONE)
                record_response(&d->traffic.record, response);
        if (delivery == DELIVERY_DONE)
                succeed(d, e);
        else if (delivery == DELIVERY_RETRY)
                postpone(d, e, response->retry_after_usec);
        else
                refuse(d, e, http_failure_reason(response));
        pump(d);
}

/* Gives the first entry to the sender. */
static int attempt_first(struct destination *d)
{
        struct outbox *o = d->outbox;
        struct attempt *a = calloc(1, sizeof(*a));
        struct queue_entry *e = d->traffic.queue.first;
        int r;

        if (!a)
                return -ENOMEM;
        r = o->send(o->sender, &d->peer->http, &e->request, on_response, a);
        if (r < 0) {
                free(a);
                return r;
        }
        e->attempts++;
        d->peer->references++;
        *a = (struct attempt){o->attempts, o, d, queue_take(&d->traffic.queue), d->peer};
        o->attempts = d->traffic.attempt = a;
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        pump(userdata);
        return 0;
}

static void arm(struct destination *d, usec_t at)
{
        int r;

        if (d->timer) {
                r = sd_event_source_set_time(d->timer, at);
                if (r >= 0)
                        r = sd_event_source_set_enabled(d->timer, SD_EVENT_ONESHOT);
        } else {
                r = sd_event_add_time(d->outbox->event, &d->timer, CLOCK_BOOTTIME, at,
                        TIMER_ACCURACY, on_timer, d);
                if (r >= 0)
                        (void)sd_event_source_set_description(d->timer, "outbox-retry");
        }
        if (r < 0)
                log_error("no timer to repeat notifications to %s: %s", d->who.receiver,
                        strerror(-r));
}

/* The first entry went nowhere; -EINVAL will be no better the next time. */
static void not_started(struct destination *d, int r)
{
        struct queue_entry *e = queue_take(&d->traffic.queue);

        record_refusal(&d->traffic.record, r);
        if (r == -EINVAL)
                lose(d, e, "not_sent", "no request can be made of it");
        else
                postpone(d, e, 0);
}

/* Does what can be done now, and sees to it that it is called again when there is more. */
static void pump(struct destination *d)
{
        struct traffic *t = &d->traffic;
        int r;

        d->outbox->generation++;
        while (t->queue.first && !t->attempt) {
                usec_t wall = now(d->outbox, CLOCK_REALTIME);
                usec_t boot = now(d->outbox, CLOCK_BOOTTIME);
                usec_t expires = t->queue.first->expires;

                if (expires <= wall) {
                        lose(d, queue_take(&t->queue), "expired",
                                "given up because it is too late");
                        continue;
                }
                if (boot < t->not_before) {
                        usec_t patience = MIN(expires - wall, OUTBOX_RETRY_AFTER_MAX);

                        arm(d, MIN(t->not_before, boot + patience));
                        return;
                }
                r = attempt_first(d);
                if (r < 0)
                        not_started(d, r);
        }
}

int outbox_new(sd_event *event, outbox_send_t send, void *sender, const struct outbox_store *store,
        struct outbox **ret)
{
        struct outbox *o = calloc(1, sizeof(*o));

        if (!o)
                return -ENOMEM;
        o->event = sd_event_ref(event);
        o->send = send;
        o->sender = sender;
        o->store = store;
        o->backoff_min = OUTBOX_BACKOFF_MIN;
        o->backoff_max = OUTBOX_BACKOFF_MAX;
        *ret = o;
        return 0;
}

void outbox_set_backoff(struct outbox *o, usec_t min, usec_t max)
{
        o->backoff_min = min;
        o->backoff_max = max;
}

static void destinations_free(struct destination **destinations, size_t count)
{
        for (size_t i = 0; i < count; i++)
                destination_free(destinations[i]);
        free(destinations);
}

struct outbox *outbox_free(struct outbox *o)
{
        if (!o)
                return NULL;
        destinations_free(o->destinations, o->count);
        while (o->attempts) {
                struct attempt *a = o->attempts;

                o->attempts = a->next;
                attempt_free(a);
        }
        sd_event_unref(o->event);
        free(o);
        return NULL;
}

/* Takes over from a destination of the same key. */
static void adopt(struct destination *d, struct destination *old)
{
        d->traffic = old->traffic;
        old->traffic = (struct traffic){0};
        if (d->traffic.attempt)
                d->traffic.attempt->destination = d;
        if (!streq(d->peer->http.url, old->peer->http.url)) {
                d->traffic.failures = 0;
                d->traffic.not_before = 0;
        }
}

/* It is configured no more, and neither this life nor a later one will deliver what is left. */
static void abandon(struct destination *d)
{
        struct traffic *t = &d->traffic;

        record_end(&d->who, t->queue.count + (t->attempt ? 1 : 0));
        for (struct queue_entry *e = t->queue.first; e; e = e->next)
                forget(d->outbox, e->id);
        if (t->attempt)
                forget(d->outbox, t->attempt->entry->id);
}

static bool has_key_before(const struct outbox_destination *destinations, size_t i)
{
        for (size_t j = 0; j < i; j++)
                if (streq(destinations[j].key, destinations[i].key))
                        return true;
        return false;
}

int outbox_configure(struct outbox *o, const struct outbox_destination *destinations, size_t count)
{
        struct destination **fresh = calloc(MAX(count, (size_t)1), sizeof(*fresh));
        int r = fresh ? 0 : -ENOMEM;

        for (size_t i = 0; i < count && r >= 0; i++)
                r = has_key_before(destinations, i)
                        ? -EINVAL
                        : destination_new(o, &destinations[i], &fresh[i]);
        if (r < 0) {
                if (fresh)
                        destinations_free(fresh, count);
                return r;
        }
        for (size_t i = 0; i < count; i++) {
                struct destination *old = find(o, fresh[i]->key);

                if (old)
                        adopt(fresh[i], old);
        }
        for (size_t i = 0; i < o->count; i++)
                abandon(o->destinations[i]);
        destinations_free(o->destinations, o->count);
        o->destinations = fresh;
        o->count = count;
        o->generation++;
        for (size_t i = 0; i < count; i++)
                pump(fresh[i]);
        return 0;
}

static void save(struct outbox *o, const struct outbox_entry *entry)
{
        int r;

        if (!o->store)
                return;
        r = o->store->put(o->store->userdata, entry);
        if (r < 0 && !o->store_failing)
                log_warning("notifications cannot be saved (%s): a crash would lose those that are "
                            "not delivered yet",
                        strerror(-r));
        o->store_failing = r < 0;
}

static int add(struct outbox *o, struct outbox_entry *entry, bool restored)
{
        struct destination *d = find(o, entry->destination);
        struct queue_entry *e;

        if (!d)
                return -ENOENT;
        if (entry->request.body_size > OUTBOX_QUEUE_BYTES_MAX)
                return -EMSGSIZE;
        e = queue_entry_new(entry->id, entry->created, entry->expires);
        if (!e)
                return -ENOMEM;
        if (!restored)
                save(o, entry);
        e->attempts = entry->attempts;
        e->request = entry->request;
        entry->request = (struct http_request){0};
        o->last_id = MAX(o->last_id, e->id);
        d->traffic.record.notifications++;
        queue_add(&d->traffic.queue, e);
        limit_queue(d);
        pump(d);
        return 0;
}

int outbox_put(
        struct outbox *o, const char *destination, struct http_request *request, usec_t expires)
{
        struct outbox_entry entry = {
                .id = o->last_id + 1,
                .destination = destination,
                .request = *request,
                .created = now(o, CLOCK_REALTIME),
                .expires = expires,
        };
        int r = add(o, &entry, false);

        if (r >= 0)
                *request = (struct http_request){0};
        return r;
}

int outbox_restore(struct outbox *o, struct outbox_entry *entry)
{
        return add(o, entry, true);
}

int outbox_view(const struct outbox *o, struct channel_view **ret, size_t *ret_count)
{
        struct channel_view *views = calloc(MAX(o->count, (size_t)1), sizeof(*views));

        if (!views)
                return -ENOMEM;
        for (size_t i = 0; i < o->count; i++) {
                const struct destination *d = o->destinations[i];
                const struct traffic *t = &d->traffic;

                if (record_view(&t->record, &d->who, &views[i]) < 0) {
                        channel_views_free(views, o->count);
                        return -ENOMEM;
                }
                views[i].queue_length = t->queue.count + (t->attempt ? 1 : 0);
        }
        *ret = views;
        *ret_count = o->count;
        return 0;
}

uint64_t outbox_generation(const struct outbox *o)
{
        return o->generation;
}

bool outbox_idle(const struct outbox *o)
{
        for (size_t i = 0; i < o->count; i++)
                if (o->destinations[i]->traffic.queue.count > 0)
                        return false;
        return !o->attempts;
}
