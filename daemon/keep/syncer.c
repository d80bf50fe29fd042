/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/syncer.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "file.h"
#include "keep/database.h"

struct syncer {
        char *path, *log; /* SQLite's */
        int fd; /* an eventfd */
        state_work_t begin; /* NULL: nobody else works */
        void *userdata;
        bool busy;
        /* Who works, until `ended`. */
        bool move;
        int result;
        struct error error;
        atomic_bool ended;
};

int syncer_new(const char *path, struct syncer **ret)
{
        struct syncer *s = calloc(1, sizeof(*s));
        int r = -ENOMEM;

        if (!s)
                return -ENOMEM;
        atomic_init(&s->ended, false);
        s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (s->fd < 0)
                r = -errno;
        else if (strdup_to(&s->path, path) >= 0 && asprintf(&s->log, "%s-wal", path) >= 0) {
                *ret = s;
                return 0;
        }
        syncer_free(s);
        return r;
}

struct syncer *syncer_free(struct syncer *s)
{
        if (!s)
                return NULL;
        syncer_wait(s);
        if (s->fd >= 0)
                (void)close(s->fd);
        free(s->path);
        free(s->log);
        free(s);
        return NULL;
}

void syncer_lend(struct syncer *s, state_work_t begin, void *userdata)
{
        s->begin = begin;
        s->userdata = userdata;
}

int syncer_fd(const struct syncer *s)
{
        return s->fd;
}

bool syncer_busy(const struct syncer *s)
{
        return s->busy;
}

/* Without a log there is nothing that is not in the file. */
static int sync_log(struct syncer *s)
{
        int r = file_sync(s->log);

        return r >= 0 || r == -ENOENT
                ? 0
                : error_set(&s->error, r, "%s: cannot be written through to the disk: %s", s->log,
                          strerror(-r));
}

/* As much of it as nobody reads or writes just now. That there is a log SQLite knows only once it
 * has read something: before, it moves nothing and says that all is well (3.40). */
static int move_log(struct syncer *s)
{
        struct database d = {0};
        int r = 0,
            rc = sqlite3_open_v2(s->path, &d.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

        if (rc == SQLITE_OK)
                rc = sqlite3_exec(d.db, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
        if (rc == SQLITE_OK)
                rc = sqlite3_wal_checkpoint_v2(d.db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
                r = database_complain(&d, s->path, rc, "written", &s->error);
        database_close(&d);
        return r;
}

/* The descriptor wakes who waits, and its write is the last that is done here; `ended` is what
 * orders the result before its reader. */
static void run(void *job)
{
        struct syncer *s = job;

        s->result = sync_log(s);
        if (s->result >= 0 && s->move)
                s->result = move_log(s);
        atomic_store(&s->ended, true);
        (void)eventfd_write(s->fd, 1);
}

void syncer_start(struct syncer *s, bool move)
{
        s->busy = true;
        s->move = move;
        atomic_store(&s->ended, false);
        if (!s->begin || s->begin(run, s, s->userdata) < 0)
                run(s);
}

static void await_end(struct syncer *s)
{
        struct pollfd ended = {.fd = s->fd, .events = POLLIN};
        eventfd_t count;

        while (poll(&ended, 1, -1) < 0 || eventfd_read(s->fd, &count) < 0)
                ;
        s->busy = !atomic_load(&s->ended);
}

int syncer_end(struct syncer *s, struct error *e)
{
        int r;

        if (!s->busy)
                return 0;
        await_end(s);
        r = s->result < 0 ? error_set(e, s->result, "%s", error_text(&s->error, s->result)) : 0;
        error_done(&s->error);
        return r;
}

void syncer_wait(struct syncer *s)
{
        if (s->busy)
                await_end(s);
        error_done(&s->error);
}
