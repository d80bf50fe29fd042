/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "hash.h"
#include "keep/state.h"
#include "serve/worker.h"
#include "text.h"

static char directory[] = "/tmp/driftwatch-state-XXXXXX";
static char path[sizeof(directory) + 16];

static const struct state_kind urgent = {.name = "urgent"};
static const struct state_kind bulk = {.name = "bulk", .bulk = true};

static const char *const parts[] = {"", "-wal", "-shm", ".damaged", ".damaged-wal", ".damaged-shm",
        ".newer", ".newer-wal", ".newer-shm"};

static int set_up(void **unused)
{
        if (!mkdtemp(directory))
                return -1;
        (void)snprintf(path, sizeof(path), "%s/state.db", directory);
        return 0;
}

static int clear(void **unused)
{
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                char name[sizeof(path) + 16];

                (void)snprintf(name, sizeof(name), "%s%s", path, parts[i]);
                (void)unlink(name);
        }
        return 0;
}

static int tear_down(void **unused)
{
        return rmdir(directory);
}

static struct state *opened(int wanted)
{
        _cleanup_error_ struct error e = {0};
        struct state *s = NULL;
        int r = state_open(path, &s, &e);

        if (r != wanted)
                fail_msg("%d: %s", r, error_text(&e, r));
        assert_true(r == 0 || e.message);
        return s;
}

static void put(struct state *s, const struct state_kind *kind, const char *key, const char *value)
{
        assert_int_equal(state_put(s, kind, key, value, strlen(value), 0), 0);
}

static void commit(struct state *s)
{
        _cleanup_error_ struct error e = {0};
        int r = state_commit(s, &e);

        while (r >= 0 && (r = state_commit_bulk(s, &e)) > 0)
                ;
        if (r < 0)
                fail_msg("%s", error_text(&e, r));
}

static int write_row(
        const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        text_appendf(userdata, "%s=%.*s ", key, (int)size, value);
        return 0;
}

static void assert_rows(struct state *s, const struct state_kind *kind, const char *wanted)
{
        _cleanup_text_ struct text t = {0};

        assert_int_equal(state_each(s, kind, write_row, &t, NULL, NULL), 0);
        assert_string_equal(text_string(&t), wanted);
}

/* A process that dies closes nothing and moves nothing from the log into the file. */
static void copy_file(const char *from, const char *to)
{
        _cleanup_free_ char *data = NULL;
        size_t size;
        FILE *f;

        assert_int_equal(file_read(from, 64U << 20, &data, &size, NULL), 0);
        f = fopen(to, "we");
        assert_non_null(f);
        assert_int_equal(fwrite(data, 1, size, f), size);
        assert_int_equal(fclose(f), 0);
}

static void what_was_committed_is_there(void **unused)
{
        struct state *s = opened(0);

        put(s, &urgent, "a", "1");
        put(s, &urgent, "b", "2");
        put(s, &bulk, "a", "3");
        assert_true(state_pending(s, false));
        assert_true(state_pending(s, true));
        commit(s);
        assert_false(state_pending(s, false));
        assert_false(state_pending(s, true));
        put(s, &urgent, "c", "never committed");
        put(s, &urgent, "a", "4");
        state_remove(s, &urgent, "b");
        commit(s);
        put(s, &urgent, "d", "not committed");
        state_free(s);
        s = opened(0);
        assert_rows(s, &urgent, "a=4 c=never committed ");
        assert_rows(s, &bulk, "a=3 ");
        state_free(s);
}

static void what_did_not_change_is_not_written(void **unused)
{
        struct state *s = opened(0);

        put(s, &urgent, "a", "1");
        commit(s);
        put(s, &urgent, "a", "1");
        assert_false(state_pending(s, false));
        assert_int_equal(state_put(s, &urgent, "b", "x", 1, 7), 0);
        commit(s);
        assert_true(state_has(s, &urgent, "b", 7));
        assert_false(state_has(s, &urgent, "b", 8));
        assert_false(state_has(s, &urgent, "c", 7));
        state_free(s);
}

static void what_is_not_put_again_goes(void **unused)
{
        struct state *s = opened(0);

        put(s, &urgent, "a", "1");
        put(s, &urgent, "b", "2");
        put(s, &bulk, "a", "3");
        commit(s);
        state_free(s);
        s = opened(0);
        state_begin(s, &urgent);
        put(s, &urgent, "b", "2");
        put(s, &urgent, "c", "3");
        state_end(s, &urgent);
        commit(s);
        assert_rows(s, &urgent, "b=2 c=3 ");
        assert_rows(s, &bulk, "a=3 ");
        state_free(s);
}

