/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/alert.h"

#include <errno.h>

#include "hash.h"

/* An endsAt this many sendings ahead outlives three lost ones (Prometheus: rules/manager.go). */
#define VALID_SENDINGS 4
/* Buckets of the index at first; a power of two. */
#define BUCKETS_MIN 64

struct entry {
        struct alert alert;
        enum rule_id rule;
        const char *collection, *query; /* values in alert.labels or ""; query may be NULL */
        struct entry *next, *sibling; /* in the same bucket, by fingerprint and by collection */
        uint64_t round; /* the last update that said the condition holds */
        bool restored; /* of an earlier life, and not looked at since */
        bool covered; /* its server was already dealt with; only while inhibiting */
        bool resolution_sent; /* to the Alertmanagers */
        bool jumped; /* they have it with times of before the clock was set */
        bool transition; /* not yet seen by alerts_transitions() */
        bool gone; /* to be freed by the next sweep */
};

struct alerts {
        struct entry **entries;
        size_t count, allocated;
        struct entry **buckets, **siblings; /* bucket_count, by fingerprint and by collection */
        size_t bucket_count;
        uint64_t round;
        uint64_t changes, moves; /* alerts_generation() counts both, alerts_moves() the latter */
        uint64_t inhibited; /* moves as of the last time that it was decided who is */
        bool gone; /* there are such entries */
        struct flaps flaps;
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
        flaps_done(&a->flaps);
        free(a->entries);
        free(a->buckets);
        free(a->siblings);
        free(a);
        return NULL;
}

void alerts_damp(struct alerts *a, const struct flap_policy *policy)
{
        a->flaps.policy = *policy;
}

uint64_t alerts_generation(const struct alerts *a)
{
        return a->changes + a->moves;
}

uint64_t alerts_moves(const struct alerts *a)
{
        return a->moves;
}

/* Where the alerts of a collection are, and perhaps some of others. */
static struct entry **siblings_of(const struct alerts *a, const char *collection)
{
        return &a->siblings[hash_text(HASH_INIT, collection) & (a->bucket_count - 1)];
}

static struct entry *first_of(const struct alerts *a, const char *collection)
{
        return a->bucket_count > 0 ? *siblings_of(a, collection) : NULL;
}

static void index_entry(struct alerts *a, struct entry *e)
{
        struct entry **bucket = &a->buckets[e->alert.fingerprint & (a->bucket_count - 1)];
        struct entry **siblings = siblings_of(a, e->collection);

        e->next = *bucket;
        *bucket = e;
        e->sibling = *siblings;
        *siblings = e;
}

static void index_all(struct alerts *a)
{
        for (size_t i = 0; i < a->bucket_count; i++)
                a->buckets[i] = a->siblings[i] = NULL;
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
                struct entry **siblings = calloc(buckets, sizeof(struct entry *));

                if (!grown || !siblings) {
                        free(grown);
                        free(siblings);
                        return -ENOMEM;
                }
                free(a->buckets);
                free(a->siblings);
                a->buckets = grown;
                a->siblings = siblings;
                a->bucket_count = buckets;
                index_all(a);
        }
        return 0;
}

/* Frees the entries marked as gone. */
static void sweep(struct alerts *a)
{
        size_t kept = 0;

        if (!a->gone)
                return;
        for (size_t i = 0; i < a->count; i++)
                if (a->entries[i]->gone)
                        entry_free(a->entries[i]);
                else
                        a->entries[kept++] = a->entries[i];
        a->count = kept;
        a->gone = false;
        index_all(a);
}

