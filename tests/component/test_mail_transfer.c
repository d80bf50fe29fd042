/* SPDX-License-Identifier: Apache-2.0 */
/* Mails on a real event loop, to a server in a thread that says what it is told to. TLS and
 * authentication meet a real server in tests/system/test_email.py. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../unit/a_secret.h"
#include "ask/http_client.h"
#include "clock.h"
#include "fake_server.h"

#define PATIENCE (30 * USEC_PER_SEC)
#define MESSAGE "Subject: x\r\n\r\nfirst\r\n.\r\n..two\r\n"
/* A reply that is none: nothing is sent, or the connection ends. */
#define SILENCE ""
#define END NULL

/* What is said to a line that begins so; the first row that fits. A row is used once, the last one
 * for a verb for ever. */
struct reply {
        const char *verb, *words;
};

struct fixture {
        sd_event *event;
        struct http_client *client;
        struct http_peer peer;
        struct http_request request;
        int listener;
        pthread_t thread;
        const struct reply *replies;
        const char *greeting;
        struct text heard; /* all lines, the message included */
        unsigned calls, status;
        int result;
        bool mail;
        char *error, *body;
};

static bool say(int fd, const char *words)
{
        return !words || send(fd, words, strlen(words), MSG_NOSIGNAL) < 0;
}

/* The row for this line, and later ones for the same verb next time. */
static const struct reply *find(const struct reply *replies, const char *line, unsigned *used)
{
        const struct reply *found = NULL;

        for (size_t i = 0; replies[i].verb; i++) {
                if (strncmp(line, replies[i].verb, strlen(replies[i].verb)) != 0)
                        continue;
                found = &replies[i];
                if (!(*used & 1U << i)) {
                        *used |= 1U << i;
                        break;
                }
        }
        return found;
}

static void *serve(void *userdata)
{
        struct fixture *f = userdata;
        int fd = accept(f->listener, NULL, NULL);
        FILE *stream = fdopen(fd, "r");
        bool data = false, ended = say(fd, f->greeting);
        char line[2000];
        unsigned used = 0;

        while (!ended && fgets(line, sizeof(line), stream)) {
                const struct reply *reply = find(f->replies, line, &used);

                text_append(&f->heard, line);
                if (data && !streq(line, ".\r\n"))
                        continue;
                data = !data && strncmp(line, "DATA", 4) == 0;
                if (!reply)
                        ended = say(fd, "250 ok\r\n");
                else
                        ended = say(fd, reply->words);
        }
        (void)fclose(stream);
        return NULL;
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof(address);

        f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(f->listener, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(f->listener, 1), 0);
        assert_int_equal(getsockname(f->listener, (struct sockaddr *)&address, &size), 0);
        assert_true(sd_event_new(&f->event) >= 0);
        assert_int_equal(http_client_new(f->event, "driftwatch/0", &f->client), 0);
        assert_true(asprintf(&f->peer.url, "smtp://127.0.0.1:%u", ntohs(address.sin_port)) > 0);
        f->peer.timeout_usec = f->peer.connect_timeout_usec = PATIENCE;
        f->peer.plaintext = true;
        f->request = (struct http_request){.method = "MAIL",
                .path = strdup("/me.example.org"),
                .body = strdup(MESSAGE),
                .body_size = strlen(MESSAGE),
                .response_limit = 1000,
                .envelope = mail_envelope_new("me@example.org", "a@b, c@d")};
        f->greeting = "220 mx ESMTP\r\n";
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        (void)http_client_free(f->client);
        (void)sd_event_unref(f->event);
        http_peer_done(&f->peer);
        http_request_done(&f->request);
        text_done(&f->heard);
        close(f->listener);
        free(f->error);
        free(f->body);
        free(f);
        return 0;
}

static void on_done(const struct http_response *response, void *userdata)
{
        struct fixture *f = userdata;

        f->calls++;
        f->result = response->result;
        f->status = response->status;
        f->mail = response->mail;
        f->error = strdup(response->error ? response->error : "");
        f->body = strdup(response->body);
}

static bool is_done(void *userdata)
{
        return ((struct fixture *)userdata)->calls > 0;
}

