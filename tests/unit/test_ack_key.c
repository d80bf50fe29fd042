/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base64.h"
#include "files.h"
#include "keep/ack_key.h"

#define GIVEN "0123456789abcdef0123456789abcdef"

static char directory[] = "/tmp/test_ack_key.XXXXXX";

static int set_up(void **state)
{
        return mkdtemp(directory) && chdir(directory) == 0 && mkdir("credentials", 0700) == 0 &&
                        unsetenv("CREDENTIALS_DIRECTORY") == 0
                ? 0
                : -1;
}

static int tear_down(void **state)
{
        (void)unlink("credentials/driftwatch-ack-key");
        return unlink("ack-key") == 0 && rmdir("credentials") == 0 ? rmdir(directory) : -1;
}

static void assert_loads(const char *expected)
{
        _cleanup_free_ char *secret = NULL;
        _cleanup_error_ struct error e = {0};

        if (ack_key_load(directory, &secret, &e) < 0)
                fail_msg("%s", error_text(&e, 0));
        assert_string_equal(secret, expected);
}

static void assert_refused(int result, const char *sentence)
{
        _cleanup_free_ char *secret = NULL;
        _cleanup_error_ struct error e = {0};

        assert_int_equal(ack_key_load(directory, &secret, &e), result);
        assert_null(secret);
        if (!strstr(error_text(&e, 0), sentence))
                fail_msg("%s", error_text(&e, 0));
}

static void it_is_made_once_and_for_nobody_else(void **state)
{
        _cleanup_free_ char *first = NULL, *other = NULL;
        unsigned char bytes[64];
        struct stat st;

        assert_int_equal(ack_key_load(directory, &first, NULL), 0);
        assert_int_equal(base64_decode(first, strlen(first), bytes, sizeof(bytes)), 32);
        assert_int_equal(stat("ack-key", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_loads(first);
        assert_int_equal(unlink("ack-key"), 0);
        assert_int_equal(ack_key_load(directory, &other, NULL), 0);
        assert_string_not_equal(first, other);
}

static void a_credential_wins(void **state)
{
        char credentials[sizeof(directory) + 16];

        (void)snprintf(credentials, sizeof(credentials), "%s/credentials", directory);
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", credentials, 1), 0);
        write_file("ack-key", "of the file: 0123456789abcdef0123456789abcdef\n");
        assert_loads("of the file: " GIVEN);
        write_file("credentials/driftwatch-ack-key", GIVEN "\nmore\n");
        assert_loads(GIVEN);
}

/* Neither is replaced: somebody meant something by it. */
static void what_can_be_guessed_is_refused(void **state)
{
        write_file("credentials/driftwatch-ack-key", "0123456789abcdef0123456789abcde\n");
        assert_refused(-EBADMSG, "driftwatch-ack-key: the first line has fewer than 32 bytes");
        assert_int_equal(unlink("credentials/driftwatch-ack-key"), 0);
        write_file("ack-key", "short\n");
        assert_refused(-EBADMSG, "ack-key: the first line has fewer than 32 bytes");
        write_file("ack-key", "\n");
        assert_refused(-ENODATA, "ack-key: the first line is empty");
}

static void a_directory_that_is_not_there(void **state)
{
        _cleanup_free_ char *secret = NULL;
        _cleanup_error_ struct error e = {0};

        assert_int_equal(ack_key_load("/nonexistent", &secret, &e), -ENOENT);
        assert_non_null(strstr(error_text(&e, 0), "/nonexistent/ack-key"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_is_made_once_and_for_nobody_else),
                cmocka_unit_test(a_credential_wins),
                cmocka_unit_test(what_can_be_guessed_is_refused),
                cmocka_unit_test(a_directory_that_is_not_there),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
