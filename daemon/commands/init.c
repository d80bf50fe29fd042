/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask/directory.h"
#include "ask/listing.h"
#include "commands/baseline.h"
#include "commands/canaries.h"
#include "commands/say.h"
#include "config/outline.h"
#include "config/peer.h"
#include "file.h"
#include "judge/power.h"
#include "keep/baselines.h"
#include "model/npy.h"
#include "roster.h"
#include "version.h"

#define CONFIG_FILE "driftwatch.yaml"
/* The files of each collection, after its stem. */
static const char *const suffixes[] = {".queries.yaml", ".vectors.npy", ".vectors.ids.txt"};
/* Written files that are named one by one. */
#define FILES_NAMED 12

struct init {
        const struct options *options;
        const char *directory;
        char *config_file, *storage; /* paths */
        bool made_directory;
        char *url, *secret_file, *ca_file; /* owned */
        struct outline_server server;
        struct inquiry inquiry;
        struct roster names; /* of the collections that may be watched */
        struct error error; /* of what was asked last */
        struct roster written; /* paths */
        struct text config;
        size_t watched, failed; /* collections */
};

static void init_done(struct init *i)
{
        http_client_free(i->inquiry.client);
        sd_event_unref(i->inquiry.event);
        http_peer_done(&i->inquiry.peer);
        roster_done(&i->names);
        roster_done(&i->written);
        text_done(&i->config);
        error_done(&i->error);
        free(i->config_file);
        free(i->storage);
        free(i->url);
        free(i->secret_file);
        free(i->ca_file);
}

/* DIRECTORY/NAME, where DIRECTORY is not "." for a reader's sake. */
static char *path_in(const struct init *i, const char *name, const char *suffix)
{
        _cleanup_text_ struct text t = {0};

        if (!streq(i->directory, "."))
                text_appendf(&t, "%s/", i->directory);
        text_appendf(&t, "%s%s", name, suffix);
        return text_take(&t, NULL);
}

/* The configuration may be read from elsewhere: what it names must not depend on where we are. */
static int find_file(const char *flag, const char *path, char **ret)
{
        if (!path)
                return 0;
        *ret = realpath(path, NULL);
        if (*ret)
                return 0;
        complain("--%s: %s: %s\n", flag, path, strerror(errno));
        return -EINVAL;
}

/* As people type it: without a scheme, too, which is not guessed where a secret would be sent. */
static int take_url(struct init *i, const char *url)
{
        const char *scheme = strstr(url, "://") ? "" : "http://", *wrong;

        if (*scheme && i->options->secret_file) {
                complain("driftwatch: %s: must begin with http:// or https://, because a secret is "
                         "sent there\n",
                        url);
                return -EINVAL;
        }
        if (asprintf(&i->url, "%s%s", scheme, url) < 0) {
                i->url = NULL;
                return -ENOMEM;
        }
        wrong = url_check_base(i->url);
        if (!wrong)
                return 0;
        complain("driftwatch: %s: %s\n", url, wrong);
        return -EINVAL;
}

static int build_server(struct init *i)
{
        _cleanup_errors_ struct errors errors = {0};
        const struct options *o = i->options;
        int r = take_url(i, o->word);

        if (r >= 0)
                r = find_file("secret-file", o->secret_file, &i->secret_file);
        if (r >= 0)
                r = find_file("ca-file", o->ca_file, &i->ca_file);
        if (r < 0)
                return r;
        i->server = (struct outline_server){
                i->url, o->tenant, o->database, o->auth, i->secret_file, i->ca_file};
        r = outline_peer(&i->server, &i->inquiry.peer, &errors);
        for (size_t k = 0; k < errors.count; k++)
                complain("driftwatch: %s\n", errors.messages[k]);
        /* Without a slash at the end, or the path of the API. */
        if (r >= 0)
                i->server.url = i->inquiry.peer.url;
        i->inquiry.tenant = o->tenant ? o->tenant : "default_tenant";
        i->inquiry.database = o->database ? o->database : "default_database";
        return r;
}

static int refuse_existing(const char *path)
{
        struct stat st;

        if (!path)
                return -ENOMEM;
        if (lstat(path, &st) < 0)
                return 0;
        complain("driftwatch: %s is there already, and nothing is overwritten; nothing was "
                 "written\n",
                path);
        return -EEXIST;
}

