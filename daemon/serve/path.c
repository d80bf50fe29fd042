/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/path.h"

#include "macro.h"

bool path_matches(const char *pattern, const char *path, char **ret_subject)
{
        const char *star = strchr(pattern, '*');
        size_t before, after, size = strlen(path);

        if (!star)
                return streq(pattern, path);
        before = (size_t)(star - pattern);
        after = strlen(star + 1);
        if (size <= before + after || strncmp(pattern, path, before) != 0 ||
                !streq(star + 1, path + size - after))
                return false;
        *ret_subject = strndup(path + before, size - before - after);
        return *ret_subject;
}
