/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/storage.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "keep/homes.h"
#include "keep/incidents.h"
#include "keep/past.h"
#include "keep/people.h"
#include "keep/snapshot.h"
#include "keep/telling.h"
#include "log.h"
#include "watch/watches.h"

/* About how many of them take as long to put as a query, which takes some 60 µs. */
#define FINDINGS_A_QUERY 4

static void note(struct storage *s, int r, const struct error *e)
{
        free(s->error);
        s->error = r < 0 ? strdup(error_text(e, r)) : NULL;
        if (r < 0 && !s->failing)
                log_event(LOG_WARNING, LOG_ID_STORAGE_FAILING, NULL,
                        "%s; what changes now would be lost by a restart; trying again",
                        error_text(e, r));
        if (r >= 0 && s->failing)
                log_event(LOG_NOTICE, LOG_ID_STORAGE_RECOVERED, NULL,
                        "%s is written again: nothing was lost", state_path(s->state));
        s->failing = r < 0;
}

static void flush(struct storage *s)
{
        s->again = state_flushing(s->state);
        if (!s->again)
                state_flush(s->state);
}

/* What was committed meanwhile is told after another one. */
static int on_flushed(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        struct storage *s = userdata;
        _cleanup_error_ struct error error = {0};
        int r = state_flushed(s->state, &error);

        s->safe = s->safe && r >= 0;
        if (r < 0)
                note(s, r, &error);
        if (s->again)
                flush(s);
        else if (s->told)
                outbox_hold(s->told, false);
        return 0;
}

int storage_init(struct storage *s, sd_event *event, const char *directory)
{
        _cleanup_error_ struct error error = {0};
        _cleanup_free_ char *path = NULL;
        int r;

        if (asprintf(&path, "%s/" STATE_FILE, directory) < 0)
                return -ENOMEM;
        if (asprintf(&s->log, "%s-wal", path) < 0 ||
                asprintf(&s->snapshot, "%s/" SNAPSHOT_FILE, directory) < 0)
                return -ENOMEM;
        r = state_open(path, &s->state, &error);
        if (!s->state)
                return -ENOMEM;
        s->outbox = (struct outbox_store){telling_put_entry, telling_remove_entry, s->state};
        if (event &&
                sd_event_add_io(
                        event, &s->flushed, state_flush_fd(s->state), EPOLLIN, on_flushed, s) >= 0)
                (void)sd_event_source_set_description(s->flushed, "state");
        if (r > 0)
                log_warning("%s: what was kept in it is not known any more", error_text(&error, r));
        if (r < 0)
                note(s, r, &error);
        return 0;
}

static int begin_flush(void (*work)(void *job), void *job, void *userdata)
{
        return worker_start_brief(userdata, work, job);
}

void storage_lend(struct storage *s, struct worker *worker)
{
        if (s->state)
                state_lend(s->state, worker ? begin_flush : NULL, worker);
}

static void portrait_done(struct portrait *p)
{
        collection_view_unref(p->seen);
        text_done(&p->findings.text);
        free(p->label);
        free(p->marks);
        *p = (struct portrait){0};
}

void storage_done(struct storage *s)
{
        for (size_t i = 0; i < s->portrait_count; i++)
                portrait_done(&s->portraits[i]);
        free(s->portraits);
        sd_event_source_disable_unref(s->flushed);
        state_free(s->state);
        free(s->log);
        free(s->snapshot);
        free(s->error);
        *s = (struct storage){0};
}

struct restoring {
        struct watch *const *watches;
        size_t count;
};

static void restore_home(const char *collection, const char *query, const char *band,
        float home_distance, void *userdata)
{
        const struct restoring *r = userdata;
        const struct watch *w = watches_find(r->watches, r->count, collection);

        if (w)
                dossier_restore_home(watch_dossier(w), query, band, home_distance);
}

/* Earlier versions kept them in a file of their own, which is not needed any more once they are in
 * the state. */
static void restore_snapshot(struct storage *s, struct restoring *restoring)
{
        _cleanup_error_ struct error error = {0};
        int r = snapshot_load(s->snapshot, restore_home, restoring, &error);

        if (r < 0 && r != -ENOENT)
                log_warning("%s; home bands are measured anew", error_text(&error, r));
        if (r < 0) {
                free(s->snapshot);
                s->snapshot = NULL;
        }
}

