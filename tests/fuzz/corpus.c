/* SPDX-License-Identifier: Apache-2.0 */

/* Gives each file that is named, and each in the directories named, to the target it is linked
 * with: what libFuzzer's main() does with files, for builds without it. A corpus that is empty or
 * missing is a failure, or nothing would be tested. */

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "file.h"

#define INPUT_MAX (64U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
        _cleanup_error_ struct error e = {0};
        _cleanup_free_ char *data = NULL;
        _cleanup_free_ uint8_t *exact = NULL;
        size_t size;
        int r = file_read(path, INPUT_MAX, &data, &size, &e);

        if (r < 0) {
                (void)fprintf(stderr, "%s\n", error_text(&e, r));
                return r;
        }
        /* Without the NUL that file_read() adds, so that a sanitizer sees who reads too far. */
        exact = malloc(size > 0 ? size : 1);
        if (!exact)
                return -ENOMEM;
        memcpy(exact, data, size);
        r = LLVMFuzzerTestOneInput(exact, size);
        if (r != 0)
                (void)fprintf(stderr, "%s: the target returned %d\n", path, r);
        return r != 0 ? -EINVAL : 1;
}

/* Number of inputs, or a negative errno. */
static int run_directory(DIR *directory, const char *path)
{
        char file[PATH_MAX];
        int count = 0;

        for (const struct dirent *entry; (entry = readdir(directory));) {
                int r;

                if (entry->d_name[0] == '.')
                        continue;
                (void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
                r = run_file(file);
                if (r < 0)
                        return r;
                count += r;
        }
        return count;
}

static int run(const char *path)
{
        DIR *directory = opendir(path);
        int count;

        if (!directory)
                return run_file(path);
        count = run_directory(directory, path);
        (void)closedir(directory);
        if (count == 0)
                (void)fprintf(stderr, "%s: no inputs\n", path);
        return count;
}

int main(int argc, char *argv[])
{
        int total = 0;

        for (int i = 1; i < argc; i++) {
                int count = run(argv[i]);

                if (count <= 0)
                        return EXIT_FAILURE;
                total += count;
        }
        (void)printf("%d inputs\n", total);
        return total > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
