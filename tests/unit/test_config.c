/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "files.h"
#include "json.h"
#include "yaml.h"

/* The files a configuration may name, in a directory of their own that is the current one. */
static const struct test_file files[] = {
        {"queries.yaml",
                "queries:\n- {id: a, text: A, expect: {ids: [x], within: 3}}\n"
                "- {id: b, text: B}\n"},
        {"more.yaml", "queries:\n- {id: a, text: A}\n- {id: c, text: C}\n- {id: d, text: D}\n"},
        {"bad.yaml", "queries:\n- {id: a, text: A, expected: 5}\n- {id: a, text: A}\n"},
        {"many.yaml",
                "queries: [{id: m1, text: x}, {id: m2, text: x}, {id: m3, text: x}, "
                "{id: m4, text: x}, {id: m5, text: x}, {id: m6, text: x}, {id: m7, text: x}, "
                "{id: m8, text: x}, {id: m9, text: x}, {id: m10, text: x}, "
                "{id: m11, text: x}, {id: m12, text: x}]"},
        {"vectors.json",
                "{\"model\": \"m\", \"dimension\": 2, \"vectors\": "
                "{\"a\": [1, 0], \"b\": [0, 1], \"unused\": [0, 0]}}"},
        {"bad.json", "{\"dimension\": 2, \"vectors\": {\"a\": [1, null]}}"},
        {"pointer.json", "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n"},
        {"ca.pem", "CERTIFICATE"},
        {"key.pem", "KEY"},
        {"token", "s3cret\nsecond line\n"},
        {"password", "anna:pass:word\n"},
        {"control", "s3\tcret\n"},
        {"empty", "\n"},
        {"hook", "https://hooks.example/T0/s3cret?key=s3cret\n"},
        {"badhook", "https://anna:s3cret@hooks.example/\n"},
        {"credential/chroma-token", "from-credential\n"},
};

static char directory[] = "/tmp/test_config.XXXXXX";

static int set_up_files(void **state)
{
        char credentials[sizeof(directory) + 16];

        if (!mkdtemp(directory) || chdir(directory) < 0 || mkdir("credential", 0700) < 0)
                return -1;
        write_files(files, ARRAY_SIZE(files));
        (void)snprintf(credentials, sizeof(credentials), "%s/credential", directory);
        return setenv("CREDENTIALS_DIRECTORY", credentials, 1);
}

static int tear_down_files(void **state)
{
        return remove_files(files, ARRAY_SIZE(files)) < 0 || rmdir("credential") < 0 ||
                chdir("/") < 0 || rmdir(directory) < 0;
}

static struct config *parse(const char *yaml)
{
        _cleanup_errors_ struct errors errors = {0};
        struct config *config = NULL;
        int r = config_parse("driftwatch.yaml", yaml, strlen(yaml), NULL, &config, &errors);

        if (r < 0)
                fail_msg("%s:\n%s", yaml, errors.count > 0 ? errors.messages[0] : "no message");
        assert_int_equal(errors_total(&errors), 0);
        return config;
}

#define SERVERS "servers: [{name: main, url: 'http://127.0.0.1:8000'}]\n"
#define COLLECTION "collections:\n- name: faq\n  queries: queries.yaml\n  vectors: vectors.json\n"
#define MINIMAL SERVERS COLLECTION
/* One line, so that what a case adds begins in line 2. */
#define ONE_LINE \
        "{servers: [{name: main, url: 'http://127.0.0.1:8000'}], collections: [{name: faq, " \
        "queries: queries.yaml, vectors: vectors.json}], "

static void the_minimum_has_every_default(void **state)
{
        _cleanup_(config_freep) struct config *c = parse(MINIMAL);
        const struct collection_config *faq = c->collections[0];

        assert_string_equal(c->path, "driftwatch.yaml");
        assert_int_equal(c->replay.interval, 5 * USEC_PER_MINUTE);
        assert_int_equal(c->replay.timeout, 10 * USEC_PER_SEC);
        assert_int_equal(c->replay.history, 7 * USEC_PER_DAY);
        assert_int_equal(c->replay.results, 10);
        assert_int_equal(c->replay.batch, 32);
        assert_int_equal(c->replay.embed_interval, USEC_PER_HOUR);
        assert_int_equal(c->embedder_count, 0);
        assert_null(faq->embedder);
        assert_int_equal(c->per_query_limit, 200);
        assert_int_equal(c->server_count, 1);
        assert_string_equal(c->servers[0]->name, "main");
        assert_string_equal(c->servers[0]->tenant, "default_tenant");
        assert_string_equal(c->servers[0]->database, "default_database");
        assert_string_equal(c->servers[0]->peer.url, "http://127.0.0.1:8000");
        assert_null(c->servers[0]->peer.headers);
        assert_null(c->servers[0]->peer.secret);
        assert_int_equal(c->servers[0]->peer.concurrency, HTTP_CONCURRENCY);
        assert_int_equal(faq->peer.concurrency, HTTP_CONCURRENCY);
        assert_int_equal(c->servers[0]->peer.timeout_usec, 10 * USEC_PER_SEC);
        assert_int_equal(c->servers[0]->peer.connect_timeout_usec, 2 * USEC_PER_SEC);
        assert_int_equal(c->collection_count, 1);
        assert_string_equal(faq->name, "faq");
        assert_string_equal(faq->label, "faq");
        assert_ptr_equal(faq->server, c->servers[0]);
        assert_ptr_equal(faq->peer.url, c->servers[0]->peer.url);
        assert_memory_equal(&faq->replay, &c->replay, sizeof(faq->replay));
        assert_int_equal(faq->bands.count, 4);
        assert_int_equal(faq->bands_source, BANDS_OF_SPACE);
        assert_int_equal(faq->queries->count, 2);
        assert_int_equal(faq->vectors->dimension, 2);
        assert_int_equal(c->alerting.alertmanager_count + c->alerting.receiver_count, 0);
        assert_int_equal(c->alerting.resend_delay, USEC_PER_MINUTE);
        assert_int_equal(c->alerting.repeat_interval, 4 * USEC_PER_HOUR);
        assert_int_equal(c->alerting.group_wait, 30 * USEC_PER_SEC);
        assert_int_equal(c->alerting.group_interval, 5 * USEC_PER_MINUTE);
        assert_int_equal(c->alerting.query_alerts_max, 5);
        assert_int_equal(c->ingest_grace, 5 * USEC_PER_MINUTE);
        assert_true(c->trust_loopback);
        assert_true(faq->policy.embedder_counts);
        assert_null(c->alerting.runbook_url);
        for (enum rule_id id = 0; id < RULE_COUNT; id++) {
                assert_int_equal(c->alerting.rules[id].enabled, !rule_defaults[id].off);
                assert_null(c->alerting.rules[id].severity);
                assert_int_equal(c->alerting.rules[id].for_usec, rule_defaults[id].for_usec);
        }
}

static const char full[] =
        "replay: {interval: 1m, timeout: 1s, results: 20, batch: 8, history: 2d}\n"
        "servers:\n"
        "  - name: main\n"
        "    url: https://chroma.example:8443/proxy/\n"
        "    tenant: acme\n"
        "    database: prod\n"
        "    concurrency: 3\n"
        "    headers: {X-Team: search, x-area: eu}\n"
        "    auth: {scheme: token, credential: chroma-token}\n"
        "    tls: {ca_file: ca.pem, cert_file: ca.pem, key_file: key.pem, server_name: c.example}\n"
        "  - name: spare\n"
        "    url: http://[::1]:8000\n"
        "    auth: {scheme: basic, secret_file: password}\n"
        "    tls: {insecure_skip_verify: true}\n"
        "collections:\n"
        "  - name: faq\n"
        "    server: main\n"
        "    queries: queries.yaml\n"
        "    vectors: vectors.json\n"
        "    bands: [{name: near, below: -0.5}, {name: far}]\n"
        "    interval: 10s\n"
        "    timeout: 30s\n"
        "  - name: faq\n"
        "    label: faq-spare\n"
        "    server: spare\n"
        "    queries: queries.yaml\n"
        "    vectors: vectors.json\n"
        "    results: 3\n"
        "    batch: 1000\n"
        "    history: 1h\n"
        "    embedder_gates: false\n"
        "alerting:\n"
        "  alertmanagers:\n"
        "    - url: http://am:9093/\n"
        "      timeout: 500ms\n"
        "      auth: {scheme: bearer, secret_file: token}\n"
        "  receivers:\n"
        "    - name: search-team\n"
        "      webhook_configs:\n"
        "        - {url: 'https://hooks.example/a/?x=1', send_resolved: false, max_alerts: 5}\n"
        "        - {url_file: hook}\n"
        "  rules:\n"
        "    RetrievalBandCrossed: {severity: info, for: 10m, keep_firing_for: 0s}\n"
        "    RetrievalReplayFailing: {enabled: false}\n"
        "  lease: {file: shared/lease, ttl: 20s}\n"
        "  resend_delay: 30s\n"
        "  repeat_interval: 1h\n"
        "  group_wait: 0s\n"
        "  group_interval: 10m\n"
        "  query_alerts_max: 1000\n"
        "  runbook_url: https://wiki.example/runbook#\n"
        "metrics: {per_query_limit: 0}\n"
        "ingest: {grace: 0s}\n"
        "web: {trust_loopback: false}\n";

