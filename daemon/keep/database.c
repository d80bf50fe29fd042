/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keep/state.h"

#define VERSION 1
/* Bytes of a page of SQLite's at least. */
#define PAGE_MIN 512
static const char schema[] = "CREATE TABLE items(kind TEXT NOT NULL, key TEXT NOT NULL, "
                             "value BLOB NOT NULL, sum INTEGER NOT NULL, "
                             "PRIMARY KEY(kind, key)) WITHOUT ROWID";

/* From the version of its place to the next one. */
static const char *const migrations[VERSION] = {
        [0] = schema,
};

static const char *const statements[STATEMENT_COUNT] = {
        [STATEMENT_PUT] =
                "INSERT OR REPLACE INTO items(kind, key, value, sum) VALUES(?1, ?2, ?3, ?4)",
        [STATEMENT_REMOVE] = "DELETE FROM items WHERE kind = ?1 AND key = ?2",
        [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
        [STATEMENT_COMMIT] = "COMMIT",
        [STATEMENT_ROLLBACK] = "ROLLBACK",
};

static int code_of(int rc)
{
        static const struct {
                int rc, code;
        } codes[] = {
                {SQLITE_OK, 0},
                {SQLITE_ROW, 0},
                {SQLITE_DONE, 0},
                {SQLITE_NOMEM, -ENOMEM},
                {SQLITE_FULL, -ENOSPC},
                {SQLITE_READONLY, -EROFS},
                {SQLITE_CORRUPT, -EBADMSG},
                {SQLITE_NOTADB, -EBADMSG},
                {SQLITE_BUSY, -EBUSY},
                {SQLITE_LOCKED, -EBUSY},
                {SQLITE_PERM, -EACCES},
                {SQLITE_CANTOPEN, -EACCES},
                {SQLITE_ERROR, -EBADMSG}, /* our statements are right: it has another table */
                {SQLITE_TOOBIG, -EBADMSG},
        };

        for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
                if ((rc & 0xff) == codes[i].rc)
                        return codes[i].code;
        return -EIO;
}

/* With what the system said, where it did. */
int database_complain(
        const struct database *d, const char *path, int rc, const char *what, struct error *e)
{
        sqlite3 *db = d->db;
        int system = db && (rc & 0xff) != SQLITE_NOMEM ? sqlite3_system_errno(db) : 0;
        int code = code_of(rc);

        if (code != -EBADMSG && system > 0 && system != EAGAIN && system != ENOENT)
                code = -system;
        return error_set(e, code, "%s: cannot be %s: %s", path, what,
                code == -EBADMSG ? sqlite3_errmsg(db) : strerror(-code));
}

static int execute(sqlite3 *db, const char *sql)
{
        return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* The first column of the first row: NULL, or copied. */
static int ask(sqlite3 *db, const char *sql, char **ret)
{
        sqlite3_stmt *s = NULL;
        int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

        if (rc == SQLITE_OK)
                rc = sqlite3_step(s);
        if (rc == SQLITE_ROW && strdup_to(ret, (const char *)sqlite3_column_text(s, 0)) < 0)
                rc = SQLITE_NOMEM;
        (void)sqlite3_finalize(s);
        return rc;
}

static int check_answer(sqlite3 *db, const char *sql, const char *wanted)
{
        _cleanup_free_ char *answer = NULL;
        int rc = ask(db, sql, &answer);

        if (rc != SQLITE_ROW)
                return rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
        return streq(answer, wanted) ? SQLITE_OK : SQLITE_CORRUPT;
}

/* Whatever else a file has - a trigger, a view - somebody put there. */
static int check_content(sqlite3 *db)
{
        int rc = check_answer(db, "PRAGMA quick_check(1)", "ok");

        if (rc == SQLITE_OK)
                rc = check_answer(db, "SELECT count(*) FROM sqlite_schema", "1");
        if (rc == SQLITE_OK)
                rc = check_answer(db, "SELECT sql FROM sqlite_schema", schema);
        return rc;
}

static int version_of(sqlite3 *db, int *ret)
{
        _cleanup_free_ char *version = NULL;
        int rc = ask(db, "PRAGMA user_version", &version);

        if (rc == SQLITE_ROW)
                *ret = (int)strtol(version, NULL, 10);
        return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* Each step with its number, or not at all. */
static int migrate(sqlite3 *db, int version)
{
        int rc = SQLITE_OK;

        for (; version < VERSION && rc == SQLITE_OK; version++) {
                char *sql = sqlite3_mprintf("BEGIN IMMEDIATE; %s; PRAGMA user_version = %d; COMMIT",
                        migrations[version], version + 1);

                rc = sql ? execute(db, sql) : SQLITE_NOMEM;
                sqlite3_free(sql);
                if (rc != SQLITE_OK && !sqlite3_get_autocommit(db))
                        (void)execute(db, "ROLLBACK");
        }
        return rc;
}

/* Nothing in it is trusted, and nothing waits. */
static void guard(sqlite3 *db)
{
        (void)sqlite3_extended_result_codes(db, 1);
        (void)sqlite3_busy_timeout(db, 0);
        (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, STATE_VALUE_MAX + STATE_KEY_MAX + 4096);
        (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
        (void)execute(db, "PRAGMA cell_size_check = ON");
}

static int prepare(struct database *d)
{
        int rc = SQLITE_OK;

        for (size_t i = 0; i < STATEMENT_COUNT && rc == SQLITE_OK; i++)
                rc = sqlite3_prepare_v3(d->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                        &d->statements[i], NULL);
        return rc;
}

void database_close(struct database *d)
{
        for (size_t i = 0; i < STATEMENT_COUNT; i++)
                (void)sqlite3_finalize(d->statements[i]);
        (void)sqlite3_close(d->db);
        *d = (struct database){0};
}

static int on_log(void *userdata, sqlite3 *db, const char *name, int pages)
{
        ((struct database *)userdata)->log_pages = pages;
        return SQLITE_OK;
}

/* SQLite makes what belongs to it as readable as it is. A file that is shorter than any database it
 * would take for a new one. */
static int touch(const char *path)
{
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), r = 0;
        struct stat st;

        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                r = -errno;
        else if (st.st_size > 0 && st.st_size < PAGE_MIN)
                r = -EBADMSG;
        (void)close(fd);
        return r;
}

static int settle(struct database *d)
{
        char limit[64];
        int rc = execute(d->db, "PRAGMA journal_mode = WAL");

        (void)snprintf(limit, sizeof(limit), "PRAGMA max_page_count = %d", STATE_PAGES_MAX);
        if (rc == SQLITE_OK)
                rc = execute(d->db, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0");
        return rc == SQLITE_OK ? execute(d->db, limit) : rc;
}

static int arrange(struct database *d, int version)
{
        int rc = settle(d);

        if (rc == SQLITE_OK)
                rc = migrate(d->db, version);
        if (rc == SQLITE_OK)
                rc = check_content(d->db);
        if (rc == SQLITE_OK)
                rc = prepare(d);
        (void)sqlite3_wal_hook(d->db, on_log, d);
        return rc;
}

/* Opened it stays, so that SQLite can say what is wrong with it. */
static int open_file(
        const char *path, int flags, const char *vfs, struct database *d, int *ret_version)
{
        int rc = sqlite3_open_v2(path, &d->db, flags | SQLITE_OPEN_NOMUTEX, vfs);

        if (rc != SQLITE_OK)
                return rc;
        guard(d->db);
        /* Without locks the index of its log is in this process's memory. */
        if (vfs)
                rc = execute(d->db, "PRAGMA locking_mode = EXCLUSIVE");
        return rc == SQLITE_OK ? version_of(d->db, ret_version) : rc;
}

static int refuse_newer(const char *path, int version, struct error *e)
{
        if (version <= VERSION)
                return 0;
        return error_set(e, -EPROTONOSUPPORT,
                "%s: was written by a newer version of driftwatch: its format is %d, this one "
                "knows %d",
                path, version, VERSION);
}

int database_open(const char *path, struct database *ret, struct error *e)
{
        int version = 0, rc, r = touch(path);

        if (r < 0)
                return error_set(e, r, "%s: cannot be written: %s", path,
                        r == -EBADMSG ? "it is no database" : strerror(-r));
        rc = open_file(path, SQLITE_OPEN_READWRITE, NULL, ret, &version);
        r = rc == SQLITE_OK ? refuse_newer(path, version, e) : 0;
        if (rc == SQLITE_OK && r >= 0)
                rc = arrange(ret, version);
        if (rc != SQLITE_OK)
                r = database_complain(ret, path, rc, "opened", e);
        if (r < 0)
                database_close(ret);
        return r;
}

static int open_to_read(const char *path, const char *vfs, struct database *ret, struct error *e)
{
        int version = 0, r = 0, rc = open_file(path, SQLITE_OPEN_READONLY, vfs, ret, &version);

        if (rc == SQLITE_OK)
                r = refuse_newer(path, version, e);
        if (rc == SQLITE_OK && r >= 0)
                rc = check_content(ret->db);
        if (rc != SQLITE_OK)
                r = database_complain(ret, path, rc, "read", e);
        if (r < 0)
                database_close(ret);
        return r;
}

int database_open_to_read(const char *path, struct database *ret, struct error *e)
{
        return open_to_read(path, NULL, ret, e);
}

int database_open_stranded(const char *path, struct database *ret, struct error *e)
{
        return open_to_read(path, "unix-none", ret, e);
}

/* The file and its log, under the names under which SQLite would find them. */
int database_set_aside(const char *path, const char *suffix)
{
        static const char *const parts[] = {"", "-wal", "-shm"};
        int result = 0;

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                _cleanup_free_ char *from = NULL, *to = NULL;

                if (asprintf(&from, "%s%s", path, parts[i]) < 0 ||
                        asprintf(&to, "%s%s%s", path, suffix, parts[i]) < 0)
                        return -ENOMEM;
                (void)unlink(to);
                if (rename(from, to) < 0 && errno != ENOENT && result == 0)
                        result = -errno;
        }
        return result;
}

bool database_moved(const struct database *d)
{
        int moved = 0;

        return sqlite3_file_control(d->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
                moved;
}

int database_run(struct database *d, enum statement which)
{
        int rc = sqlite3_step(d->statements[which]);

        (void)sqlite3_reset(d->statements[which]);
        /* SQLite would keep 2 MB of pages for the next one, which the system keeps anyhow. */
        if (which == STATEMENT_COMMIT)
                (void)sqlite3_db_release_memory(d->db);
        return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int database_renew(struct database *d)
{
        int rc = execute(d->db, "ALTER TABLE items RENAME TO damaged");

        return rc == SQLITE_OK ? execute(d->db, schema) : rc;
}

int database_copy(struct database *d, sqlite3_stmt *from)
{
        sqlite3_stmt *s = d->statements[STATEMENT_PUT];
        int rc = SQLITE_OK;

        for (int i = 0; i < 4 && rc == SQLITE_OK; i++)
                rc = sqlite3_bind_value(s, i + 1, sqlite3_column_value(from, i));
        return rc == SQLITE_OK ? database_run(d, STATEMENT_PUT) : rc;
}

int database_renewed(struct database *d)
{
        return execute(d->db, "DROP TABLE damaged");
}

int database_set_lazy(struct database *d, bool lazy)
{
        int rc = d->lazy == lazy
                ? SQLITE_OK
                : execute(d->db,
                          lazy ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL");

        if (rc == SQLITE_OK)
                d->lazy = lazy;
        return rc;
}
