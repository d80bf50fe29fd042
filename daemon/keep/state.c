/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/state.h"

#include <errno.h>
#include <unistd.h>

#include "hash.h"
#include "keep/database.h"
#include "keep/stock.h"
#include "keep/syncer.h"

/* Pages of the log that may wait before they are moved into the file: that is not the loop's work,
 * but the first page after it waits for the disk. */
#define LOG_PAGES 2048

struct state {
        char *path;
        struct database database;
        struct database stranded; /* what can be read while it cannot be written; restored from */
        struct stock stock;
        struct syncer *syncer;
};

/* Which rows there are. */
static int load(struct state *s)
{
        sqlite3_stmt *st = NULL;
        int rc = sqlite3_prepare_v2(s->database.db, "SELECT kind, key FROM items", -1, &st, NULL);

        while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
                const char *name = (const char *)sqlite3_column_text(st, 0);
                const char *key = (const char *)sqlite3_column_text(st, 1);
                struct stock_kind *kind = name ? stock_kind(&s->stock, name) : NULL;
                struct stock_row *row;
                int r = kind && key ? stock_add(&s->stock, kind, key, &row) : -EINVAL;

                if (r >= 0)
                        row->stored = true;
                rc = r == -ENOMEM ? SQLITE_NOMEM : SQLITE_OK;
        }
        (void)sqlite3_finalize(st);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int connect(struct state *s, struct error *e)
{
        int r, rc;

        database_close(&s->stranded);
        r = database_open(s->path, &s->database, e);
        if (r < 0)
                return r;
        rc = load(s);
        if (rc == SQLITE_OK)
                return 0;
        r = database_complain(&s->database, s->path, rc, "read", e);
        database_close(&s->database);
        return r;
}

/* A new file in place of one that cannot be used. */
static int replace(struct state *s, int why, const struct error *reason, struct error *e)
{
        const char *suffix = why == -EBADMSG ? ".damaged" : ".newer";
        int r = database_set_aside(s->path, suffix);

        if (r < 0)
                return error_set(e, r, "%s; it cannot be set aside: %s", error_text(reason, why),
                        strerror(-r));
        r = connect(s, e);
        if (r < 0)
                return r;
        stock_forget(&s->stock);
        (void)error_set(e, 1, "%s; it is kept as %s%s, and another one begun",
                error_text(reason, why), s->path, suffix);
        return 1;
}

static int connect_or_replace(struct state *s, struct error *e)
{
        _cleanup_error_ struct error reason = {0};
        int r = connect(s, &reason);

        if (r == -EBADMSG || r == -EPROTONOSUPPORT)
                return replace(s, r, &reason, e);
        return r < 0 ? error_set(e, r, "%s", error_text(&reason, r)) : 0;
}

int state_open(const char *path, struct state **ret, struct error *e)
{
        struct state *s = calloc(1, sizeof(*s));
        int r = s ? strdup_to(&s->path, path) : -ENOMEM;

        if (r >= 0)
                r = syncer_new(path, &s->syncer);
        if (r < 0) {
                state_free(s);
                return error_set(e, r, "%s: cannot be opened: %s", path, strerror(-r));
        }
        *ret = s;
        r = connect_or_replace(s, e);
        if (r < 0 && database_open_stranded(path, &s->stranded, NULL) < 0)
                database_close(&s->stranded);
        return r;
}

struct state *state_free(struct state *s)
{
        if (!s)
                return NULL;
        syncer_free(s->syncer);
        database_close(&s->stranded);
        database_close(&s->database);
        stock_done(&s->stock);
        free(s->path);
        free(s);
        return NULL;
}

const char *state_path(const struct state *s)
{
        return s->path;
}

static uint64_t add_bytes(uint64_t hash, const void *data, size_t size)
{
        const unsigned char *p = data;

        for (size_t i = 0; i < size; i++)
                hash = (hash ^ p[i]) * UINT64_C(1099511628211);
        return hash;
}

static uint64_t sum_of(const char *kind, const char *key, const void *value, size_t size)
{
        return add_bytes(hash_text(hash_text(HASH_INIT, kind), key), value, size);
}

/* One that was found in the file has no more than a name. */
static struct stock_kind *kind_of(struct state *s, const struct state_kind *kind)
{
        struct stock_kind *k = stock_kind(&s->stock, kind->name);

        if (k)
                k->bulk = kind->bulk;
        return k;
}