static void reads_servers(void **state)
{
        _cleanup_(config_freep) struct config *c = parse(full);
        const struct http_peer *main = &c->servers[0]->peer, *spare = &c->servers[1]->peer;

        assert_string_equal(main->url, "https://chroma.example:8443/proxy");
        assert_string_equal(c->servers[0]->tenant, "acme");
        assert_string_equal(c->servers[0]->database, "prod");
        assert_int_equal(main->concurrency, 3);
        assert_string_equal(main->headers[0], "X-Team: search");
        assert_string_equal(main->headers[1], "x-area: eu");
        assert_null(main->headers[2]);
        assert_string_equal(main->secret_header, "X-Chroma-Token: ");
        assert_string_equal(secret_value(main->secret), "from-credential");
        assert_null(main->proxy);
        assert_string_equal(main->ca_file, "ca.pem");
        assert_string_equal(main->cert_file, "ca.pem");
        assert_string_equal(main->key_file, "key.pem");
        assert_string_equal(main->server_name, "c.example");
        assert_false(main->insecure_skip_verify);
        assert_int_equal(main->timeout_usec, USEC_PER_SEC);
        assert_int_equal(main->connect_timeout_usec, USEC_PER_SEC);
        assert_string_equal(secret_value(spare->secret), "anna:pass:word");
        assert_null(spare->secret_header);
        assert_true(spare->insecure_skip_verify);
}

static void who_shares_a_lease_says_where(void **state)
{
        _cleanup_(config_freep) struct config *c = parse(full), *none = parse(MINIMAL);
        const char *file = c->alerting.lease.file;

        assert_string_equal(file + strlen(file) - strlen("shared/lease"), "shared/lease");
        assert_int_equal(c->alerting.lease.ttl, 20 * USEC_PER_SEC);
        assert_null(none->alerting.lease.file);
}

static void a_daemon_is_the_only_one_unless_it_says_so(void **state)
{
        _cleanup_(config_freep) struct config *c = parse(full);

        assert_int_equal(c->shard.index, 0);
        assert_int_equal(c->shard.of, 1);
        assert_int_equal(c->elsewhere_count, 0);
}

static void collections_override_the_defaults(void **state)
{
        _cleanup_(config_freep) struct config *c = parse(full);
        const struct collection_config *faq = c->collections[0], *spare = c->collections[1];

        assert_int_equal(faq->replay.interval, 10 * USEC_PER_SEC);
        assert_int_equal(faq->replay.timeout, 30 * USEC_PER_SEC);
        assert_int_equal(faq->peer.timeout_usec, 30 * USEC_PER_SEC);
        assert_int_equal(faq->peer.connect_timeout_usec, 2 * USEC_PER_SEC);
        assert_int_equal(faq->replay.results, 20);
        assert_int_equal(faq->replay.batch, 8);
        assert_int_equal(faq->replay.history, 2 * USEC_PER_DAY);
        assert_int_equal(faq->bands.count, 2);
        assert_int_equal(faq->bands_source, BANDS_CONFIGURED);
        assert_string_equal(faq->bands.bands[0].name, "near");
        assert_true(faq->bands.bands[0].below == -0.5f);
        assert_true(isinf(faq->bands.bands[1].below));
        assert_string_equal(spare->label, "faq-spare");
        assert_ptr_equal(spare->server, c->servers[1]);
        assert_ptr_equal(spare->peer.secret, spare->server->peer.secret);
        assert_int_equal(spare->replay.interval, USEC_PER_MINUTE);
        assert_int_equal(spare->replay.results, 3);
        assert_int_equal(spare->replay.batch, 1000);
        assert_int_equal(spare->replay.history, USEC_PER_HOUR);
        assert_ptr_equal(spare->queries, faq->queries);
        assert_string_equal(faq->queries->path, "queries.yaml");
}

static void reads_alerting(void **state)
{
        _cleanup_(config_freep) struct config *c = parse(full);
        const struct alerting_config *a = &c->alerting;
        const struct channel_config *webhooks = a->receivers[0].channels;

        assert_int_equal(a->alertmanager_count, 1);
        assert_string_equal(a->alertmanagers[0].peer.url, "http://am:9093");
        assert_string_equal(a->alertmanagers[0].peer.secret_header, "Authorization: Bearer ");
        assert_string_equal(secret_value(a->alertmanagers[0].peer.secret), "s3cret");
        assert_int_equal(a->alertmanagers[0].peer.timeout_usec, 500 * USEC_PER_MSEC);
        assert_int_equal(a->alertmanagers[0].peer.connect_timeout_usec, 500 * USEC_PER_MSEC);
        assert_int_equal(a->receiver_count, 1);
        assert_string_equal(a->receivers[0].name, "search-team");
        assert_int_equal(a->receivers[0].channel_count, 2);
        assert_string_equal(webhooks[0].peer.url, "https://hooks.example/a/?x=1");
        assert_false(webhooks[0].send_resolved);
        assert_int_equal(webhooks[0].max_alerts, 5);
        assert_int_equal(webhooks[0].peer.timeout_usec, 10 * USEC_PER_SEC);
        assert_string_equal(webhooks[1].peer.url, "https://hooks.example/T0/s3cret?key=s3cret");
        assert_true(webhooks[1].send_resolved);
        assert_int_equal(webhooks[1].max_alerts, 0);
        assert_string_equal(a->rules[RULE_BAND_CROSSED].severity, "info");
        assert_int_equal(a->rules[RULE_BAND_CROSSED].for_usec, 10 * USEC_PER_MINUTE);
        assert_int_equal(a->rules[RULE_BAND_CROSSED].keep_firing_for_usec, 0);
        assert_true(a->rules[RULE_BAND_CROSSED].enabled);
        assert_false(a->rules[RULE_REPLAY_FAILING].enabled);
        assert_int_equal(a->rules[RULE_REPLAY_FAILING].for_usec,
                rule_defaults[RULE_REPLAY_FAILING].for_usec);
        assert_int_equal(a->resend_delay, 30 * USEC_PER_SEC);
        assert_int_equal(a->repeat_interval, USEC_PER_HOUR);
        assert_int_equal(a->group_wait, 0);
        assert_int_equal(a->group_interval, 10 * USEC_PER_MINUTE);
        assert_int_equal(a->query_alerts_max, 1000);
        assert_int_equal(c->ingest_grace, 0);
        assert_false(c->trust_loopback);
        assert_true(c->collections[0]->policy.embedder_counts);
        assert_false(c->collections[1]->policy.embedder_counts);
        assert_string_equal(a->runbook_url, "https://wiki.example/runbook#");
        assert_int_equal(c->per_query_limit, 0);
}

static void a_runbook_may_be_unwanted(void **state)
{
        _cleanup_(config_freep) struct config *c = parse(MINIMAL "alerting: {runbook_url: ''}\n");

        assert_string_equal(c->alerting.runbook_url, "");
}

static void bands_may_be_those_approved(void **state)
{
        _cleanup_(config_freep) struct config *c = parse(MINIMAL "  bands: auto\n");

        assert_int_equal(c->collections[0]->bands_source, BANDS_AUTO);
        assert_int_equal(c->collections[0]->bands.count, 4);
}

struct refusal {
        const char *yaml;
        const char *errors[4]; /* without "driftwatch.yaml:"; beginnings */
};

static void check_refusals(const struct refusal *cases, size_t count)
{
        static const char prefix[] = "driftwatch.yaml:";

        for (size_t i = 0; i < count; i++) {
                _cleanup_errors_ struct errors errors = {0};
                struct config *config = NULL;
                size_t expected = 0;

                assert_int_equal(config_parse("driftwatch.yaml", cases[i].yaml,
                                         strlen(cases[i].yaml), NULL, &config, &errors),
                        -EBADMSG);
                assert_null(config);
                for (; expected < 4 && cases[i].errors[expected]; expected++) {
                        const char *error =
                                expected < errors.count ? errors.messages[expected] : "";

                        if (strncmp(error, prefix, strlen(prefix)) == 0)
                                error += strlen(prefix);
                        if (strncmp(error, cases[i].errors[expected],
                                    strlen(cases[i].errors[expected])) != 0)
                                fail_msg("%s\nis\n%s\nnot\n%s", cases[i].yaml, error,
                                        cases[i].errors[expected]);
                }
                if (errors.count != expected)
                        fail_msg("%s\nunexpected %s", cases[i].yaml, errors.messages[expected]);
        }
}

#define NOTHING "collections: nothing to watch: give at least one collection with its name"

