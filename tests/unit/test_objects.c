/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/objects.h"
#include "files.h"
#include "json.h"
#include "yaml.h"

static char directory[] = "/tmp/test_objects.XXXXXX";

#define QUERIES "queries:\n- {id: a, text: A}\n"
#define VECTORS "{\"dimension\": 2, \"vectors\": {\"a\": [1, 0]}}"
#define SECRET "user:password\n"
#define SERVER "{name: main, url: 'http://c:1', auth: {scheme: token, secret_file: token}}"
#define EMBEDDER "{name: e, api: tei, url: 'http://e:1', limit: 0.1, body: {truncate: true}}"
#define ONE "{name: one, queries: q.yaml, vectors: v.json, server: main, embedder: e}"
#define TWO "{name: two, queries: q.yaml, vectors: v.json, server: main}"

static const struct test_file files[] = {{"q.yaml", QUERIES}, {"v.json", VECTORS},
        {"token", SECRET}, {"other", SECRET}, {"hook", "http://hook/1\n"}, {"q2.yaml", QUERIES},
        {"v2.json", VECTORS}, {"hook2", "http://hook/1\n"}, {"key", "1:a\n"}, {"key2", "1:a\n"},
        {"whsec", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"}};

static int set_up_files(void **state)
{
        if (!mkdtemp(directory) || chdir(directory) < 0 ||
                setenv("CREDENTIALS_DIRECTORY", directory, true) < 0)
                return -1;
        write_files(files, ARRAY_SIZE(files));
        return 0;
}

static int tear_down_files(void **state)
{
        return remove_files(files, ARRAY_SIZE(files)) < 0 || chdir("/") < 0 || rmdir(directory) < 0;
}

struct parts {
        const char *top, *embedder, *one;
};

static struct config *load(const struct parts *parts, const struct config *before)
{
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_free_ char *yaml = NULL;
        struct config *config = NULL;
        int size = asprintf(&yaml,
                "%s\nservers: [" SERVER "]\nembedders: [%s]\ncollections: [%s, " TWO "]\n"
                "alerting: {receivers: [{name: r, webhook_configs: [{url_file: hook}],\n"
                "  pagerduty_configs: [{routing_key_file: key}]}]}\n",
                parts->top, parts->embedder, parts->one);

        assert_true(size > 0);
        if (config_parse("c.yaml", yaml, (size_t)size, before, &config, &errors) < 0)
                fail_msg("%s:\n%s", yaml, errors.count > 0 ? errors.messages[0] : "no message");
        if (before)
                config_share(config, before);
        return config;
}

static const struct parts plain = {"", EMBEDDER, ONE};

/* Each is another configuration; what it changes of the two collections is another object. */
static void what_changed_is_another_object(void **state)
{
        static const struct {
                struct parts parts;
                bool one, two; /* are as before */
        } cases[] = {
                {{"# a comment", EMBEDDER, ONE}, true, true},
                {{"replay: {interval: 5m}", EMBEDDER, ONE}, true, true}, /* the default */
                {{"metrics: {per_query_limit: 7}", EMBEDDER, ONE}, true, true},
                {{"replay: {interval: 7m}", EMBEDDER, ONE}, false, false},
                {{"", "{name: e, api: tei, url: 'http://e:1', limit: 0.2, body: {truncate: true}}",
                         ONE},
                        false, true},
                {{"", EMBEDDER, "{name: one, queries: q.yaml, vectors: v.json, server: main}"},
                        false, true},
                {{"", EMBEDDER,
                         "{name: one, queries: q.yaml, vectors: v.json, server: main, embedder: e, "
                         "bands: auto}"},
                        false, true},
                {{"", EMBEDDER,
                         "{name: three, label: one, queries: q.yaml, vectors: v.json, server: "
                         "main, embedder: e}"},
                        false, true},
                {{"", EMBEDDER, "{name: one, queries: q.yaml, server: main, embedder: e}"}, false,
                        true},
        };
        _cleanup_(config_freep) struct config *before = load(&plain, NULL);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(config_freep) struct config *c = load(&cases[i].parts, before);

                assert_false(config_equal(c, before));
                if ((c->collections[0] == before->collections[0]) != cases[i].one ||
                        (c->collections[1] == before->collections[1]) != cases[i].two)
                        fail_msg("case %zu", i);
                assert_ptr_equal(c->collections[1]->vectors, before->collections[1]->vectors);
        }
}

/* What relations between keys demand; the rest is said key by key. */
#define PEER \
        "headers: {X-A: b}, proxy: 'http://p:1', proxy_auth: {secret_file: token}, " \
        "auth: {scheme: header, name: X-Key, secret_file: token}, " \
        "tls: {cert_file: token, key_file: token}"
#define RULE "RetrievalRecallLow"

static const char whole[] =
        "replay: {shard: {of: 8}}\n"
        "servers: [{name: main, url: 'http://c:1', " PEER "}, {name: other, url: 'http://c:1'}]\n"
        "embedders:\n"
        "- {name: e, api: tei, url: 'http://e:1/?a=b', model: m, body: {a: b}, " PEER "}\n"
        "- {name: other, api: tei, url: 'http://e:1'}\n"
        "collections:\n"
        "- {name: one, label: label, queries: q.yaml, vectors: v.json, server: main, embedder: e,\n"
        "   bands: [{name: x, below: 0.8}, {name: y}]}\n"
        "alerting:\n"
        "  lease: {file: lease}\n"
        "  alertmanagers: [{url: 'http://a:1', " PEER "}]\n"
        "  receivers: [{name: r, webhook_configs: [{url_file: hook, " PEER ",\n"
        "    signature: {scheme: github, secret_file: whsec}}],\n"
        "    ntfy_configs: [{url: 'http://n:1', topic: t, " PEER "}],\n"
        "    slack_configs: [{api_url_file: hook, channel: c, username: u, " PEER "}],\n"
        "    pagerduty_configs: [{routing_key_file: key, url: 'http://p:1', " PEER "}],\n"
        "    msteamsv2_configs: [{webhook_url_file: hook, " PEER "}],\n"
        "    discord_configs: [{webhook_url_file: hook, " PEER "}],\n"
        "    telegram_configs: [{bot_token_file: key, chat_id: 1, message_thread_id: 2,\n"
        "      api_url: 'http://t:1', " PEER "}],\n"
        "    email_configs: [{to: a@b, from: c@d, smarthost: 'h:25',\n"
        "      tls: {cert_file: token, key_file: token}}]},\n"
        "    {name: s, webhook_configs: [{url_file: hook}]}]\n"
        "  escalation: [{severities: [high], steps: [{after: 1m, notify: [s]}]}]\n"
        "  route: {receiver: s, routes: [{receiver: s}]}\n"
        "  time_intervals:\n"
        "  - name: i\n"
        "    time_intervals: [{times: [{start_time: '09:00', end_time: '17:00'}]}]\n"
        "  - {name: k, time_intervals: [{}]}\n"
        "  rules: {" RULE ": {limit: 0.9}}\n";

/* Another value for a key that any other one of its type does not do for. */
static const struct {
        const char *key; /* the end of its path */
        const char *value; /* YAML, as below */
        const char *without; /* what stands beside it and excludes it; NULL */
        const char *named_by; /* path of the key that must say the same; NULL */
} others[] = {
        {"signature.scheme", "standard", NULL, NULL},
        {".scheme", "bearer", "name", NULL},
        {"pagerduty_configs[].credential", "key", "routing_key_file", NULL},
        {"telegram_configs[].credential", "key", "bot_token_file", NULL},
        {"web.hosts", "[other]", NULL, NULL},
        {".to", "x@y", NULL, NULL},
        {".from", "x@y", NULL, NULL},
        {".smarthost", "h:26", NULL, NULL},
        {".auth_username", "token", NULL,
                "alerting.receivers[].email_configs[].auth_password_file"},
        {".auth_password_file", "token", NULL,
                "alerting.receivers[].email_configs[].auth_username"},
        {"email_configs[].credential", "token", NULL,
                "alerting.receivers[].email_configs[].auth_username"},
        {".credential", "other", "secret_file", NULL},
        {"webhook_configs[].url", "http://hook/2", "url_file", NULL},
        {"slack_configs[].api_url", "http://hook/2", "api_url_file", NULL},
        {".webhook_url", "http://hook/2", "webhook_url_file", NULL},
        {"url_file", "hook2", NULL, NULL},
        {".routing_key_file", "key2", NULL, NULL},
        {".bot_token_file", "key2", NULL, NULL},
        {".chat_id", "'@other'", NULL, NULL},
        {".queries", "q2.yaml", NULL, NULL},
        {".vectors", "v2.json", NULL, NULL},
        {".api", "openai", NULL, NULL},
        {".severity", "critical", NULL, NULL},
        {".severities", "[warning]", NULL, NULL},
        {".notify", "[r]", NULL, NULL},
        {"].bands", "[{name: x}]", NULL, NULL},
        {".receiver", "r", NULL, NULL},
        {".matchers", "[a=b]", NULL, NULL},
        {"e_time_intervals", "[k]", NULL, NULL}, /* mute and active ones */
        {".start_time", "08:00", NULL, NULL},
        {".end_time", "18:00", NULL, NULL},
        {".weekdays", "[monday]", NULL, NULL},
        {".days_of_month", "['1:5']", NULL, NULL},
        {".months", "[may]", NULL, NULL},
        {".years", "['2030']", NULL, NULL},
        {".location", "Local", NULL, NULL},
        {"servers[].name", "another", NULL, "collections[].server"},
        {"embedders[].name", "another", NULL, "collections[].embedder"},
};

/* And one for all others of a type. */
static const struct {
        const char *type, *value;
} types[] = {
        {"string", "other"},
        {"path", "other"},
        {"URL", "http://other:1"},
        {"duration", "77s"},
        {"integer", "7"},
        {"number", "0.5"},
        {"string map", "{X-B: c}"},
        {"mapping", "{c: d}"},
};

static json_t *read_value(const char *yaml)
{
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_(yaml_node_freep) struct yaml_node *node = NULL;
        json_t *value;

        assert_int_equal(yaml_parse("value", yaml, strlen(yaml), &node, &errors), 0);
        value = json_from_yaml(node);
        assert_non_null(value);
        return value;
}

/* Of the first item of each list, of one rule; takes `value`, NULL removes what is there. */
static void set_at(json_t *object, const char *path, json_t *value)
{
        size_t length = strcspn(path, "."), name_length = strcspn(path, ".[");
        char name[64];
        json_t *inner;

        (void)snprintf(name, sizeof(name), "%.*s", (int)name_length, path);
        if (path[0] == '<')
                (void)snprintf(name, sizeof(name), "%s", RULE);
        if (!path[length]) {
                assert_int_equal(value ? json_object_set_new(object, name, value)
                                       : json_object_del(object, name),
                        0);
                return;
        }
        inner = json_object_get(object, name);
        if (!inner) {
                inner = json_object();
                assert_int_equal(json_object_set_new(object, name, inner), 0);
        }
        set_at(name_length < length ? json_array_get(inner, 0) : inner, path + length + 1, value);
}

static bool ends_with(const char *s, const char *end)
{
        return strlen(s) >= strlen(end) && streq(s + strlen(s) - strlen(end), end);
}

static void set_other(json_t *config, const char *path, size_t i)
{
        char beside[CONFIG_KEY_TEXT_MAX];

        set_at(config, path, read_value(others[i].value));
        if (others[i].named_by)
                set_at(config, others[i].named_by, read_value(others[i].value));
        if (!others[i].without)
                return;
        (void)snprintf(beside, sizeof(beside), "%.*s.%s", (int)(strrchr(path, '.') - path), path,
                others[i].without);
        set_at(config, beside, NULL);
}

/* False when the key has no value of its own, only further keys. */
static bool change(json_t *config, const struct config_key_info *key)
{
        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                if (ends_with(key->path, others[i].key)) {
                        set_other(config, key->path, i);
                        return true;
                }
        if (streq(key->type, "boolean")) {
                set_at(config, key->path, json_boolean(streq(key->fallback, "false")));
                return true;
        }
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (streq(key->type, types[i].type)) {
                        assert_false(streq(key->fallback, types[i].value));
                        set_at(config, key->path, read_value(types[i].value));
                        return true;
                }
        assert_non_null(strstr(key->type, "object"));
        return false;
}

/* Who is told, what is exposed and who else watches is read anew with each configuration. */
static bool is_of_collections(const char *path)
{
        static const char *const apart[] = {"alerting.", "metrics.", "web.", "replay.shard."};

        for (size_t i = 0; i < ARRAY_SIZE(apart); i++)
                if (strncmp(path, apart[i], strlen(apart[i])) == 0)
                        return streq(path, "alerting.rules.<rule>.limit");
        return true;
}

static struct config *load_json(
        const json_t *json, const char *changed, const struct config *before)
{
        _cleanup_errors_ struct errors errors = {0};
        _cleanup_free_ char *text = json_text(json, JSON_INDENT(1), NULL);
        struct config *config = NULL;

        assert_non_null(text);
        if (config_parse("c.yaml", text, strlen(text), before, &config, &errors) < 0)
                fail_msg("%s: %s", changed, errors.count > 0 ? errors.messages[0] : "no message");
        return config;
}

/* Whatever key a reload changes, its collection is another object, or else it goes on as it was. */
static void no_key_is_forgotten(void **state)
{
        _cleanup_json_ json_t *json = read_value(whole);
        _cleanup_(config_freep) struct config *before = load_json(json, "nothing", NULL);
        char buffer[CONFIG_KEY_TEXT_MAX];
        struct config_key_info key;

        for (size_t i = 0; config_key_info(i, &key, buffer, sizeof(buffer)); i++) {
                _cleanup_json_ json_t *changed = json_deep_copy(json);
                _cleanup_(config_freep) struct config *config = NULL;

                assert_non_null(changed);
                if (!change(changed, &key))
                        continue;
                config = load_json(changed, key.path, before);
                config_share(config, before);
                assert_false(config_equal(config, before));
                if ((config->collections[0] != before->collections[0]) !=
                        is_of_collections(key.path))
                        fail_msg("%s", key.path);
        }
}

static void the_same_content_is_the_same_configuration(void **state)
{
        _cleanup_(config_freep) struct config *before = load(&plain, NULL), *c = NULL;
        struct collection_config *kept = collection_config_ref(before->collections[0]);

        c = load(&plain, before);
        assert_true(config_equal(c, before));
        assert_ptr_equal(c->collections[0], kept);
        before = config_free(before);
        c = config_free(c);
        assert_string_equal(kept->server->name, "main");
        assert_int_equal(kept->queries->count, 1);
        collection_config_unref(kept);
}

/* Whatever a file's times say: what was read counts. */
static void files_are_compared_by_content(void **state)
{
        static const struct {
                const char *name, *content, *original;
                bool collections; /* are others by that */
        } cases[] = {
                {"q.yaml", "queries:\n- {id: a, text: B}\n", QUERIES, true},
                {"v.json", "{\"dimension\": 2, \"vectors\": {\"a\": [0, 1]}}", VECTORS, true},
                {"token", "s3cre7\n", SECRET, true},
                {"hook", "http://hook/2\n", "http://hook/1\n", false},
                {"key", "1:b\n", "1:a\n", false},
        };
        _cleanup_(config_freep) struct config *before = load(&plain, NULL);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(config_freep) struct config *changed = NULL, *again = NULL;
                struct timespec times[2];
                struct stat st;

                assert_int_equal(stat(cases[i].name, &st), 0);
                times[0] = st.st_atim;
                times[1] = st.st_mtim;
                write_file(cases[i].name, cases[i].content);
                assert_int_equal(utimensat(AT_FDCWD, cases[i].name, times, 0), 0);
                changed = load(&plain, before);
                assert_false(config_equal(changed, before));
                assert_true((changed->collections[1] != before->collections[1]) ==
                        cases[i].collections);
                write_file(cases[i].name, cases[i].original);
                again = load(&plain, before);
                assert_true(config_equal(again, before));
        }
}

