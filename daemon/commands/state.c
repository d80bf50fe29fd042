/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands/command.h"
#include "commands/say.h"
#include "json.h"
#include "keep/state.h"
#include "text.h"

/* Of the rows of one kind. */
struct tally {
        char kind[64];
        size_t good, damaged;
};

static bool is_readable(const char *value, size_t size)
{
        _cleanup_json_ json_t *json = NULL;

        return json_parse("it", value, size, &json, NULL) >= 0;
}

static void say_tally(const struct tally *t)
{
        if (t->good + t->damaged > 0)
                say("%-16s %zu %s%s\n", t->kind, t->good + t->damaged,
                        plural(t->good + t->damaged, "row", "rows"),
                        t->damaged > 0 ? ", not all of them readable" : "");
}

struct checking {
        struct tally tally;
        size_t damaged;
};

static int check_row(const char *kind, const char *key, const char *value, size_t size, bool good,
        void *userdata)
{
        struct checking *c = userdata;
        bool readable = good && is_readable(value, size);

        if (!streq(c->tally.kind, kind)) {
                say_tally(&c->tally);
                c->tally = (struct tally){0};
                (void)snprintf(c->tally.kind, sizeof(c->tally.kind), "%s", kind);
        }
        c->tally.good += readable;
        c->tally.damaged += !readable;
        c->damaged += !readable;
        if (!readable)
                complain("driftwatch: %s \"%s\": %s; it is left out when the daemon starts\n", kind,
                        key, good ? "the value is not JSON" : "the check sum is wrong");
        return 0;
}

static int check(const char *path, struct error *e)
{
        struct checking c = {0};
        int r = state_read(path, check_row, &c, e);

        if (r < 0)
                return r;
        say_tally(&c.tally);
        if (c.damaged == 0)
                say("%s is in order\n", path);
        return c.damaged > 0;
}

struct dumping {
        char *kind; /* of the row before; NULL: there was none */
        size_t damaged;
        bool failed;
};

static void write_text(struct dumping *d, const struct text *t)
{
        d->failed |= text_failed(t) || fwrite(text_string(t), 1, t->size, stdout) != t->size;
}

static int append_string(struct text *t, const char *s)
{
        _cleanup_json_ json_t *json = json_string(s);
        _cleanup_free_ char *text = json ? json_text(json, JSON_ENCODE_ANY, NULL) : NULL;

        if (!text)
                return -ENOMEM;
        text_append(t, text);
        return 0;
}

/* What is no JSON, or not what was written, byte by byte. */
static void append_bytes(struct text *t, const char *value, size_t size)
{
        text_append(t, "{\"damaged\": true, \"bytes\": \"");
        for (size_t i = 0; i < size; i++)
                text_appendf(t, "%02x", (unsigned char)value[i]);
        text_append(t, "\"}");
}

static int dump_row(const char *kind, const char *key, const char *value, size_t size, bool good,
        void *userdata)
{
        _cleanup_text_ struct text t = {0};
        struct dumping *d = userdata;
        bool first = !streq(d->kind, kind), readable = good && is_readable(value, size);
        int r = 0;

        text_append(&t, d->kind ? (first ? "\n  },\n  " : ",\n    ") : "{\n  ");
        if (first) {
                free(d->kind);
                r = strdup_to(&d->kind, kind);
                if (r >= 0)
                        r = append_string(&t, kind);
                text_append(&t, ": {\n    ");
        }
        if (r >= 0)
                r = append_string(&t, key);
        text_append(&t, ": ");
        if (r >= 0 && readable)
                text_append_bytes(&t, value, size);
        else if (r >= 0)
                append_bytes(&t, value, size);
        d->damaged += !readable;
        write_text(d, &t);
        return r;
}

static int dump(const char *path, struct error *e)
{
        _cleanup_text_ struct text end = {0};
        struct dumping d = {0};
        int r = state_read(path, dump_row, &d, e);

        text_append(&end, d.kind ? "\n  }\n}\n" : "{}\n");
        if (r >= 0)
                write_text(&d, &end);
        free(d.kind);
        if (r >= 0 && (d.failed || fflush(stdout) != 0))
                return error_set(e, -EIO, "standard output cannot be written");
        return r < 0 ? r : d.damaged > 0;
}

static const struct {
        const char *name;
        int (*run)(const char *path, struct error *e);
} actions[] = {
        {"check", check},
        {"dump", dump},
};

int command_state(const struct options *options)
{
        _cleanup_error_ struct error error = {0};
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s/" STATE_FILE, options->storage_path) < 0)
                return EXIT_USAGE;
        for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
                int r;

                if (!streq(options->word, actions[i].name))
                        continue;
                r = actions[i].run(path, &error);
                if (r < 0)
                        complain("driftwatch: %s\n", error_text(&error, r));
                return r == -EBADMSG ? EXIT_FAILURE : r < 0 ? EXIT_USAGE : r;
        }
        complain("driftwatch: state %s: expected check or dump\n",
                options->word ? options->word : "needs a word");
        return EXIT_USAGE;
}