static void refuses_wrong_values(void **state)
{
        static const struct refusal cases[] = {
                {"", {"1:1: " NOTHING}},
                {"collections: []\n" SERVERS, {"1:14: " NOTHING}},
                {"servers:\ncollections:\nreplay:\nalerting:\nmetrics:\n", {"2:13: " NOTHING}},
                {"collections: {name: x}\n", {"1:14: collections: a mapping is not a list"}},
                {MINIMAL "alerting: {lease: {ttl: 1m}}\n",
                        {"6:19: alerting.lease.file: is required: a file on storage that all "
                         "daemons share"}},
                {MINIMAL "replay: {shard: {index: 3, of: 3}}\n",
                        {"6:25: replay.shard.index: the shards are counted from 0: of 3 the last "
                         "is 2"}},
                {MINIMAL "replay: {shard: {of: 1001}}\n",
                        {"6:22: replay.shard.of: \"1001\" is out of range (1 … 1000)"}},
                {"collections: [", {"2:1: did not find expected node content"}},
                {"- a", {"1:1: a list is not a mapping", "1:1: " NOTHING}},
                {MINIMAL "replay: {intervall: 5m}\n",
                        {"6:10: replay.intervall: unknown key; did you mean \"interval\"?"}},
                {MINIMAL "plugins: []\n", {"6:1: plugins: unknown key; known here: replay, "}},
                {MINIMAL "replay: {interval: soon}\n",
                        {"6:20: replay.interval: \"soon\" is not a duration such as 30s"}},
                {MINIMAL "replay: {interval: 99ms}\n",
                        {"6:20: replay.interval: \"99ms\" is out of range (100ms … 1d)"}},
                {MINIMAL "replay: {interval: 25h, timeout: 11m, history: 61d}\n",
                        {"6:20: replay.interval: \"25h\" is out of range (100ms … 1d)",
                                "6:34: replay.timeout: \"11m\" is out of range (10ms … 10m)",
                                "6:48: replay.history: \"61d\" is out of range (1m … 60d)"}},
                {MINIMAL "replay: {results: 0, batch: 1001}\n",
                        {"6:19: replay.results: \"0\" is out of range (1 … 1000)",
                                "6:29: replay.batch: \"1001\" is out of range (1 … 1000)"}},
                {MINIMAL "replay: {results: many}\n",
                        {"6:19: replay.results: \"many\" is not a whole number"}},
                {MINIMAL "replay: 5m\n", {"6:9: replay: \"5m\" is not a mapping"}},
                {MINIMAL "replay: {}\nreplay: {}\n", {"7:1: duplicate key \"replay\""}},
                {MINIMAL "metrics: {per_query_limit: 100001}\n",
                        {"6:28: metrics.per_query_limit: \"100001\" is out of range (0 … 100000)"}},
                {MINIMAL "alerting: {group_wait: 2h, group_interval: 0s, query_alerts_max: 0}\n",
                        {"6:24: alerting.group_wait: \"2h\" is out of range (0s … 1h)",
                                "6:44: alerting.group_interval: \"0s\" is out of range (1s … 1d)",
                                "6:66: alerting.query_alerts_max: \"0\" is out of range (1 … 1000)"}},
                {MINIMAL "ingest: {grace: 25h}\nweb: {trust_loopback: no}\n",
                        {"6:17: ingest.grace: \"25h\" is out of range (0s … 1d)",
                                "7:23: web.trust_loopback: \"no\" is not true or false"}},
                {MINIMAL "  interval: 1ms\n",
                        {"6:13: collections[0].interval: \"1ms\" is out of range (100ms … 1d)"}},
                {MINIMAL "  label: \"a\\tb\"\n",
                        {"6:10: collections[0].label: must not contain control characters"}},
                {SERVERS "collections: [{name: $NAME, queries: '${DIR}/q.yaml'}]\n",
                        {"2:22: collections[0].name: variables are not expanded",
                                "2:38: collections[0].queries: variables are not expanded"}},
                {MINIMAL "  label: ''\n", {"6:10: collections[0].label: must not be empty"}},
                {SERVERS "collections: [{}]\n",
                        {"2:15: collections[0].name: is required",
                                "2:15: collections[0].queries: is required"}},
                {MINIMAL "  bands: {name: x}\n",
                        {"6:10: collections[0].bands: a mapping is not a list"}},
                {MINIMAL "  bands: autp\n", {"6:10: collections[0].bands: \"autp\" is not a list"}},
                {MINIMAL "  bands: 'auto'\n",
                        {"6:10: collections[0].bands: \"auto\" is not a list"}},
                {MINIMAL "  bands: []\n", {"6:10: collections[0].bands: is empty"}},
                {MINIMAL "web: {hosts: []}\n", {"6:14: web.hosts: is empty: leave it out"}},
                {MINIMAL "  bands: [{name: a, below: 1}, {name: b, below: 1}, {name: c}]\n",
                        {"6:49: collections[0].bands[1].below: must be greater than that of the "
                         "band before, 1"}},
                {MINIMAL "  bands: [{name: a, below: 1}, {name: b, below: 2}]\n",
                        {"6:49: collections[0].bands[1].below: the last band has no upper bound"}},
                {MINIMAL "  bands: [{name: a}, {name: b}]\n",
                        {"6:11: collections[0].bands[0].below: is required in every band but the "
                         "last"}},
                {MINIMAL "  bands: [{name: a, below: low}, {name: a}]\n",
                        {"6:28: collections[0].bands[0].below: \"low\" is not a number",
                                "6:41: collections[0].bands[1].name: \"a\" is used by bands[0]"}},
                {MINIMAL "  bands: [{name: a, below: 1}, {below: 2}, {}]\n",
                        {"6:32: collections[0].bands[1].name: is required",
                                "6:44: collections[0].bands[2].name: is required"}},
                {MINIMAL "  bands: [{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, "
                         "{}]\n",
                        {"6:10: collections[0].bands: has 16 entries, at most 15 are allowed"}},
        };

        check_refusals(cases, ARRAY_SIZE(cases));
}

#define EMBEDDER(keys) SERVERS "embedders: [{name: m, url: 'http://e/', " keys "}]\n"
#define EMBEDDED "collections: [{name: f, queries: more.yaml, embedder: m"

static void reads_embedders(void **state)
{
        _cleanup_(config_freep) struct config *c = parse(SERVERS
                "replay: {embed_interval: 0s}\n"
                "embedders:\n"
                "- {name: o, api: ollama, url: 'http://h:11434/', model: nomic, timeout: 5s, "
                "batch: 8, auth: {scheme: bearer, secret_file: token}, headers: {X-A: b}}\n"
                "- {name: t, api: tei, url: 'http://t'}\n"
                "- {name: a, api: openai, url: 'http://a', model: x}\n"
                "collections:\n"
                "- {name: f, queries: more.yaml, vectors: vectors.json, embedder: t, "
                "embed_interval: 2h}\n"
                "- {name: g, queries: more.yaml, embedder: o}\n"
                "- {name: h, queries: more.yaml}\n");
        const struct embedder_config *o = c->embedders[0], *t = c->embedders[1];

        assert_int_equal(c->embedder_count, 3);
        assert_string_equal(o->name, "o");
        assert_string_equal(o->dialect->name, "ollama");
        assert_string_equal(o->peer.url, "http://h:11434/api/embed");
        assert_string_equal(o->peer.secret_header, "Authorization: Bearer ");
        assert_string_equal(secret_value(o->peer.secret), "s3cret");
        assert_string_equal(o->peer.headers[0], "X-A: b");
        assert_int_equal(o->peer.timeout_usec, 5 * USEC_PER_SEC);
        assert_string_equal(o->model, "nomic");
        assert_int_equal(o->batch, 8);
        assert_string_equal(t->dialect->name, "tei");
        assert_null(t->model);
        assert_int_equal(t->batch, 32);
        assert_int_equal(t->peer.timeout_usec, 30 * USEC_PER_SEC);
        assert_string_equal(c->embedders[2]->dialect->name, "openai");
        assert_ptr_equal(c->collections[0]->embedder, t);
        assert_ptr_equal(c->collections[1]->embedder, o);
        assert_null(c->collections[2]->embedder);
        assert_null(c->collections[1]->vectors);
        assert_int_equal(c->collections[0]->replay.embed_interval, 2 * USEC_PER_HOUR);
        assert_int_equal(c->collections[1]->replay.embed_interval, 0);
}

static void reads_what_an_embedder_wants(void **state)
{
        _cleanup_(config_freep) struct config *c =
                parse(EMBEDDER("api: openai, model: m, query_prefix: 'query: ', limit: 0.001, "
                               "proxy: 'http://proxy:3128', proxy_auth: {secret_file: password}, "
                               "auth: {scheme: header, name: api-key, credential: chroma-token}, "
                               "body: {dimensions: 512, truncate: 'END', extra: {on: [true, 1.5]}}")
                                EMBEDDED "}]\n");
        const struct embedder_config *e = c->embedders[0];
        _cleanup_free_ char *body = json_text(e->body, JSON_COMPACT, NULL);

        assert_string_equal(e->query_prefix, "query: ");
        assert_true(e->limit > 9e-4 && e->limit < 1.1e-3);
        assert_string_equal(e->peer.proxy, "http://proxy:3128");
        assert_string_equal(secret_value(e->peer.proxy_secret), "anna:pass:word");
        assert_string_equal(e->peer.secret_header, "api-key: ");
        assert_string_equal(secret_value(e->peer.secret), "from-credential");
        assert_string_equal(
                body, "{\"dimensions\":512,\"truncate\":\"END\",\"extra\":{\"on\":[true,1.5]}}");
}

static void text_may_speak_of_money(void **state)
{
        _cleanup_(config_freep) struct config *c = parse(EMBEDDER(
                "api: tei, query_prefix: 'Prices in $USD: ', "
                "body: {$ref: a, prompt: 'What is $HOME or ${}?\\n', cost: $5}") EMBEDDED "}]\n");
        _cleanup_free_ char *body = json_text(c->embedders[0]->body, JSON_COMPACT, NULL);

        assert_string_equal(c->embedders[0]->query_prefix, "Prices in $USD: ");
        assert_string_equal(
                body, "{\"$ref\":\"a\",\"prompt\":\"What is $HOME or ${}?\\\\n\",\"cost\":\"$5\"}");
}