static void a_removed_row_may_come_back(void **unused)
{
        struct state *s = opened(0);

        for (unsigned i = 0; i < 3; i++) {
                put(s, &urgent, "a", "1");
                commit(s);
                state_remove(s, &urgent, "a");
                put(s, &urgent, "a", "1");
                commit(s);
                assert_rows(s, &urgent, "a=1 ");
                state_remove(s, &urgent, "a");
                commit(s);
                assert_rows(s, &urgent, "");
        }
        state_free(s);
}

/* Random puts and removals in one state and in a list, which have to agree after each restart. */
static void many_changes_end_as_they_should(void **unused)
{
        uint64_t seed = 1;
        unsigned values[500] = {0};
        struct state *s = opened(0);

        for (unsigned round = 0; round < 20; round++) {
                _cleanup_text_ struct text wanted = {0};

                for (unsigned i = 0; i < 300; i++) {
                        unsigned k = (unsigned)(splitmix64_next(&seed) % ARRAY_SIZE(values));
                        char key[16], value[16];

                        values[k] = (unsigned)(splitmix64_next(&seed) % 4);
                        (void)snprintf(key, sizeof(key), "%04u", k);
                        (void)snprintf(value, sizeof(value), "%u", values[k]);
                        if (values[k] > 0)
                                put(s, &bulk, key, value);
                        else
                                state_remove(s, &bulk, key);
                }
                commit(s);
                if (round % 5 == 4) {
                        state_free(s);
                        s = opened(0);
                }
                for (unsigned k = 0; k < ARRAY_SIZE(values); k++)
                        if (values[k] > 0)
                                text_appendf(&wanted, "%04u=%u ", k, values[k]);
                assert_rows(s, &bulk, text_string(&wanted));
        }
        state_free(s);
}

static void bulk_is_written_in_slices(void **unused)
{
        _cleanup_free_ char *value = calloc(1, STATE_SLICE);
        struct state *s = opened(0);

        memset(value, 'x', STATE_SLICE - 1);
        for (char key[2] = "a"; *key < 'd'; ++*key)
                put(s, &bulk, key, value);
        assert_int_equal(state_commit_bulk(s, NULL), 1);
        assert_int_equal(state_commit_bulk(s, NULL), 1);
        assert_true(state_pending(s, true));
        assert_int_equal(state_commit_bulk(s, NULL), 0);
        assert_false(state_pending(s, true));
        state_free(s);
}

/* Also by a state that knows the kind from its file alone. */
static void bulk_stays_in_bulk(void **unused)
{
        struct state *s = opened(0);

        put(s, &bulk, "a", "1");
        put(s, &bulk, "b", "1");
        commit(s);
        state_free(s);
        s = opened(0);
        state_remove(s, &bulk, "a");
        put(s, &bulk, "b", "2");
        assert_false(state_pending(s, false));
        assert_true(state_pending(s, true));
        commit(s);
        assert_rows(s, &bulk, "b=2 ");
        state_free(s);
}

static void what_is_too_long_is_refused(void **unused)
{
        _cleanup_free_ char *key = calloc(1, STATE_KEY_MAX + 2);
        struct state *s = opened(0);

        memset(key, 'k', STATE_KEY_MAX + 1);
        assert_int_equal(state_put(s, &urgent, key, "x", 1, 0), -EINVAL);
        assert_int_equal(state_put(s, &urgent, "k", "x", STATE_VALUE_MAX + 1, 0), -EINVAL);
        assert_false(state_pending(s, false));
        state_free(s);
}

