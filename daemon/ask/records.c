/* SPDX-License-Identifier: Apache-2.0 */
#include "ask/records.h"

#include <errno.h>
#include <inttypes.h>

#include "ask/reading.h"
#include "ask/wire.h"
#include "json.h"
#include "model/excerpt.h"

/* What may be kept of a record: its id; a vector of 8,192 components; metadata as a tree; the
 * beginning of its document. */
#define ID_COST 512
#define EMBEDDING_COST ((size_t)32 << 10)
#define METADATA_COST ((size_t)64 << 10)
#define KEPT_MAX ((size_t)24 << 20)
/* A page that nobody limited. */
#define UNLIMITED 1000

enum list { IDS, EMBEDDINGS, METADATAS, DOCUMENTS, LISTS };

static const char *const names[] = {
        [IDS] = "ids",
        [EMBEDDINGS] = "embeddings",
        [METADATAS] = "metadatas",
        [DOCUMENTS] = "documents",
};

struct records_reading {
        struct reading base;
        unsigned include;
        size_t asked; /* records; 0: any number */
        size_t counts[LISTS];
        size_t numbers; /* of the embedding that is being read */
        size_t room, texts_room, ids_room; /* allocated */
        struct records records;
};

static void done(struct reading *base)
{
        struct records_reading *r = (struct records_reading *)base;

        /* There may be fewer texts than ids, or more. */
        for (size_t i = 0; r->records.texts && i < r->counts[DOCUMENTS]; i++)
                free(r->records.texts[i]);
        free(r->records.texts);
        r->records.texts = NULL;
        records_done(&r->records);
}

/* An id with a NUL cannot be a C string. It becomes one that no record has, so that the rest of the
 * page can be read. */
static int take_id(struct records_reading *r, const struct stream_event *event)
{
        struct records *to = &r->records;
        char **ids = reading_grow(&r->base, to->ids, to->count + 1, &r->ids_room, sizeof(*ids));
        int code;

        if (!ids)
                return r->base.code;
        to->ids = ids;
        if (event->kind != STREAM_STRING)
                return reading_fail(
                        &r->base, -EBADMSG, "id %zu of the answer is not a string", to->count + 1);
        code = reading_string(&r->base, event, &ids[to->count]);
        to->count += code >= 0;
        return code;
}

static int take_metadata(struct records_reading *r, const struct stream_event *event)
{
        bool wrong = false;
        int code = reading_metadata(&r->base, event, &r->records.metadatas, &wrong);

        return wrong ? reading_fail(&r->base, -EBADMSG,
                               "the metadata of record %zu is not an object", r->counts[METADATAS])
                     : code;
}

static int take_document(struct records_reading *r, const struct stream_event *event)
{
        size_t at = r->counts[DOCUMENTS] - 1;
        char **texts =
                reading_grow(&r->base, r->records.texts, at + 1, &r->texts_room, sizeof(*texts));

        if (!texts) {
                r->counts[DOCUMENTS]--;
                return r->base.code;
        }
        r->records.texts = texts;
        texts[at] = NULL;
        if (event->kind != STREAM_STRING)
                return 0;
        texts[at] = excerpt_words(event->text, event->size, RECORDS_TEXT_MAX);
        return texts[at] ? reading_spend(&r->base, strlen(texts[at])) : -ENOMEM;
}

static int no_embedding(struct records_reading *r)
{
        if (r->counts[EMBEDDINGS] == 1)
                return reading_fail(&r->base, -EBADMSG,
                        "the embedding of record 1 is not a list of 1 to %d numbers",
                        CHROMA_DIMENSION_MAX);
        return reading_fail(&r->base, -EBADMSG, "the embedding of record %zu is not a list",
                r->counts[EMBEDDINGS]);
}

