/* SPDX-License-Identifier: Apache-2.0 */
/* What is read when, and who is told: with real files and the real worker. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "watch/reader.h"

static char directory[] = "/tmp/test_reader.XXXXXX";

#define CONFIG \
        "servers: [{name: main, url: 'http://c:1'}]\n" \
        "collections: [{name: docs, queries: q.yaml, vectors: v.json}]\n"

static const struct test_file files[] = {{"c.yaml", CONFIG},
        {"q.yaml", "queries:\n- {id: a, text: A}\n"},
        {"v.json", "{\"dimension\": 2, \"vectors\": {\"a\": [1, 0]}}"}};

static int set_up_files(void **state)
{
        if (!mkdtemp(directory) || chdir(directory) < 0 || mkdir("baselines", 0700) < 0)
                return -1;
        write_files(files, ARRAY_SIZE(files));
        return 0;
}

static int tear_down_files(void **state)
{
        return remove_files(files, ARRAY_SIZE(files)) < 0 || rmdir("baselines") < 0 ||
                chdir("/") < 0 || rmdir(directory) < 0;
}

/* The loop's side. */
struct fixture {
        struct handover *handover;
        struct worker *worker;
        struct reader *reader;
};

static void set_up(struct fixture *f)
{
        static const struct shard undivided;

        assert_int_equal(handover_new(&f->handover), 0);
        assert_int_equal(worker_new(f->handover, &f->worker), 0);
        assert_int_equal(reader_new(f->worker, "c.yaml", &undivided, ".", &f->reader), 0);
}

static void tear_down(struct fixture *f)
{
        handover_close(f->handover);
        worker_free(f->worker);
        reader_free(f->reader);
        handover_free(f->handover);
}

static int begin(struct fixture *f, const struct config *before)
{
        return reader_begin(f->reader, before, NULL, 0);
}

static struct material *end(struct fixture *f)
{
        struct pollfd p = {.fd = handover_fd(f->handover), .events = POLLIN};
        struct command *c;

        assert_int_equal(poll(&p, 1, 60000), 1);
        c = handover_take(f->handover);
        assert_non_null(c);
        assert_int_equal(c->type, COMMAND_WORKED);
        assert_true(worker_end(f->worker, c));
        command_complete(c, 200, NULL, 0);
        return reader_end(f->reader);
}

/* Who asked, and what they were told. */
struct asker {
        unsigned status;
        char body[256];
};

static void on_completed(struct command *c, unsigned status, char *body, size_t size)
{
        struct asker *asker = c->userdata;

        assert_int_equal(asker->status, 0);
        asker->status = status;
        (void)snprintf(asker->body, sizeof(asker->body), "%s", body ? body : "");
        free(body);
}

static void ask(struct fixture *f, struct asker *asker)
{
        struct command *c = command_new(COMMAND_RELOAD, NULL, true);

        assert_non_null(c);
        *asker = (struct asker){0};
        c->completed = on_completed;
        c->userdata = asker;
        reader_ask(f->reader, c);
}

static struct config *read_once(struct fixture *f, const struct config *before)
{
        struct config *config;
        struct material *m;

        reader_want(f->reader, true);
        assert_int_equal(begin(f, before), 1);
        m = end(f);
        assert_true(m->configuration);
        assert_int_equal(m->result, 0);
        config = take_ptr(m->config);
        assert_non_null(config);
        reader_done(f->reader, NULL);
        return config;
}

static void what_is_equal_is_the_same_object(void **state)
{
        _cleanup_(config_freep) struct config *before = NULL, *after = NULL;
        struct fixture f;

        set_up(&f);
        assert_int_equal(begin(&f, NULL), 0);
        before = read_once(&f, NULL);
        after = read_once(&f, before);
        assert_ptr_equal(before->collections[0]->queries, after->collections[0]->queries);
        assert_ptr_equal(before->collections[0]->vectors, after->collections[0]->vectors);
        assert_int_equal(begin(&f, after), 0);
        tear_down(&f);
}

/* Two wishes while something is read are one more reading, of the file as it is then. */
static void wishes_meanwhile_are_one_more_reading(void **state)
{
        struct asker first, second, third;
        struct fixture f;

        set_up(&f);
        ask(&f, &first);
        assert_int_equal(begin(&f, NULL), 1);
        assert_false(reader_wants_configuration(f.reader));
        ask(&f, &second);
        ask(&f, &third);
        reader_want(f.reader, false);
        assert_int_equal(begin(&f, NULL), 0);
        assert_int_equal(end(&f)->result, 0);
        assert_int_equal(first.status, 0);
        reader_done(f.reader, NULL);
        assert_int_equal(first.status, 200);
        assert_int_equal(second.status, 0);
        assert_true(reader_wants_configuration(f.reader));
        write_file("c.yaml", "servers: soon\n");
        assert_int_equal(begin(&f, NULL), 1);
        assert_int_equal(end(&f)->result, -EBADMSG);
        reader_done(f.reader, "refused");
        assert_int_equal(second.status, 500);
        assert_string_equal(second.body, "refused");
        assert_int_equal(third.status, 500);
        assert_int_equal(begin(&f, NULL), 0);
        write_file("c.yaml", CONFIG);
        tear_down(&f);
}

static void the_end_answers_everybody(void **state)
{
        struct asker first, second;
        struct fixture f;

        set_up(&f);
        ask(&f, &first);
        assert_int_equal(begin(&f, NULL), 1);
        ask(&f, &second);
        tear_down(&f);
        assert_int_equal(first.status, 503);
        assert_int_equal(second.status, 503);
}

static void baselines_come_with_it(void **state)
{
        struct config *config;
        struct material *m;
        struct fixture f;

        set_up(&f);
        write_file("baselines/docs.json", "{}");
        reader_want(f.reader, true);
        assert_int_equal(begin(&f, NULL), 1);
        m = end(&f);
        assert_int_equal(m->result, 0);
        assert_int_equal(m->approvals.count, 1);
        assert_string_equal(m->approvals.items[0].label, "docs");
        assert_true(m->approvals.items[0].signature != 0);
        assert_int_equal(m->approvals.items[0].result, -EBADMSG);
        assert_non_null(strstr(m->approvals.items[0].error.message, "docs.json"));
        reader_done(f.reader, NULL);
        assert_int_equal(unlink("baselines/docs.json"), 0);
        config = read_once(&f, NULL);
        config_free(config);
        tear_down(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_equal_is_the_same_object),
                cmocka_unit_test(wishes_meanwhile_are_one_more_reading),
                cmocka_unit_test(the_end_answers_everybody),
                cmocka_unit_test(baselines_come_with_it),
        };

        return cmocka_run_group_tests(tests, set_up_files, tear_down_files);
}
