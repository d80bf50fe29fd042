/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/alert.h"

#include <errno.h>

/* An endsAt this many sendings ahead outlives three lost ones (Prometheus: rules/manager.go). */
#define VALID_SENDINGS 4
/* Buckets of the index at first; a power of two. */
#define BUCKETS_MIN 64

struct entry {
        struct alert alert;
        enum rule_id rule;
        const char *collection, *query; /* values in alert.labels; query may be NULL */
        struct entry *next; /* in the same bucket */
        uint64_t round; /* the last update that said the condition holds */
        bool inhibits; /* while firing: its rule does, and the server was not reached */
        bool covered; /* its server was already dealt with; only while inhibiting */
        bool resolution_sent; /* to the Alertmanagers */
        bool transition; /* not yet seen by alerts_transitions() */
        bool gone; /* to be freed by the next sweep */
};

struct alerts {
        struct entry **entries;
        size_t count, allocated;
        struct entry **buckets; /* bucket_count, by fingerprint */
        size_t bucket_count;
        uint64_t round;
        usec_t clock; /* the latest time seen, or the present one after the clock was set back */
};

struct alerts *alerts_new(void)
{
        return calloc(1, sizeof(struct alerts));
}

static void entry_free(struct entry *e)
{
        alert_done(&e->alert);
        free(e);
}

struct alerts *alerts_free(struct alerts *a)
{
        if (!a)
                return NULL;
        for (size_t i = 0; i < a->count; i++)
                entry_free(a->entries[i]);
        free(a->entries);
        free(a->buckets);
        free(a);
        return NULL;
}

static void index_entry(struct alerts *a, struct entry *e)
{
        struct entry **bucket = &a->buckets[e->alert.fingerprint & (a->bucket_count - 1)];

        e->next = *bucket;
        *bucket = e;
}

static void index_all(struct alerts *a)
{
        for (size_t i = 0; i < a->bucket_count; i++)
                a->buckets[i] = NULL;
        for (size_t i = 0; i < a->count; i++)
                index_entry(a, a->entries[i]);
}

/* Makes room for so many more entries. */
static int reserve(struct alerts *a, size_t more)
{
        size_t wanted = a->count + more, buckets = MAX(a->bucket_count, (size_t)BUCKETS_MIN);

        if (wanted > a->allocated) {
                size_t allocated = MAX(wanted, 2 * a->allocated);
                struct entry **grown = reallocarray(a->entries, allocated, sizeof(struct entry *));

                if (!grown)
                        return -ENOMEM;
                a->entries = grown;
                a->allocated = allocated;
        }
        while (buckets < wanted)
                buckets *= 2;
        if (buckets > a->bucket_count) {
                struct entry **grown = calloc(buckets, sizeof(struct entry *));

                if (!grown)
                        return -ENOMEM;
                free(a->buckets);
                a->buckets = grown;
                a->bucket_count = buckets;
                index_all(a);
        }
        return 0;
}

/* Frees the entries marked as gone. */
static void sweep(struct alerts *a)
{
        size_t kept = 0;

        for (size_t i = 0; i < a->count; i++)
                if (a->entries[i]->gone)
                        entry_free(a->entries[i]);
                else
                        a->entries[kept++] = a->entries[i];
        if (kept == a->count)
                return;
        a->count = kept;
        index_all(a);
}

static struct entry *find(const struct alerts *a, uint64_t fingerprint)
{
        struct entry *e = NULL;

        if (a->bucket_count > 0)
                e = a->buckets[fingerprint & (a->bucket_count - 1)];
        while (e && e->alert.fingerprint != fingerprint)
                e = e->next;
        return e;
}

/* Time since then; 0 while that lies in the future. */
static usec_t elapsed(usec_t now, usec_t since)
{
        return now > since ? now - since : 0;
}

static usec_t later(usec_t time, usec_t duration)
{
        return duration < USEC_INFINITY - time ? time + duration : USEC_INFINITY;
}

static void not_after(usec_t *time, usec_t now)
{
        *time = MIN(*time, now);
}

/* When the clock was set back, what lies in the future now would block its alert until then; and an
 * Alertmanager refuses an alert that ends before it starts. */
static void set_clock(struct alerts *a, usec_t now)
{
        if (now < a->clock)
                for (size_t i = 0; i < a->count; i++) {
                        struct entry *e = a->entries[i];

                        not_after(&e->alert.active_at, now);
                        not_after(&e->alert.fired_at, now);
                        not_after(&e->alert.resolved_at, now);
                        not_after(&e->alert.keep_firing_since, now);
                        not_after(&e->alert.last_sent_at, now);
                }
        a->clock = now;
}

static void set_state(struct entry *e, enum alert_state state)
{
        e->alert.state = state;
        e->transition = state != ALERT_PENDING;
}

static void fire(struct alerts *a, struct entry *e, usec_t now)
{
        if (e->alert.fired_at == 0)
                e->alert.fired_at = now;
        set_state(e, ALERT_FIRING);
}

