/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/outbox.h"

#include <errno.h>

#include "log.h"
#include "tell/losses.h"
#include "tell/record.h"
#include "tell/target.h"

/* Late by so much is still in time. */
#define TIMER_ACCURACY USEC_PER_MSEC

struct attempt {
        struct attempt *next;
        struct outbox *outbox;
        struct destination *destination; /* NULL: vanished meanwhile */
        struct queue_entry *entry;
        struct target *target;
        struct http_request prepared; /* what is sent, where it is not the entry's own */
        bool last; /* another daemon would repeat it */
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
        struct target *target;
        sd_event_source *timer; /* NULL until it is needed */
        struct traffic traffic;
};

struct outbox {
        sd_event *event;
        outbox_send_t send;
        void *sender;
        const struct outbox_store *store;
        bool store_failing;
        bool held; /* what is begun goes on, and nothing is begun */
        usec_t backoff_min, backoff_max;
        uint64_t last_id;
        struct destination **destinations;
        size_t count;
        struct attempt *attempts; /* all that are in flight */
        uint64_t generation;
        struct losses losses;
};

static void pump(struct destination *d);

static void attempt_free(struct attempt *a)
{
        struct attempt **p = &a->outbox->attempts;

        while (*p != a)
                p = &(*p)->next;
        *p = a->next;
        if (a->destination)
                a->destination->traffic.attempt = NULL;
        queue_entry_free(a->entry);
        target_unref(a->target);
        http_request_done(&a->prepared);
        free(a);
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
        target_unref(d->target);
        free(d->key);
        identity_done(&d->who);
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
        d->target = target_new(from->peer, from->settings);
        if (identity_init(&d->who, from->receiver, from->channel->name, from->peer->url) < 0 ||
                !d->target || strdup_to(&d->key, from->key) < 0)
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

static usec_t now(const struct outbox *o, clockid_t clock)
{
        usec_t usec = 0;

        (void)sd_event_now(o->event, clock, &usec);
        return usec;
}

static struct moment moment(const struct outbox *o)
{
        return (struct moment){now(o, CLOCK_REALTIME), now(o, CLOCK_BOOTTIME)};
}

/* The entry will not be delivered; takes it. */
static void lose(struct destination *d, struct queue_entry *e, struct loss loss)
{
        struct outbox *o = d->outbox;

        loss.told_again = e->kind == ENTRY_ALERTS;
        losses_note(&o->losses, &d->traffic.record, &d->who, e, &loss, now(o, CLOCK_REALTIME));
        record_loss(&d->traffic.record, &d->who, &loss, now(o, CLOCK_BOOTTIME));
        forget(o, e->id);
        queue_entry_free(e);
}

/* The peer is there and will not have it. */
static void refuse(struct destination *d, struct queue_entry *e, const char *reason)
{
        struct loss loss = loss_refused;

        if (reason)
                loss.reason = reason;
        d->traffic.failures = 0;
        lose(d, e, loss);
}

/* Nobody is there any more: what waits will not be delivered either, see pump(). */
static void disable(struct destination *d, struct queue_entry *e)
{
        d->traffic.failures = 0;
        record_disable(&d->traffic.record, &d->who, now(d->outbox, CLOCK_BOOTTIME));
        lose(d, e, loss_gone);
}

static void limit_queue(struct destination *d)
{
        struct traffic *t = &d->traffic;

        while (t->queue.count > OUTBOX_QUEUE_MAX || t->queue.size > OUTBOX_QUEUE_BYTES_MAX) {
                t->record.dropped++;
                lose(d, queue_take_least(&t->queue), loss_queue_full);
        }
}

static void succeed(struct destination *d, struct queue_entry *e, const struct http_response *said)
{
        d->traffic.failures = 0;
        record_success(&d->traffic.record, &d->who, said);
        forget(d->outbox, e->id);
        queue_entry_free(e);
}

/* Whether other alerts of the same payload are worth an attempt. */
static bool goes_on(const struct channel *channel, struct queue_entry *e, enum delivery delivery,
        const struct http_response *response)
{
        if (delivery == DELIVERY_DONE)
                return sieve_delivered(&e->sieve);
        return delivery == DELIVERY_FAILED && channel->size && channel_refuses_content(response) &&
                sieve_refused(&e->sieve, channel->size(&e->request), http_failure_reason(response));
}

/* The entry has to be sent again; takes it. */
static void postpone(struct destination *d, struct queue_entry *e, usec_t retry_after)
{
        struct traffic *t = &d->traffic;
        usec_t wait = draw_wait(d->outbox->backoff_min, d->outbox->backoff_max, t->failures);
        usec_t boot = now(d->outbox, CLOCK_BOOTTIME);

        wait = MAX(wait, MIN(retry_after, OUTBOX_RETRY_AFTER_MAX));
        t->not_before = boot + wait;
        t->failures++;
        record_retry(&t->record, &d->who, boot);
        queue_add_first(&t->queue, e);
        limit_queue(d);
}

static void on_response(const struct http_response *response, void *userdata)
{
        struct attempt *a = userdata;
        struct destination *d = a->destination;
        struct queue_entry *e = take_ptr(a->entry);
        enum delivery delivery;
        bool last = a->last, betrayed = target_betrayed(a->target, response);

        attempt_free(a);
        if (!d) {
                queue_entry_free(e);
                return;
        }
        delivery = d->channel->judge(response);
        if (delivery != DELIVERY_DONE)
                record_response(&d->traffic.record, response, betrayed);
        if (goes_on(d->channel, e, delivery, response))
                queue_add_first(&d->traffic.queue, e);
        else if (delivery == DELIVERY_DONE && !e->sieve.reason)
                succeed(d, e, betrayed ? NULL : response);
        else if (delivery == DELIVERY_RETRY && last)
                lose(d, e, loss_hushed);
        else if (delivery == DELIVERY_RETRY)
                postpone(d, e, channel_wait(d->channel, response));
        else if (delivery == DELIVERY_GONE)
                disable(d, e);
        else
                refuse(d, e, e->sieve.reason ? e->sieve.reason : http_failure_reason(response));
        pump(d);
}

static int prepare(
        const struct destination *d, const struct queue_entry *e, struct http_request *ret)
{
        if (d->target->settings.key)
                record_key(&d->who, d->target->settings.key, now(d->outbox, CLOCK_MONOTONIC));
        if (e->sieve.total > 0)
                return d->channel->cut(&e->request, e->sieve.first, e->sieve.count, ret);
        return d->channel->prepare ? d->channel->prepare(&d->target->settings, &e->request, e->key,
                                             now(d->outbox, CLOCK_REALTIME), ret)
                                   : 0;
}

/* Gives the first entry to the sender. */
static int attempt_first(struct destination *d)
{
        struct outbox *o = d->outbox;
        struct attempt *a = calloc(1, sizeof(*a));
        struct queue_entry *e = d->traffic.queue.first;
        int r = a ? prepare(d, e, &a->prepared) : -ENOMEM;

        if (r >= 0)
                r = o->send(o->sender, &d->target->http,
                        a->prepared.method ? &a->prepared : &e->request, on_response, a);
        if (r < 0) {
                if (a)
                        http_request_done(&a->prepared);
                free(a);
                return r;
        }
        e->attempts++;
        a->outbox = o;
        a->destination = d;
        a->entry = queue_take(&d->traffic.queue);
        a->target = target_ref(d->target);
        a->next = o->attempts;
        o->attempts = d->traffic.attempt = a;
        d->traffic.not_before =
                MAX(d->traffic.not_before, now(o, CLOCK_BOOTTIME) + d->channel->pace);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        pump(userdata);
        return 0;
}

static void arm(struct destination *d, usec_t at)
{
        int r = d->timer ? sd_event_source_set_time(d->timer, at)
                         : sd_event_add_time(d->outbox->event, &d->timer, CLOCK_BOOTTIME, at,
                                   TIMER_ACCURACY, on_timer, d);

        if (r >= 0)
                r = sd_event_source_set_enabled(d->timer, SD_EVENT_ONESHOT);
        if (r >= 0)
                (void)sd_event_source_set_description(d->timer, "outbox-retry");
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
                lose(d, e, loss_not_sendable);
        else
                postpone(d, e, 0);
}

/* Does what can be done now, and sees to it that it is called again when there is more. */
static void pump(struct destination *d)
{
        struct traffic *t = &d->traffic;
        int r;

        d->outbox->generation++;
        while (t->queue.first && !t->attempt && !d->outbox->held) {
                usec_t boot = now(d->outbox, CLOCK_BOOTTIME);
                usec_t deadline = t->queue.first->deadline;

                if (t->record.disabled || deadline <= boot) {
                        lose(d, queue_take(&t->queue),
                                t->record.disabled ? loss_gone : loss_expired);
                        continue;
                }
                if (boot < t->not_before) {
                        arm(d, MIN(t->not_before, deadline));
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
        *o = (struct outbox){.event = sd_event_ref(event),
                .send = send,
                .sender = sender,
                .store = store,
                .backoff_min = OUTBOX_BACKOFF_MIN,
                .backoff_max = OUTBOX_BACKOFF_MAX};
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
        while (o->attempts)
                attempt_free(o->attempts);
        losses_done(&o->losses);
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
        if (!target_same(d->target, old->target)) {
                d->traffic.failures = 0;
                d->traffic.not_before = 0;
                record_begin_again(&d->traffic.record);
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
        int r = o->store ? o->store->put(o->store->userdata, entry) : 0;

        if (r < 0 && !o->store_failing)
                log_warning("notifications cannot be saved (%s): a crash would lose those that are "
                            "not delivered yet",
                        strerror(-r));
        o->store_failing = r < 0;
}

static int add(struct outbox *o, struct outbox_entry *entry, bool restored)
{
        struct destination *d = find(o, entry->destination);
        struct moment m = moment(o);
        struct queue_entry *e;

        if (!d)
                return -ENOENT;
        if (entry->request.body_size > OUTBOX_QUEUE_BYTES_MAX)
                return -EMSGSIZE;
        e = queue_entry_new(entry->id, moment_deadline(&m, entry->expires));
        if (!e || strdup_to(&e->incident, entry->incident) < 0) {
                queue_entry_free(e);
                return -ENOMEM;
        }
        if (!restored)
                save(o, entry);
        memcpy(e->key, entry->key, sizeof(e->key));
        e->kind = entry->kind;
        e->created = moment_since(&m, entry->created);
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

int outbox_put(struct outbox *o, const char *destination, const struct outbox_subject *subject,
        struct http_request *request)
{
        usec_t created = now(o, CLOCK_REALTIME), patience = subject->patience;
        struct outbox_entry entry = {
                .id = o->last_id + 1,
                .destination = destination,
                .kind = subject->kind,
                .incident = subject->incident,
                .request = *request,
                .created = created,
                .expires = patience == USEC_INFINITY ? USEC_INFINITY : created + patience,
        };
        int r;

        draw_key(entry.key);
        r = add(o, &entry, false);
        if (r >= 0)
                *request = (struct http_request){0};
        return r;
}

void outbox_hold(struct outbox *o, bool held)
{
        o->held = held;
        for (size_t i = 0; i < o->count && !held; i++)
                if (o->destinations[i]->traffic.queue.first && !o->destinations[i]->traffic.attempt)
                        pump(o->destinations[i]);
}

int outbox_restore(struct outbox *o, struct outbox_entry *entry)
{
        return add(o, entry, true);
}

static int view_destination(const struct destination *d, struct channel_view *ret)
{
        const struct traffic *t = &d->traffic;
        const struct queue_entry *oldest = t->attempt ? t->attempt->entry : t->queue.first;
        struct moment m = moment(d->outbox);
        int r = record_view(&t->record, &d->who, &m, ret);

        ret->queue_length = t->queue.count + (t->attempt ? 1 : 0);
        ret->oldest_at = oldest ? moment_wall(&m, oldest->created) : 0;
        return r;
}

int outbox_view(const struct outbox *o, struct channel_view **ret, size_t *ret_count)
{
        struct channel_view *views = calloc(MAX(o->count, (size_t)1), sizeof(*views));

        if (!views)
                return -ENOMEM;
        for (size_t i = 0; i < o->count; i++)
                if (view_destination(o->destinations[i], &views[i]) < 0) {
                        channel_views_free(views, o->count);
                        return -ENOMEM;
                }
        *ret = views;
        *ret_count = o->count;
        return 0;
}

int outbox_losses(const struct outbox *o, struct loss_view **ret, size_t *ret_count)
{
        return losses_view(&o->losses, ret, ret_count);
}

uint64_t outbox_generation(const struct outbox *o)
{
        return o->generation;
}

bool outbox_idle(const struct outbox *o)
{
        return !o->attempts && outbox_delivered(o, NULL);
}

bool outbox_delivered(const struct outbox *o, const struct channel *other)
{
        for (size_t i = 0; i < o->count; i++) {
                const struct traffic *t = &o->destinations[i]->traffic;

                if (o->destinations[i]->channel != other && (t->queue.first || t->attempt))
                        return false;
        }
        return true;
}

void outbox_hush(struct outbox *o, const struct channel *other)
{
        for (size_t i = 0; i < o->count; i++) {
                struct destination *d = o->destinations[i];

                if (d->channel == other)
                        continue;
                record_hush(&d->traffic.record, &d->who, d->traffic.queue.count);
                while (d->traffic.queue.first)
                        lose(d, queue_take(&d->traffic.queue), loss_hushed);
                if (d->traffic.attempt)
                        d->traffic.attempt->last = true;
        }
        o->generation++;
}