static void load_shard(const char *yaml, const struct shard *shard, const struct config *before,
        struct config **ret)
{
        _cleanup_errors_ struct errors errors = {0};

        write_file("c.yaml", yaml);
        if (config_load_shard("c.yaml", shard, before, ret, &errors) < 0)
                fail_msg("%s", errors.messages[0]);
        if (before)
                config_share(*ret, before);
        assert_int_equal(unlink("c.yaml"), 0);
}

#define BOTH "servers: [" SERVER "]\nembedders: [" EMBEDDER "]\ncollections: [" ONE ", " TWO "]\n"

/* The other daemon's are known by name, and their files are not kept. */
static void a_shard_keeps_its_own(void **state)
{
        _cleanup_(config_freep) struct config *c = NULL, *other = NULL, *all = NULL;
        struct query_set *queries;

        load_shard(BOTH "replay: {shard: {index: 0, of: 2}}\n", &(struct shard){0}, NULL, &c);
        assert_int_equal(c->collection_count, 1);
        assert_string_equal(c->collections[0]->label, "two");
        assert_int_equal(c->elsewhere_count, 1);
        assert_string_equal(c->elsewhere[0].name, "one");
        assert_string_equal(c->elsewhere[0].server->name, "main");
        assert_true(config_elsewhere(c, "one"));
        assert_false(config_elsewhere(c, "two"));
        queries = query_set_ref(c->collections[0]->queries);

        /* The flag wins; what moved here is new, and nothing of it is shared with the past. */
        load_shard(BOTH "replay: {shard: {index: 0, of: 2}}\n", &(struct shard){1, 2}, c, &other);
        assert_int_equal(other->collection_count, 1);
        assert_string_equal(other->collections[0]->label, "one");
        assert_int_equal(other->shard.index, 1);
        assert_true(config_elsewhere(other, "two"));

        load_shard(BOTH, &(struct shard){0}, c, &all);
        assert_int_equal(all->collection_count, 2);
        assert_int_equal(all->elsewhere_count, 0);
        assert_ptr_equal(all->collections[1], c->collections[0]);
        assert_false(config_equal(all, c));
        c = config_free(c);
        assert_ptr_equal(all->collections[1]->queries, queries);
        assert_int_equal(queries->count, 1);
        query_set_unref(queries);
}

/* What another daemon watches may change; it is checked all the same. */
static void the_other_s_files_are_checked(void **state)
{
        _cleanup_errors_ struct errors errors = {0};
        struct config *c = NULL;

        write_file("c.yaml", BOTH);
        write_file("v.json", "{}");
        assert_int_equal(
                config_load_shard("c.yaml", &(struct shard){0, 2}, NULL, &c, &errors), -EBADMSG);
        assert_null(c);
        write_file("v.json", VECTORS);
        assert_int_equal(unlink("c.yaml"), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_changed_is_another_object),
                cmocka_unit_test(no_key_is_forgotten),
                cmocka_unit_test(the_same_content_is_the_same_configuration),
                cmocka_unit_test(files_are_compared_by_content),
                cmocka_unit_test(a_shard_keeps_its_own),
                cmocka_unit_test(the_other_s_files_are_checked),
        };

        return cmocka_run_group_tests(tests, set_up_files, tear_down_files);
}