static void submit(struct fixture *f, const struct reply *replies)
{
        f->replies = replies;
        assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
        assert_int_equal(http_client_submit(f->client, &f->peer, &f->request, on_done, f, NULL), 0);
}

static void exchange(struct fixture *f, const struct reply *replies)
{
        submit(f, replies);
        assert_true(fake_run_until(f->event, is_done, f));
        assert_int_equal(f->calls, 1);
        assert_int_equal(pthread_join(f->thread, NULL), 0);
}

#define DATA_TAKEN \
        {"DATA", "354 go on\r\n"}, \
        { \
                ".\r\n", "250 2.0.0 taken\r\n" \
        }

static void a_mail_is_taken(void **state)
{
        static const struct reply replies[] = {DATA_TAKEN, {"QUIT", END}, {NULL, NULL}};
        struct fixture *f = *state;

        exchange(f, replies);
        assert_int_equal(f->result, 0);
        assert_int_equal(f->status, 250);
        assert_true(f->mail);
        assert_string_equal(f->body, "");
        assert_string_equal(text_string(&f->heard),
                "EHLO me.example.org\r\nMAIL FROM:<me@example.org>\r\nRCPT TO:<a@b>\r\n"
                "RCPT TO:<c@d>\r\nDATA\r\nSubject: x\r\n\r\nfirst\r\n..\r\n...two\r\n.\r\nQUIT\r\n");
}