/* As people copy them. */
static void urls_with_the_path_of_their_api_are_understood(void **state)
{
        _cleanup_(config_freep) struct config *c =
                parse("servers:\n- {name: main, url: 'http://c:1/proxy/api/v2/'}\n"
                      "embedders:\n"
                      "- {name: a, api: openai, model: m, url: 'http://e/v1/'}\n"
                      "- {name: b, api: openai, model: m, url: 'http://e/v1/embeddings'}\n"
                      "- {name: c, api: openai, model: m, "
                      "url: 'https://e/openai/deployments/x/embeddings?api-version=1'}\n"
                      "collections:\n- {name: f, queries: queries.yaml, vectors: vectors.json}\n"
                      "alerting: {alertmanagers: [{url: 'http://am:9093/api/v2/alerts'}, "
                      "{url: 'http://am:9093/x/api/v2'}, {url: 'http://am:9093/api'}]}\n");

        assert_string_equal(c->servers[0]->peer.url, "http://c:1/proxy");
        assert_string_equal(c->embedders[0]->peer.url, "http://e/v1/embeddings");
        assert_string_equal(c->embedders[1]->peer.url, "http://e/v1/embeddings");
        assert_string_equal(c->embedders[2]->peer.url,
                "https://e/openai/deployments/x/embeddings?api-version=1");
        assert_string_equal(c->alerting.alertmanagers[0].peer.url, "http://am:9093");
        assert_string_equal(c->alerting.alertmanagers[1].peer.url, "http://am:9093/x");
        assert_string_equal(c->alerting.alertmanagers[2].peer.url, "http://am:9093/api");
}

static void every_dialect_can_be_configured(void **state)
{
        for (size_t i = 0; i < embedding_dialect_count; i++) {
                char yaml[512];

                (void)snprintf(yaml, sizeof(yaml), EMBEDDER("model: x, api: %s") EMBEDDED "}]\n",
                        embedding_dialects[i].name);
                config_free(parse(yaml));
        }
}

static void refuses_wrong_embedders(void **state)
{
        static const struct refusal cases[] = {
                {EMBEDDER("model: x") EMBEDDED "}]\n", {"2:13: embedders[0].api: is required"}},
                {EMBEDDER("api: tie") EMBEDDED "}]\n",
                        {"2:46: embedders[0].api: \"tie\" is not one of openai, ollama, tei; did you "
                         "mean \"tei\"?"}},
                {EMBEDDER("api: ollama") EMBEDDED "}]\n",
                        {"2:13: embedders[0].model: is required with api: ollama"}},
                {EMBEDDER("api: tei, batch: 1001") EMBEDDED "}]\n",
                        {"2:58: embedders[0].batch: \"1001\" is out of range (1 … 1000)"}},
                {EMBEDDER("api: openai, model: m, body: {model: x, input: y}") EMBEDDED "}]\n",
                        {"2:71: embedders[0].body.model: is said by the embedder's own key model",
                                "2:81: embedders[0].body.input: is what driftwatch puts the "
                                "texts into"}},
                {EMBEDDER("api: tei, body: {a: '${A}', b: {c: [1, $C, 'd ${E}']}}") EMBEDDED "}]\n",
                        {"2:61: embedders[0].body.a: variables are not expanded; write the value",
                                "2:80: embedders[0].body.b.c[1]: variables are not expanded",
                                "2:84: embedders[0].body.b.c[2]: variables are not expanded"}},
                {EMBEDDER("api: tei, query_prefix: '${PREFIX}'") EMBEDDED "}]\n",
                        {"2:65: embedders[0].query_prefix: variables are not expanded"}},
                {EMBEDDER("api: tei, body: [a]") EMBEDDED "}]\n", {"2:57: embedders[0].body: "}},
                {EMBEDDER("api: tei, limit: 2.5") EMBEDDED "}]\n",
                        {"2:58: embedders[0].limit: \"2.5\" is out of range (0 … 2)"}},
                {EMBEDDER("api: tei, auth: {scheme: token, secret_file: token}") EMBEDDED "}]\n",
                        {"2:66: embedders[0].auth.scheme: \"token\" is not one of bearer, basic"}},
                {EMBEDDER("api: tei}, {name: m, api: tei, url: 'http://f'") EMBEDDED "}]\n",
                        {"2:59: embedders[1].name: \"m\" is used by embedders[0] already"}},
                {EMBEDDER(
                         "api: tei}, {name: minilm, api: tei, url: 'http://f'") "collections: [{name: f, queries: more.yaml, embedder: minlim}]\n",
                        {"3:55: collections[0].embedder: no embedder is called \"minlim\"; did you "
                         "mean \"minilm\"?"}},
                {SERVERS EMBEDDED "}]\n",
                        {"2:55: collections[0].embedder: no embedder is called \"m\""}},
                {EMBEDDER("api: tei") EMBEDDED ", embed_interval: 31d}]\n",
                        {"3:74: collections[0].embed_interval: \"31d\" is out of range (0s … 30d)"}},
        };

        check_refusals(cases, ARRAY_SIZE(cases));
}

static void refuses_wrong_references(void **state)
{
        static const struct refusal cases[] = {
                {COLLECTION, {"2:3: collections[0].server: no server is configured"}},
                {MINIMAL "  server: mian\n",
                        {"6:11: collections[0].server: no server is called \"mian\"; did you mean "
                         "\"main\"?"}},
                {"servers: [{name: a, url: 'http://a'}, {name: b, url: 'http://b'}]\n" COLLECTION,
                        {"3:3: collections[0].server: is required, because there are 2 servers"}},
                {"servers: [{name: a, url: 'http://a'}, {name: a, url: 'http://b'}]\n" COLLECTION
                 "  server: a\n",
                        {"1:46: servers[1].name: \"a\" is used by servers[0] already"}},
                {MINIMAL "- {name: faq, queries: queries.yaml, vectors: vectors.json}\n",
                        {"6:3: collections[1].label: \"faq\" is used by collections[0] already"}},
                {MINIMAL "- {name: x, label: faq, queries: queries.yaml, vectors: vectors.json}\n",
                        {"6:20: collections[1].label: \"faq\" is used by collections[0] already"}},
                {SERVERS "collections: [{name: a, queries: none.yaml, vectors: none.json}]\n",
                        {"2:34: collections[0].queries: cannot open none.yaml: No such file",
                                "2:54: collections[0].vectors: cannot open none.json: No such"}},
                {SERVERS "collections: [{name: a, queries: pointer.json, vectors: pointer.json}]\n",
                        {"2:34: collections[0].queries: pointer.json is a Git LFS pointer",
                                "2:57: collections[0].vectors: pointer.json is a Git LFS pointer, "
                                "not the file itself: run git lfs pull"}},
                {SERVERS "collections: [{name: a, queries: bad.yaml, vectors: bad.json}]\n",
                        {"bad.yaml:2:20: queries[0].expected: unknown key; did you mean \"expect\"",
                                "bad.yaml:3:8: queries[1].id: \"a\" is used by queries[0] already",
                                "bad.json: vectors.a[1]: is null"}},
                {SERVERS "collections: [{name: a, queries: bad.yaml, vectors: vectors.json},\n"
                         "  {name: b, queries: bad.yaml, vectors: vectors.json}]\n",
                        {"bad.yaml:2:20: ", "bad.yaml:3:8: "}},
                {SERVERS "collections: [{name: a, queries: more.yaml, vectors: vectors.json}]\n",
                        {"2:54: collections[0].vectors: vectors.json has no vector for query \"c\" "
                         "of more.yaml",
                                "2:54: collections[0].vectors: vectors.json has no vector for "
                                "query \"d\" of more.yaml"}},
                {MINIMAL "  results: 2\n",
                        {"6:12: collections[0].results: query \"a\" expects its record within the "
                         "first 3, but only 2 results are asked for"}},
                {MINIMAL "replay: {results: 1}\n",
                        {"4:12: collections[0].queries: query \"a\" expects its record within the "
                         "first 3, but only 1 results are asked for"}},
        };

        check_refusals(cases, ARRAY_SIZE(cases));
}

#define SERVER(keys) "{servers: [{name: main, " keys "}], " COLLECTIONS
#define COLLECTIONS "collections: [{name: f, queries: queries.yaml, vectors: vectors.json}]}"
#define URL "url: 'http://h', "

