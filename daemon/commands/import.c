/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "commands/command.h"
#include "commands/say.h"
#include "config/import/import.h"
#include "file.h"
#include "model/query_set.h"

/* Names of ignored fields that are said. */
#define FIELDS_SHOWN 20
/* Exit status: the set is there, without something that stood in the files. */
#define EXIT_LOSSES 1

struct source {
        char *path;
        char *data;
        size_t size;
};

static void source_done(struct source *s)
{
        free(s->path);
        free(s->data);
}

static int source_read(struct source *s, const char *path, struct error *e)
{
        s->path = strdup(path);
        return s->path ? file_read(path, IMPORT_FILE_MAX, &s->data, &s->size, e) : -ENOMEM;
}

static const struct import_format *choose(const struct options *o)
{
        const struct import_format *f = o->word ? import_find(o->word) : NULL;

        if (!o->word || !o->argument)
                complain(
                        "driftwatch: import needs a format and a file; try driftwatch import --help\n");
        else if (!f)
                complain("driftwatch: %s is no format; try driftwatch import --help\n", o->word);
        else if ((o->topics && f->second != IMPORT_TOPICS) ||
                (o->qrels && f->second != IMPORT_QRELS))
                complain(
                        "driftwatch: %s has no second file: --topics is for trec, --qrels for beir\n",
                        f->name);
        else if (f->second == IMPORT_TOPICS && !o->topics)
                complain(
                        "driftwatch: qrels name topics by number: give their texts with --topics\n");
        else if (o->outputs.count > 1)
                complain("driftwatch: a set is written to one file: --output is given twice\n");
        else
                return f;
        return NULL;
}

/* BEIR's sets are directories, in which the files have fixed names. */
static int read_directory(
        const struct options *o, struct source *first, struct source *second, struct error *e)
{
        _cleanup_free_ char *queries = NULL, *qrels = NULL;
        int r;

        if (asprintf(&queries, "%s/queries.jsonl", o->argument) < 0 ||
                asprintf(&qrels, "%s/qrels/test.tsv", o->argument) < 0)
                return -ENOMEM;
        r = source_read(first, queries, e);
        return r < 0 ? r : source_read(second, o->qrels ? o->qrels : qrels, e);
}

static int read_sources(const struct options *o, const struct import_format *f,
        struct source *first, struct source *second, struct error *e)
{
        const char *other = f->second == IMPORT_TOPICS ? o->topics : o->qrels;
        struct stat st;
        int r;

        if (f->second == IMPORT_QRELS && stat(o->argument, &st) == 0 && S_ISDIR(st.st_mode))
                return read_directory(o, first, second, e);
        if (f->second == IMPORT_QRELS && !other)
                return error_set(e, -EINVAL,
                        "%s: give the directory, or the judgements with --qrels", o->argument);
        r = source_read(first, o->argument, e);
        return r < 0 || f->second == IMPORT_ALONE ? r : source_read(second, other, e);
}

static void tell_ignored(const struct draft *d)
{
        _cleanup_text_ struct text t = {0};
        size_t shown = 0;
        const char *name;
        json_t *count;

        json_object_foreach (d->ignored, name, count)
                if (shown++ < FIELDS_SHOWN)
                        say_to(&t, "%s%s (%" JSON_INTEGER_FORMAT ")", shown > 1 ? ", " : "", name,
                                json_integer_value(count));
        if (shown > FIELDS_SHOWN)
                say_to(&t, " and %zu more", shown - FIELDS_SHOWN);
        if (shown > 0)
                complain("driftwatch: no part of a query set: %s\n", text_string(&t));
}

static void tell(const struct draft *d)
{
        size_t expecting = 0;

        for (size_t i = 0; i < d->losses.count; i++)
                complain("%s\n", d->losses.messages[i]);
        if (d->losses.dropped > 0)
                complain("and %zu more that could not be taken\n", d->losses.dropped);
        for (size_t i = 0; i < d->notes.count; i++)
                complain("driftwatch: %s\n", d->notes.messages[i]);
        tell_ignored(d);
        for (size_t i = 0; i < d->count; i++)
                expecting += d->queries[i].grade_count > 0;
        complain("driftwatch: %zu %s, %zu of them with %zu graded %s\n", d->count,
                plural(d->count, "query", "queries"), expecting, d->judgements,
                plural(d->judgements, "record", "records"));
}

/* What is written can be read: what cannot is larger than a set may be, or our own mistake. */
static int verify(const struct text *t, struct error *e)
{
        _cleanup_(query_set_unrefp) struct query_set *set = NULL;
        _cleanup_errors_ struct errors errors = {0};
        int r;

        if (text_failed(t))
                return -ENOMEM;
        if (t->size > QUERY_SET_FILE_MAX)
                return error_set(
                        e, -E2BIG, "a query set has at most %u MiB", QUERY_SET_FILE_MAX >> 20);
        r = query_set_parse("the set", t->data, t->size, &set, &errors);
        return r < 0 && errors.count > 0 ? error_set(e, r, "%s", errors.messages[0]) : r;
}

static int write_set(const struct options *o, const struct draft *d, struct error *e)
{
        _cleanup_text_ struct text t = {0};
        int r;

        say_to(&t, "# Made by driftwatch import %s of %s.\n", o->word, o->argument);
        draft_yaml(d, &t);
        r = verify(&t, e);
        if (r < 0)
                return r;
        if (o->outputs.count > 0)
                return file_create(o->outputs.values[0], t.data, t.size, e);
        if (fwrite(t.data, 1, t.size, stdout) != t.size || fflush(stdout) != 0)
                return error_set(e, -errno, "cannot write: %s", strerror(errno));
        return 0;
}

static int convert(
        const struct options *o, const struct import_format *f, struct draft *d, struct error *e)
{
        _cleanup_(source_done) struct source first = {0}, second = {0};
        int r = draft_init(d);

        if (r >= 0)
                r = read_sources(o, f, &first, &second, e);
        if (r >= 0)
                r = import_read(f, &(struct import_file){first.path, first.data, first.size},
                        &(struct import_file){second.path, second.data, second.size}, d, e);
        if (r >= 0 || r == -ENODATA)
                tell(d);
        return r < 0 ? r : write_set(o, d, e);
}

int command_import(const struct options *o)
{
        const struct import_format *f = choose(o);
        _cleanup_draft_ struct draft d = {0};
        _cleanup_error_ struct error error = {0};
        int r = f ? convert(o, f, &d, &error) : -EINVAL;

        if (r >= 0)
                return errors_total(&d.losses) > 0 ? EXIT_LOSSES : EXIT_SUCCESS;
        if (f)
                complain("driftwatch: %s\n", error_text(&error, r));
        return EXIT_USAGE;
}