int state_put(struct state *s, const struct state_kind *kind, const char *key, const void *value,
        size_t size, uint64_t signature)
{
        struct stock_kind *k = kind_of(s, kind);
        struct stock_row *row;
        uint64_t sum;
        char *copy;
        int r = k ? 0 : -ENOMEM;

        if (strlen(key) > STATE_KEY_MAX || size > STATE_VALUE_MAX)
                return -EINVAL;
        sum = signature ? signature : sum_of(kind->name, key, value, size);
        if (r >= 0)
                r = stock_add(&s->stock, k, key, &row);
        if (r < 0)
                return r;
        row->round = k->round;
        if (row->signature == sum && !row->gone)
                return 0;
        copy = malloc(size + 1);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, value, size);
        copy[size] = '\0';
        row->signature = sum;
        stock_change(&s->stock, row, copy, size);
        return 0;
}

void state_remove(struct state *s, const struct state_kind *kind, const char *key)
{
        struct stock_row *row = kind_of(s, kind) ? stock_find(&s->stock, kind->name, key) : NULL;

        if (row && !row->gone)
                stock_change(&s->stock, row, NULL, 0);
}

bool state_has(struct state *s, const struct state_kind *kind, const char *key, uint64_t signature)
{
        struct stock_row *row = stock_find(&s->stock, kind->name, key);

        if (!row || row->gone || row->signature != signature)
                return false;
        row->round = row->kind->round;
        return true;
}

bool state_holds(const struct state *s, const struct state_kind *kind, const char *key)
{
        const struct stock_row *row = stock_find(&s->stock, kind->name, key);

        return row && !row->gone && (row->stored || row->dirty);
}

void state_begin(struct state *s, const struct state_kind *kind)
{
        struct stock_kind *k = kind_of(s, kind);

        if (k)
                k->round++;
}

void state_end(struct state *s, const struct state_kind *kind)
{
        struct stock_kind *k = kind_of(s, kind);

        for (struct stock_row *row = k ? k->first : NULL; row; row = row->sibling)
                if (row->round != k->round && !row->gone)
                        stock_change(&s->stock, row, NULL, 0);
}

/* A row as it stands in a file. */
struct found {
        const char *kind, *key, *value;
        size_t size;
        bool good;
};

static int step(sqlite3_stmt *st, struct found *ret)
{
        int rc = sqlite3_step(st);
        const void *value;

        if (rc != SQLITE_ROW)
                return rc;
        value = sqlite3_column_blob(st, 2);
        *ret = (struct found){
                .kind = (const char *)sqlite3_column_text(st, 0),
                .key = (const char *)sqlite3_column_text(st, 1),
                .value = value ? value : "",
                .size = value ? (size_t)sqlite3_column_bytes(st, 2) : 0,
        };
        if (!ret->kind || !ret->key)
                ret->kind = ret->key = "";
        ret->good = (uint64_t)sqlite3_column_int64(st, 3) ==
                sum_of(ret->kind, ret->key, ret->value, ret->size);
        return rc;
}

/* NUL-terminated for whoever reads it as text. */
static int take_row(const struct found *f, state_take_t take, void *userdata, struct error *e)
{
        _cleanup_free_ char *copy = malloc(f->size + 1);

        if (!copy)
                return -ENOMEM;
        memcpy(copy, f->value, f->size);
        copy[f->size] = '\0';
        if (!f->good)
                return error_set(e, -EBADMSG, "its check sum is wrong");
        return take(f->key, copy, f->size, userdata, e);
}

static int each(struct state *s, const struct database *d, sqlite3_stmt *st,
        const struct state_kind *kind, state_take_t take, void *userdata, size_t *refused,
        struct error *e)
{
        struct found f;
        int rc;

        while ((rc = step(st, &f)) == SQLITE_ROW) {
                _cleanup_error_ struct error why = {0};
                int r = take_row(&f, take, userdata, &why);

                if (r == -ENOMEM)
                        return r;
                if (r >= 0)
                        continue;
                state_remove(s, kind, f.key);
                *refused += 1;
                (void)error_set(e, r, "%s: %s %s is not restored: %s", s->path, kind->name, f.key,
                        error_text(&why, r));
        }
        return rc == SQLITE_DONE ? 0 : database_complain(d, s->path, rc, "read", e);
}

int state_each(struct state *s, const struct state_kind *kind, state_take_t take, void *userdata,
        size_t *refused, struct error *e)
{
        const struct database *d = s->database.db ? &s->database : &s->stranded;
        sqlite3_stmt *st = NULL;
        size_t unseen = 0;
        int r, rc;

        if (!d->db)
                return 0;
        rc = sqlite3_prepare_v2(d->db,
                "SELECT kind, key, value, sum FROM items WHERE kind = ?1 ORDER BY key", -1, &st,
                NULL);
        if (rc == SQLITE_OK)
                rc = sqlite3_bind_text(st, 1, kind->name, -1, SQLITE_STATIC);
        r = rc == SQLITE_OK ? each(s, d, st, kind, take, userdata, refused ? refused : &unseen, e)
                            : database_complain(d, s->path, rc, "read", e);
        (void)sqlite3_finalize(st);
        return r;
}