static int make_directory(const char *path, bool *ret_made)
{
        struct stat st;

        *ret_made = mkdir(path, 0777) == 0;
        if (!*ret_made && errno != EEXIST)
                return -errno;
        if (stat(path, &st) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode))
                return -ENOTDIR;
        return access(path, W_OK | X_OK) < 0 ? -errno : 0;
}

/* Before the server is asked: it may take a while. */
static int prepare_directory(struct init *i)
{
        const struct options *o = i->options;
        int r;

        i->directory = o->directory;
        i->config_file = path_in(i, CONFIG_FILE, "");
        i->storage = o->storage_given ? strdup(o->storage_path) : path_in(i, "state", "");
        if (!i->config_file || !i->storage)
                return -ENOMEM;
        r = refuse_existing(i->config_file);
        if (r < 0)
                return r;
        r = make_directory(i->directory, &i->made_directory);
        if (r < 0)
                complain("driftwatch: --directory: cannot write into %s: %s\n", i->directory,
                        strerror(-r));
        return r;
}

static void on_page(char *const *names, size_t count, void *userdata)
{
        struct init *i = userdata;
        int r = 0;

        for (size_t k = 0; k < count && r >= 0; k++)
                r = roster_add(&i->names, names[k]);
        if (r < 0)
                (void)error_set(&i->error, r, "listing the collections: out of memory");
}

static void on_listed(const struct error *why, void *userdata)
{
        struct init *i = userdata;

        if (why->message)
                (void)error_set(&i->error, -EIO, "%s%s", why->message,
                        i->names.count >= LISTING_PAGE * LISTING_PAGES_MAX
                                ? ": name those to watch by --collection"
                                : "");
        i->inquiry.answered = true;
}

static void ignore(const struct http_response *response, void *userdata)
{
}

static int list(struct init *i)
{
        const struct listing_target target = {
                i->inquiry.tenant, i->inquiry.database, &i->inquiry.peer};
        const struct listing_callbacks callbacks = {on_page, on_listed, ignore, i};
        _cleanup_(listing_freep) struct listing *listing = NULL;
        int r = listing_start(i->inquiry.client, &target, &callbacks, &listing);

        return r < 0 ? r : inquiry_wait(&i->inquiry);
}

static void on_looked_up(const char *found, void *userdata)
{
        struct init *i = userdata;

        (void)error_set(&i->error, -ENOENT, "%s", found ? found : "it has no collection");
        i->inquiry.answered = true;
}

