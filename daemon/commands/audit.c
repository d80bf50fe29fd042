/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/audit.h"

#include <errno.h>

#include "ask/audit.h"
#include "version.h"

/* One under way. */
struct auditing {
        sd_event *event;
        struct http_client *client;
        struct check_audit *ret;
        struct progress progress;
};

static void auditing_done(struct auditing *a)
{
        http_client_free(a->client);
        sd_event_unref(a->event);
}

static void on_progress(uint64_t read, uint64_t records, void *userdata)
{
        struct auditing *a = userdata;

        progress_note(&a->progress, read, records);
}

static void on_audited(struct audit_result *result, void *userdata)
{
        struct auditing *a = userdata;

        *a->ret = (struct check_audit){
                .error = take_ptr(result->error.message),
                .records = result->records,
                .queries = result->queries,
                .recall = result->recall,
                .recall_by_distance = result->recall_by_distance,
                .worst = result->worst,
                .worst_recall = result->worst_recall,
        };
        (void)sd_event_exit(a->event, 0);
}

static struct answer **answers_of(const struct collection_view *v)
{
        struct answer **answers = calloc(v->query_set->count + 1, sizeof(struct answer *));

        for (size_t i = 0; answers && i < v->query_set->count; i++)
                if (v->queries[i].judgement.outcome != OUTCOME_UNMEASURED)
                        answers[i] = v->queries[i].answer;
        return answers;
}

static int run(struct auditing *a, const struct watch *w)
{
        const struct collection_config *c = watch_config(w);
        const struct collection_view *v = watch_view(w);
        _cleanup_free_ struct answer **answers = answers_of(v);
        _cleanup_(audit_freep) struct audit *audit = NULL;
        const struct audit_target target = {.label = c->label,
                .tenant = c->server->tenant,
                .database = c->server->database,
                .collection_id = v->epoch.id,
                .space = v->epoch.space,
                .peer = &c->peer,
                .queries = c->queries,
                .vectors = dossier_vectors(watch_dossier(w)),
                .answers = answers,
                .results = c->replay.results,
                .progress = on_progress};
        int r;

        if (!answers)
                return -ENOMEM;
        progress_begin(&a->progress, "read", "records");
        r = audit_start(a->client, &target, on_audited, a, &audit);
        if (r >= 0)
                r = sd_event_loop(a->event);
        progress_end(&a->progress);
        return r;
}

/* What goes wrong is why there is no audit, not why nothing at all is told. */
static int audit_one(const struct watch *w, struct check_audit *ret)
{
        _cleanup_(auditing_done) struct auditing a = {.ret = ret};
        int r;

        if (watch_view(w)->last_error || !watch_view(w)->epoch.id ||
                !dossier_vectors(watch_dossier(w)))
                return strdup_to(&ret->error, "the collection was not measured");
        r = sd_event_new(&a.event);
        if (r >= 0)
                r = http_client_new(a.event, "driftwatch/" DRIFTWATCH_VERSION, &a.client);
        if (r >= 0)
                r = run(&a, w);
        return r < 0 && !ret->error ? strdup_to(&ret->error, strerror(-r)) : 0;
}

int audit_round(const struct round *round, struct check_audit *ret)
{
        int r = 0;

        for (size_t i = 0; i < round->count && r >= 0; i++)
                r = audit_one(round->watches[i], &ret[i]);
        return r;
}

void audits_done(struct check_audit *audits, size_t count)
{
        for (size_t i = 0; audits && i < count; i++)
                free(audits[i].error);
        free(audits);
}