/* The condition is over for good. */
static void end(struct alerts *a, struct entry *e, usec_t now)
{
        if (e->alert.state == ALERT_RESOLVED)
                return;
        if (e->alert.state == ALERT_PENDING && e->alert.fired_at == 0) {
                e->gone = true;
                return;
        }
        e->alert.resolved_at = now;
        e->alert.keep_firing_since = 0;
        e->resolution_sent = false;
        set_state(e, ALERT_RESOLVED);
}

/* A new life of a resolved alert. */
static void revive(struct alerts *a, struct entry *e, usec_t now)
{
        e->alert.active_at = now;
        e->alert.fired_at = 0;
        e->alert.resolved_at = 0;
        e->alert.last_sent_at = 0;
        e->alert.valid_until = 0;
        set_state(e, ALERT_PENDING);
}

static int entry_new(const struct signal *signal, uint64_t fingerprint,
        const struct signals *signals, usec_t now, struct entry **ret)
{
        struct entry *e = calloc(1, sizeof(*e));
        int r;

        if (!e)
                return -ENOMEM;
        e->rule = signal->rule;
        e->alert.fingerprint = fingerprint;
        e->alert.active_at = now;
        r = labels_copy(&signal->labels, &e->alert.labels);
        if (r >= 0)
                r = strdup_to(&e->alert.server, signals->server);
        if (r < 0) {
                entry_free(e);
                return r;
        }
        e->collection = labels_get(&e->alert.labels, "collection");
        e->query = labels_get(&e->alert.labels, "query");
        *ret = e;
        return 0;
}

static bool labels_equal(const struct labels *a, const struct labels *b)
{
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (!streq(a->labels[i].name, b->labels[i].name) ||
                        !streq(a->labels[i].value, b->labels[i].value))
                        return false;
        return true;
}

static int set_annotations(struct entry *e, const struct labels *annotations)
{
        struct labels copy;
        int r;

        if (labels_equal(&e->alert.annotations, annotations))
                return 0;
        r = labels_copy(annotations, &copy);
        if (r < 0)
                return r;
        labels_done(&e->alert.annotations);
        e->alert.annotations = copy;
        return 0;
}

/* Notes that the condition holds; there must be room for one more entry. */
static int take_signal(
        struct alerts *a, const struct signal *signal, const struct signals *signals, usec_t now)
{
        uint64_t fingerprint = labels_fingerprint(&signal->labels);
        struct entry *e = find(a, fingerprint);
        int r;

        if (!e) {
                r = entry_new(signal, fingerprint, signals, now, &e);
                if (r < 0)
                        return r;
                a->entries[a->count++] = e;
                index_entry(a, e);
        } else if (e->alert.state == ALERT_RESOLVED) {
                revive(a, e, now);
        }
        e->round = a->round;
        if (signal->stale && e->alert.annotations.count > 0)
                return 0;
        return set_annotations(e, &signal->annotations);
}

static void condition_holds(struct alerts *a, struct entry *e, const struct rule *rule, usec_t now)
{
        e->alert.keep_firing_since = 0;
        if (e->alert.state == ALERT_PENDING && elapsed(now, e->alert.active_at) >= rule->for_usec)
                fire(a, e, now);
}

static void condition_over(struct alerts *a, struct entry *e, const struct rule *rule, usec_t now)
{
        if (e->alert.state == ALERT_FIRING && rule->keep_firing_for_usec > 0) {
                if (e->alert.keep_firing_since == 0)
                        e->alert.keep_firing_since = now;
                if (elapsed(now, e->alert.keep_firing_since) < rule->keep_firing_for_usec)
                        return;
        }
        end(a, e, now);
}

static void inhibit_server(struct alerts *a, const char *server)
{
        for (size_t i = 0; i < a->count; i++) {
                struct entry *e = a->entries[i];

                if (!streq(e->alert.server, server))
                        continue;
                /* Of two collections that cannot be replayed neither silences the other. */
                e->alert.inhibited = !rule_defaults[e->rule].inhibits_server;
                e->covered = true;
        }
}

static void inhibit(struct alerts *a)
{
        for (size_t i = 0; i < a->count; i++)
                a->entries[i]->covered = false;
        for (size_t i = 0; i < a->count; i++) {
                struct entry *e = a->entries[i];

                if (e->alert.state == ALERT_FIRING && e->inhibits && !e->covered && e->alert.server)
                        inhibit_server(a, e->alert.server);
        }
        for (size_t i = 0; i < a->count; i++)
                if (!a->entries[i]->covered)
                        a->entries[i]->alert.inhibited = false;
}

int alerts_update(struct alerts *a, const struct rule rules[RULE_COUNT],
        const struct signals *signals, usec_t now)
{
        int r;

        set_clock(a, now);
        r = reserve(a, signals->count);
        a->round++;
        for (size_t i = 0; i < signals->count && r >= 0; i++)
                r = take_signal(a, &signals->signals[i], signals, now);
        if (r < 0)
                return r;
        for (size_t i = 0; i < a->count; i++) {
                struct entry *e = a->entries[i];

                if (!streq(e->collection, signals->collection))
                        continue;
                e->inhibits = rule_defaults[e->rule].inhibits_server && signals->server_down;
                if (e->round == a->round)
                        condition_holds(a, e, &rules[e->rule], now);
                else
                        condition_over(a, e, &rules[e->rule], now);
        }
        sweep(a);
        inhibit(a);
        return 0;
}