/* Counts rows whose sum is wrong; those that state_each() has told of not in `*news`. */
static int count_damaged(
        struct state *s, sqlite3_stmt *st, size_t *all, size_t *news, struct error *e)
{
        const struct stock_row *row;
        struct found f;
        int rc;

        while ((rc = step(st, &f)) == SQLITE_ROW) {
                if (f.good)
                        continue;
                ++*all;
                row = stock_find(&s->stock, f.kind, f.key);
                if (!(row && row->gone) && ++*news == 1)
                        (void)error_set(e, -EBADMSG,
                                "%s: %s %s is not restored: its check sum is wrong", s->path,
                                f.kind, f.key);
        }
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int copy_good(struct state *s, sqlite3_stmt *st)
{
        struct found f;
        int rc, r = SQLITE_OK;

        while (r == SQLITE_OK && (rc = step(st, &f)) == SQLITE_ROW)
                if (f.good)
                        r = database_copy(&s->database, st);
        return r != SQLITE_OK ? r : rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int scan(struct state *s, const char *sql, sqlite3_stmt **ret)
{
        return sqlite3_prepare_v2(s->database.db, sql, -1, ret, NULL);
}

/* Where a name was damaged the rows are out of order, and a search need not find it: the others are
 * copied to a table of their own. */
static int renew(struct state *s)
{
        sqlite3_stmt *st = NULL;
        int rc = database_run(&s->database, STATEMENT_BEGIN);

        if (rc == SQLITE_OK)
                rc = database_renew(&s->database);
        if (rc == SQLITE_OK)
                rc = scan(s, "SELECT kind, key, value, sum FROM damaged", &st);
        if (rc == SQLITE_OK)
                rc = copy_good(s, st);
        (void)sqlite3_finalize(st);
        if (rc == SQLITE_OK)
                rc = database_renewed(&s->database);
        return rc == SQLITE_OK ? database_run(&s->database, STATEMENT_COMMIT) : rc;
}

int state_sweep(struct state *s, size_t *refused, struct error *e)
{
        _cleanup_error_ struct error first = {0};
        sqlite3_stmt *st = NULL;
        size_t all = 0, news = 0;
        int rc, r;

        if (!s->database.db)
                return 0;
        rc = scan(s, "SELECT kind, key, value, sum FROM items", &st);
        if (rc == SQLITE_OK)
                rc = count_damaged(s, st, &all, &news, &first);
        (void)sqlite3_finalize(st);
        if (rc == SQLITE_OK && all > 0)
                rc = renew(s);
        if (rc != SQLITE_OK) {
                r = database_complain(&s->database, s->path, rc, "swept", e);
                if (!sqlite3_get_autocommit(s->database.db))
                        (void)database_run(&s->database, STATEMENT_ROLLBACK);
                return r;
        }
        *refused += news;
        if (news > 0)
                (void)error_set(e, -EBADMSG, "%s", error_text(&first, -EBADMSG));
        return 0;
}

bool state_pending(const struct state *s, bool bulk)
{
        return s->stock.queues[bulk].first;
}

static int write_row(struct state *s, const struct stock_row *row)
{
        enum statement which = row->value ? STATEMENT_PUT : STATEMENT_REMOVE;
        sqlite3_stmt *st = s->database.statements[which];
        const char *kind = row->kind->name;
        int rc = sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);

        if (rc == SQLITE_OK)
                rc = sqlite3_bind_text(st, 2, row->key, -1, SQLITE_STATIC);
        if (rc == SQLITE_OK && row->value)
                rc = sqlite3_bind_blob64(st, 3, row->value, row->size, SQLITE_STATIC);
        if (rc == SQLITE_OK && row->value)
                rc = sqlite3_bind_int64(
                        st, 4, (sqlite3_int64)sum_of(kind, row->key, row->value, row->size));
        return rc == SQLITE_OK ? database_run(&s->database, which) : rc;
}

/* Rows leave the queue into `taken`, in which they are linked. */
static int write_rows(struct state *s, bool bulk, size_t limit, struct stock_queue *taken)
{
        size_t size = 0;
        struct stock_row *row;
        int rc = database_run(&s->database, STATEMENT_BEGIN);

        while (rc == SQLITE_OK && size < limit && (row = stock_take(&s->stock, bulk))) {
                if (taken->last)
                        taken->last->later = row;
                else
                        taken->first = row;
                taken->last = row;
                size += row->size + strlen(row->key);
                rc = write_row(s, row);
        }
        return rc == SQLITE_OK ? database_run(&s->database, STATEMENT_COMMIT) : rc;
}

static void settle(struct state *s, const struct stock_queue *taken, bool written)
{
        for (struct stock_row *row = taken->first, *next; row; row = next) {
                next = row->later;
                if (written)
                        stock_written(&s->stock, row);
                else
                        stock_again(&s->stock, row);
        }
}

/* What a commit writes. */
struct batch {
        bool bulk;
        size_t limit; /* bytes */
        bool lazy; /* it does not wait for the disk */
};

static int commit(struct state *s, const struct batch *b, struct error *e)
{
        struct stock_queue taken = {0};
        int rc = database_set_lazy(&s->database, b->lazy), r;

        if (rc == SQLITE_OK)
                rc = write_rows(s, b->bulk, b->limit, &taken);
        settle(s, &taken, rc == SQLITE_OK);
        if (rc == SQLITE_OK) {
                stock_sweep(&s->stock);
                return 0;
        }
        r = database_complain(&s->database, s->path, rc, "written", e);
        if (!sqlite3_get_autocommit(s->database.db))
                (void)database_run(&s->database, STATEMENT_ROLLBACK);
        return r;
}

/* Whoever moved the file away, or deleted it, has what was in it. */
static int begin_elsewhere(struct state *s, struct error *e)
{
        int r;

        syncer_wait(s->syncer);
        database_close(&s->database);
        stock_forget(&s->stock);
        r = connect_or_replace(s, e);
        return r < 0
                ? r
                : error_set(e, -ESTALE, "%s: was moved or deleted, and another one begun", s->path);
}

/* A file that turns out to be damaged makes place for another one. */
static int write_pending(struct state *s, const struct batch *b, struct error *e)
{
        _cleanup_error_ struct error reason = {0};
        int r;

        if (!state_pending(s, b->bulk) && s->database.db)
                return 0;
        if (s->database.db && database_moved(&s->database))
                return begin_elsewhere(s, e);
        r = s->database.db ? 0 : connect_or_replace(s, e);
        if (r >= 0)
                r = commit(s, b, &reason);
        if (r == -EBADMSG) {
                syncer_wait(s->syncer);
                database_close(&s->database);
                r = replace(s, r, &reason, e);
                return r < 0 ? r : -EBADMSG;
        }
        return r < 0 ? error_set(e, r, "%s", error_text(&reason, r)) : 0;
}

int state_commit(struct state *s, struct error *e)
{
        return write_pending(s, &(struct batch){false, SIZE_MAX, false}, e);
}

int state_commit_soon(struct state *s, struct error *e)
{
        return write_pending(s, &(struct batch){false, SIZE_MAX, true}, e);
}

int state_commit_bulk(struct state *s, struct error *e)
{
        int r = write_pending(s, &(struct batch){true, STATE_SLICE, true}, e);

        return r < 0 ? r : state_pending(s, true);
}

bool state_full_log(const struct state *s)
{
        return s->database.log_pages > LOG_PAGES;
}

void state_lend(struct state *s, state_work_t begin, void *userdata)
{
        syncer_lend(s->syncer, begin, userdata);
}

void state_flush(struct state *s)
{
        bool move = state_full_log(s);

        if (move)
                s->database.log_pages = 0;
        syncer_start(s->syncer, move);
}

bool state_flushing(const struct state *s)
{
        return syncer_busy(s->syncer);
}

int state_flush_fd(const struct state *s)
{
        return syncer_fd(s->syncer);
}

int state_flushed(struct state *s, struct error *e)
{
        return syncer_end(s->syncer, e);
}

int state_sync(struct state *s, struct error *e)
{
        int rc = syncer_end(s->syncer, NULL) < 0 ? SQLITE_IOERR
                : s->database.db                 ? sqlite3_wal_checkpoint_v2(s->database.db, NULL,
                                                           SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL)
                                                 : SQLITE_OK;

        return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY
                ? 0
                : database_complain(&s->database, s->path, rc, "written", e);
}

static int read_all(sqlite3 *db, state_row_t row, void *userdata)
{
        sqlite3_stmt *st = NULL;
        struct found f;
        int rc = sqlite3_prepare_v2(
                db, "SELECT kind, key, value, sum FROM items ORDER BY kind, key", -1, &st, NULL);

        while (rc == SQLITE_OK) {
                rc = step(st, &f);
                if (rc == SQLITE_ROW)
                        rc = row(f.kind, f.key, f.value, f.size, f.good, userdata) < 0
                                ? SQLITE_NOMEM
                                : SQLITE_OK;
        }
        (void)sqlite3_finalize(st);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int state_read(const char *path, state_row_t row, void *userdata, struct error *e)
{
        struct database d = {0};
        int r, rc;

        if (access(path, R_OK) < 0)
                return error_set(e, -errno, "%s: cannot be read: %s", path, strerror(errno));
        r = database_open_to_read(path, &d, e);
        if (r < 0)
                return r;
        rc = read_all(d.db, row, userdata);
        if (rc != SQLITE_OK)
                r = database_complain(&d, path, rc, "read", e);
        database_close(&d);
        return r;
}
