/* SPDX-License-Identifier: Apache-2.0 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/access.h"

static void mode_and_owner_tell(void **state)
{
        static const struct {
                uid_t uid;
                gid_t gid;
                mode_t mode;
                bool roots;
        } cases[] = {
                {0, 0, 0600, true},
                {0, 0, 0640, true},
                {0, 0, 0644, false},
                {0, 0, 0604, false},
                {0, 900, 0640, false},
                {0, 900, 0600, true},
                {900, 900, 0600, false},
                {900, 0, 0400, false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct stat st = {.st_uid = cases[i].uid,
                        .st_gid = cases[i].gid,
                        .st_mode = S_IFREG | cases[i].mode};

                if (access_is_roots(&st, S_IROTH) != cases[i].roots)
                        fail_msg("case %zu", i);
        }
        assert_true(access_is_roots(&(struct stat){.st_mode = S_IFDIR | 0700}, S_IXOTH));
        assert_true(access_is_roots(&(struct stat){.st_mode = S_IFDIR | 0754}, S_IXOTH));
        assert_false(access_is_roots(&(struct stat){.st_mode = S_IFDIR | 0711}, S_IXOTH));
        assert_false(
                access_is_roots(&(struct stat){.st_mode = S_IFDIR | 0710, .st_gid = 1}, S_IXOTH));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(mode_and_owner_tell),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