/* A database that does not exist has no collections either, says Chroma. */
static int look_up(struct init *i)
{
        const struct directory_target target = {
                i->inquiry.tenant, i->inquiry.database, "", &i->inquiry.peer};
        _cleanup_(directory_freep) struct directory *directory = NULL;
        int r = directory_start(i->inquiry.client, &target, on_looked_up, ignore, i, &directory);

        return r < 0 ? r : inquiry_wait(&i->inquiry);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Those that were chosen, or all that there are. */
static int find_names(struct init *i)
{
        const struct option_values *chosen = &i->options->collections;
        int r = 0;

        for (size_t k = 0; k < chosen->count && r >= 0; k++)
                r = roster_add(&i->names, chosen->values[k]);
        if (r >= 0 && chosen->count == 0)
                r = list(i);
        if (r >= 0 && i->names.count == 0 && !i->error.message)
                r = look_up(i);
        if (r >= 0 && i->error.message)
                r = -EREMOTEIO;
        if (r < 0)
                complain("driftwatch: %s: %s\n", i->inquiry.peer.url, error_text(&i->error, r));
        else if (i->names.count > 1)
                qsort(i->names.names, i->names.count, sizeof(char *), compare_names);
        return r;
}

static int refuse_existing_of(const struct init *i, const char *name)
{
        _cleanup_free_ char *stem = outline_stem(name);
        int r = stem ? 0 : -ENOMEM;

        for (size_t k = 0; k < ARRAY_SIZE(suffixes) && r >= 0; k++) {
                _cleanup_free_ char *path = path_in(i, stem, suffixes[k]);

                r = refuse_existing(path);
        }
        for (enum baseline_kind kind = BASELINE_APPROVED; kind <= BASELINE_CANDIDATE && r >= 0;
                kind++) {
                _cleanup_free_ char *path = baselines_path(i->storage, name, kind);

                r = refuse_existing(path);
        }
        return r;
}

static int write_file(struct init *i, const char *path, const struct text *content)
{
        _cleanup_error_ struct error error = {0};
        int r = !path || text_failed(content)
                ? -ENOMEM
                : file_create(path, text_string(content), content->size, &error);

        if (r >= 0)
                return roster_add(&i->written, path);
        complain("driftwatch: %s\n", error_text(&error, r));
        return r;
}

static int write_collection(struct init *i, const struct canaries *c)
{
        _cleanup_free_ char *stem = outline_stem(c->name);
        _cleanup_text_ struct text matrix = {0}, ids = {0};
        const struct text *contents[ARRAY_SIZE(suffixes)] = {&c->set, &matrix, &ids};
        int r = stem ? 0 : -ENOMEM;

        npy_build(c->vectors, &matrix, &ids);
        for (size_t k = 0; k < ARRAY_SIZE(suffixes) && r >= 0; k++) {
                _cleanup_free_ char *path = path_in(i, stem, suffixes[k]);

                r = write_file(i, path, contents[k]);
        }
        if (r >= 0)
                outline_append_collection(c->name, stem, &c->bands, &i->config);
        return r;
}

/* What of it cannot be a canary, or is one that says less. */
static void print_kinds(const struct canaries *c)
{
        static const struct {
                enum canary kind;
                const char *words;
        } rows[] = {
                {CANARY_LOST, "search does not find: left out"},
                {CANARY_NEARER, "have others nearer than themselves, and expect nothing"},
                {CANARY_CROWDED,
                        "stand last in their answers, or have the vector of many others: left out"},
        };

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++)
                if (c->kinds[rows[k].kind] > 0)
                        say("    %zu of the records %s\n", c->kinds[rows[k].kind], rows[k].words);
        if (c->lost > 0)
                say("    %zu of the records were left out: the index has lost their vectors\n",
                        c->lost);
        if (c->bands.count > 0)
                say("    its vectors are not of length 1: its bands are by the distances between "
                    "its records\n");
}

static void print_collection(const struct canaries *c)
{
        const size_t alone = c->kinds[CANARY_FOUND];
        const double all = (double)c->epoch.records;

        say("  %s: %" PRId64 " %s, %s, dimension %u: %zu %s\n", c->name, c->epoch.records,
                plural((uint64_t)c->epoch.records, "record", "records"), c->epoch.space,
                c->epoch.dimension, c->count, plural(c->count, "canary", "canaries"));
        if ((double)alone >= all)
                say("    each of its records is one\n");
        else if (alone > 0)
                say("    a loss of 1 %% of its records takes one of them with a probability of "
                    "%.0f %%\n",
                        100 * (1 - pow(1 - (double)alone / all, ceil(all / 100))));
        print_kinds(c);
}

/* 1: the collection is watched. */
static int make_collection(struct init *i, const char *name)
{
        _cleanup_(canaries_done) struct canaries c = {0};
        int r = strdup_to(&c.name, name);

        epoch_init(&c.epoch);
        if (r >= 0)
                r = canaries_make(&i->inquiry, i->options->sample, i->options->seed, &c);
        if (r < 0) {
                complain("driftwatch: %s: %s\n", name, strerror(-r));
                return r;
        }
        if (c.failed)
                complain("driftwatch: %s\n", c.left_out.message);
        i->failed += c.failed;
        if (c.unreachable)
                return -EHOSTUNREACH;
        if (c.left_out.message) {
                say("  %s: left out%s%s\n", name, c.failed ? "" : ": ",
                        c.failed ? "" : c.left_out.message);
                return 0;
        }
        print_collection(&c);
        r = write_collection(i, &c);
        return r < 0 ? r : 1;
}

static int make_all(struct init *i)
{
        int r = 0;

        say("%s: %zu %s\n", i->inquiry.peer.url, i->names.count,
                plural(i->names.count, "collection", "collections"));
        outline_begin(&i->server, &i->config);
        for (size_t k = 0; k < i->names.count && r >= 0; k++) {
                (void)fflush(stdout);
                r = make_collection(i, i->names.names[k]);
                i->watched += r > 0;
        }
        if (r >= 0 && i->watched == 0) {
                complain("driftwatch: %s: no collection can be watched; nothing was written\n",
                        i->inquiry.peer.url);
                return -ENODATA;
        }
        return r < 0 ? r : write_file(i, i->config_file, &i->config);
}

