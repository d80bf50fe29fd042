/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"
#include "show/excerpt.h"
#include "show/facts.h"
#include "show/gate/formats.h"
#include "show/summary.h"
#include "show/values.h"

static json_t *list(
        const struct check *check, const struct collection_view *c, enum transition wanted)
{
        _cleanup_json_ json_t *ids = json_array();

        for (size_t i = 0; ids && i < c->query_set->count; i++)
                if (check_transition(check, c, i) == wanted &&
                        json_array_append_new(ids, value_string(c->query_set->queries[i].id)) < 0)
                        return NULL;
        return take_ptr(ids);
}

static json_t *evidence_lists(const struct check *check, const struct collection_view *c)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; object && i < transition_name_count; i++)
                if (json_put(object, transition_names[i].key,
                            list(check, c, transition_names[i].transition)) < 0)
                        return NULL;
        return take_ptr(object);
}

static json_t *evidence_sensitivity(const struct collection_view *c)
{
        struct check_sensitivity s = check_sensitivity(c);
        char sentence[CHECK_SENTENCE_MAX];
        bool known = check_sensitivity_text(s, sentence);

        return json_pack("{s:I, s:o, s:o, s:o}", "queries", (json_int_t)s.queries, "excluded_share",
                json_from_double(s.excluded), "detectable_share", json_from_double(s.detectable),
                "sentence", known ? json_string(sentence) : json_null());
}

static json_t *evidence_audit(const struct check *check, const struct collection_view *c)
{
        const struct check_audit *a = check_audit(check, c);
        const struct query_set *set = c->query_set;

        if (!a)
                return json_null();
        return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "records", (json_int_t)a->records,
                "queries", (json_int_t)a->queries, "recall", json_from_double(a->recall),
                "recall_by_distance", json_from_double(a->recall_by_distance), "worst_query",
                a->worst < set->count ? value_string(set->queries[a->worst].id) : json_null(),
                "worst_recall", json_from_double(a->worst_recall), "error",
                value_string(check_audit_reason(check, c)));
}

/* Of this replay, so that an earlier answer is not taken for it. */
static json_t *query_json(const struct check *check, const struct collection_view *c, size_t i)
{
        const struct baseline_query *found = check_found(check, c, i);
        const struct judgement *v = &c->queries[i].judgement;
        const struct answer *a = v->outcome == OUTCOME_UNMEASURED ? NULL : c->queries[i].answer;

        return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                "id", value_string(c->query_set->queries[i].id), "line",
                value_count_or_null(c->query_set->queries[i].line), "outcome",
                outcome_name(v->outcome), "cause", value_string(cause_name(c->queries[i].cause)),
                "known_failing", facts_known_failing(&c->query_set->queries[i]), "band",
                value_string(bands_name(&c->bands, v->band)), "distance",
                json_from_float(v->distance), "expected_distance",
                json_from_float(v->expected_distance), "expected_rank",
                value_count_or_null(v->expected_rank), "baseline_distance",
                json_from_float((float)c->queries[i].drift.baseline[LEVEL_TOP1]), "ids",
                value_ids(a), "distances", value_distances(a), "answers",
                found ? excerpt_json(found) : json_null(), "reason",
                value_string(summary_reason(c, v)));
}

static json_t *collection_json(const struct check *check, const struct collection_view *c)
{
        _cleanup_json_ json_t *queries = json_array();

        for (size_t i = 0; queries && i < c->query_set->count; i++)
                if (json_array_append_new(queries, query_json(check, c, i)) < 0)
                        return NULL;
        return json_pack(
                "{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
                "s:o, s:o, s:o}",
                "collection", value_string(c->label), "server", value_string(c->server),
                "query_set", value_string(c->query_set->path), "verdict",
                verdict_name(check_collection(check, c)), "cause",
                value_string(cause_name(c->attribution.cause)), "causes", facts_causes(c),
                "incident", facts_incident(c), "records", value_known(c->epoch.records),
                "unreachable_records", value_known(c->health.unreachable), "recall",
                json_from_double(c->health.recall), "error", value_string(c->last_error), "note",
                value_string(c->note), "findings", facts_findings(c), "evidence",
                facts_cause(&c->attribution, c->fates), "lists", evidence_lists(check, c),
                "sensitivity", evidence_sensitivity(c), "audit", evidence_audit(check, c),
                "quality", facts_quality(c), "queries", take_ptr(queries));
}

static json_t *override_json(const struct check *check)
{
        if (!check->override_reason)
                return json_null();
        return json_pack("{s:o, s:o}", "reason", value_string(check->override_reason), "by",
                value_string(check->override_by));
}

json_t *check_json(const struct check *check)
{
        enum verdict verdict = check_verdict(check);
        _cleanup_json_ json_t *list = json_array();
        char started[TIME_TEXT_MAX];

        for (size_t i = 0; list && i < check->count; i++)
                if (json_array_append_new(list, collection_json(check, check->collections[i])) < 0)
                        return NULL;
        return json_pack("{s:s, s:i, s:s, s:o, s:s, s:o, s:o, s:o}", "verdict",
                verdict_name(verdict), "exit_status", check_exit_status(check), "started",
                time_format(started, sizeof(started), check->started), "duration_seconds",
                json_from_double((double)check->duration / (double)USEC_PER_SEC), "fail_on",
                check->policy.drift_passes ? "fail" : "drift", "min_pass",
                json_from_double(check->policy.pass_share), "override", override_json(check),
                "collections", take_ptr(list));
}

void format_json(const struct check *check, struct text *text)
{
        _cleanup_json_ json_t *object = check_json(check);
        _cleanup_free_ char *out = NULL;
        size_t size;

        if (object)
                out = json_text(object, JSON_INDENT(2), &size);
        if (!out) {
                text->failed = true;
                return;
        }
        text_append_bytes(text, out, size);
        text_append(text, "\n");
}
