/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "macro.h"

static double clock_seconds(clockid_t clock)
{
        struct timespec ts;

        if (clock_gettime(clock, &ts) < 0)
                return -1;
        return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
        return clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static double open_fds(void)
{
        DIR *directory = opendir("/proc/self/fd");
        double count = 0;

        if (!directory)
                return -1;
        for (const struct dirent *entry; (entry = readdir(directory));)
                if (entry->d_name[0] != '.')
                        count++;
        closedir(directory);
        return count - 1; /* the directory itself */
}

static double max_fds(void)
{
        struct rlimit limit;

        return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? -1 : (double)limit.rlim_cur;
}

static bool read_line(const char *path, char *buffer, size_t size)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n;

        if (fd < 0)
                return false;
        n = read(fd, buffer, size - 1);
        close(fd);
        if (n <= 0)
                return false;
        buffer[n] = '\0';
        return true;
}

/* proc(5): fields 20 (threads), 22 (start, in clock ticks since boot), 23 (bytes) and 24 (pages).
 * The second one is the program's name in parentheses and may itself contain spaces and
 * parentheses. */
static void read_stat(struct process_metrics *ret)
{
        unsigned long long started, virtual_bytes;
        long threads, resident_pages;
        char line[1024], *rest;

        if (!read_line("/proc/self/stat", line, sizeof(line)) || !(rest = strrchr(line, ')')))
                return;
        if (sscanf(rest + 1,
                    " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d "
                    "%llu %llu %ld",
                    &threads, &started, &virtual_bytes, &resident_pages) != 4)
                return;
        ret->threads = (double)threads;
        ret->virtual_bytes = (double)virtual_bytes;
        ret->resident_bytes = (double)resident_pages * (double)sysconf(_SC_PAGESIZE);
        /* The btime of /proc/stat is out of reach below ProcSubset=pid. */
        ret->start_time_seconds = clock_seconds(CLOCK_REALTIME) - clock_seconds(CLOCK_BOOTTIME) +
                (double)started / (double)sysconf(_SC_CLK_TCK);
}

void process_read(struct process_metrics *ret)
{
        *ret = (struct process_metrics){
                .cpu_seconds = cpu_seconds(),
                .start_time_seconds = -1,
                .resident_bytes = -1,
                .virtual_bytes = -1,
                .open_fds = open_fds(),
                .max_fds = max_fds(),
                .threads = -1,
        };
        read_stat(ret);
}
