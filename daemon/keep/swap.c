/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/swap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's last words. */
struct outcome {
        int code; /* negative errno */
        int written;
};

/* What follows up to child() runs in the child of a process with other threads: only calls that are
 * safe in signal handlers. */
static int put(int fd, const void *data, size_t size)
{
        const char *p = data;

        while (size > 0) {
                ssize_t n = write(fd, p, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                p += n;
                size -= (size_t)n;
        }
        return 0;
}

/* Passes on what the file says; 1 when it is what was expected. */
static int look(int fd, int output, const struct swap_request *q)
{
        char chunk[4096];
        size_t size = 0;
        bool same = true;

        for (;;) {
                ssize_t n = read(fd, chunk, sizeof(chunk));
                int r;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return same && size == q->expected_size;
                if ((size_t)n > q->limit - size)
                        return -EFBIG;
                same = same && size + (size_t)n <= q->expected_size &&
                        memcmp(chunk, (const char *)q->expected + size, (size_t)n) == 0;
                size += (size_t)n;
                r = put(output, chunk, (size_t)n);
                if (r < 0)
                        return r;
        }
}

static int replace(int fd, const struct swap_request *q)
{
        int r;

        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        r = put(fd, q->content, q->content_size);
        if (r < 0)
                return r;
        return ftruncate(fd, (off_t)q->content_size) < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int swap(const struct swap_request *q, int output, int *ret_written)
{
        /* Opening it afresh makes a network file system ask its server what the file is now. */
        int fd = open(q->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0660);
        struct stat st;
        int r;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        r = look(fd, output, q);
        if (r > 0 && q->content) {
                r = replace(fd, q);
                *ret_written = r >= 0;
        }
        if (close(fd) < 0 && r >= 0)
                r = -errno;
        return r;
}

/* Of what the daemon has open, only the pipe is left: a child that hangs must keep no port. */
static _Noreturn void child(const struct swap_request *q, int output)
{
        struct outcome outcome = {0, 0};
        int r;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (output != STDERR_FILENO + 1 && dup2(output, STDERR_FILENO + 1) < 0)
                _exit(1);
        if (close_range(STDERR_FILENO + 2, ~0U, 0) < 0)
                _exit(1);
        r = swap(q, STDERR_FILENO + 1, &outcome.written);
        outcome.code = MIN(r, 0);
        _exit(put(STDERR_FILENO + 1, &outcome, sizeof(outcome)) < 0);
}

int swap_start(struct swap *s, const struct swap_request *request)
{
        int ends[2];
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
                return -errno;
        /* The child waits for room; the daemon does not wait for the child. */
        if (fcntl(ends[1], F_SETFL, 0) < 0)
                pid = -1;
        else
                pid = fork();
        if (pid == 0)
                child(request, ends[1]);
        (void)close(ends[1]);
        if (pid < 0) {
                int r = -errno;

                (void)close(ends[0]);
                return r;
        }
        text_clear(&s->answer);
        s->child = pid;
        s->output = ends[0];
        return 0;
}

static void reap(struct swap *s)
{
        (void)close(s->output);
        while (waitpid(s->child, NULL, 0) < 0 && errno == EINTR)
                ;
        s->child = 0;
}

/* What came with the last words of a child that said all. */
static int judge(struct swap *s, bool *ret_written, struct error *error)
{
        struct outcome outcome;

        if (text_failed(&s->answer))
                return error_set(error, -ENOMEM, "out of memory");
        if (s->answer.size < sizeof(outcome))
                return error_set(error, -EIO, "the process that looks at it ended too early");
        s->answer.size -= sizeof(outcome);
        memcpy(&outcome, s->answer.data + s->answer.size, sizeof(outcome));
        if (outcome.code < 0)
                return error_set(error, outcome.code, "%s", strerror(-outcome.code));
        *ret_written = outcome.written;
        return 1;
}

int swap_collect(struct swap *s, bool *ret_written, struct error *error)
{
        char chunk[16384];
        ssize_t n;

        while ((n = read(s->output, chunk, sizeof(chunk))) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return 0;
                if (n < 0)
                        break;
                text_append_bytes(&s->answer, chunk, (size_t)n);
        }
        reap(s);
        return judge(s, ret_written, error);
}

void swap_done(struct swap *s)
{
        if (s->child > 0) {
                (void)kill(s->child, SIGKILL);
                (void)close(s->output);
                /* One that hangs in its storage stays until that answers; init takes it over. */
                (void)waitpid(s->child, NULL, WNOHANG);
                s->child = 0;
        }
        text_done(&s->answer);
}