static void refuses_wrong_peers(void **state)
{
        static const struct refusal cases[] = {
                {SERVER("tenant: x"), {"1:12: servers[0].url: is required"}},
                {SERVER("url: localhost"),
                        {"1:30: servers[0].url: must begin with http:// or https://"}},
                {SERVER("url: 'ftp://x'"),
                        {"1:30: servers[0].url: must begin with http:// or https://"}},
                {SERVER("url: 'http://'"), {"1:30: servers[0].url: has no host"}},
                {SERVER("url: 'http://a:s3cret@h'"),
                        {"1:30: servers[0].url: must not contain user information; use auth"}},
                {SERVER("url: 'http://h/?a=b'"),
                        {"1:30: servers[0].url: must not have a query (?) or fragment (#)"}},
                {SERVER("url: 'http://h b/'"),
                        {"1:30: servers[0].url: contains a character that must be written"}},
                {SERVER("url: 'http://h:99999'"),
                        {"1:30: servers[0].url: the port must be a number from 1 to 65535"}},
                {SERVER("url: 'http://h:'"), {"1:30: servers[0].url: the port must be a number"}},
                {SERVER("url: 'http://[::1'"),
                        {"1:30: servers[0].url: the IPv6 address must look like [::1]"}},
                {SERVER("url: 'http://h*x'"), {"1:30: servers[0].url: the host is not valid"}},
                {SERVER("url: $CHROMA_URL"),
                        {"1:30: servers[0].url: variables are not expanded; write the value"}},
                {SERVER("url: 'http://${HOST}:8000'"),
                        {"1:30: servers[0].url: variables are not expanded"}},
                {SERVER(URL "tenant: '${TENANT}', database: db-$STAGE"),
                        {"1:50: servers[0].tenant: variables are not expanded",
                                "1:73: servers[0].database: variables are not expanded"}},
                {SERVER(URL "concurrency: 0"),
                        {"1:55: servers[0].concurrency: \"0\" is out of range (1 … 256)"}},
                {SERVER(URL "headers: {X-Team: $TEAM}"),
                        {"1:52: servers[0].headers.X-Team: variables are not expanded"}},
                {SERVER(URL "auth: {scheme: token, secret_file: $HOME/token}"),
                        {"1:77: servers[0].auth.secret_file: variables are not expanded",
                                "1:48: servers[0].auth: needs either"}},
                {SERVER(URL "headers: [a]"), {"1:51: servers[0].headers: a list is not a mapping"}},
                {SERVER(URL "headers: {'A B': c}"),
                        {"1:52: servers[0].headers.A B: is not the name of a header"}},
                {SERVER(URL "headers: {'A:': c}"),
                        {"1:52: servers[0].headers.A:: is not the name of a header"}},
                {SERVER(URL "headers: {A: \"b\\r\\nC: d\"}"),
                        {"1:52: servers[0].headers.A: must not contain control characters"}},
                {SERVER(URL "headers: {authorization: s3cret}"),
                        {"1:52: servers[0].headers.authorization: a secret is never written here"}},
                {SERVER(URL "headers: {Content-Length: 5}"),
                        {"1:52: servers[0].headers.Content-Length: driftwatch sets it itself"}},
                {SERVER(URL "headers: {X-A: b, x-a: c}"),
                        {"1:60: servers[0].headers.x-a: is given twice"}},
                {SERVER(URL "auth: {}"),
                        {"1:48: servers[0].auth.scheme: is required",
                                "1:48: servers[0].auth: needs either"}},
                {SERVER(URL "auth: {scheme: tokn, secret_file: token}"),
                        {"1:57: servers[0].auth.scheme: \"tokn\" is not one of token, bearer, "
                         "basic, header; did you mean \"token\"?"}},
                {SERVER(URL "auth: {scheme: token}"),
                        {"1:48: servers[0].auth: needs either credential or secret_file"}},
                {SERVER(URL "auth: {scheme: token, credential: a, secret_file: b}"),
                        {"1:48: servers[0].auth: needs either credential or secret_file"}},
                {SERVER(URL "auth: {scheme: token, secret_file: none}"),
                        {"1:77: servers[0].auth.secret_file: cannot open none: No such file"}},
                {SERVER(URL "auth: {scheme: token, secret_file: empty}"),
                        {"1:77: servers[0].auth.secret_file: empty: the first line is empty"}},
                {SERVER(URL "auth: {scheme: token, secret_file: control}"),
                        {"1:77: servers[0].auth.secret_file: the secret in control must not "
                         "contain control characters"}},
                {SERVER(URL "auth: {scheme: basic, secret_file: token}"),
                        {"1:77: servers[0].auth.secret_file: the secret in token must be "
                         "user:password"}},
                {SERVER(URL "auth: {scheme: header, secret_file: token}"),
                        {"1:48: servers[0].auth: scheme: header needs the header's name"}},
                {SERVER(URL "auth: {scheme: bearer, name: api-key, secret_file: token}"),
                        {"1:71: servers[0].auth.name: goes with scheme: header only"}},
                {SERVER(URL "auth: {scheme: header, name: 'a b', secret_file: token}"),
                        {"1:71: servers[0].auth.name: is not the name of a header"}},
                {SERVER(URL "auth: {scheme: header, name: expect, secret_file: token}"),
                        {"1:71: servers[0].auth.name: driftwatch sets it itself"}},
                {SERVER(URL "headers: {X-A: b}, auth: {scheme: header, name: x-a, secret_file: "
                            "token}"),
                        {"1:90: servers[0].auth.name: is among headers already"}},
                {SERVER(URL "headers: {API-Key: s3cret}"),
                        {"1:52: servers[0].headers.API-Key: a secret is never written here; use "
                         "auth with scheme: header"}},
                {SERVER(URL "proxy: 'http://anna:s3cret@p'"),
                        {"1:49: servers[0].proxy: must not contain user information; name the file "
                         "that holds user:password in proxy_auth"}},
                {SERVER(URL "proxy: 'http://p/path'"),
                        {"1:49: servers[0].proxy: must not have a path"}},
                {SERVER(URL "proxy: p"), {"1:49: servers[0].proxy: must begin with http://"}},
                {SERVER(URL "proxy_auth: {secret_file: password}"),
                        {"1:54: servers[0].proxy_auth: goes with proxy only"}},
                {SERVER(URL "proxy: 'http://p', proxy_auth: {secret_file: token}"),
                        {"1:87: servers[0].proxy_auth.secret_file: the secret in token must be "
                         "user:password"}},
                {SERVER(URL "auth: {scheme: token, credential: ../token}"),
                        {"1:76: servers[0].auth.credential: \"../token\" is not the name of a "
                         "credential"}},
                {SERVER(URL "tls: {ca_file: none.pem}"),
                        {"1:57: servers[0].tls.ca_file: cannot read none.pem: No such file"}},
                {SERVER(URL "tls: {ca_file: credential}"),
                        {"1:57: servers[0].tls.ca_file: credential is not a regular file"}},
                {SERVER(URL "tls: {cert_file: ca.pem}"),
                        {"1:47: servers[0].tls: needs both cert_file and key_file, or neither"}},
                {SERVER(URL "tls: {insecure_skip_verify: yes}"),
                        {"1:70: servers[0].tls.insecure_skip_verify: \"yes\" is not true or "
                         "false"}},
        };

        check_refusals(cases, ARRAY_SIZE(cases));
}

#define RECEIVER(keys) \
        ONE_LINE "alerting: {receivers:\n[{name: r, webhook_configs: [{" keys "}]}]}}"

#define CHANNEL(kind, keys) \
        ONE_LINE "alerting: {receivers:\n[{name: r, " kind "_configs: [{" keys "}]}]}}"
#define MAIL "to: a@b, from: c@d, smarthost: 'h:1', "