static void set_gone(struct alerts *a, struct entry *e)
{
        e->gone = a->gone = true;
        a->moves++;
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

static void set_state(struct alerts *a, struct entry *e, enum alert_state state)
{
        a->moves++;
        e->alert.state = state;
        e->transition = state != ALERT_PENDING;
}

static void fire(struct alerts *a, struct entry *e, usec_t now)
{
        if (e->alert.fired_at == 0)
                e->alert.fired_at = now;
        flaps_fired(&a->flaps, &e->alert, now);
        set_state(a, e, ALERT_FIRING);
}

/* The condition is over for good. */
static void end(struct alerts *a, struct entry *e, usec_t now)
{
        if (e->alert.state == ALERT_RESOLVED)
                return;
        if (e->alert.state == ALERT_PENDING && e->alert.fired_at == 0) {
                set_gone(a, e);
                return;
        }
        e->alert.resolved_at = now;
        e->alert.keep_firing_since = 0;
        flaps_ended(&a->flaps, &e->alert, now);
        e->resolution_sent = false;
        set_state(a, e, ALERT_RESOLVED);
}

/* A new life of a resolved alert. */
static void revive(struct alerts *a, struct entry *e, usec_t now)
{
        e->alert.active_at = now;
        e->alert.fired_at = 0;
        e->alert.resolved_at = 0;
        e->alert.last_sent_at = 0;
        e->alert.valid_until = 0;
        set_state(a, e, ALERT_PENDING);
}

/* What its labels say. */
static void set_subject(struct entry *e)
{
        e->collection = labels_get(&e->alert.labels, "collection");
        if (!e->collection)
                e->collection = ""; /* of driftwatch itself */
        e->query = labels_get(&e->alert.labels, "query");
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
        set_subject(e);
        *ret = e;
        return 0;
}

static int set_annotations(struct alerts *a, struct entry *e, const struct labels *annotations)
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
        a->changes++;
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
                a->moves++;
                index_entry(a, e);
        } else if (e->alert.state == ALERT_RESOLVED) {
                revive(a, e, now);
        }
        e->round = a->round;
        if (signal->stale && e->alert.annotations.count > 0)
                return 0;
        return set_annotations(a, e, &signal->annotations);
}

static void condition_holds(struct alerts *a, struct entry *e, const struct rule *rule, usec_t now)
{
        a->changes += e->alert.keep_firing_since > 0;
        a->changes += flaps_held(&a->flaps, &e->alert, now);
        e->alert.keep_firing_since = 0;
        if (e->alert.state == ALERT_PENDING && elapsed(now, e->alert.active_at) >= rule->for_usec)
                fire(a, e, now);
}

static void condition_over(struct alerts *a, struct entry *e, const struct rule *rule, usec_t now)
{
        usec_t keep = flaps_keep(&a->flaps, &e->alert, rule->keep_firing_for_usec);

        if (e->alert.state == ALERT_FIRING && keep > 0) {
                if (e->alert.keep_firing_since == 0) {
                        e->alert.keep_firing_since = now;
                        a->changes++;
                }
                if (elapsed(now, e->alert.keep_firing_since) < keep)
                        return;
        }
        end(a, e, now);
}

static void set_inhibited(struct alerts *a, struct entry *e, bool inhibited)
{
        a->moves += e->alert.inhibited != inhibited;
        e->alert.inhibited = inhibited;
}

static void inhibit_server(struct alerts *a, const char *server)
{
        for (size_t i = 0; i < a->count; i++) {
                struct entry *e = a->entries[i];

                if (!streq(e->alert.server, server))
                        continue;
                /* Of two collections that cannot be replayed neither silences the other. */
                set_inhibited(a, e, !rule_defaults[e->rule].inhibits_server);
                e->covered = true;
        }
}

static void inhibit(struct alerts *a)
{
        if (a->inhibited == a->moves)
                return;
        for (size_t i = 0; i < a->count; i++)
                a->entries[i]->covered = false;
        for (size_t i = 0; i < a->count; i++) {
                struct entry *e = a->entries[i];

                if (e->alert.state == ALERT_FIRING && e->alert.inhibits && !e->covered &&
                        e->alert.server)
                        inhibit_server(a, e->alert.server);
        }
        for (size_t i = 0; i < a->count; i++)
                if (!a->entries[i]->covered)
                        set_inhibited(a, a->entries[i], false);
        a->inhibited = a->moves;
}

static void set_inhibits(struct alerts *a, struct entry *e, bool inhibits)
{
        a->moves += e->alert.inhibits != inhibits;
        e->alert.inhibits = inhibits;
}