void alerts_forget_collection(struct alerts *a, const char *collection, usec_t now)
{
        set_clock(a, now);
        for (size_t i = 0; i < a->count; i++)
                if (streq(a->entries[i]->collection, collection))
                        end(a, a->entries[i], now);
        sweep(a);
        inhibit(a);
}

void alerts_reconfigure(struct alerts *a, const struct rule rules[RULE_COUNT], usec_t now)
{
        set_clock(a, now);
        for (size_t i = 0; i < a->count; i++) {
                struct entry *e = a->entries[i];
                const struct rule *rule = &rules[e->rule];

                if (!rule->enabled) {
                        end(a, e, now);
                } else if (e->alert.state == ALERT_FIRING &&
                        elapsed(now, e->alert.active_at) < rule->for_usec) {
                        e->alert.keep_firing_since = 0;
                        set_state(e, ALERT_PENDING);
                }
        }
        sweep(a);
        inhibit(a);
}

/* When it has to go to the Alertmanagers. */
static usec_t due_at(const struct entry *e, const struct alert_policy *policy)
{
        const struct alert *alert = &e->alert;

        if (alert->state == ALERT_PENDING)
                return USEC_INFINITY;
        if (alert->last_sent_at == 0)
                return alert->state == ALERT_FIRING && !alert->inhibited ? 0 : USEC_INFINITY;
        if (alert->state == ALERT_RESOLVED && !e->resolution_sent)
                return 0;
        /* One beyond: Prometheus wants more than the delay to have passed. */
        return later(later(alert->last_sent_at, policy->resend_delay), 1);
}

static usec_t expires_at(const struct entry *e)
{
        if (e->alert.state != ALERT_RESOLVED)
                return USEC_INFINITY;
        return later(later(e->alert.resolved_at, ALERT_RESOLVED_RETENTION), 1);
}

void alerts_expire(struct alerts *a, usec_t now)
{
        set_clock(a, now);
        for (size_t i = 0; i < a->count; i++)
                a->entries[i]->gone = expires_at(a->entries[i]) <= now;
        sweep(a);
}

/* Room for all alerts. */
static const struct alert **list_new(const struct alerts *a)
{
        return calloc(MAX(a->count, (size_t)1), sizeof(struct alert *));
}

static int compare_alerts(const void *left, const void *right)
{
        static const unsigned char order[ALERT_STATE_COUNT] = {
                [ALERT_FIRING] = 0, [ALERT_PENDING] = 1, [ALERT_RESOLVED] = 2};
        const struct alert *a = *(const struct alert *const *)left;
        const struct alert *b = *(const struct alert *const *)right;

        if (a->state != b->state)
                return order[a->state] - order[b->state];
        return (a->fingerprint > b->fingerprint) - (a->fingerprint < b->fingerprint);
}

static int list_finish(
        const struct alert **list, size_t count, const struct alert ***ret, size_t *ret_count)
{
        qsort(list, count, sizeof(*list), compare_alerts);
        *ret = list;
        *ret_count = count;
        return 0;
}

int alerts_due(struct alerts *a, const struct alert_policy *policy, usec_t now,
        const struct alert ***ret, size_t *ret_count)
{
        usec_t period = MAX(policy->interval, policy->resend_delay);
        const struct alert **list = list_new(a);
        size_t count = 0;

        if (!list)
                return -ENOMEM;
        set_clock(a, now);
        for (size_t i = 0; i < a->count; i++) {
                struct entry *e = a->entries[i];

                if (due_at(e, policy) > now)
                        continue;
                e->alert.last_sent_at = now;
                if (e->alert.state == ALERT_RESOLVED)
                        e->resolution_sent = true;
                else
                        e->alert.valid_until = later(now, VALID_SENDINGS * period);
                list[count++] = &e->alert;
        }
        return list_finish(list, count, ret, ret_count);
}

int alerts_transitions(struct alerts *a, const struct alert ***ret, size_t *ret_count)
{
        const struct alert **list = list_new(a);
        size_t count = 0;

        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < a->count; i++) {
                struct entry *e = a->entries[i];

                if (e->transition)
                        list[count++] = &e->alert;
                e->transition = false;
        }
        return list_finish(list, count, ret, ret_count);
}

usec_t alerts_next(const struct alerts *a, const struct alert_policy *policy)
{
        usec_t next = USEC_INFINITY;

        for (size_t i = 0; i < a->count; i++) {
                const struct entry *e = a->entries[i];

                next = MIN(next, due_at(e, policy));
                next = MIN(next, expires_at(e));
        }
        return next;
}

int alerts_list(const struct alerts *a, const struct alert ***ret, size_t *ret_count)
{
        const struct alert **list = list_new(a);

        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < a->count; i++)
                list[i] = &a->entries[i]->alert;
        return list_finish(list, a->count, ret, ret_count);
}