/* Where an embedding begins or ends. */
static int take_embedding(struct records_reading *r, const struct stream_event *event)
{
        bool first = r->counts[EMBEDDINGS] == 1;

        if (event->kind == STREAM_LIST) {
                r->numbers = 0;
                return 0;
        }
        if (event->kind != STREAM_LIST_END || (first && r->numbers == 0))
                return no_embedding(r);
        if (first)
                r->records.dimension = (unsigned)r->numbers;
        if (r->numbers == r->records.dimension)
                return 0;
        return reading_fail(&r->base, -EBADMSG,
                "the embedding of record %zu has %zu numbers, the first has %u",
                r->counts[EMBEDDINGS], r->numbers, r->records.dimension);
}

static int take_number(struct records_reading *r, const struct stream_event *event)
{
        size_t rows = r->counts[EMBEDDINGS] - 1, at = rows * r->records.dimension + r->numbers;
        const char *wrong;
        float *values;

        if (r->numbers == (rows > 0 ? r->records.dimension : CHROMA_DIMENSION_MAX))
                return rows == 0 ? no_embedding(r)
                                 : reading_fail(&r->base, -EBADMSG,
                                           "the embedding of record %zu has more numbers than the "
                                           "first, which has %u",
                                           rows + 1, r->records.dimension);
        values = reading_grow(&r->base, r->records.embeddings, at + 1, &r->room, sizeof(*values));
        if (!values)
                return r->base.code;
        r->records.embeddings = values;
        wrong = stream_to_float(event, &values[at]);
        if (wrong)
                return reading_fail(&r->base, -EBADMSG,
                        "number %zu of the embedding of record %zu %s", r->numbers + 1, rows + 1,
                        wrong);
        r->numbers++;
        return 0;
}

static int count_item(struct records_reading *r, size_t list)
{
        if (r->asked > 0 && r->counts[list] == r->asked)
                return reading_fail(&r->base, -EBADMSG,
                        "the answer has more %s than the %zu records that were asked for",
                        names[list], r->asked);
        r->counts[list]++;
        return 0;
}

/* Items begin, and those of more than one piece end, at depth 2. */
static int take(void *reading, size_t list, const struct stream_event *event)
{
        struct records_reading *r = reading;
        bool ends = event->kind == STREAM_OBJECT_END || event->kind == STREAM_LIST_END;
        bool begins = event->depth == 2 && !ends;
        int code = begins ? count_item(r, list) : 0;

        if (code < 0)
                return code;
        if (list == EMBEDDINGS)
                return event->depth == 2 ? take_embedding(r, event) : take_number(r, event);
        if (list == METADATAS)
                return take_metadata(r, event);
        if (!begins)
                return 0;
        return list == IDS ? take_id(r, event) : take_document(r, event);
}

static size_t budget_of(const struct records_request *what)
{
        size_t records = what->ids ? what->id_count : what->limit > 0 ? what->limit : UNLIMITED;
        size_t each = ID_COST;

        if (what->include & RECORDS_EMBEDDINGS)
                each += EMBEDDING_COST;
        if (what->include & RECORDS_METADATAS)
                each += METADATA_COST;
        if (what->include & RECORDS_DOCUMENTS)
                each += RECORDS_TEXT_MAX;
        return MIN(records, KEPT_MAX / each) * each;
}

static struct http_sink *records_sink(const struct records_request *what)
{
        struct reading_lists lists = {.keys = {[IDS] = names[IDS]}, .take = take};
        struct records_reading *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        for (enum list i = EMBEDDINGS; i < LISTS; i++)
                lists.keys[i] = what->include & (1U << (i - 1)) ? names[i] : NULL;
        r->include = what->include;
        r->asked = what->ids ? what->id_count : what->limit;
        if (reading_init_lists(&r->base, &lists, done, budget_of(what)) == 0)
                return &r->base.sink;
        free(r);
        return NULL;
}