/* What was written is of no use without the rest. */
static void take_back(struct init *i)
{
        for (size_t k = 0; k < i->written.count; k++)
                (void)unlink(i->written.names[k]);
        if (i->made_directory)
                (void)rmdir(i->directory);
}

static void print_written(const struct init *i)
{
        say("written:");
        for (size_t k = 0; k < i->written.count && i->written.count <= FILES_NAMED; k++)
                say(" %s", i->written.names[k]);
        if (i->written.count > FILES_NAMED)
                say(" %s and %zu files of its collections beside it", i->config_file,
                        i->written.count - 1);
        say("\n");
}

/* As a shell reads it back. */
static void append_argument(struct text *t, const char *word)
{
        static const char plain[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/=:@%+,";

        if (*word && !word[strspn(word, plain)]) {
                text_append(t, word);
                return;
        }
        text_append(t, "'");
        for (; *word; word++)
                if (*word == '\'')
                        text_append(t, "'\\''");
                else
                        text_append_bytes(t, word, 1);
        text_append(t, "'");
}

/* Who asks, also behind sudo. */
static const char *person(void)
{
        const char *name = getenv("SUDO_USER");
        const struct passwd *known = name && *name ? NULL : getpwuid(getuid());

        return name && *name ? name : known ? known->pw_name : "me";
}

static void print_next(const struct init *i)
{
        _cleanup_text_ struct text places = {0}, by = {0};

        text_append(&places, " --config.file=");
        append_argument(&places, i->config_file);
        text_append(&places, " --storage.path=");
        append_argument(&places, i->storage);
        append_argument(&by, person());
        if (text_failed(&places) || text_failed(&by))
                return;
        say("next:\n"
            "  driftwatch baseline approve%s --by=%s --reason='first canaries'\n"
            "  driftwatch run%s\n",
                text_string(&places), text_string(&by), text_string(&places));
}

static int propose(const struct init *i)
{
        struct options options = *i->options;
        int status;

        options.config_file = i->config_file;
        options.storage_path = i->storage;
        options.collections.count = 0;
        options.brief = true;
        status = baseline_propose(&options);
        if (status == EXIT_SUCCESS)
                print_next(i);
        else
                complain(
                        "driftwatch: %s is written, but there is no candidate: driftwatch baseline "
                        "propose, with --config.file and --storage.path, makes one\n",
                        i->config_file);
        return status;
}

static int ask(struct init *i)
{
        int r = sd_event_new(&i->inquiry.event);

        if (r >= 0)
                r = http_client_new(
                        i->inquiry.event, "driftwatch/" DRIFTWATCH_VERSION, &i->inquiry.client);
        if (r < 0)
                complain("driftwatch: cannot ask: %s\n", strerror(-r));
        return r < 0 ? r : find_names(i);
}

/* All that is written, or a negative errno after a sentence, except -ENOMEM. */
static int write_all(struct init *i)
{
        int r = build_server(i);

        if (r >= 0)
                r = prepare_directory(i);
        if (r >= 0)
                r = ask(i);
        for (size_t k = 0; k < i->names.count && r >= 0; k++)
                r = refuse_existing_of(i, i->names.names[k]);
        return r < 0 ? r : make_all(i);
}

/* The exit status of what ended so: of the server's side, or of this one. */
static int status_of(int r)
{
        return r == -EREMOTEIO || r == -EHOSTUNREACH || r == -ENODATA ? EXIT_UNMEASURED
                                                                      : EXIT_USAGE;
}

int command_init(const struct options *options)
{
        _cleanup_(init_done) struct init i = {.options = options};
        int r, status;

        if (!options->word) {
                complain("driftwatch: init needs the URL of a Chroma server, such as "
                         "http://127.0.0.1:8000\n");
                return EXIT_USAGE;
        }
        r = write_all(&i);
        if (r < 0) {
                if (r == -ENOMEM)
                        complain("driftwatch: out of memory\n");
                take_back(&i);
                return status_of(r);
        }
        print_written(&i);
        status = propose(&i);
        return i.failed > 0 ? EXIT_UNMEASURED : status;
}