/* Which status counts, and what is told with it. */
static void the_server_decides(void **state)
{
        static const struct {
                const char *greeting;
                struct reply replies[5];
                unsigned status;
                const char *body;
        } cases[] = {
                {"220 mx\r\n", {{"RCPT TO:<a@b>", "550 5.1.1 gone\r\n"}, DATA_TAKEN, {"QUIT", END}},
                        250, "1 of 2 recipients refused: a@b (550 5.1.1 gone)"},
                {"220 mx\r\n", {{"RCPT", "550 5.1.1 gone\r\n"}, {"QUIT", END}}, 550, "5.1.1 gone"},
                {"220 mx\r\n", {{"RCPT", "451 4.7.1 greylisted\r\n"}, {"QUIT", END}}, 451,
                        "4.7.1 greylisted"},
                {"220 mx\r\n", {{"MAIL", "530 5.7.0 first authenticate\r\n"}, {"QUIT", END}}, 530,
                        "5.7.0 first authenticate"},
                {"220 mx\r\n",
                        {{"DATA", "354 go\r\n"}, {".\r\n", "554 5.7.1 spam\r\n"}, {"QUIT", END}},
                        554, "5.7.1 spam"},
                {"220 mx\r\n", {{"DATA", "451 4.3.2 full\r\n"}, {"QUIT", END}}, 451, "4.3.2 full"},
                {"421 4.3.2 closing\r\n", {{"QUIT", END}}, 421, "4.3.2 closing"},
                {"554 5.7.1 not you\r\n", {{"QUIT", END}}, 554, "5.7.1 not you"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                void *one;
                struct fixture *f;

                assert_int_equal(setup(&one), 0);
                f = one;
                f->greeting = cases[i].greeting;
                exchange(f, cases[i].replies);
                if (f->result != 0 || f->status != cases[i].status)
                        fail_msg("case %zu: %d %u %s", i, f->result, f->status, f->error);
                assert_string_equal(f->body, cases[i].body);
                assert_int_equal(teardown(&one), 0);
        }
}

static void what_is_no_decision_is_a_failure(void **state)
{
        static const struct {
                const char *greeting;
                struct reply replies[5];
                bool demands_tls, has_user;
                int result;
                const char *error;
        } cases[] = {
                {"220 mx\r\n", {{"EHLO", "250 mx\r\n"}}, true, false, -EPROTO,
                        "offers no encryption, so that nothing was sent"},
                {"220 mx\r\n", {{"EHLO", "250-mx\r\n250 AUTH NTLM\r\n"}}, false, true, -EACCES,
                        "takes neither PLAIN nor LOGIN as authentication"},
                {"220 mx\r\n", {{"MAIL", END}}, false, false, -ECONNRESET, "the connection"},
                {"220 mx\r\n", {{"RCPT TO:<a@b>", "550 gone\r\n"}, {"RCPT TO:<c@d>", END}}, false,
                        false, -ECONNRESET, "the connection"},
                {"220 mx\r\n", {{"DATA", "354 go\r\n"}, {".\r\n", END}}, false, false, -ECONNRESET,
                        "the connection"},
                {"HTTP\r\n", {{NULL, NULL}}, false, false, -ETIMEDOUT, "no complete answer from"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                void *one;
                struct fixture *f;

                assert_int_equal(setup(&one), 0);
                f = one;
                f->greeting = cases[i].greeting;
                f->peer.plaintext = !cases[i].demands_tls;
                if (cases[i].result == -ETIMEDOUT)
                        f->peer.timeout_usec = 300 * USEC_PER_MSEC;
                if (cases[i].has_user) {
                        f->peer.user = strdup("me");
                        f->peer.secret = a_secret("s3cret");
                }
                exchange(f, cases[i].replies);
                if (f->result != cases[i].result || !strstr(f->error, cases[i].error) ||
                        strstr(f->error, "s3cret") || !strstr(f->error, "127.0.0.1:"))
                        fail_msg("case %zu: %d %u %s", i, f->result, f->status, f->error);
                assert_int_equal(teardown(&one), 0);
        }
}

/* libcurl asks for an end and waits for the answer, which never comes. */
static void a_silent_server_does_not_stop_the_loop(void **state)
{
        static const struct reply taken[] = {DATA_TAKEN, {"QUIT", SILENCE}, {NULL, NULL}};
        static const struct reply refused[] = {
                {"RCPT", "550 gone\r\n"}, {"QUIT", SILENCE}, {NULL, NULL}};
        static const struct reply *const cases[] = {taken, refused};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                usec_t begun = clock_usec(CLOCK_MONOTONIC);
                void *one;
                struct fixture *f;

                assert_int_equal(setup(&one), 0);
                f = one;
                exchange(f, cases[i]);
                assert_int_equal(f->result, 0);
                assert_non_null(strstr(text_string(&f->heard), "QUIT\r\n"));
                assert_true(clock_usec(CLOCK_MONOTONIC) - begun < 10 * USEC_PER_SEC);
                assert_int_equal(teardown(&one), 0);
        }
}

/* Lines without an end, after which libcurl would say goodbye and wait. */
static void a_flood_ends_it(void **state)
{
        static const char line[] = "250-and so on\r\n";
        _cleanup_text_ struct text flood = {0};
        usec_t begun = clock_usec(CLOCK_MONOTONIC);
        struct fixture *f = *state;

        while (flood.size < 1U << 20)
                text_append(&flood, line);
        exchange(f, (const struct reply[]){{"RCPT", text_string(&flood)}, {NULL, NULL}});
        assert_int_equal(f->result, -EMSGSIZE);
        assert_true(clock_usec(CLOCK_MONOTONIC) - begun < 10 * USEC_PER_SEC);
}

static void mails_go_to_mail_servers_only(void **state)
{
        struct fixture *f = *state;

        free(f->peer.url);
        f->peer.url = strdup("http://127.0.0.1:1");
        assert_int_equal(
                http_client_submit(f->client, &f->peer, &f->request, on_done, f, NULL), -EINVAL);
        free(f->peer.url);
        f->peer.url = strdup("smtp://127.0.0.1:1");
        f->request.envelope = mail_envelope_free(f->request.envelope);
        assert_int_equal(
                http_client_submit(f->client, &f->peer, &f->request, on_done, f, NULL), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_mail_is_taken, setup, teardown),
                cmocka_unit_test(the_server_decides),
                cmocka_unit_test(what_is_no_decision_is_a_failure),
                cmocka_unit_test(a_silent_server_does_not_stop_the_loop),
                cmocka_unit_test_setup_teardown(a_flood_ends_it, setup, teardown),
                cmocka_unit_test_setup_teardown(mails_go_to_mail_servers_only, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
