/* SPDX-License-Identifier: Apache-2.0 */
/* To be preloaded: sets the wall clock of one program, and of nothing else on the machine, by so
 * many microseconds as the first eight bytes of the file $WALL_CLOCK say at the time of asking. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;

__attribute__((constructor)) static void init(void)
{
        int fd = open(getenv("WALL_CLOCK"), O_RDONLY | O_CLOEXEC);
        void *map = mmap(NULL, sizeof(*offset), PROT_READ, MAP_SHARED, fd, 0);

        if (map == MAP_FAILED)
                abort();
        offset = map;
        (void)close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
        long r = syscall(SYS_clock_gettime, clock, ret);

        if (clock == CLOCK_REALTIME && r == 0 && offset) {
                int64_t usec = ret->tv_sec * INT64_C(1000000) + ret->tv_nsec / 1000 + *offset;

                ret->tv_sec = usec / 1000000;
                ret->tv_nsec = usec % 1000000 * 1000;
        }
        return (int)r;
}
