/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/syncer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "file.h"
#include "keep/database.h"

struct syncer {
        char *path, *log; /* SQLite's */
        int fd; /* an eventfd */
        pthread_t thread;
        bool busy, threaded;
        bool move;
        int result;
        struct error error;
};

int syncer_new(const char *path, struct syncer **ret)
{
        struct syncer *s = calloc(1, sizeof(*s));
        int r = -ENOMEM;

        if (!s)
                return -ENOMEM;
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

static void *run(void *userdata)
{
        struct syncer *s = userdata;

        s->result = sync_log(s);
        if (s->result >= 0 && s->move)
                s->result = move_log(s);
        (void)eventfd_write(s->fd, 1);
        return NULL;
}

/* The thread inherits the mask: signals are the loop's. */
void syncer_start(struct syncer *s, bool move)
{
        sigset_t all, old;

        s->busy = true;
        s->move = move;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old);
        s->threaded = pthread_create(&s->thread, NULL, run, s) == 0;
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (!s->threaded)
                (void)run(s);
}

static void join(struct syncer *s)
{
        eventfd_t count;

        if (s->threaded)
                (void)pthread_join(s->thread, NULL);
        (void)eventfd_read(s->fd, &count);
        s->busy = false;
}

int syncer_end(struct syncer *s, struct error *e)
{
        int r;

        if (!s->busy)
                return 0;
        join(s);
        r = s->result < 0 ? error_set(e, s->result, "%s", error_text(&s->error, s->result)) : 0;
        error_done(&s->error);
        return r;
}

void syncer_wait(struct syncer *s)
{
        if (s->busy)
                join(s);
        error_done(&s->error);
}
