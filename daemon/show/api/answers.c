/* SPDX-License-Identifier: Apache-2.0 */
#include "show/api/answers.h"

#include "json.h"
#include "macro.h"
#include "show/values.h"

static const struct answer *answer_then(const struct collection_view *c, size_t query)
{
        const char *id = c->query_set->queries[query].id;
        const struct baseline_query *q = c->baseline ? baseline_find(c->baseline, id) : NULL;

        return q ? q->answer : NULL;
}

static const struct answers_record *find(const struct answers_records *r, const char *id)
{
        for (size_t i = 0; i < r->count; i++)
                if (streq(r->records[i].id, id))
                        return &r->records[i];
        return NULL;
}

static unsigned shown(const struct answer *a)
{
        return a ? MIN(a->count, (unsigned)ANSWERS_SHOWN) : 0;
}

static void collect(const struct answer *a, struct answers_records *r)
{
        for (unsigned i = 0; i < shown(a); i++)
                if (!find(r, a->ids[i]))
                        r->records[r->count++] = (struct answers_record){.id = a->ids[i]};
}

void answers_collect(const struct collection_view *c, size_t query, struct answers_records *ret)
{
        collect(answer_then(c, query), ret);
        collect(c->queries[query].answer, ret);
}

void answers_records_done(struct answers_records *r)
{
        for (size_t i = 0; i < r->count; i++)
                free(r->records[i].words);
        *r = (struct answers_records){0};
}

static json_t *list(const struct answer *a, const struct answers_records *records)
{
        _cleanup_json_ json_t *rows = json_array();

        if (!a)
                return json_null();
        for (unsigned i = 0; i < shown(a); i++) {
                const struct answers_record *r = find(records, a->ids[i]);
                json_t *row = json_pack("{s:o, s:o, s:o, s:b, s:o}", "rank", value_count(i + 1),
                        "id", value_string(a->ids[i]), "distance", json_from_float(a->distances[i]),
                        "there", r && r->there, "words", value_string(r ? r->words : NULL));

                if (json_array_append_new(rows, row) < 0)
                        return NULL;
        }
        return take_ptr(rows);
}

json_t *answers_json(
        const struct collection_view *c, size_t query, const struct answers_records *records)
{
        return json_pack("{s:o, s:o, s:o, s:o}", "collection", value_string(c->label), "query",
                value_string(c->query_set->queries[query].id), "then",
                list(answer_then(c, query), records), "now",
                list(c->queries[query].answer, records));
}