static int restore_told(
        struct storage *s, const struct told_things *told, size_t *refused, struct error *e)
{
        usec_t now = clock_wall();
        int r = telling_restore(
                s->state, told->alerts, told->notices, told->outbox, now, refused, e);

        return r < 0 ? r : people_restore(s->state, told->desk, now, refused, e);
}

/* What nobody asked for. */
static void sweep(struct storage *s, size_t *refused, struct error *e)
{
        _cleanup_error_ struct error error = {0};
        size_t count = 0;
        int r = state_sweep(s->state, &count, &error);

        if (r < 0)
                log_warning("%s; rows that are damaged stay in it until the next start",
                        error_text(&error, r));
        else if (count > 0 && *refused == 0)
                (void)error_set(e, -EBADMSG, "%s", error_text(&error, -EBADMSG));
        *refused += count;
}

void storage_restore(struct storage *s, const struct told_things *told, struct publisher *p,
        const struct watches *watches)
{
        struct restoring restoring = {watches->watches, watches->count};
        _cleanup_error_ struct error error = {0};
        size_t refused = 0;
        int r = restore_told(s, told, &refused, &error);

        if (r >= 0)
                r = homes_restore(s->state, restore_home, &restoring, &refused, &error);
        /* What is known of a query has a newer distance than its home. */
        if (r >= 0)
                r = memory_restore(
                        s->state, watches->watches, watches->count, clock_wall(), &refused, &error);
        if (r >= 0)
                r = incidents_restore(
                        s->state, &p->incidents, &p->incident_count, &refused, &error);
        if (r >= 0)
                sweep(s, &refused, &error);
        if (r < 0)
                log_warning("%s: not all of it could be restored: %s", state_path(s->state),
                        error_text(&error, r));
        else if (refused > 0)
                log_warning("%s (%zu of such rows)", error_text(&error, -EBADMSG), refused);
        restore_snapshot(s, &restoring);
        s->restored = true;
}

static int put_told(struct storage *s, const struct told_things *told)
{
        uint64_t alerts = alerts_generation(told->alerts),
                 notices = notices_generation(told->notices), desk = desk_generation(told->desk);
        int r = 0;

        if (!s->restored)
                return 0;
        if (alerts != s->alerts)
                r = telling_put_alerts(s->state, told->alerts);
        if (r >= 0 && notices != s->notices)
                r = telling_put_groups(s->state, told->notices);
        if (r >= 0 && desk != s->desk)
                r = people_put(s->state, told->desk);
        if (r < 0)
                return r;
        s->alerts = alerts;
        s->notices = notices;
        s->desk = desk;
        return 0;
}

bool storage_waits(const struct storage *s)
{
        return s && s->flushed && state_flushing(s->state);
}

/* What was put so far says nothing of what is in the file. */
static void begin_again(struct storage *s)
{
        s->alerts = s->notices = s->desk = s->homes = UINT64_MAX;
        s->homes_next = s->homes_part = 0;
        s->incidents = NULL;
        for (size_t i = 0; i < s->portrait_count; i++)
                portrait_done(&s->portraits[i]);
        s->portrait_count = 0;
        if (s->told && !storage_waits(s)) /* whoever took the end of a flush did not say so */
                outbox_hold(s->told, false);
}

void storage_jump(struct storage *s)
{
        if (!s || !s->restored)
                return;
        past_forget(s->state);
        begin_again(s);
}

/* Nothing of it is told: what is delivered, and what changed without news. */
static int commit(struct storage *s, struct error *e)
{
        int r = state_commit_soon(s->state, e);

        if (r >= 0)
                r = state_commit_bulk(s->state, e);
        if (r >= 0 && state_full_log(s->state) && !state_flushing(s->state))
                flush(s);
        if (r == -EBADMSG || r == -ESTALE)
                begin_again(s);
        return r;
}

