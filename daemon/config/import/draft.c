/* SPDX-License-Identifier: Apache-2.0 */
#include "config/import/draft.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "schema.h"

/* Of an id that is made of a text: longer ones are no easier to tell apart. */
#define SLUG_MAX 60
/* Longer keys of a mapping have to be announced in YAML: 1024 is its limit. */
#define KEY_MAX 1000

int draft_init(struct draft *d)
{
        *d = (struct draft){.by_id = json_object(),
                .by_text = json_object(),
                .suffixes = json_object(),
                .ignored = json_object()};
        return d->by_id && d->by_text && d->suffixes && d->ignored ? 0 : -ENOMEM;
}

static void query_done(struct draft_query *q)
{
        for (size_t i = 0; i < q->grade_count; i++)
                free(q->grades[i].id);
        free(q->grades);
        free(q->id);
        free(q->text);
        json_decref(q->tags);
}

void draft_done(struct draft *d)
{
        for (size_t i = 0; i < d->count; i++)
                query_done(&d->queries[i]);
        free(d->queries);
        json_decref(d->by_id);
        json_decref(d->by_text);
        json_decref(d->suffixes);
        json_decref(d->ignored);
        errors_done(&d->losses);
        errors_done(&d->notes);
}

void draft_lose(struct draft *d, unsigned line, const char *format, ...)
{
        _cleanup_free_ char *sentence = NULL;
        va_list arguments;

        va_start(arguments, format);
        sentence = text_vformat(format, arguments);
        va_end(arguments);
        errors_add(&d->losses, "%s:%u: %s", d->file, line, sentence ? sentence : "out of memory");
}

int draft_ignore(struct draft *d, const char *field)
{
        json_int_t seen = json_integer_value(json_object_get(d->ignored, field));

        return json_object_set_new_nocheck(d->ignored, field, json_integer(seen + 1)) < 0 ? -ENOMEM
                                                                                          : 0;
}

/* Its first words with hyphens between them; letters beyond ASCII stay as they are. "" when there
 * is none. */
static void slug(const char *text, char ret[SLUG_MAX + 1])
{
        size_t length = 0, n;

        for (size_t left = utf8_prefix(text, SLUG_MAX); left > 0; text += n, left -= n) {
                n = utf8_sequence(text, left);
                assert(n > 0);
                if (isalnum((unsigned char)*text))
                        ret[length++] = (char)tolower((unsigned char)*text);
                else if (n > 1 && !utf8_steers(text, n))
                        for (size_t i = 0; i < n; i++)
                                ret[length++] = text[i];
                else if (length > 0 && ret[length - 1] != '-')
                        ret[length++] = '-';
        }
        while (length > 0 && ret[length - 1] == '-')
                length--;
        ret[length] = '\0';
}

static bool is_legal_id(const char *id)
{
        return *id && strlen(id) <= QUERY_ID_MAX && !schema_check_line(id);
}

/* One that no other query has: of the words of `text`, with a number where they have been taken. */
static char *new_id(struct draft *d, const char *text)
{
        _cleanup_free_ char *id = NULL;
        char words[SLUG_MAX + 1];
        json_int_t n;

        slug(text, words);
        if (!*words)
                (void)snprintf(words, sizeof(words), "query");
        n = json_integer_value(json_object_get(d->suffixes, words));
        do {
                n++;
                free(id);
                if (asprintf(&id, n > 1 ? "%s-%" JSON_INTEGER_FORMAT : "%s", words, n) < 0) {
                        id = NULL;
                        return NULL;
                }
        } while (json_object_get(d->by_id, id));
        if (json_object_set_new_nocheck(d->suffixes, words, json_integer(n)) < 0)
                return NULL;
        return take_ptr(id);
}

static int grow(void **items, size_t *allocated, size_t count, size_t size)
{
        size_t wanted = *allocated > 0 ? 2 * *allocated : 8;
        void *larger;

        if (count < *allocated)
                return 0;
        larger = reallocarray(*items, wanted, size);
        if (!larger)
                return -ENOMEM;
        *items = larger;
        *allocated = wanted;
        return 0;
}

/* What is added is there even if it cannot be found: then all of it is given up. */
static int begin_query(
        struct draft *d, unsigned line, const char *id, const char *text, size_t *ret)
{
        struct draft_query *q;
        int r = grow((void **)&d->queries, &d->allocated, d->count, sizeof(*d->queries));