static int append_ids(struct text *t, const struct records_request *what)
{
        _cleanup_json_ json_t *ids = json_array();
        _cleanup_free_ char *text = NULL;

        for (size_t i = 0; ids && i < what->id_count; i++) {
                if (!utf8_valid(what->ids[i], strlen(what->ids[i])))
                        return -EINVAL;
                if (json_array_append_new(ids, json_string(what->ids[i])) < 0)
                        return -ENOMEM;
        }
        text = ids ? json_text(ids, JSON_COMPACT, NULL) : NULL;
        if (!text)
                return -ENOMEM;
        text_append(t, ",\"ids\":");
        text_append(t, text);
        return 0;
}

/* Always says what to include: the server's default is metadata and documents. */
static void append_include(struct text *t, unsigned include)
{
        static const struct {
                enum records_include what;
                const char *name;
        } lists[] = {
                {RECORDS_EMBEDDINGS, "embeddings"},
                {RECORDS_METADATAS, "metadatas"},
                {RECORDS_DOCUMENTS, "documents"},
        };
        const char *comma = "";

        text_append(t, "{\"include\":[");
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
                if (include & lists[i].what) {
                        text_appendf(t, "%s\"%s\"", comma, lists[i].name);
                        comma = ",";
                }
        text_append(t, "]");
}

int records_build(const char *tenant, const char *database, const char *collection_id,
        const struct records_request *what, struct http_request *ret)
{
        _cleanup_text_ struct text t = {0};
        int r = 0;

        if (what->ids && what->id_count == 0)
                return -EINVAL;
        append_include(&t, what->include);
        if (what->ids)
                r = append_ids(&t, what);
        if (r < 0)
                return r;
        if (what->where)
                text_appendf(&t, ",\"where\":%s", what->where);
        if (what->where_document)
                text_appendf(&t, ",\"where_document\":%s", what->where_document);
        if (what->offset > 0)
                text_appendf(&t, ",\"offset\":%" PRIu64, what->offset);
        if (what->limit > 0)
                text_appendf(&t, ",\"limit\":%" PRIu64, what->limit);
        text_append(&t, "}");
        r = wire_build(
                "POST", tenant, database, collection_id, "/get", &t, RECORDS_RESPONSE_MAX, ret);
        return r < 0 ? r : wire_read_by(ret, records_sink(what));
}

/* Whether there is one for each record; an answer without records may have null for a list. */
static int check_counts(const struct records_reading *r, struct error *e)
{
        if (!r->base.lists.is_list[IDS])
                return error_set(e, -EBADMSG, "the answer has no list of ids");
        for (enum list i = EMBEDDINGS; i < LISTS; i++)
                if (r->include & (1U << (i - 1)) && r->counts[i] != r->records.count)
                        return error_set(e, -EBADMSG, "the answer has %zu %s for %zu records",
                                r->counts[i], names[i], r->records.count);
        return 0;
}

int records_read(const struct http_response *response, struct records *ret, struct error *e)
{
        struct records_reading *r = (struct records_reading *)response->sink;
        int code = reading_end(&r->base, e);

        if (code >= 0)
                code = check_counts(r, e);
        if (code >= 0 && r->include & RECORDS_METADATAS && !r->records.metadatas) {
                r->records.metadatas = json_array();
                code = r->records.metadatas ? 0 : -ENOMEM;
        }
        if (code < 0)
                return code;
        *ret = r->records;
        r->records = (struct records){0};
        return 0;
}

void records_done(struct records *r)
{
        for (size_t i = 0; i < r->count; i++) {
                free(r->ids[i]);
                if (r->texts)
                        free(r->texts[i]);
        }
        free(r->ids);
        free(r->texts);
        free(r->embeddings);
        json_decref(r->metadatas);
        *r = (struct records){0};
}

size_t records_find(const struct records *r, const char *id)
{
        for (size_t i = 0; i < r->count; i++)
                if (streq(r->ids[i], id))
                        return i;
        return SIZE_MAX;
}