static void execute(const char *sql)
{
        sqlite3 *db;

        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static bool exists(const char *suffix)
{
        char name[sizeof(path) + 16];

        (void)snprintf(name, sizeof(name), "%s%s", path, suffix);
        return access(name, F_OK) == 0;
}

static void write_sample(void)
{
        struct state *s = opened(0);

        put(s, &urgent, "a", "first");
        put(s, &urgent, "b", "second");
        put(s, &urgent, "c", "third");
        commit(s);
        state_free(s);
}

static void a_changed_value_is_refused_alone(void **unused)
{
        size_t refused = 0;
        _cleanup_error_ struct error e = {0};
        _cleanup_text_ struct text t = {0};
        struct state *s;

        write_sample();
        execute("UPDATE items SET value = 'other' WHERE key = 'b'");
        s = opened(0);
        assert_int_equal(state_each(s, &urgent, write_row, &t, &refused, &e), 0);
        assert_string_equal(text_string(&t), "a=first c=third ");
        assert_int_equal(refused, 1);
        assert_non_null(strstr(e.message, "urgent b is not restored: its check sum is wrong"));
        commit(s);
        assert_rows(s, &urgent, "a=first c=third ");
        state_free(s);
}

static int refuse_b(
        const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        return streq(key, "b") ? error_set(e, -EBADMSG, "it is b") : 0;
}

static void what_nobody_takes_goes(void **unused)
{
        size_t refused = 0;
        _cleanup_error_ struct error e = {0};
        struct state *s;

        write_sample();
        s = opened(0);
        assert_int_equal(state_each(s, &urgent, refuse_b, NULL, &refused, &e), 0);
        assert_int_equal(refused, 1);
        assert_non_null(strstr(e.message, "urgent b is not restored: it is b"));
        commit(s);
        assert_rows(s, &urgent, "a=first c=third ");
        state_free(s);
}

static void a_newer_file_is_set_aside(void **unused)
{
        struct state *s;

        write_sample();
        execute("PRAGMA user_version = 2");
        s = opened(1);
        assert_rows(s, &urgent, "");
        assert_true(exists(".newer"));
        put(s, &urgent, "a", "1");
        commit(s);
        state_free(s);
        s = opened(0);
        assert_rows(s, &urgent, "a=1 ");
        state_free(s);
}

/* With a right name and a right version, and something else in it. */
static void a_file_with_other_content_is_set_aside(void **unused)
{
        static const char *const changes[] = {
                "DROP TABLE items",
                "CREATE TABLE more(x)",
                "CREATE TRIGGER t AFTER INSERT ON items BEGIN DELETE FROM items; END",
                "CREATE VIEW v AS SELECT 1",
                "DROP TABLE items; CREATE TABLE items(kind, key, value, sum)",
        };

        for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
                struct state *s;

                write_sample();
                execute(changes[i]);
                s = opened(1);
                assert_true(exists(".damaged"));
                put(s, &urgent, "z", "1");
                commit(s);
                assert_rows(s, &urgent, "z=1 ");
                state_free(s);
                (void)clear(NULL);
        }
}

static void what_is_no_database_is_set_aside(void **unused)
{
        static const char *const contents[] = {"x", "{\"version\": 1}", "SQLite format 3"};

        for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
                struct state *s;

                assert_int_equal(file_replace(path, contents[i], strlen(contents[i]), NULL), 0);
                s = opened(1);
                assert_true(exists(".damaged"));
                put(s, &urgent, "a", "1");
                commit(s);
                state_free(s);
                (void)clear(NULL);
        }
}

struct checking {
        size_t seen;
        const char *value;
        size_t size;
};

/* Whatever is handed out is what was put. */
static int check_row(
        const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        struct checking *c = userdata;

        c->seen++;
        assert_int_equal(size, c->size);
        assert_memory_equal(value, c->value, size);
        return 0;
}

static void write_many(const char *value)
{
        struct state *s = opened(0);

        for (unsigned i = 0; i < 200; i++) {
                char key[16];

                (void)snprintf(key, sizeof(key), "%u", i);
                put(s, &urgent, key, value);
        }
        commit(s);
        state_free(s);
}

static void flip(const char *name, off_t offset, unsigned char with)
{
        int fd = open(name, O_RDWR | O_CLOEXEC);
        unsigned char byte;

        assert_true(fd >= 0);
        assert_int_equal(pread(fd, &byte, 1, offset), 1);
        byte ^= with;
        assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
        (void)close(fd);
}