void storage_tell(struct storage *s, const struct told_things *told)
{
        _cleanup_error_ struct error error = {0};
        usec_t begun = clock_usec(CLOCK_BOOTTIME);
        bool writes;
        int r;

        if (!s)
                return;
        s->due = 0; /* what it was decided by is written next */
        r = put_told(s, told);
        writes = state_pending(s->state, false);
        if (r >= 0 && s->flushed)
                r = state_commit_soon(s->state, &error);
        else if (r >= 0)
                r = state_commit(s->state, &error);
        if (writes && r >= 0 && s->flushed)
                flush(s);
        if (writes)
                latency_observe(&s->writes, clock_usec(CLOCK_BOOTTIME) - begun);
        if (r == -EBADMSG || r == -ESTALE)
                begin_again(s);
        if (r < 0)
                note(s, r, &error);
        s->safe = r >= 0;
}

const char *storage_unsafe(struct storage *s)
{
        while (storage_waits(s))
                (void)on_flushed(NULL, -1, 0, s);
        if (!s || s->safe)
                return NULL;
        return s->error ? s->error : "out of memory";
}

static usec_t look(struct storage *s, usec_t now)
{
        _cleanup_error_ struct error error = {0};

        if (now < s->look_due)
                return s->look_due;
        note(s, file_room(s->log, &error), &error);
        s->look_due = now + (s->failing ? STORAGE_PAUSE : STORAGE_LOOK_PAUSE);
        return s->look_due;
}

/* A round through all collections, which what changes in the middle of it does not end. */
static int put_homes(struct storage *s, const struct publisher *p, size_t *budget)
{
        int r = 0;

        if (!p->last || !s->restored || p->homes == s->homes)
                return 0;
        if (s->homes_next == 0)
                s->homes_begun = p->homes;
        for (; r >= 0 && s->homes_next<p->last->collection_count && * budget> 0; --*budget) {
                r = homes_put(s->state, p->last->collections[s->homes_next], s->homes_part);
                s->homes_part = r > 0 ? s->homes_part + 1 : 0;
                s->homes_next += r == 0;
        }
        if (r >= 0 && s->homes_next < p->last->collection_count)
                return 0;
        s->homes_next = 0;
        if (r >= 0)
                s->homes = s->homes_begun;
        return r;
}

/* At this place for the collection with this label; the others' are kept. */
static struct portrait *portrait_of(struct storage *s, size_t at, const char *label)
{
        struct portrait *grown;

        if (at < s->portrait_count && streq(s->portraits[at].label, label))
                return &s->portraits[at];
        for (size_t i = 0; i < s->portrait_count; i++)
                if (streq(s->portraits[i].label, label))
                        return &s->portraits[i];
        grown = reallocarray(s->portraits, s->portrait_count + 1, sizeof(*grown));
        if (!grown)
                return NULL;
        s->portraits = grown;
        grown[s->portrait_count] = (struct portrait){.done = true};
        if (strdup_to(&grown[s->portrait_count].label, label) < 0)
                return NULL;
        return &grown[s->portrait_count++];
}

/* From its first query on, where it is another one than last time. */
static int begin_portrait(struct portrait *p, struct collection_view *v)
{
        size_t count = v->query_set->count;

        if (!p->done || p->seen == v)
                return 0;
        if (!p->seen || p->seen->query_set != v->query_set) {
                struct past_mark *marks = calloc(count + 1, sizeof(*marks));

                if (!marks)
                        return -ENOMEM;
                free(p->marks);
                p->marks = marks;
                p->count = count;
        }
        collection_view_unref(p->seen);
        text_clear(&p->findings.text);
        p->findings.count = 0;
        p->seen = collection_view_ref(v);
        p->next = 0;
        p->done = false;
        return 0;
}

/* Goes on with as many queries, and then findings, as are left of `budget`. */
static int put_portrait(
        struct storage *s, struct portrait *p, const struct dossier *d, size_t *budget)
{
        int r = begin_portrait(p, dossier_view(d));

        /* Of another query set: what was begun is nothing. */
        if (r >= 0 && p->seen->query_set != dossier_view(d)->query_set) {
                p->done = true;
                r = begin_portrait(p, dossier_view(d));
        }
        while (r >= 0 && !p->done && *budget > 0 && p->next < p->count) {
                r = memory_put_query(s->state, d, p->next, &p->marks[p->next]);
                p->next++;
                --*budget;
        }
        if (r < 0 || p->done || p->next < p->count)
                return r;
        r = memory_add_findings(p->seen, *budget * FINDINGS_A_QUERY, &p->findings);
        if (r != 0) {
                *budget = 0;
                return MIN(r, 0);
        }
        p->done = true;
        return memory_put_collection(s->state, d, p->seen, &p->findings);
}

