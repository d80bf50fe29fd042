/* SPDX-License-Identifier: Apache-2.0 */
#include "config/import/entry.h"

#include <ctype.h>
#include <errno.h>

#include "config/import/literal.h"
#include "json.h"

/* What a field is, by its name without case, blanks and signs. */
enum part { PART_TEXT, PART_ID, PART_RECORDS, PART_GRADE, PART_GRADES, PART_TAGS, PART_COUNT };

/* Of several names of one part, the one that stands first here is meant. */
static const struct name {
        const char *name;
        enum part part;
} names[] = {
        {"query", PART_TEXT},
        {"querytext", PART_TEXT},
        {"question", PART_TEXT},
        {"userinput", PART_TEXT},
        {"text", PART_TEXT},
        {"input", PART_TEXT},
        {"queryid", PART_ID},
        {"qid", PART_ID},
        {"id", PART_ID},
        {"docid", PART_RECORDS},
        {"docids", PART_RECORDS},
        {"documentid", PART_RECORDS},
        {"documentids", PART_RECORDS},
        {"corpusid", PART_RECORDS},
        {"recordid", PART_RECORDS},
        {"recordids", PART_RECORDS},
        {"ids", PART_RECORDS},
        {"expectedids", PART_RECORDS},
        {"relevantdocids", PART_RECORDS},
        {"referencecontextids", PART_RECORDS},
        {"rating", PART_GRADE},
        {"grade", PART_GRADE},
        {"score", PART_GRADE},
        {"relevance", PART_GRADE},
        {"ratings", PART_GRADES},
        {"grades", PART_GRADES},
        {"judgements", PART_GRADES},
        {"qrels", PART_GRADES},
        {"tags", PART_TAGS},
};
/* What test generators say of the kind of a question. */
static const char *const tag_names[] = {
        "category", "kind", "synthesizername", "personaname", "querystyle", "querylength"};
/* Objects whose members count as those of the object that they are in. */
static const char *const nests[] = {"vars", "metadata"};

struct entry {
        struct draft *d;
        unsigned line;
        const json_t *parts[PART_COUNT];
        size_t ranks[PART_COUNT]; /* place of the name in the table */
        const char *written[PART_COUNT];
        json_t *tags;
        bool nested; /* members of `vars` and `metadata` count as its own */
};

#define NAME_MAX_SIZE 64

static void plain_name(const char *name, char ret[NAME_MAX_SIZE])
{
        size_t length = 0;

        for (; *name && length < NAME_MAX_SIZE - 1; name++)
                if (isalnum((unsigned char)*name) || (unsigned char)*name >= 0x80)
                        ret[length++] = (char)tolower((unsigned char)*name);
        ret[length] = '\0';
}

static size_t find_name(const char *name)
{
        char plain[NAME_MAX_SIZE];
        size_t i = 0;

        plain_name(name, plain);
        while (i < ARRAY_SIZE(names) && !streq(names[i].name, plain))
                i++;
        return i;
}

static bool is_tag(const char *name)
{
        char plain[NAME_MAX_SIZE];

        plain_name(name, plain);
        for (size_t i = 0; i < ARRAY_SIZE(tag_names); i++)
                if (streq(tag_names[i], plain))
                        return true;
        return false;
}

static bool is_nest(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(nests); i++)
                if (streq(nests[i], name))
                        return true;
        return false;
}

bool entry_knows(const char *name)
{
        return find_name(name) < ARRAY_SIZE(names);
}

/* A string, or a number as it is written; NULL for anything else. `buffer` is for the number. */
static const char *scalar(const json_t *value, char buffer[NUMBER_TEXT_MAX])
{
        if (json_is_string(value))
                return json_string_value(value);
        if (json_is_integer(value))
                (void)snprintf(buffer, NUMBER_TEXT_MAX, "%" JSON_INTEGER_FORMAT,
                        json_integer_value(value));
        else if (json_is_real(value))
                (void)double_format(buffer, json_real_value(value));
        else
                return NULL;
        return buffer;
}

/* An empty cell, null, an empty list: nobody wrote anything. */
static bool is_nothing(const json_t *value)
{
        return json_is_null(value) || streq(json_string_value(value), "") ||
                (json_is_array(value) && json_array_size(value) == 0) ||
                (json_is_object(value) && json_object_size(value) == 0);
}