static void refuses_wrong_alerting(void **state)
{
        static const struct refusal cases[] = {
                {ONE_LINE "alerting: {escalations:\n []}}",
                        {"1:142: alerting.escalations: unknown key; did you mean \"escalation\"?"}},
                {ONE_LINE "alerting: {rules:\n{RetrievalBandCrosed: {for: 1m}}}}",
                        {"2:2: alerting.rules.RetrievalBandCrosed: unknown name; did you mean "
                         "\"RetrievalBandCrossed\"?"}},
                {ONE_LINE "alerting: {rules:\n{RetrievalBandCrossed: {severity: severe}}}}",
                        {"2:35: alerting.rules.RetrievalBandCrossed.severity: \"severe\" is not one "
                         "of critical, high, warning, info"}},
                {ONE_LINE "alerting: {rules:\n{RetrievalBandCrossed: {for: 31d}}}}",
                        {"2:30: alerting.rules.RetrievalBandCrossed.for: \"31d\" is out of range"}},
                {ONE_LINE "alerting: {rules:\n{RetrievalBandCrossed: {enable: no}}}}",
                        {"2:25: alerting.rules.RetrievalBandCrossed.enable: unknown key; did you "
                         "mean \"enabled\"?"}},
                {ONE_LINE "alerting: {alertmanagers:\n[{}]}}",
                        {"2:2: alerting.alertmanagers[0].url: is required"}},
                {ONE_LINE "alerting: {alertmanagers:\n[{url: 'http://a', auth: {scheme: token, "
                          "secret_file: token}}]}}",
                        {"2:35: alerting.alertmanagers[0].auth.scheme: \"token\" is not one of "
                         "bearer, basic, header"}},
                {ONE_LINE "alerting: {receivers:\n[{name: a}]}}",
                        {"2:2: alerting.receivers[0]: tells nobody; give it webhook_configs, "
                         "ntfy_configs, slack_configs, pagerduty_configs, msteamsv2_configs, "
                         "discord_configs, telegram_configs or email_configs"}},
                {ONE_LINE "alerting: {receivers:\n[{name: a, slack_config: []}]}}",
                        {"2:12: alerting.receivers[0].slack_config: unknown key; did you mean "
                         "\"slack_configs\"?",
                                "2:2: alerting.receivers[0]: tells nobody"}},
                {ONE_LINE "alerting: {receivers:\n[{name: a, webhook_configs: [{url: 'http://a'}]},"
                          "\n{name: a, webhook_configs: [{url: 'http://a'}]}]}}",
                        {"3:8: alerting.receivers[1].name: \"a\" is used by receivers[0] already"}},
                {RECEIVER(""),
                        {"2:30: alerting.receivers[0].webhook_configs[0]: needs either url or "
                         "url_file"}},
                {RECEIVER("url: 'http://a', url_file: hook"),
                        {"2:30: alerting.receivers[0].webhook_configs[0]: needs either url or "
                         "url_file"}},
                {RECEIVER("url: 'http://a#b'"),
                        {"2:36: alerting.receivers[0].webhook_configs[0].url: must not have a "
                         "fragment (#)"}},
                {RECEIVER("url_file: none"),
                        {"2:41: alerting.receivers[0].webhook_configs[0].url_file: cannot open "
                         "none"}},
                {RECEIVER("url_file: badhook"),
                        {"2:41: alerting.receivers[0].webhook_configs[0].url_file: the secret in "
                         "badhook must not contain user information; use auth"}},
                {RECEIVER("url_file: token"),
                        {"2:41: alerting.receivers[0].webhook_configs[0].url_file: the secret in "
                         "token must begin with http:// or https://"}},
                {RECEIVER("url: 'http://a', send_resolved: maybe"),
                        {"2:63: alerting.receivers[0].webhook_configs[0].send_resolved: \"maybe\" "
                         "is not true or false"}},
                {CHANNEL("slack", ""),
                        {"2:28: alerting.receivers[0].slack_configs[0]: needs either api_url or "
                         "api_url_file"}},
                {CHANNEL("msteamsv2", "webhook_url: 'http://a', webhook_url_file: hook"),
                        {"2:32: alerting.receivers[0].msteamsv2_configs[0]: needs either "
                         "webhook_url or webhook_url_file"}},
                {CHANNEL("discord", "webhook_url_file: none"),
                        {"2:49: alerting.receivers[0].discord_configs[0].webhook_url_file: cannot "
                         "open none"}},
                {CHANNEL("pagerduty", ""),
                        {"2:32: alerting.receivers[0].pagerduty_configs[0]: needs either "
                         "credential or routing_key_file"}},
                {CHANNEL("pagerduty", "routing_key_file: none"),
                        {"2:51: alerting.receivers[0].pagerduty_configs[0].routing_key_file: "
                         "cannot open none"}},
                {CHANNEL("telegram", "bot_token_file: hook, chat_id: 1"),
                        {"2:48: alerting.receivers[0].telegram_configs[0].bot_token_file: the "
                         "secret in hook is no bot's token, such as 123456:ABC-DEF"}},
                {CHANNEL("telegram", "bot_token_file: token, chat_id: me"),
                        {"2:64: alerting.receivers[0].telegram_configs[0].chat_id: must be the "
                         "number of a chat, or a channel's @name"}},
                {CHANNEL("telegram", "bot_token_file: token, chat_id: 1, message_thread_id: x"),
                        {"2:86: alerting.receivers[0].telegram_configs[0].message_thread_id: must "
                         "be a number"}},
                {CHANNEL("telegram", "bot_token_file: token, api_url: 'http://a?b'"),
                        {"2:31: alerting.receivers[0].telegram_configs[0].chat_id: is required",
                                "2:64: alerting.receivers[0].telegram_configs[0].api_url: must not "
                                "have"}},
                {CHANNEL("email", "smarthost: 'h', from: a, to: 'a@b,'"),
                        {"2:58: alerting.receivers[0].email_configs[0].to: must be addresses such as "
                         "search@example.org, with commas between them",
                                "2:51: alerting.receivers[0].email_configs[0].from: must be an "
                                "address such as search@example.org, or Search "
                                "<search@example.org>",
                                "2:40: alerting.receivers[0].email_configs[0].smarthost: must be a "
                                "host and a port, such as smtp.example.org:587"}},
                {CHANNEL("email", MAIL "auth_username: me"),
                        {"2:28: alerting.receivers[0].email_configs[0]: needs either credential or "
                         "auth_password_file"}},
                {CHANNEL("email", MAIL "auth_password_file: token"),
                        {"2:28: alerting.receivers[0].email_configs[0]: has a password, but no "
                         "auth_username"}},
                {CHANNEL("email",
                         MAIL "auth_username: me, auth_password_file: token, require_tls: false"),
                        {"2:126: alerting.receivers[0].email_configs[0].require_tls: must be true "
                         "with auth_username: anybody on the way could read the password"}},
                {CHANNEL("email", MAIL "hello: a/b"),
                        {"2:74: alerting.receivers[0].email_configs[0].hello: must be the name of "
                         "this host"}},
                {RECEIVER("url: 'http://a', signature: {scheme: standard, secret_file: token}"),
                        {"2:91: alerting.receivers[0].webhook_configs[0].signature.secret_file: "
                         "the secret in token must be whsec_ and the base64 of 24 to 64 bytes"}},
                {RECEIVER("url: 'http://a', signature: {scheme: github}"),
                        {"2:59: alerting.receivers[0].webhook_configs[0].signature: needs either "
                         "credential or secret_file"}},
                {RECEIVER("url: 'http://a', body: {text: ['{{ title }}', '{{ sumary }}']}"),
                        {"2:77: alerting.receivers[0].webhook_configs[0].body: \"{{ sumary }}\" is "
                         "no placeholder; there are status, severity, incident, collection, "}},
                {RECEIVER("url: 'http://a', body: {text: '{{ tilte }}', '{{ key }}': {a: '{{'}}"),
                        {"2:61: alerting.receivers[0].webhook_configs[0].body: \"{{ tilte }}\" is "
                         "no placeholder; did you mean \"{{ title }}\"?",
                                "2:76: alerting.receivers[0].webhook_configs[0].body: has a "
                                "placeholder in a name; they may only stand in values",
                                "2:93: alerting.receivers[0].webhook_configs[0].body: has a "
                                "\"{{\" without a \"}}\""}},
                {RECEIVER("url: 'http://a', body: text"),
                        {"2:54: alerting.receivers[0].webhook_configs[0].body: \"text\" is not a "
                         "mapping"}},
                {ONE_LINE "alerting: {runbook_url:\n wiki}}",
                        {"2:2: alerting.runbook_url: must begin with http:// or https://"}},
                {ONE_LINE "alerting: {resend_delay:\n 0s}}",
                        {"2:2: alerting.resend_delay: \"0s\" is out of range (1s … 1h)"}},
                {ONE_LINE "alerting: {repeat_interval:\n 31d}}",
                        {"2:2: alerting.repeat_interval: \"31d\" is out of range (1m … 30d)"}},
        };

        check_refusals(cases, ARRAY_SIZE(cases));
}

static struct http_peer *mail_peer(const char *yaml, struct config **ret)
{
        _cleanup_errors_ struct errors errors = {0};

        if (config_parse("c", yaml, strlen(yaml), NULL, ret, &errors) < 0)
                fail_msg("%s", errors.messages[0]);
        return &(*ret)->alerting.receivers[0].channels[0].peer;
}

