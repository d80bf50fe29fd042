/* SPDX-License-Identifier: Apache-2.0 */
#include "show/evidence.h"

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