static int add_tag(struct entry *e, const char *name, const json_t *value)
{
        char number[NUMBER_TEXT_MAX];
        const char *text = scalar(value, number);

        if (!text)
                return draft_ignore(e->d, name);
        return json_object_set_new_nocheck(e->tags, name, json_string(text)) < 0 ? -ENOMEM : 0;
}

/* Of two names for one part the first of the table stays. */
static int set_part(struct entry *e, const char *name, const json_t *value, size_t rank)
{
        enum part part = names[rank].part;
        const char *given_up = NULL;

        if (!e->parts[part] || rank < e->ranks[part]) {
                given_up = e->written[part];
                e->parts[part] = value;
                e->ranks[part] = rank;
                e->written[part] = name;
        } else
                given_up = name;
        return given_up ? draft_ignore(e->d, given_up) : 0;
}

static int sort_member(struct entry *e, const char *name, const json_t *value, bool in_metadata)
{
        size_t rank = find_name(name);

        /* A record whose grade is left empty is not a relevant one. */
        if (is_nothing(value) && (rank == ARRAY_SIZE(names) || names[rank].part != PART_GRADE))
                return 0;
        if (rank < ARRAY_SIZE(names))
                return set_part(e, name, value, rank);
        if (in_metadata || is_tag(name))
                return add_tag(e, name, value);
        return draft_ignore(e->d, name);
}

