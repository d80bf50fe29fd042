/* SPDX-License-Identifier: Apache-2.0 */
#include "config/import/import.h"

#include <ctype.h>
#include <errno.h>

#include "config/import/entry.h"
#include "config/import/separated.h"
#include "config/import/trec.h"
#include "json.h"
#include "yaml.h"

enum container { TABLE = 1, LINES = 2, TREE = 4, TOPICS = 8 };

const struct import_format import_formats[] = {
        {"csv", IMPORT_ALONE, TABLE, false},
        {"jsonl", IMPORT_ALONE, LINES, false},
        {"trec", IMPORT_TOPICS, TOPICS, false},
        {"beir", IMPORT_QRELS, LINES, false},
        {"promptfoo", IMPORT_ALONE, TREE, true},
        {"quepid", IMPORT_ALONE, TABLE | TREE, false},
        {"ragas", IMPORT_ALONE, TABLE | LINES | TREE, false},
};
const size_t import_format_count = ARRAY_SIZE(import_formats);

/* Under which the tests, queries or pairs of a document are. */
static const char *const lists[] = {"tests", "queries", "query_doc_pairs", "samples"};

const struct import_format *import_find(const char *name)
{
        for (size_t i = 0; i < import_format_count; i++)
                if (streq(import_formats[i].name, name))
                        return &import_formats[i];
        return NULL;
}

static int read_headings(struct draft *d, const struct separated *s, char **ret, struct error *e)
{
        bool known = false;

        for (size_t i = 0; i < s->count; i++) {
                ret[i] = strdup(separated_field(s, i));
                if (!ret[i])
                        return -ENOMEM;
                known |= entry_knows(ret[i]);
                for (size_t k = 0; k < i; k++)
                        if (streq(ret[i], ret[k]))
                                return error_set(e, -EBADMSG,
                                        "%s:%u: two columns are called \"%s\"", d->file, s->begins,
                                        ret[i]);
        }
        return known
                ? 0
                : error_set(e, -EBADMSG,
                          "%s:%u: no heading is known; query, docid and rating are, for instance",
                          d->file, s->begins);
}

static int take_row(struct draft *d, const struct separated *s, char **headings, size_t count)
{
        _cleanup_json_ json_t *object = json_object();

        if (!object)
                return -ENOMEM;
        if (s->count > count) {
                draft_lose(
                        d, s->begins, "the row has %zu fields under %zu headings", s->count, count);
                return 0;
        }
        for (size_t i = 0; i < s->count; i++)
                if (json_object_set_new_nocheck(
                            object, headings[i], json_string(separated_field(s, i))) < 0)
                        return -ENOMEM;
        return entry_take(d, s->begins, object, false);
}

static int take_rows(struct draft *d, struct separated *s, char **headings, struct error *e)
{
        const char *wrong;
        size_t count;
        int r = separated_next(s, &wrong);

        if (r == -EBADMSG)
                return error_set(e, r, "%s:%u: the row of headings %s", d->file, s->begins, wrong);
        if (r > 0)
                r = read_headings(d, s, headings, e);
        count = s->count;
        while (r >= 0) {
                r = separated_next(s, &wrong);
                if (r == 0)
                        return 0;
                if (r == 1)
                        r = take_row(d, s, headings, count);
                else if (r == -EBADMSG) {
                        draft_lose(d, s->begins, "the row %s", wrong);
                        r = 0;
                }
        }
        return r;
}

static int read_table(struct draft *d, const char *data, size_t size, struct error *e)
{
        char *headings[SEPARATED_FIELDS_MAX] = {NULL};
        struct separated s;
        int r;

        separated_init(&s, data, size);
        r = take_rows(d, &s, headings, e);
        for (size_t i = 0; i < SEPARATED_FIELDS_MAX; i++)
                free(headings[i]);
        separated_done(&s);
        return r;
}

/* The parser's sentence without its place, which is in a text of one line. */
static const char *without_place(const char *sentence)
{
        const char *colon = strstr(sentence, ": ");

        return colon ? colon + 2 : sentence;
}

static int take_line(struct draft *d, unsigned line, const char *data, size_t size)
{
        _cleanup_error_ struct error wrong = {0};
        _cleanup_json_ json_t *object = NULL;
        int r = json_parse("", data, size, &object, &wrong);

        if (r == -EBADMSG)
                draft_lose(d, line, "it is no JSON: %s", without_place(error_text(&wrong, r)));
        else if (r == 0 && !json_is_object(object))
                draft_lose(d, line, "it is no JSON object");
        else if (r == 0)
                return entry_take(d, line, object, false);
        return r == -EBADMSG ? 0 : r;
}

static int read_lines(struct draft *d, const char *data, size_t size)
{
        const char *end = data + size;
        int r = 0;

        for (unsigned line = 1; data < end && r >= 0; line++) {
                const char *newline = memchr(data, '\n', (size_t)(end - data));
                size_t length = (size_t)((newline ? newline : end) - data);

                for (size_t i = 0; i < length; i++)
                        if (!isspace((unsigned char)data[i])) {
                                r = take_line(d, line, data, length);
                                break;
                        }
                data = newline ? newline + 1 : end;
        }
        return r;
}