static void damage_at_any_place_loses_no_more_than_it_must(void **unused)
{
        char value[800], copy[sizeof(path) + 8];
        uint64_t seed = 3;
        struct stat st;

        memset(value, 'v', sizeof(value) - 1);
        value[sizeof(value) - 1] = '\0';
        write_many(value);
        (void)snprintf(copy, sizeof(copy), "%s.copy", path);
        copy_file(path, copy);
        assert_int_equal(stat(copy, &st), 0);
        for (unsigned i = 0; i < 100; i++) {
                struct checking c = {0, value, sizeof(value) - 1};
                struct state *s = NULL;
                size_t refused = 0;
                int r;

                (void)clear(NULL);
                copy_file(copy, path);
                flip(path, (off_t)(splitmix64_next(&seed) % (uint64_t)st.st_size),
                        (unsigned char)(1U << splitmix64_next(&seed) % 8));
                r = state_open(path, &s, NULL);
                assert_true(r >= 0);
                r = state_each(s, &urgent, check_row, &c, &refused, NULL);
                assert_true(r >= 0 || r == -EBADMSG);
                put(s, &urgent, "new", value);
                r = state_commit(s, NULL);
                assert_true(r >= 0 || r == -EBADMSG);
                assert_int_equal(state_commit(s, NULL), 0);
                state_free(s);
        }
        (void)unlink(copy);
}

/* The log of a process that died, cut off anywhere: what was committed before is there, and each
 * transaction is there or is not. */
static void a_torn_log_loses_whole_transactions(void **unused)
{
        char file[sizeof(path) + 8], log[sizeof(path) + 8], here[sizeof(path) + 8];
        uint64_t seed = 5;
        struct state *s = opened(0);
        struct stat st;

        (void)snprintf(file, sizeof(file), "%s.copy", path);
        (void)snprintf(log, sizeof(log), "%s.log", path);
        (void)snprintf(here, sizeof(here), "%s-wal", path);
        put(s, &urgent, "0", "0");
        commit(s);
        assert_int_equal(state_sync(s, NULL), 0);
        for (unsigned i = 1; i < 10; i++) {
                char value[2] = {(char)('0' + i)};

                put(s, &urgent, "0", value);
                put(s, &urgent, "1", value);
                commit(s);
        }
        copy_file(path, file);
        copy_file(here, log);
        state_free(s);
        assert_int_equal(stat(log, &st), 0);
        for (unsigned i = 0; i < 100; i++) {
                _cleanup_text_ struct text t = {0};
                const char *rows;

                (void)clear(NULL);
                copy_file(file, path);
                copy_file(log, here);
                assert_int_equal(
                        truncate(
                                here, (off_t)(splitmix64_next(&seed) % (uint64_t)(st.st_size + 1))),
                        0);
                s = opened(0);
                assert_int_equal(state_each(s, &urgent, write_row, &t, NULL, NULL), 0);
                rows = text_string(&t);
                if (!streq(rows, "0=0 "))
                        assert_true(strlen(rows) == 8 && rows[2] == rows[6]);
                state_free(s);
        }
        (void)unlink(file);
        (void)unlink(log);
}

static void what_cannot_be_written_is_written_later(void **unused)
{
        char away[sizeof(directory) + 8];
        struct state *s;

        (void)snprintf(away, sizeof(away), "%s.away", directory);
        assert_int_equal(rename(directory, away), 0);
        s = opened(-ENOENT);
        put(s, &urgent, "a", "1");
        put(s, &bulk, "b", "2");
        assert_true(state_commit(s, NULL) < 0);
        assert_true(state_commit_bulk(s, NULL) < 0);
        assert_int_equal(rename(away, directory), 0);
        commit(s);
        state_free(s);
        s = opened(0);
        assert_rows(s, &urgent, "a=1 ");
        assert_rows(s, &bulk, "b=2 ");
        state_free(s);
}