static int sort_members(struct entry *e, const json_t *object)
{
        const char *name, *inner;
        json_t *value, *deeper;
        int r = 0;

        /* jansson's iterator wants a mutable object but only reads it. */
        json_object_foreach ((json_t *)object, name, value) {
                if (!e->nested || !is_nest(name) || !json_is_object(value)) {
                        r = sort_member(e, name, value, false);
                } else {
                        json_object_foreach (value, inner, deeper)
                                if (r >= 0)
                                        r = sort_member(e, inner, deeper, streq(name, "metadata"));
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

static int judge_one(struct entry *e, size_t query, const json_t *record, const json_t *grade)
{
        char id[NUMBER_TEXT_MAX], number[NUMBER_TEXT_MAX];
        const char *text = scalar(record, id);
        const char *written = json_is_null(grade) ? "" : scalar(grade, number);

        if (!text)
                draft_lose(e->d, e->line, "a record's id is a string or a number");
        else if (grade && !written)
                draft_lose(e->d, e->line, "the grade of \"%s\" is no number", text);
        else
                return draft_judge(e->d, e->line, query, text, written);
        return 0;
}

/* Whether a string may be a list, as Python prints it: a single record's id may look like one. */
static bool is_plural(const struct entry *e)
{
        const char *name = names[e->ranks[PART_RECORDS]].name;

        return name[strlen(name) - 1] == 's';
}

/* A list, or a single record. */
static int judge_records(struct entry *e, size_t query, const json_t *records, const json_t *grade)
{
        _cleanup_json_ json_t *list = NULL;
        int r = json_is_string(records) && is_plural(e)
                ? literal_strings(json_string_value(records), &list)
                : -EINVAL;

        if (r == -ENOMEM)
                return r;
        if (list)
                records = list;
        if (!json_is_array(records))
                return judge_one(e, query, records, grade);
        r = 0;
        for (size_t i = 0; i < json_array_size(records) && r >= 0; i++)
                r = judge_one(e, query, json_array_get(records, i), grade);
        return r;
}

/* Of one in a list of judgements; what else it says is ignored. */
static int sort_judgement(
        struct entry *e, const json_t *one, const json_t **ret_record, const json_t **ret_grade)
{
        const char *name;
        json_t *value;
        int r = 0;

        json_object_foreach ((json_t *)one, name, value) {
                size_t rank = find_name(name);
                enum part part = rank < ARRAY_SIZE(names) ? names[rank].part : PART_COUNT;

                if (part == PART_RECORDS)
                        *ret_record = value;
                else if (part == PART_GRADE)
                        *ret_grade = value;
                else if (r >= 0 && !is_nothing(value))
                        r = draft_ignore(e->d, name);
        }
        return r;
}

static int judge_listed(struct entry *e, size_t query, const json_t *one, const json_t *record)
{
        const json_t *grade = NULL;
        int r = sort_judgement(e, one, &record, &grade);

        if (r >= 0 && record && grade)
                return judge_one(e, query, record, grade);
        if (r >= 0)
                draft_lose(e->d, e->line, "a judgement has no %s", record ? "grade" : "record");
        return r;
}

/* {record: grade}, or [{"doc_id", "rating"}], in which a grade without a record is of `record`. */
static int judge_grades(struct entry *e, size_t query, const json_t *grades, const json_t *record)
{
        const char *id;
        json_t *value;
        int r = 0;

        if (!json_is_object(grades) && !json_is_array(grades))
                draft_lose(e->d, e->line, "\"%s\" is no list of grades", e->written[PART_GRADES]);
        json_object_foreach ((json_t *)grades, id, value) {
                _cleanup_json_ json_t *key = json_string(id);

                r = r < 0 ? r : key ? judge_one(e, query, key, value) : -ENOMEM;
        }
        for (size_t i = 0; i < json_array_size(grades) && r >= 0; i++)
                r = judge_listed(e, query, json_array_get(grades, i), record);
        return r;
}

/* What is said twice is taken once. */
static int ignore_part(struct entry *e, enum part part)
{
        return e->parts[part] && !is_nothing(e->parts[part]) ? draft_ignore(e->d, e->written[part])
                                                             : 0;
}

static int judge(struct entry *e, size_t query)
{
        const json_t *records = e->parts[PART_RECORDS], *grade = e->parts[PART_GRADE];
        const json_t *grades = e->parts[PART_GRADES];
        int r = 0;

        if (grades) {
                r = ignore_part(e, PART_GRADE);
                if (r >= 0 && !json_is_array(grades))
                        r = ignore_part(e, PART_RECORDS);
                return r < 0 ? r : judge_grades(e, query, grades, records);
        }
        if (records)
                return judge_records(e, query, records, grade);
        if (grade && !is_nothing(grade))
                draft_lose(e->d, e->line, "a grade has no record");
        return 0;
}

static int tag(struct entry *e, size_t query)
{
        const json_t *tags = e->parts[PART_TAGS];
        const char *name;
        json_t *value;
        int r = json_is_object(tags) ? 0 : ignore_part(e, PART_TAGS);

        json_object_foreach ((json_t *)tags, name, value)
                if (r >= 0)
                        r = add_tag(e, name, value);
        json_object_foreach (e->tags, name, value)
                if (r >= 0)
                        r = draft_tag(e->d, query, name, json_string_value(value));
        return r;
}

/* Without the blanks around it: spreadsheets, and who guards them against formulas, leave some. */
static char *trimmed(const char *s)
{
        size_t size;

        s += strspn(s, " \t\r\n");
        size = strlen(s);
        while (size > 0 && strchr(" \t\r\n", s[size - 1]))
                size--;
        return strndup(s, size);
}

static int take_text(struct entry *e, const json_t *id, const json_t *text)
{
        char buffer[NUMBER_TEXT_MAX], other[NUMBER_TEXT_MAX];
        const char *written = scalar(text, buffer), *name = id ? scalar(id, other) : NULL;
        _cleanup_free_ char *question = written ? trimmed(written) : NULL;
        size_t query;
        int r;

        if (written && !question)
                return -ENOMEM;
        if ((text && (!question || !*question)) || (id && !name) || (!text && !id)) {
                draft_lose(e->d, e->line, "it has no question");
                return 0;
        }
        r = draft_query(e->d, e->line, name, question, &query);
        if (r != 0)
                return MIN(r, 0);
        r = tag(e, query);
        return r < 0 ? r : judge(e, query);
}

static int take(struct entry *e)
{
        const json_t *id = e->parts[PART_ID], *text = e->parts[PART_TEXT];
        int r = 0;

        if (!json_is_array(text))
                return take_text(e, id, text);
        /* A test for each of them: the id is none of a single query. */
        for (size_t i = 0; i < json_array_size(text) && r >= 0; i++)
                r = take_text(e, NULL, json_array_get(text, i));
        return r;
}

int entry_take(struct draft *d, unsigned line, const json_t *object, bool nested)
{
        struct entry e = {.d = d, .line = line, .tags = json_object(), .nested = nested};
        int r = e.tags ? sort_members(&e, object) : -ENOMEM;

        if (r >= 0)
                r = take(&e);
        json_decref(e.tags);
        return r;
}