/* The list itself, or that under a known name; what else is there is ignored. */
static int find_list(struct draft *d, const struct yaml_node *root, const struct yaml_node **ret,
        struct error *e)
{
        const struct yaml_node *found = root->kind == YAML_SEQUENCE ? root : NULL;
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(lists) && !found && root->kind == YAML_MAPPING; i++)
                found = yaml_get(root, lists[i]);
        for (size_t i = 0; root->kind == YAML_MAPPING && i < root->count && r >= 0; i++)
                if (root->values[i] != found)
                        r = draft_ignore(d, root->keys[i]->scalar);
        if (r < 0)
                return r;
        if (!found || found->kind != YAML_SEQUENCE)
                return error_set(e, -EBADMSG,
                        "%s:%u: a list of tests or queries is expected here; one that is in another file is imported from that",
                        d->file, found ? found->line : root->line);
        *ret = found;
        return 0;
}

static int take_nodes(struct draft *d, const struct yaml_node *list, bool nested)
{
        int r = 0;

        for (size_t i = 0; i < list->count && r >= 0; i++) {
                const struct yaml_node *node = list->values[i];
                _cleanup_json_ json_t *object = NULL;

                if (node->kind != YAML_MAPPING) {
                        draft_lose(d, node->line, "it is no test or query with fields");
                        continue;
                }
                object = json_from_yaml(node);
                r = object ? entry_take(d, node->line, object, nested) : -ENOMEM;
        }
        return r;
}

static int read_tree(struct draft *d, const char *data, size_t size, bool nested, struct error *e)
{
        _cleanup_(yaml_node_freep) struct yaml_node *root = NULL;
        _cleanup_errors_ struct errors errors = {0};
        const struct yaml_node *list;
        int r = yaml_parse(d->file, data, size, &root, &errors);

        if (r < 0)
                return error_set(
                        e, r, "%s", errors.count > 0 ? errors.messages[0] : "it cannot be read");
        r = find_list(d, root, &list, e);
        return r < 0 ? r : take_nodes(d, list, nested);
}

/* By its first character: objects are lines where the format may have such. */
static enum container container_of(const struct import_format *f, const char *data, size_t size)
{
        size_t i = 0;
        char first;

        while (i < size && isspace((unsigned char)data[i]))
                i++;
        first = i < size ? data[i] : ' ';
        if (first == '{' && (f->containers & LINES))
                return LINES;
        if ((first == '{' || first == '[') && (f->containers & TREE))
                return TREE;
        /* One bit is left of those that have no choice. */
        return f->containers & TABLE ? TABLE : (enum container)f->containers;
}

static int read_container(struct draft *d, const struct import_format *f, enum container container,
        const char *data, size_t size, struct error *e)
{
        switch (container) {
        case TABLE:
                return read_table(d, data, size, e);
        case LINES:
                return read_lines(d, data, size);
        case TREE:
                return read_tree(d, data, size, f->nested, e);
        default:
                return trec_topics(d, data, size);
        }
}

/* Without the mark that Windows puts before UTF-8. */
static int text_of(
        const struct import_file *file, const char **ret, size_t *ret_size, struct error *e)
{
        size_t skip = file->size >= 3 && memcmp(file->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        size_t bad = utf8_invalid_at(file->data, file->size), line = 1;
        const char *nul = memchr(file->data, '\0', file->size);

        if (nul)
                bad = MIN(bad, (size_t)(nul - file->data));
        for (size_t i = 0; i < bad && bad < file->size; i++)
                line += file->data[i] == '\n';
        if (bad < file->size)
                return error_set(e, -EBADMSG,
                        "%s:%zu: it is no UTF-8 text; iconv makes one of other encodings",
                        file->path, line);
        *ret = file->data + skip;
        *ret_size = file->size - skip;
        return 0;
}

static int read_queries(const struct import_format *f, const struct import_file *file,
        struct draft *d, struct error *e)
{
        const char *data;
        size_t size;
        int r = text_of(file, &data, &size, e);

        d->file = file->path;
        return r < 0 ? r : read_container(d, f, container_of(f, data, size), data, size, e);
}

static int read_judgements(const struct import_format *f, const struct import_file *file,
        struct draft *d, struct error *e)
{
        const char *data;
        size_t size;
        int r = text_of(file, &data, &size, e);

        d->file = file->path;
        if (r < 0)
                return r;
        return f->second == IMPORT_TOPICS ? trec_qrels(d, data, size)
                                          : read_table(d, data, size, e);
}

int import_read(const struct import_format *format, const struct import_file *first,
        const struct import_file *second, struct draft *d, struct error *e)
{
        /* TREC's first file is the qrels, BEIR's are the queries: as people name them. */
        bool swapped = format->second == IMPORT_TOPICS;
        int r = read_queries(format, swapped ? second : first, d, e);

        if (r >= 0 && format->second != IMPORT_ALONE)
                r = read_judgements(format, swapped ? first : second, d, e);
        if (r >= 0)
                r = draft_finish(d, format->second != IMPORT_ALONE, e);
        if (r == -E2BIG)
                return error_set(e, r, "%s: a set has at most %d queries and %d grades", d->file,
                        QUERY_SET_MAX, DRAFT_JUDGEMENTS_MAX);
        return r;
}