/* Of collections that are watched no more. */
static void drop_portraits(struct storage *s, const struct watches *watches)
{
        size_t kept = 0;

        if (s->portrait_count <= watches->count)
                return;
        for (size_t i = 0; i < s->portrait_count; i++)
                if (watches_find(watches->watches, watches->count, s->portraits[i].label))
                        s->portraits[kept++] = s->portraits[i];
                else
                        portrait_done(&s->portraits[i]);
        s->portrait_count = kept;
}

static int put_memories(struct storage *s, const struct watches *watches, size_t *budget)
{
        int r = 0;

        drop_portraits(s, watches);
        for (size_t i = 0; i < watches->count && r >= 0 && *budget > 0; i++) {
                const struct watch *w = watches->watches[i];
                struct portrait *p = portrait_of(s, i, watch_config(w)->label);

                if (!watch_at_rest(w) || !dossier_view(watch_dossier(w))->replayed)
                        continue;
                r = p ? put_portrait(s, p, watch_dossier(w), budget) : -ENOMEM;
        }
        return r;
}

/* Yields 1 when there may be more, because the budget is used up. */
static int put_part(struct storage *s, const struct publisher *p, const struct watches *watches)
{
        size_t budget = STORAGE_QUERIES;
        int r = put_homes(s, p, &budget);

        if (r >= 0)
                r = put_memories(s, watches, &budget);
        return r < 0 ? r : budget == 0;
}

static int put_incidents(struct storage *s, const struct publisher *p)
{
        int r = 0;

        if (p->last != s->incidents)
                r = incidents_put(s->state, p->incidents, p->incident_count);
        if (r >= 0)
                s->incidents = p->last;
        return r;
}

/* All that changed, and of what is known of collections a part, or what can be put until then. */
static int put_all(struct storage *s, const struct told_things *told, const struct publisher *p,
        const struct watches *watches, usec_t until)
{
        int r = put_told(s, told);
        bool more = true;

        if (!s->restored)
                return 0;
        if (r >= 0)
                r = put_incidents(s, p);
        while (r >= 0 && more) {
                r = put_part(s, p, watches);
                more = r > 0 && clock_usec(CLOCK_BOOTTIME) < until;
        }
        return r;
}

/* What was in it is on the disk now. */
static void drop_snapshot(struct storage *s)
{
        if (!s->snapshot || s->homes == 0 || state_pending(s->state, false))
                return;
        (void)unlink(s->snapshot);
        free(s->snapshot);
        s->snapshot = NULL;
}

/* Nothing comes after it: all of it, and in one file. */
static int commit_all(struct storage *s, struct error *e)
{
        int r = state_commit(s->state, e);

        while (r >= 0 && (r = state_commit_bulk(s->state, e)) > 0)
                ;
        return r < 0 ? r : state_sync(s->state, e);
}

usec_t storage_save(struct storage *s, const struct told_things *told, const struct publisher *p,
        const struct watches *watches, usec_t now)
{
        bool last = now == USEC_INFINITY;
        _cleanup_error_ struct error error = {0};
        usec_t begun = clock_usec(CLOCK_BOOTTIME), took;
        bool pending;
        int r;

        if (now < (p->homes != s->homes ? s->homes_due : s->due))
                return s->due;
        r = put_all(s, told, p, watches, last ? begun + STORAGE_LAST : 0);
        if (last) {
                note(s, r < 0 ? r : commit_all(s, &error), &error);
                return USEC_INFINITY;
        }
        pending = state_pending(s->state, false) || state_pending(s->state, true);
        if (r >= 0 && !pending)
                return look(s, now);
        if (r >= 0)
                r = commit(s, &error);
        took = clock_usec(CLOCK_BOOTTIME) - begun;
        latency_observe(&s->writes, took);
        s->homes_due = now + MIN(STORAGE_SHARE * took, STORAGE_PAUSE);
        s->due = r > 0 ? s->homes_due : now + STORAGE_PAUSE;
        note(s, MIN(r, 0), &error);
        if (r >= 0)
                drop_snapshot(s);
        return s->due;
}
