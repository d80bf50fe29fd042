/* SPDX-License-Identifier: Apache-2.0 */
#include "show/gate/evidence.h"

#include "json.h"

/* jansson refuses invalid UTF-8, which a server's words may hold. */
static json_t *string(const char *s)
{
        _cleanup_free_ char *clean = utf8_clean(s, strlen(s));

        return clean ? json_string(clean) : NULL;
}

json_t *evidence_findings(const struct check *check, const struct collection_view *c)
{
        _cleanup_json_ json_t *list = json_array();
        struct check_findings f;

        check_find(check, c, &f);
        for (size_t i = 0; list && i < f.count; i++)
                if (json_array_append_new(list, string(f.sentences[i])) < 0)
                        return NULL;
        return take_ptr(list);
}

static json_t *list(
        const struct check *check, const struct collection_view *c, enum transition wanted)
{
        _cleanup_json_ json_t *ids = json_array();

        for (size_t i = 0; ids && i < c->query_set->count; i++)
                if (check_transition(check, c, i) == wanted &&
                        json_array_append_new(ids, string(c->query_set->queries[i].id)) < 0)
                        return NULL;
        return take_ptr(ids);
}

json_t *evidence_lists(const struct check *check, const struct collection_view *c)
{
        return json_pack("{s:o, s:o}", "pass_to_fail", list(check, c, TRANSITION_BROKEN),
                "fail_to_pass", list(check, c, TRANSITION_MENDED));
}

json_t *evidence_sensitivity(const struct collection_view *c)
{
        struct check_sensitivity s = check_sensitivity(c);
        char sentence[CHECK_SENTENCE_MAX];
        bool known = check_sensitivity_text(s, sentence);

        return json_pack("{s:I, s:o, s:o, s:o}", "queries", (json_int_t)s.queries, "excluded_share",
                json_from_double(s.excluded), "detectable_share", json_from_double(s.detectable),
                "sentence", known ? json_string(sentence) : json_null());
}

json_t *evidence_audit(const struct check *check, const struct collection_view *c)
{
        const struct check_audit *a = check_audit(check, c);
        const struct query_set *set = c->query_set;

        if (!a)
                return json_null();
        return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "records", (json_int_t)a->records,
                "queries", (json_int_t)a->queries, "recall", json_from_double(a->recall),
                "recall_by_distance", json_from_double(a->recall_by_distance), "worst_query",
                a->worst < set->count ? string(set->queries[a->worst].id) : json_null(),
                "worst_recall", json_from_double(a->worst_recall), "error",
                a->error ? string(a->error) : json_null());
}
