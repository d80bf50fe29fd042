/* SPDX-License-Identifier: Apache-2.0 */
#include "footprint.h"

#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "macro.h"

/* From one return of freed memory to the next; and no larger part of the time: with the pieces of
 * 100,000 answers it takes 60 ms, in which nobody else allocates anything. */
#define TRIM_PAUSE (10 * USEC_PER_SEC)
#define TRIM_SHARE 1000

/* Larger blocks - bodies, files - go back to the system when they are freed. Set, because glibc
 * raises it to the largest block that ever was. */
#define MMAP_THRESHOLD (128 << 10)

/* Of a program or library; they have ten. Pages of any further one stay. */
#define SEGMENTS_MAX 32

void footprint_init(void)
{
        (void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
}

/* Of a segment that cannot be written to, every page is as it is in the file. Not so where code was
 * relocated, which no library of ours is. The list of segments is in one of them: to read on in it
 * would bring that back, of every library. */
static int leave_segments(struct dl_phdr_info *object, size_t size, void *userdata)
{
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
        ElfW(Phdr) segments[SEGMENTS_MAX];
        size_t count = MIN((size_t)object->dlpi_phnum, (size_t)SEGMENTS_MAX);

        memcpy(segments, object->dlpi_phdr, count * sizeof(segments[0]));
        for (size_t i = 0; i < count; i++) {
                const ElfW(Phdr) *segment = &segments[i];
                uintptr_t begin = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
                uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;

                if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
                        (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
        }
        return 0;
}

void footprint_settle(void)
{
        (void)dl_iterate_phdr(leave_segments, NULL);
}

void footprint_trim(usec_t now, usec_t *due)
{
        usec_t begun = clock_usec(CLOCK_MONOTONIC);

        if (now < *due)
                return;
        (void)malloc_trim(0);
        *due = now + MAX(TRIM_PAUSE, TRIM_SHARE * (clock_usec(CLOCK_MONOTONIC) - begun));
}
