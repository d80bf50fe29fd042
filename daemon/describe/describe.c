/* SPDX-License-Identifier: Apache-2.0 */
#include "describe/describe.h"

#include <stdio.h>
#include <stdlib.h>

#include "commands/say.h"
#include "file.h"

/* The source with its parts put in, line by line. */
static int describe_page(const char *path, struct text *t)
{
        _cleanup_free_ char *source = NULL;
        _cleanup_error_ struct error e = {0};
        size_t size;
        int r = file_read(path, 1U << 20, &source, &size, &e);

        if (r < 0) {
                complain("%s\n", error_text(&e, r));
                return r;
        }
        for (char *line = source, *end; *line; line = end + 1) {
                end = strchr(line, '\n');
                if (!end)
                        break;
                *end = '\0';
                if (*line == '@' && describe_part(line, t))
                        continue;
                text_appendf(t, "%s\n", line);
        }
        return 0;
}

int main(int argc, char *argv[])
{
        _cleanup_text_ struct text t = {0};

        if (argc != 2 || (!describe_completion(argv[1], &t) && describe_page(argv[1], &t) < 0)) {
                complain("usage: describe bash|zsh|fish|MANUAL-PAGE\n");
                return EXIT_FAILURE;
        }
        if (text_failed(&t) || fwrite(t.data, 1, t.size, stdout) != t.size || fflush(stdout) != 0)
                return EXIT_FAILURE;
        return EXIT_SUCCESS;
}