/* As on a full disk: no file grows, so that SQLite cannot have its index in a file. */
static void limit_files(bool limited)
{
        static struct rlimit before;
        struct rlimit l;

        if (limited) {
                assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
                l = (struct rlimit){0, before.rlim_max};
                (void)signal(SIGXFSZ, SIG_IGN);
        } else
                l = before;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

/* After an orderly end, and after a crash, whose log is read as well. */
static void a_full_disk_hides_nothing(void **unused)
{
        for (int crashed = 0; crashed < 2; crashed++) {
                struct state *s, *dying;

                write_sample();
                dying = opened(0);
                put(dying, &urgent, "c", "new");
                commit(dying);
                if (crashed) {
                        char log[sizeof(path) + 8], copy[sizeof(path) + 8];

                        (void)snprintf(log, sizeof(log), "%s-wal", path);
                        (void)snprintf(copy, sizeof(copy), "%s.copy", path);
                        copy_file(log, copy);
                        state_free(dying);
                        assert_int_equal(rename(copy, log), 0);
                } else
                        state_free(dying);
                limit_files(true);
                s = NULL;
                assert_true(state_open(path, &s, NULL) < 0);
                assert_rows(s, &urgent, "a=first b=second c=new ");
                put(s, &urgent, "a", "later");
                assert_true(state_commit(s, NULL) < 0);
                limit_files(false);
                commit(s);
                assert_rows(s, &urgent, "a=later b=second c=new ");
                state_free(s);
                (void)clear(NULL);
        }
}

static void flush(struct state *s)
{
        struct pollfd ended = {.fd = state_flush_fd(s), .events = POLLIN};

        assert_false(state_flushing(s));
        state_flush(s);
        assert_true(state_flushing(s));
        assert_int_equal(poll(&ended, 1, 60000), 1);
        assert_int_equal(state_flushed(s, NULL), 0);
        assert_false(state_flushing(s));
        assert_int_equal(poll(&ended, 1, 0), 0);
}

static off_t size_of(const char *suffix)
{
        char name[sizeof(path) + 8];
        struct stat st;

        (void)snprintf(name, sizeof(name), "%s%s", path, suffix);
        assert_int_equal(stat(name, &st), 0);
        return st.st_size;
}

static int begin_work(void (*work)(void *job), void *job, void *userdata)
{
        return worker_start_brief(userdata, work, job);
}

static int refuse_work(void (*work)(void *job), void *job, void *userdata)
{
        *(unsigned *)userdata += 1;
        return -EBUSY;
}

/* Beside it rows are written; a log that has become long is moved into the file, and begun anew. */
static void who_commits_need_not_wait_for_the_disk(void **unused)
{
        static char large[100000];
        _cleanup_(handover_freep) struct handover *h = NULL;
        _cleanup_(worker_freep) struct worker *w = NULL;
        struct state *s = opened(0);
        unsigned rounds = 0;

        assert_int_equal(handover_new(&h), 0);
        assert_int_equal(worker_new(h, &w), 0);
        state_lend(s, begin_work, w);
        put(s, &urgent, "a", "1");
        assert_int_equal(state_commit_soon(s, NULL), 0);
        flush(s);
        memset(large, 'x', sizeof(large) - 1);
        for (; !state_full_log(s); rounds++) {
                large[0] = (char)('a' + rounds % 26);
                put(s, &urgent, "large", large);
                assert_int_equal(state_commit_soon(s, NULL), 0);
        }
        assert_true(size_of("") < (off_t)sizeof(large));
        state_flush(s);
        put(s, &urgent, "b", "2");
        assert_int_equal(state_commit_soon(s, NULL), 0);
        assert_int_equal(state_flushed(s, NULL), 0); /* waits */
        assert_true(size_of("") > (off_t)sizeof(large));
        flush(s);
        put(s, &urgent, "c", "3");
        state_flush(s);
        assert_int_equal(state_commit(s, NULL), 0);
        assert_int_equal(state_flushed(s, NULL), 0);
        state_free(s);
        s = opened(0);
        state_remove(s, &urgent, "large");
        commit(s);
        assert_rows(s, &urgent, "a=1 b=2 c=3 ");
        state_free(s);
}

/* Whoever works for it may have other work, or be gone. */
static void what_nobody_else_does_is_done_at_once(void **unused)
{
        struct state *s = opened(0);
        unsigned refused = 0;

        state_lend(s, refuse_work, &refused);
        put(s, &urgent, "a", "1");
        assert_int_equal(state_commit_soon(s, NULL), 0);
        flush(s);
        assert_int_equal(refused, 1);
        state_lend(s, NULL, NULL);
        flush(s);
        assert_int_equal(refused, 1);
        state_free(s);
}

static void a_file_that_is_deleted_is_begun_again(void **unused)
{
        struct state *s = opened(0);

        put(s, &urgent, "a", "1");
        commit(s);
        state_flush(s);
        (void)clear(NULL);
        put(s, &urgent, "b", "2");
        assert_int_equal(state_commit(s, NULL), -ESTALE);
        put(s, &urgent, "a", "1");
        commit(s);
        assert_rows(s, &urgent, "a=1 b=2 ");
        state_free(s);
}

static int list(const char *kind, const char *key, const char *value, size_t size, bool good,
        void *userdata)
{
        text_appendf(userdata, "%s/%s=%.*s%s ", kind, key, (int)size, value, good ? "" : "!");
        return 0;
}

static int ignore_row(
        const char *key, const char *value, size_t size, void *userdata, struct error *e)
{
        return 0;
}

/* A name that a disk has changed, text or not, is nobody's: it goes, and nothing else does. */
static void rows_that_nobody_asks_for_are_swept(void **unused)
{
        _cleanup_error_ struct error e = {0};
        _cleanup_text_ struct text t = {0};
        size_t refused = 0;
        struct state *s;

        write_sample();
        execute("INSERT INTO items SELECT 'urgenu', key, value, sum FROM items WHERE key = 'a'");
        execute("INSERT INTO items SELECT kind, x'6200ff', value, sum FROM items WHERE key = 'b'");
        execute("INSERT INTO items SELECT kind, x'63', value, sum FROM items WHERE key = 'c' AND "
                "typeof(key) = 'text' AND kind = 'urgent'");
        /* Of a kind that is asked for, but the name is another one as text. */
        execute("INSERT INTO items SELECT kind, CAST(x'6400ff' AS TEXT), value, sum FROM items "
                "WHERE key = 'c' AND typeof(key) = 'text' AND kind = 'urgent'");
        execute("UPDATE items SET sum = 1 WHERE typeof(key) = 'blob'");
        s = opened(0);
        assert_int_equal(state_each(s, &urgent, ignore_row, NULL, &refused, NULL), 0);
        assert_int_equal(refused, 3);
        assert_int_equal(state_sweep(s, &refused, &e), 0);
        assert_int_equal(refused, 4);
        assert_non_null(strstr(error_text(&e, -EBADMSG), "is not restored"));
        assert_int_equal(state_sweep(s, &refused, NULL), 0);
        assert_int_equal(refused, 4);
        state_free(s);
        assert_int_equal(state_read(path, list, &t, NULL), 0);
        assert_string_equal(text_string(&t), "urgent/a=first urgent/b=second urgent/c=third ");
}

static void all_is_read_and_nothing_changed(void **unused)
{
        _cleanup_text_ struct text t = {0};
        struct stat st;

        assert_int_equal(state_read(path, list, &t, NULL), -ENOENT);
        write_sample();
        execute("UPDATE items SET value = 'other' WHERE key = 'b'");
        assert_int_equal(state_read(path, list, &t, NULL), 0);
        assert_string_equal(text_string(&t), "urgent/a=first urgent/b=other! urgent/c=third ");
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        execute("PRAGMA user_version = 2");
        assert_int_equal(state_read(path, list, &t, NULL), -EPROTONOSUPPORT);
        assert_int_equal(file_replace(path, "x", 1, NULL), 0);
        assert_int_equal(state_read(path, list, &t, NULL), -EBADMSG);
        assert_false(exists(".damaged"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(what_was_committed_is_there, clear),
                cmocka_unit_test_teardown(what_did_not_change_is_not_written, clear),
                cmocka_unit_test_teardown(what_is_not_put_again_goes, clear),
                cmocka_unit_test_teardown(a_removed_row_may_come_back, clear),
                cmocka_unit_test_teardown(many_changes_end_as_they_should, clear),
                cmocka_unit_test_teardown(bulk_is_written_in_slices, clear),
                cmocka_unit_test_teardown(bulk_stays_in_bulk, clear),
                cmocka_unit_test_teardown(what_is_too_long_is_refused, clear),
                cmocka_unit_test_teardown(a_changed_value_is_refused_alone, clear),
                cmocka_unit_test_teardown(what_nobody_takes_goes, clear),
                cmocka_unit_test_teardown(a_newer_file_is_set_aside, clear),
                cmocka_unit_test_teardown(a_file_with_other_content_is_set_aside, clear),
                cmocka_unit_test_teardown(what_is_no_database_is_set_aside, clear),
                cmocka_unit_test_teardown(damage_at_any_place_loses_no_more_than_it_must, clear),
                cmocka_unit_test_teardown(a_torn_log_loses_whole_transactions, clear),
                cmocka_unit_test_teardown(what_cannot_be_written_is_written_later, clear),
                cmocka_unit_test_teardown(a_full_disk_hides_nothing, clear),
                cmocka_unit_test_teardown(who_commits_need_not_wait_for_the_disk, clear),
                cmocka_unit_test_teardown(what_nobody_else_does_is_done_at_once, clear),
                cmocka_unit_test_teardown(rows_that_nobody_asks_for_are_swept, clear),
                cmocka_unit_test_teardown(a_file_that_is_deleted_is_begun_again, clear),
                cmocka_unit_test_teardown(all_is_read_and_nothing_changed, clear),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