/* Where TLS begins at once, and where anything goes without it. */
static void a_mail_server_is_found(void **state)
{
        static const struct {
                const char *yaml, *url;
                bool plaintext;
        } cases[] = {
                {CHANNEL("email", "to: a@b, from: c@d, smarthost: 'h:587'"), "smtp://h:587", false},
                {CHANNEL("email", "to: a@b, from: c@d, smarthost: '[::1]:25', require_tls: false"),
                        "smtp://[::1]:25", true},
                {CHANNEL("email", "to: a@b, from: c@d, smarthost: 'h:465', require_tls: false"),
                        "smtps://h:465", false},
                {CHANNEL("email", "to: a@b, from: c@d, smarthost: 'h:1465'"), "smtp://h:1465",
                        false},
                {CHANNEL("email",
                         "to: a@b, from: c@d, smarthost: 'h:25', force_implicit_tls: true"),
                        "smtps://h:25", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(config_freep) struct config *config = NULL;
                const struct http_peer *peer = mail_peer(cases[i].yaml, &config);

                assert_string_equal(peer->url, cases[i].url);
                assert_int_equal(peer->plaintext, cases[i].plaintext);
                assert_int_equal(peer->connect_timeout_usec, 10 * USEC_PER_SEC);
        }
}

static void a_mail_server_is_logged_in_to(void **state)
{
        _cleanup_(config_freep) struct config *config = NULL;
        const struct http_peer *peer = mail_peer(
                CHANNEL("email", MAIL "auth_username: 'me@b', auth_password_file: token"), &config);

        assert_string_equal(peer->user, "me@b");
        assert_string_equal(secret_value(peer->secret), "s3cret");
}

#define RECEIVERS \
        "receivers: [{name: search-team, webhook_configs: [{url: 'http://a'}]}, " \
        "{name: night, webhook_configs: [{url: 'http://b'}]}]"

static void assert_routed(const struct routing *r, const char *severity, const char *collection,
        const char *now, const char *expected)
{
        _cleanup_(recipients_done) struct recipients found = {0};
        _cleanup_(labels_done) struct labels l = {0};
        _cleanup_text_ struct text t = {0};
        usec_t at = 0;

        assert_int_equal(labels_set(&l, "severity", severity), 0);
        assert_int_equal(labels_set(&l, "collection", collection), 0);
        assert_int_equal(time_parse(now, &at), 0);
        assert_int_equal(routing_find(r, &l, at, &found), 0);
        for (size_t i = 0; i < found.count; i++)
                text_appendf(&t, "%s%s%s", i > 0 ? " " : "", found.routed[i].receiver,
                        found.routed[i].reason ? "(muted)" : "");
        assert_string_equal(text_string(&t), expected);
}

static void reads_a_route(void **state)
{
        _cleanup_(config_freep) struct config *c = parse(MINIMAL
                "alerting:\n"
                "  " RECEIVERS "\n"
                "  route:\n"
                "    receiver: search-team\n"
                "    routes:\n"
                "      - matchers: [severity=\"critical\", 'collection=~\"faq|wiki.*\"']\n"
                "        receiver: night\n"
                "        continue: true\n"
                "        active_time_intervals: [closed]\n"
                "      - matchers: ['{severity=~\"critical|warning\"}']\n"
                "        routes:\n"
                "          - matchers: [collection=shop]\n"
                "            mute_time_intervals: [closed, holidays]\n"
                "  time_intervals:\n"
                "    - name: closed\n"
                "      time_intervals:\n"
                "        - times: [{start_time: 00:00, end_time: 08:00}, "
                "{start_time: '18:00', end_time: '24:00'}]\n"
                "          weekdays: ['monday:friday']\n"
                "          location: Local\n"
                "        - weekdays: [saturday, sunday]\n"
                "    - name: holidays\n"
                "      time_intervals:\n"
                "        - {days_of_month: ['24:26', -1], months: [december], years: [2026]}\n");
        const struct routing *r = c->alerting.routing;
        const struct calendar *closed = &r->calendars[0], *holidays = &r->calendars[1];

        assert_int_equal(r->calendar_count, 2);
        assert_string_equal(closed->name, "closed");
        assert_int_equal(closed->count, 2);
        assert_int_equal(closed->intervals[0].fields[CALENDAR_TIMES].count, 2);
        assert_null(closed->intervals[1].zone);
        assert_int_equal(holidays->intervals[0].fields[CALENDAR_DAYS].spans[1].first, -1);
        assert_routed(r, "critical", "faq", "2026-11-28T12:00:00Z", "night search-team");
        assert_routed(r, "critical", "faq", "2026-11-26T12:00:00Z", "night(muted) search-team");
        assert_routed(r, "critical", "shop", "2026-12-24T12:00:00Z", "search-team(muted)");
        assert_routed(r, "warning", "shop", "2026-11-26T12:00:00Z", "search-team");
        assert_routed(r, "info", "faq", "2026-11-26T12:00:00Z", "search-team");
}

static void without_a_route_nobody_is_routed(void **state)
{
        _cleanup_(config_freep) struct config *none = parse(MINIMAL);
        _cleanup_(config_freep) struct config *unused = parse(MINIMAL
                "alerting: {" RECEIVERS ", time_intervals: [{name: a, time_intervals: [{}]}]}\n");

        assert_null(none->alerting.routing);
        assert_null(unused->alerting.routing);
}

#define ROUTE(keys) ONE_LINE "alerting: {" RECEIVERS ", route: {receiver: night,\n" keys "}}}"
#define TIMES(keys) \
        ONE_LINE "alerting: {time_intervals: [{name: a, time_intervals: [\n{" keys "}]}]}}"
#define SEVENTEEN "1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1"
#define TIME "{start_time: '00:00', end_time: '00:01'}"
#define FIVE TIME ", " TIME ", " TIME ", " TIME ", " TIME
#define TEN FIVE ", " FIVE
#define IN "routes: [{"
#define OUT "}]"

static void refuses_wrong_routes(void **state)
{
        static const struct refusal cases[] = {
                {ONE_LINE "alerting: {route:\n{receiver: night}}}",
                        {"2:12: alerting.route.receiver: there is no receiver \"night\""}},
                {ONE_LINE "alerting: {" RECEIVERS ", route:\n{receiver: serch-team}}}",
                        {"2:12: alerting.route.receiver: there is no receiver \"serch-team\"; did "
                         "you mean \"search-team\"?"}},
                {ONE_LINE "alerting: {" RECEIVERS ", route:\n{routes: []}}}",
                        {"2:1: alerting.route.receiver: is required"}},
                {ROUTE("matchers: [a=b]"),
                        {"2:1: alerting.route.matchers: unknown key; known here: receiver, routes"}},
                {ROUTE("group_by: [a]"), {"2:1: alerting.route.group_by: unknown key; "}},
                {ROUTE("routes: [{reciever: night}]"),
                        {"2:11: alerting.route.routes[0].reciever: unknown key; did you mean "
                         "\"receiver\"?"}},
                {ROUTE("routes: [{receiver: nigt}]"),
                        {"2:21: alerting.route.routes[0].receiver: there is no receiver \"nigt\"; "
                         "did you mean \"night\"?"}},
                {ROUTE("routes: [{matchers: a=b}]"),
                        {"2:21: alerting.route.routes[0].matchers: \"a=b\" is not a list"}},
                {ROUTE("routes: [{matchers: [a=b, 'c=~\"(\"', {}]}]"),
                        {"2:37: alerting.route.routes[0].matchers[2]: ",
                                "2:27: alerting.route.routes[0].matchers[1]: the regular "
                                "expression \"(\" cannot be used: a ( is not closed"}},
                {ROUTE("routes: [{routes: [{continue: yes}]}]"),
                        {"2:31: alerting.route.routes[0].routes[0].continue: \"yes\" is not true "
                         "or false"}},
                {ROUTE("routes: [{mute_time_intervals: [a], active_time_intervals: [b]}]"),
                        {"2:33: alerting.route.routes[0].mute_time_intervals[0]: there is no time "
                         "interval \"a\"",
                                "2:61: alerting.route.routes[0].active_time_intervals[0]: there is "
                                "no time interval \"b\""}},
                {ROUTE(IN IN IN IN IN IN IN IN "" OUT OUT OUT OUT OUT OUT OUT OUT), {NULL}},
                {TIMES("weekdays: [mon]"),
                        {"2:13: alerting.time_intervals[0].time_intervals[0].weekdays[0]: \"mon\" "
                         "is no day of the week or range of them, such as monday:friday"}},
                {TIMES("times: [{start_time: '22:00', end_time: '06:00'}]"),
                        {"2:10: alerting.time_intervals[0].time_intervals[0].times[0]: 22:00 is not "
                         "before 06:00"}},
                {TIMES("times: [{start_time: '22:00'}]"),
                        {"2:10: alerting.time_intervals[0].time_intervals[0].times[0].end_time: is "
                         "required"}},
                {TIMES("months: [13], years: [26], days_of_month: [0]"),
                        {"2:45: alerting.time_intervals[0].time_intervals[0].days_of_month[0]: "
                         "\"0\" is no day",
                                "2:11: alerting.time_intervals[0].time_intervals[0].months[0]: "
                                "\"13\" is no month",
                                "2:24: alerting.time_intervals[0].time_intervals[0].years[0]: "
                                "\"26\" is no year"}},
                {TIMES("days_of_month: [" SEVENTEEN "]"),
                        {"2:17: alerting.time_intervals[0].time_intervals[0].days_of_month: has 17 "
                         "entries, at most 16 are allowed"}},
                {TIMES("times: [" TEN "]}, {times: [" TEN "]}, {times: [" TEN "]}, {times: [" TEN
                       "]"),
                        {"1:159: alerting.time_intervals[0]: has 40 times of the day in all, at "
                         "most 32 are allowed"}},
                {TIMES("location: Europe/Berln"),
                        {"2:12: alerting.time_intervals[0].time_intervals[0].location: there is no "
                         "time zone \"Europe/Berln\""}},
                {TIMES("location: ../../etc/passwd"),
                        {"2:12: alerting.time_intervals[0].time_intervals[0].location: "
                         "\"../../etc/passwd\" is no name of a time zone"}},
                {ONE_LINE "alerting: {time_intervals:\n[{name: a}]}}",
                        {"2:2: alerting.time_intervals[0]: is never the time"}},
                {ONE_LINE "alerting: {time_intervals:\n[{name: a, time_intervals: [{}]}, "
                          "{name: a, time_intervals: [{}]}]}}",
                        {"2:42: alerting.time_intervals[1].name: \"a\" is used by "
                         "time_intervals[0] already"}},
        };
        static const char *const deep =
                ROUTE(IN IN IN IN IN IN IN IN IN "" OUT OUT OUT OUT OUT OUT OUT OUT OUT);
        _cleanup_errors_ struct errors errors = {0};
        struct config *config = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (cases[i].errors[0])
                        check_refusals(&cases[i], 1);
                else
                        config_free(parse(cases[i].yaml));
        assert_int_equal(
                config_parse("c.yaml", deep, strlen(deep), NULL, &config, &errors), -EBADMSG);
        assert_non_null(strstr(errors.messages[0], "is more than 8 routes deep"));
}

static void a_tree_of_routes_is_bounded(void **state)
{
        _cleanup_text_ struct text t = {0};
        _cleanup_errors_ struct errors errors = {0};
        struct config *config = NULL;

        text_append(&t, ONE_LINE "alerting: {" RECEIVERS ", route: {receiver: night, routes: [");
        for (int i = 0; i < 6; i++) {
                text_append(&t, i > 0 ? ", {routes: [" : "{routes: [");
                for (int k = 0; k < 90; k++)
                        text_append(&t, k > 0 ? ", {}" : "{}");
                text_append(&t, "]}");
        }
        text_append(&t, "]}}}");
        assert_int_equal(config_parse("c.yaml", t.data, t.size, NULL, &config, &errors), -EBADMSG);
        assert_int_equal(errors_total(&errors), 1);
        assert_non_null(strstr(errors.messages[0],
                "alerting.route.routes[5].routes[44]: is one route too many: at most 500"));
}

static void no_message_tells_a_secret(void **state)
{
        static const char *const cases[] = {
                SERVER("url: 'http://a:s3cret@h'"),
                SERVER("url: 'http://h/?s3cret'"),
                SERVER(URL "auth: {scheme: basic, secret_file: token}"),
                SERVER(URL "auth: {scheme: bearer, secret_file: control}"),
                SERVER(URL "headers: {Authorization: s3cret}"),
                SERVER(URL "headers: {X-A: \"s3cret\\n\"}"),
                RECEIVER("url_file: badhook"),
                RECEIVER("url_file: hook, url: 'ftp://s3cret'"),
                CHANNEL("slack", "api_url_file: badhook"),
                CHANNEL("telegram", "bot_token_file: badhook, chat_id: 1"),
                CHANNEL("pagerduty", "routing_key_file: control"),
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_errors_ struct errors errors = {0};
                struct config *config = NULL;

                assert_int_equal(
                        config_parse("c", cases[i], strlen(cases[i]), NULL, &config, &errors),
                        -EBADMSG);
                assert_true(errors.count > 0);
                for (size_t j = 0; j < errors.count; j++)
                        if (strstr(errors.messages[j], "s3"))
                                fail_msg("%s", errors.messages[j]);
        }
}

static void a_credential_needs_the_directory(void **state)
{
        static const char yaml[] = SERVER(URL "auth: {scheme: token, credential: chroma-token}");
        _cleanup_free_ char *directory_before = strdup(getenv("CREDENTIALS_DIRECTORY"));
        _cleanup_errors_ struct errors errors = {0};
        struct config *config = NULL;
        int r;

        assert_non_null(directory_before);
        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
        r = config_parse("c", yaml, strlen(yaml), NULL, &config, &errors);
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", directory_before, 1), 0);
        assert_int_equal(r, -EBADMSG);
        assert_int_equal(errors.count, 1);
        assert_non_null(strstr(errors.messages[0],
                "c:1:76: servers[0].auth.credential: credential \"chroma-token\": "
                "$CREDENTIALS_DIRECTORY is not set"));
}

static void names_ten_missing_vectors(void **state)
{
        static const char yaml[] =
                SERVERS "collections: [{name: a, queries: many.yaml, vectors: vectors.json}]\n";
        _cleanup_errors_ struct errors errors = {0};
        struct config *config = NULL;

        assert_int_equal(config_parse("c", yaml, strlen(yaml), NULL, &config, &errors), -EBADMSG);
        assert_int_equal(errors.count, 11);
        assert_non_null(strstr(errors.messages[9], "query \"m10\""));
        assert_string_equal(errors.messages[10],
                "c:2:54: collections[0].vectors: vectors.json has no vectors for 2 more queries");
}

static void refuses_a_request_nobody_takes(void **state)
{
        static const char yaml[] = EMBEDDER(
                "api: tei") "collections: [{name: a, queries: wide.yaml, vectors: wide.json, embedder: m, "
                            "batch: 40}]\n";
        _cleanup_errors_ struct errors errors = {0};
        struct config *config = NULL;
        FILE *queries = fopen("wide.yaml", "we"), *vectors = fopen("wide.json", "we");

        assert_true(queries && vectors);
        (void)fprintf(queries, "queries:\n");
        for (int i = 0; i < 40; i++)
                (void)fprintf(queries, "- {id: w%d, text: x}\n", i);
        /* The embedder gives the others. */
        (void)fprintf(vectors, "{\"dimension\": 65536, \"vectors\": {\"w0\": [0");
        for (int j = 1; j < 65536; j++)
                (void)fputs(",0", vectors);
        (void)fputs("]}}", vectors);
        assert_int_equal(fclose(queries) | fclose(vectors), 0);
        assert_int_equal(config_parse("c", yaml, strlen(yaml), NULL, &config, &errors), -EBADMSG);
        assert_int_equal(unlink("wide.yaml") | unlink("wide.json"), 0);
        assert_int_equal(errors.count, 1);
        assert_string_equal(errors.messages[0],
                "c:3:85: collections[0].batch: 40 vectors of dimension 65536 make a request that "
                "servers refuse; at most 32");
}

static void reads_files_relative_to_itself(void **state)
{
        char path[sizeof(directory) + 32], missing[sizeof(directory) + 32];
        _cleanup_(config_freep) struct config *c = NULL;
        _cleanup_errors_ struct errors errors = {0};
        int r;

        write_file("driftwatch.yaml", full);
        (void)snprintf(path, sizeof(path), "%s/driftwatch.yaml", directory);
        (void)snprintf(missing, sizeof(missing), "%s/none.yaml", directory);
        assert_int_equal(chdir("/"), 0);
        r = config_load(path, NULL, &c, &errors);
        assert_int_equal(chdir(directory), 0);
        assert_int_equal(unlink("driftwatch.yaml"), 0);
        assert_int_equal(r, 0);
        assert_string_equal(c->path, path);
        assert_int_equal(c->servers[0]->peer.ca_file[0], '/');
        assert_int_equal(config_load(missing, NULL, &c, &errors), -EBADMSG);
        assert_int_equal(errors.count, 1);
        assert_non_null(strstr(errors.messages[0], "cannot open "));
        assert_null(config_free(NULL));
}

static struct config_key_info find_key(const char *path, char *buffer, size_t size)
{
        struct config_key_info key;

        for (size_t i = 0; config_key_info(i, &key, buffer, size); i++)
                if (streq(key.path, path))
                        return key;
        fail_msg("no key %s", path);
        return (struct config_key_info){0};
}

static void the_table_says_what_the_code_does(void **state)
{
        char buffer[CONFIG_KEY_TEXT_MAX];
        struct config_key_info key;
        size_t count = 0;

        for (; config_key_info(count, &key, buffer, sizeof(buffer)); count++) {
                assert_true(key.doc && key.doc[strlen(key.doc) - 1] == '.');
                assert_true(!key.required || (!key.fallback && !key.inherits));
                assert_true(strlen(key.path) < CONFIG_KEY_TEXT_MAX / 2);
        }
        assert_in_range(count, 60, 400);
        key = find_key("collections[].interval", buffer, sizeof(buffer));
        assert_string_equal(key.type, "duration");
        assert_string_equal(key.inherits, "replay.interval");
        assert_string_equal(key.bounds, "100ms … 1d");
        assert_true(key.reloadable && !key.required);
}

/* A list's default is text in the table and data in bands_default(). */
static void the_default_bands_are_documented(void **state)
{
        _cleanup_(yaml_node_freep) struct yaml_node *root = NULL;
        _cleanup_errors_ struct errors errors = {0};
        struct bands bands;
        char buffer[CONFIG_KEY_TEXT_MAX];
        struct config_key_info key = find_key("collections[].bands", buffer, sizeof(buffer));
        double below;

        assert_int_equal(yaml_parse("t", key.fallback, strlen(key.fallback), &root, &errors), 0);
        assert_int_equal(bands_default(NULL, &bands), 0);
        assert_int_equal(root->count, bands.count);
        for (size_t i = 0; i < bands.count; i++) {
                const struct yaml_node *band = root->values[i];

                assert_string_equal(yaml_get(band, "name")->scalar, bands.bands[i].name);
                if (i + 1 == bands.count) {
                        assert_null(yaml_get(band, "below"));
                        continue;
                }
                assert_int_equal(yaml_to_double(yaml_get(band, "below"), &below), 0);
                assert_true((float)below == bands.bands[i].below);
        }
        bands_done(&bands);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_minimum_has_every_default),
                cmocka_unit_test(reads_servers),
                cmocka_unit_test(who_shares_a_lease_says_where),
                cmocka_unit_test(a_daemon_is_the_only_one_unless_it_says_so),
                cmocka_unit_test(collections_override_the_defaults),
                cmocka_unit_test(reads_alerting),
                cmocka_unit_test(a_runbook_may_be_unwanted),
                cmocka_unit_test(bands_may_be_those_approved),
                cmocka_unit_test(refuses_wrong_values),
                cmocka_unit_test(reads_embedders),
                cmocka_unit_test(reads_what_an_embedder_wants),
                cmocka_unit_test(text_may_speak_of_money),
                cmocka_unit_test(urls_with_the_path_of_their_api_are_understood),
                cmocka_unit_test(every_dialect_can_be_configured),
                cmocka_unit_test(refuses_wrong_embedders),
                cmocka_unit_test(refuses_wrong_references),
                cmocka_unit_test(refuses_wrong_peers),
                cmocka_unit_test(refuses_wrong_alerting),
                cmocka_unit_test(a_mail_server_is_found),
                cmocka_unit_test(a_mail_server_is_logged_in_to),
                cmocka_unit_test(reads_a_route),
                cmocka_unit_test(without_a_route_nobody_is_routed),
                cmocka_unit_test(refuses_wrong_routes),
                cmocka_unit_test(a_tree_of_routes_is_bounded),
                cmocka_unit_test(no_message_tells_a_secret),
                cmocka_unit_test(a_credential_needs_the_directory),
                cmocka_unit_test(names_ten_missing_vectors),
                cmocka_unit_test(refuses_a_request_nobody_takes),
                cmocka_unit_test(reads_files_relative_to_itself),
                cmocka_unit_test(the_table_says_what_the_code_does),
                cmocka_unit_test(the_default_bands_are_documented),
        };

        return cmocka_run_group_tests(tests, set_up_files, tear_down_files);
}
