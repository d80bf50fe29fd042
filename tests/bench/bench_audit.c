/* SPDX-License-Identifier: Apache-2.0 */

/* What a look at the index of a configuration's first collection costs and finds: a replay, then a
 * probe, then the exact audit of the replay's answers. tests/system/test_audit.py uses it, too.
 *
 *   bench_audit CONFIG */

#include "ask/audit.h"
#include "ask/probe.h"
#include "ask/replay.h"
#include "bench.h"

struct look {
        struct stage stage;
        struct answer **answers; /* of the replay */
        char *id, *space;
        struct replay *replay;
        struct probe *probe;
        struct audit *audit;
        double begun;
        bool ended;
};

static void on_exchange(const struct http_response *response, void *userdata)
{
}

static void end(struct look *l, const char *what, const char *failure, const struct error *e)
{
        if (failure)
                die("the %s failed: %s", what, e->message);
        figure(what, seconds_now() - l->begun, "s");
        l->ended = true;
}

static void run(struct look *l, int code)
{
        if (code < 0)
                die("cannot begin: %s", strerror(-code));
        l->begun = seconds_now();
        l->ended = false;
        while (!l->ended)
                if (sd_event_run(l->stage.event, UINT64_MAX) < 0)
                        die("the event loop failed");
}

static void on_replayed(struct replay_result *result, void *userdata)
{
        struct look *l = userdata;

        end(l, "replay", result->failure, &result->error);
        l->answers = calloc(result->count, sizeof(*l->answers));
        if (!l->answers)
                die("out of memory");
        for (size_t i = 0; i < result->count; i++)
                l->answers[i] = take_ptr(result->answers[i].answer);
        l->id = take_ptr(result->epoch.id);
        l->space = take_ptr(result->epoch.space);
        l->replay = replay_free(l->replay);
}

static void on_probed(struct probe_result *result, void *userdata)
{
        struct look *l = userdata;
        const struct index_health *h = &result->health;

        end(l, "probe", result->failure, &result->error);
        figure("probe_unreachable", (double)h->unreachable, "records");
        figure("probe_recall", h->recall, "by a larger k");
        figure("probe_gone", (double)h->gone, "expected records");
        figure("probe_lost", (double)h->lost, "expected records");
        figure("probe_self", (double)h->self_found / (double)h->self_asked, "of those asked");
        l->probe = probe_free(l->probe);
}

static void on_audited(struct audit_result *result, void *userdata)
{
        struct look *l = userdata;

        end(l, "audit", result->failure, &result->error);
        figure("audit_records", (double)result->records, "records");
        figure("audit_queries", (double)result->queries, "queries");
        figure("audit_recall", result->recall, "by id");
        figure("audit_recall_by_distance", result->recall_by_distance, "by distance");
        figure("audit_worst_recall", result->worst_recall, "of one query");
        l->audit = audit_free(l->audit);
}

static void replay(struct look *l, const struct collection_config *c)
{
        struct replay_target target = {
                .where = {.label = c->label,
                        .collection = c->name,
                        .tenant = c->server->tenant,
                        .database = c->server->database,
                        .peer = &c->peer},
                .queries = c->queries,
                .vectors = c->vectors,
                .results = c->replay.results,
                .batch = c->replay.batch,
        };

        run(l, replay_start(l->stage.client, &target, on_replayed, on_exchange, l, &l->replay));
        bodies_done(&target.bodies);
}

static void probe(struct look *l, const struct collection_config *c)
{
        const struct probe_target target = {
                .label = c->label,
                .collection = c->name,
                .tenant = c->server->tenant,
                .database = c->server->database,
                .peer = &c->peer,
                .queries = c->queries,
                .vectors = c->vectors,
                .answers = l->answers,
                .results = c->replay.results,
                .recall_results = c->probes.recall_results,
                .recall_queries = c->probes.recall_queries,
                .records_max = c->probes.records_max,
        };

        run(l, probe_start(l->stage.client, &target, on_probed, on_exchange, l, &l->probe));
}

static void audit(struct look *l, const struct collection_config *c)
{
        const struct audit_target target = {
                .label = c->label,
                .tenant = c->server->tenant,
                .database = c->server->database,
                .collection_id = l->id,
                .space = l->space,
                .peer = &c->peer,
                .queries = c->queries,
                .vectors = c->vectors,
                .answers = l->answers,
                .results = c->replay.results,
        };

        run(l, audit_start(l->stage.client, &target, on_audited, l, &l->audit));
}

int main(int argc, char **argv)
{
        const struct collection_config *c;
        struct look l = {0};

        if (argc != 2)
                die("usage: bench_audit CONFIG");
        stage_init(&l.stage, argv[1]);
        c = l.stage.config->collections[0];
        replay(&l, c);
        probe(&l, c);
        audit(&l, c);
        for (size_t i = 0; i < c->queries->count; i++)
                answer_unref(l.answers[i]);
        free(l.answers);
        free(l.id);
        free(l.space);
        stage_done(&l.stage);
        return 0;
}