        if (r < 0)
                return r;
        q = &d->queries[d->count++];
        *q = (struct draft_query){
                .file = d->file, .line = line, .text = strdup(text), .tags = json_object()};
        q->id = id && is_legal_id(id) && !json_object_get(d->by_id, id) ? strdup(id)
                                                                        : new_id(d, id ? id : text);
        if (!q->id || !q->text || !q->tags)
                return -ENOMEM;
        if (id && !streq(id, q->id))
                errors_add(&d->notes, "%s:%u: \"%s\" can be no id; \"%s\" is in its place", d->file,
                        line, id, q->id);
        *ret = d->count - 1;
        if (json_object_set_new_nocheck(d->by_id, q->id, json_null()) < 0)
                return -ENOMEM;
        return json_object_set_new_nocheck(id ? d->by_id : d->by_text, id ? id : q->text,
                       json_integer((json_int_t)*ret)) < 0
                ? -ENOMEM
                : 0;
}

static int known_query(
        struct draft *d, unsigned line, const char *text, const json_t *place, size_t *ret)
{
        const struct draft_query *q = &d->queries[json_integer_value(place)];

        if (text && !streq(text, q->text)) {
                draft_lose(d, line,
                        "query \"%s\" has another text in line %u: this one is not taken", q->id,
                        q->line);
                return 1;
        }
        *ret = (size_t)json_integer_value(place);
        return 0;
}

int draft_query(struct draft *d, unsigned line, const char *id, const char *text, size_t *ret)
{
        const json_t *place = json_object_get(id ? d->by_id : d->by_text, id ? id : text);

        if (json_is_integer(place))
                return known_query(d, line, text, place, ret);
        if (!text) {
                draft_lose(d, line, "query \"%s\" has no text", id);
                return 1;
        }
        if (d->count == QUERY_SET_MAX)
                return -E2BIG;
        return begin_query(d, line, id, text, ret);
}

int draft_tag(struct draft *d, size_t query, const char *key, const char *value)
{
        return json_object_set_new_nocheck(d->queries[query].tags, key, json_string(value)) < 0
                ? -ENOMEM
                : 0;
}

/* 0 with the grade; 1: not rated; -EINVAL with a loss. */
static int read_grade(struct draft *d, unsigned line, const char *written, unsigned *ret)
{
        double value;
        char *end;

        if (written[strspn(written, " \t")] == '\0') {
                d->unrated++;
                return 1;
        }
        value = strtod(written, &end);
        if (end == written || end[strspn(end, " \t")] != '\0' || !isfinite(value) ||
                value != floor(value) || value > GRADE_MAX) {
                draft_lose(d, line,
                        "\"%s\" is no grade, which is a whole number up to %d: the judgement is not taken",
                        written, GRADE_MAX);
                return -EINVAL;
        }
        d->below += value < 0;
        *ret = value < 0 ? 0 : (unsigned)value;
        return 0;
}

int draft_judge(struct draft *d, unsigned line, size_t query, const char *record, const char *grade)
{
        struct draft_query *q = &d->queries[query];
        unsigned value = 1;
        int r;

        q->judged = true;
        if (!*record || strlen(record) > DRAFT_RECORD_ID_MAX) {
                draft_lose(d, line, "a record's id has 1 to %d bytes", DRAFT_RECORD_ID_MAX);
                return 0;
        }
        if (grade && read_grade(d, line, grade, &value) != 0)
                return 0;
        if (d->judgements == DRAFT_JUDGEMENTS_MAX)
                return -E2BIG;
        r = grow((void **)&q->grades, &q->grade_allocated, q->grade_count, sizeof(*q->grades));
        if (r < 0)
                return r;
        q->grades[q->grade_count] = (struct draft_grade){strdup(record), value, line};
        if (!q->grades[q->grade_count].id)
                return -ENOMEM;
        q->grade_count++;
        d->judgements++;
        return 0;
}

static int by_record(const void *a, const void *b)
{
        const struct draft_grade *x = a, *y = b;
        int order = strcmp(x->id, y->id);

        if (order != 0)
                return order;
        return x->line < y->line ? -1 : x->line > y->line;
}

