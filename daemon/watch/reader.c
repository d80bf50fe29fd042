/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/reader.h"

#include <errno.h>
#include <malloc.h>

struct reader {
        struct worker *worker;
        const char *config_path, *storage_path;
        const struct shard *shard;
        bool wanted, wanted_configuration;
        struct command *asked; /* for what is wanted */
        struct command *served; /* for what is being read */
        /* The worker's until reader_end(). */
        struct material material;
        const struct config *before;
};

int reader_new(struct worker *worker, const char *config_path, const struct shard *shard,
        const char *storage_path, struct reader **ret)
{
        struct reader *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        r->worker = worker;
        r->config_path = config_path;
        r->shard = shard;
        r->storage_path = storage_path;
        *ret = r;
        return 0;
}

static void material_done(struct material *m)
{
        config_free(m->config);
        errors_done(&m->errors);
        approvals_done(&m->approvals);
        *m = (struct material){0};
}

/* `sentence` NULL: without words of ours. */
static void answer_all(struct command **commands, unsigned status, const char *sentence)
{
        struct command *c;

        while ((c = *commands)) {
                char *body = sentence ? strdup(sentence) : NULL;

                *commands = c->next;
                command_complete(c, status, body, body ? strlen(body) : 0);
        }
}

struct reader *reader_free(struct reader *r)
{
        if (!r)
                return NULL;
        answer_all(&r->served, 503, NULL);
        answer_all(&r->asked, 503, NULL);
        material_done(&r->material);
        free(r);
        return NULL;
}

void reader_want(struct reader *r, bool configuration)
{
        r->wanted = true;
        r->wanted_configuration |= configuration;
}

void reader_ask(struct reader *r, struct command *command)
{
        command->next = r->asked;
        r->asked = command;
        reader_want(r, true);
}

bool reader_wants_configuration(const struct reader *r)
{
        return r->wanted_configuration;
}

/* In the worker's thread. */
static void read_all(void *job)
{
        struct reader *r = job;
        struct material *m = &r->material;

        if (m->configuration)
                m->result = config_load_shard(
                        r->config_path, r->shard, r->before, &m->config, &m->errors);
        if (m->config)
                m->result = approvals_follow(&m->approvals, m->config);
        if (m->result >= 0)
                approvals_read(&m->approvals, r->storage_path);
        else
                m->config = config_free(m->config);
        /* Reading took ten times the memory that is kept; malloc() would not return it. */
        (void)malloc_trim(0);
}

int reader_begin(
        struct reader *r, const struct config *before, struct watch *const *watches, size_t count)
{
        struct material *m = &r->material;
        int code;

        if (!r->wanted || worker_busy(r->worker))
                return 0;
        m->configuration = r->wanted_configuration;
        r->wanted = r->wanted_configuration = false;
        r->served = take_ptr(r->asked);
        r->before = before;
        code = approvals_note(&m->approvals, watches, count);
        if (code >= 0)
                code = worker_start(r->worker, read_all, r);
        if (code >= 0)
                return 1;
        m->result = code;
        errors_add(&m->errors, "%s: cannot be read: %s", r->config_path, strerror(-code));
        return code;
}

struct material *reader_end(struct reader *r)
{
        return &r->material;
}

void reader_done(struct reader *r, const char *sentence)
{
        answer_all(&r->served, sentence ? 500 : 200, sentence);
        material_done(&r->material);
}