int alerts_update(struct alerts *a, const struct rule rules[RULE_COUNT],
        const struct signals *signals, usec_t now)
{
        int r = reserve(a, signals->count);

        a->round++;
        for (size_t i = 0; i < signals->count && r >= 0; i++)
                r = take_signal(a, &signals->signals[i], signals, now);
        if (r < 0)
                return r;
        for (struct entry *e = first_of(a, signals->collection); e; e = e->sibling) {
                if (!streq(e->collection, signals->collection))
                        continue;
                set_inhibits(a, e, rule_defaults[e->rule].inhibits_server && signals->server_down);
                if (e->restored && signals->failed && e->round != a->round)
                        continue;
                e->restored = false;
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
        for (struct entry *e = first_of(a, collection); e; e = e->sibling)
                if (streq(e->collection, collection))
                        end(a, e, now);
        sweep(a);
        inhibit(a);
}

void alerts_yield_collection(struct alerts *a, const char *collection, usec_t now)
{
        for (struct entry *e = first_of(a, collection); e; e = e->sibling)
                if (streq(e->collection, collection))
                        e->alert.last_sent_at = 0;
        alerts_forget_collection(a, collection, now);
}

void alerts_reconfigure(struct alerts *a, const struct rule rules[RULE_COUNT], usec_t now)
{
        for (size_t i = 0; i < a->count; i++) {
                struct entry *e = a->entries[i];
                const struct rule *rule = &rules[e->rule];

                a->moves++; /* what is due when is another matter now */
                if (!rule->enabled) {
                        end(a, e, now);
                } else if (e->alert.state == ALERT_FIRING &&
                        elapsed(now, e->alert.active_at) < rule->for_usec) {
                        e->alert.keep_firing_since = 0;
                        set_state(a, e, ALERT_PENDING);
                }
        }
        sweep(a);
        inhibit(a);
}

void alerts_jump(struct alerts *a, int64_t by)
{
        a->moves++;
        flaps_jump(&a->flaps, by);
        for (size_t i = 0; i < a->count; i++) {
                alert_jump(&a->entries[i]->alert, by);
                a->entries[i]->jumped = true;
        }
}

/* When it has to go to the Alertmanagers. */
static usec_t due_at(const struct entry *e, const struct alert_policy *policy)
{
        const struct alert *alert = &e->alert;

        if (alert->state == ALERT_PENDING)
                return USEC_INFINITY;
        if (alert->last_sent_at == 0)
                return alert->state == ALERT_FIRING && !alert->inhibited ? 0 : USEC_INFINITY;
        if (e->jumped || (alert->state == ALERT_RESOLVED && !e->resolution_sent))
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
        for (size_t i = 0; i < a->count; i++)
                if (expires_at(a->entries[i]) <= now)
                        set_gone(a, a->entries[i]);
        flaps_prune(&a->flaps, now);
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
        for (size_t i = 0; i < a->count; i++) {
                struct entry *e = a->entries[i];

                if (due_at(e, policy) > now)
                        continue;
                e->alert.last_sent_at = now;
                e->jumped = false;
                if (e->alert.state == ALERT_RESOLVED)
                        e->resolution_sent = true;
                else
                        e->alert.valid_until = later(now, VALID_SENDINGS * period);
                list[count++] = &e->alert;
                a->changes++;
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

int alerts_restore(struct alerts *a, struct alert *alert)
{
        const char *name = labels_get(&alert->labels, "alertname");
        struct entry *e;
        enum rule_id rule;
        int r;

        if (!name || !labels_get(&alert->labels, "severity") || rule_find(name, &rule) < 0 ||
                alert->fingerprint != labels_fingerprint(&alert->labels) ||
                find(a, alert->fingerprint))
                return -EINVAL;
        r = reserve(a, 1);
        e = r >= 0 ? calloc(1, sizeof(*e)) : NULL;
        if (!e)
                return -ENOMEM;
        *e = (struct entry){.alert = *alert, .rule = rule, .restored = true};
        *alert = (struct alert){0};
        set_subject(e);
        e->resolution_sent = e->alert.last_sent_at >= e->alert.resolved_at;
        a->entries[a->count++] = e;
        a->inhibited = ++a->moves;
        index_entry(a, e);
        return 0;
}