/* Sorts them, too: a set that is made again of the same judgements in another order is the same. */
static void unite_grades(struct draft *d, struct draft_query *q)
{
        size_t kept = 0;

        if (q->grade_count > 1)
                qsort(q->grades, q->grade_count, sizeof(*q->grades), by_record);
        for (size_t i = 0; i < q->grade_count; i++) {
                struct draft_grade *g = &q->grades[i];
                const struct draft_grade *first = kept > 0 ? &q->grades[kept - 1] : NULL;

                if (!first || !streq(first->id, g->id)) {
                        q->grades[kept++] = *g;
                        continue;
                }
                if (first->grade != g->grade)
                        draft_lose(d, g->line,
                                "\"%s\" is graded %u for \"%s\", and %u in line %u, which is kept",
                                g->id, g->grade, q->id, first->grade, first->line);
                free(g->id);
                d->judgements--;
        }
        q->grade_count = kept;
}

/* An expectation of which nothing is relevant would be met by nothing. */
static void require_relevance(struct draft *d, struct draft_query *q)
{
        for (size_t i = 0; i < q->grade_count; i++)
                if (q->grades[i].grade > 0)
                        return;
        if (q->grade_count == 0)
                return;
        errors_add(&d->losses,
                "%s:%u: no record is graded above 0 for \"%s\": it is taken without an expectation",
                q->file, q->line, q->id);
        d->judgements -= q->grade_count;
        while (q->grade_count > 0)
                free(q->grades[--q->grade_count].id);
}

static void drop_unjudged(struct draft *d)
{
        size_t kept = 0, before = d->count;

        for (size_t i = 0; i < d->count; i++)
                if (d->queries[i].judged)
                        d->queries[kept++] = d->queries[i];
                else
                        query_done(&d->queries[i]);
        d->count = kept;
        if (kept < before)
                errors_add(&d->notes, "%zu %s of which nothing is judged %s not taken",
                        before - kept, plural(before - kept, "query", "queries"),
                        plural(before - kept, "is", "are"));
}

int draft_finish(struct draft *d, bool judged, struct error *e)
{
        if (judged)
                drop_unjudged(d);
        for (size_t i = 0; i < d->count; i++) {
                unite_grades(d, &d->queries[i]);
                require_relevance(d, &d->queries[i]);
        }
        if (d->unrated > 0)
                errors_add(&d->notes, "%zu %s listed without a grade %s not taken", d->unrated,
                        plural(d->unrated, "record", "records"), plural(d->unrated, "is", "are"));
        if (d->below > 0)
                errors_add(&d->notes, "%zu %s below 0 %s taken for 0", d->below,
                        plural(d->below, "grade", "grades"), plural(d->below, "is", "are"));
        return d->count > 0 ? 0 : error_set(e, -ENODATA, "%s: no query was found", d->file);
}

/* A longer one is announced, and its colon begins the next line, which is `line`. */
static void append_key(struct text *t, const char *s, const char *line)
{
        _cleanup_text_ struct text key = {0};
        bool announced;

        yaml_append_string(&key, s);
        announced = key.size > KEY_MAX;
        text_append(t, announced ? "? " : "");
        text_append(t, text_string(&key));
        text_append(t, announced ? line : "");
        text_append(t, ": ");
        t->failed |= text_failed(&key);
}

static void append_query(struct text *t, const struct draft_query *q)
{
        const char *key, *open = "{";
        json_t *value;

        text_append(t, "  - id: ");
        yaml_append_string(t, q->id);
        text_append(t, "\n    text: ");
        yaml_append_string(t, q->text);
        if (json_object_size(q->tags) > 0) {
                text_append(t, "\n    tags: ");
                json_object_foreach (q->tags, key, value) {
                        text_append(t, open);
                        append_key(t, key, "\n      ");
                        yaml_append_string(t, json_string_value(value));
                        open = ", ";
                }
                text_append(t, "}");
        }
        if (q->grade_count > 0)
                text_append(t, "\n    expect:\n      grades:");
        for (size_t i = 0; i < q->grade_count; i++) {
                text_append(t, "\n        ");
                append_key(t, q->grades[i].id, "\n        ");
                text_appendf(t, "%u", q->grades[i].grade);
        }
        text_append(t, "\n");
}

void draft_yaml(const struct draft *d, struct text *t)
{
        text_append(t, "queries:\n");
        for (size_t i = 0; i < d->count; i++)
                append_query(t, &d->queries[i]);
}
