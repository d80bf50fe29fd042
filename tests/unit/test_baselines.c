/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "approved.h"
#include "digest.h"
#include "file.h"
#include "json.h"
#include "keep/baselines.h"
#include "text.h"

#define LABEL "a/b"
#define FILE_NAME "a%%2Fb"

static char storage[] = "/tmp/driftwatch-baselines-XXXXXX";

static const char *place(const char *suffix)
{
        static char path[128];

        (void)snprintf(path, sizeof(path), "%s/baselines/" FILE_NAME ".%s", storage, suffix);
        return path;
}

static int set_up(void **state)
{
        return mkdtemp(storage) ? 0 : -1;
}

static int clear(void **state)
{
        static const char *const suffixes[] = {
                "json", "1.json", "2.json", "3.json", "candidate.json"};
        char path[128];

        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                (void)unlink(place(suffixes[i]));
                (void)rmdir(place(suffixes[i]));
        }
        (void)snprintf(path, sizeof(path), "%s/baselines", storage);
        return rmdir(path) < 0 && errno != ENOENT ? -1 : 0;
}

static int tear_down(void **state)
{
        return rmdir(storage);
}

/* Three records are gone, of which two are known by id, and one is edited. */
static struct fates *touched(void)
{
        struct fates *f = fates_new();

        f->records = calloc(3, sizeof(*f->records));
        f->records[f->count++] = (struct touched_record){.id = strdup("r12"), .fate = FATE_GONE};
        f->records[f->count++] = (struct touched_record){.id = strdup("r\"9"), .fate = FATE_GONE};
        f->records[f->count++] = (struct touched_record){
                .id = strdup("r7"), .excerpt = strdup("How?"), .fate = FATE_EDITED};
        f->totals[FATE_GONE] = 3;
        f->totals[FATE_EDITED] = 1;
        f->cause_queries[CAUSE_REMOVED] = 2;
        f->cause_queries[CAUSE_EDIT] = f->cause_queries[CAUSE_GROWTH] = 1;
        f->expected_lost = true;
        return f;
}

static void assert_same_causes(const struct baseline *a, const struct baseline *b)
{
        assert_int_equal(a->cause_count, b->cause_count);
        assert_memory_equal(a->causes, b->causes, sizeof(a->causes));
        assert_memory_equal(a->fates->totals, b->fates->totals, sizeof(a->fates->totals));
        assert_memory_equal(
                a->fates->cause_queries, b->fates->cause_queries, sizeof(a->fates->cause_queries));
        assert_true(b->fates->expected_lost);
        assert_int_equal(a->fates->count, b->fates->count);
        for (size_t i = 0; i < a->fates->count; i++) {
                assert_string_equal(a->fates->records[i].id, b->fates->records[i].id);
                assert_true(streq(a->fates->records[i].excerpt, b->fates->records[i].excerpt));
                assert_int_equal(a->fates->records[i].fate, b->fates->records[i].fate);
        }
}

static struct baseline *sample(unsigned number)
{
        static const char *const ids[] = {"r1", "r\"2"};
        static const float distances[] = {0.91968507f, 1.5f};
        static const char *const followers[] = {"r3", "r4"};
        static const float followers_at[] = {1.5f, 1.75f};
        struct baseline *b = baseline_new(2);

        b->number = number;
        b->collection = strdup(LABEL);
        b->name = strdup("agents");
        b->recorded = 1795305594123456;
        b->approved = number > 0 ? 1795305600000000 : 0;
        b->approved_by = strdup("Ada");
        b->reason = strdup("validated by hand");
        b->results = 10;
        b->samples = 3;
        b->epoch.id = strdup("6a2f41a3");
        b->epoch.space = strdup("l2");
        b->epoch.dimension = 2;
        b->epoch.records = 311;
        b->epoch.sentinels = UINT64_C(0xfedcba9876543210);
        b->unreachable = 0;
        b->recall = 0.998;
        b->floor = (struct index_floor){2, 0.972, 540, 0.031, 29};
        b->attribution.cause = CAUSE_REMOVED;
        b->causes[b->cause_count++] = CAUSE_REMOVED;
        b->causes[b->cause_count++] = CAUSE_EDIT;
        b->fates = touched();
        b->attribution.evidence.intruders = 7;
        b->attribution.evidence.overlap = 0.9;
        b->vectors = vector_set_new("v", "minilm", 2, 2);
        b->vectors->ids[0] = strdup("q1");
        b->vectors->ids[1] = strdup("q2");
        b->vectors->rows[0][0] = 0.1f;
        b->vectors->rows[1][1] = -1e-30f;
        b->bands.bands = calloc(2, sizeof(struct band));
        b->bands.count = 2;
        b->bands.bands[0] = (struct band){strdup("near"), 0.24f};
        b->bands.bands[1] = (struct band){strdup("far"), INFINITY};
        b->queries[0].id = strdup("q1");
        b->queries[0].text = strdup("How?");
        b->queries[0].answer = answer_new(2, ids, distances, NULL);
        b->queries[0].levels[LEVEL_TOP1] = (struct level_baseline){0.91968507, 0.0003};
        b->queries[0].expected_rank = 1;
        b->queries[0].deep_rank = 37;
        b->queries[0].searched = 100;
        b->queries[0].excerpts[0] = (struct excerpt){strdup("file: a.md"), strdup("Ask \"HR\"")};
        b->queries[0].outcome = OUTCOME_PASS;
        b->queries[0].beyond.records = answer_new(2, followers, followers_at, NULL);
        b->queries[0].beyond.expected = calloc(2, sizeof(unsigned));
        b->queries[0].beyond.expected[b->queries[0].beyond.expected_count++] = 1;
        b->queries[0].beyond.expected[b->queries[0].beyond.expected_count++] = 4;
        b->queries[0].embedder_noise = 1e-7;
        b->queries[1].id = strdup("q2");
        return b;
}

static void assert_same(const struct baseline *a, const struct baseline *b)
{
        assert_int_equal(a->number, b->number);
        assert_string_equal(a->collection, b->collection);
        assert_int_equal(a->recorded, b->recorded);
        assert_int_equal(a->approved, b->approved);
        assert_string_equal(a->approved_by, b->approved_by);
        assert_string_equal(a->epoch.id, b->epoch.id);
        assert_null(b->epoch.newest);
        assert_true(a->epoch.sentinels == b->epoch.sentinels);
        assert_int_equal(a->attribution.cause, b->attribution.cause);
        assert_same_causes(a, b);
        assert_int_equal(b->attribution.evidence.intruders, 7);
        assert_true(isnan(b->attribution.evidence.fit_rms));
        assert_int_equal(b->floor.measured, a->floor.measured);
        assert_true(fabs(b->floor.recall - a->floor.recall) < 1e-12);
        assert_int_equal(b->floor.places, a->floor.places);
        assert_true(fabs(b->floor.moved - a->floor.moved) < 1e-12);
        assert_int_equal(b->floor.unreachable, a->floor.unreachable);
        assert_int_equal(b->attribution.evidence.records_before, -1);
        for (size_t i = 0; i < 2; i++)
                assert_memory_equal(a->vectors->rows[i], b->vectors->rows[i], 2 * sizeof(float));
        assert_true(bands_equal(&a->bands, &b->bands));
        assert_int_equal(b->count, 2);
        assert_true(answer_equal(a->queries[0].answer, b->queries[0].answer));
        assert_true(fabs(a->queries[0].levels[LEVEL_TOP1].location -
                            b->queries[0].levels[LEVEL_TOP1].location) < 1e-12);
        assert_int_equal(b->queries[0].outcome, OUTCOME_PASS);
        assert_int_equal(b->queries[0].deep_rank, 37);
        assert_int_equal(b->queries[0].searched, 100);
        assert_string_equal(b->queries[0].excerpts[0].about, "file: a.md");
        assert_string_equal(b->queries[0].excerpts[0].words, "Ask \"HR\"");
        assert_null(b->queries[0].excerpts[1].words);
        assert_true(answer_equal(a->queries[0].beyond.records, b->queries[0].beyond.records));
        assert_int_equal(b->queries[0].beyond.expected_count, 2);
        assert_int_equal(b->queries[0].beyond.expected[1], 4);
        assert_null(b->queries[1].beyond.records);
        assert_null(b->queries[1].answer);
        assert_null(b->queries[1].text);
        assert_true(isnan(b->queries[1].levels[LEVEL_TOP1].location));
        assert_true(isnan(b->queries[1].embedder_noise));
        assert_int_equal(b->queries[1].outcome, OUTCOME_UNMEASURED);
}

static void what_is_written_is_read(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *a = sample(1), *b = NULL;
        _cleanup_error_ struct error e = {0};

        a->approved = 0;
        assert_int_equal(baselines_propose(storage, a, &e), 0);
        assert_int_equal(baselines_load(storage, LABEL, BASELINE_CANDIDATE, NULL, &b, &e), 0);
        assert_same(a, b);
}

static void an_approval_keeps_the_versions_before(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *one = sample(1), *two = sample(2), *b = NULL;
        _cleanup_error_ struct error e = {0};
        uint64_t signature;

        assert_true(baselines_signature(storage, LABEL) == 0);
        assert_int_equal(baselines_propose(storage, one, &e), 0);
        assert_int_equal(baselines_approve(storage, one, &e), 0);
        signature = baselines_signature(storage, LABEL);
        assert_true(signature != 0);
        assert_int_equal(access(place("candidate.json"), F_OK), -1);
        assert_int_equal(baselines_approve(storage, two, &e), 0);
        assert_true(baselines_signature(storage, LABEL) != signature);
        assert_int_equal(access(place("1.json"), F_OK), 0);
        assert_int_equal(access(place("2.json"), F_OK), 0);
        assert_int_equal(baselines_load(storage, LABEL, BASELINE_APPROVED, NULL, &b, &e), 0);
        assert_same(two, b);
}

static void assert_next(unsigned expected)
{
        _cleanup_error_ struct error e = {0};
        unsigned number = 0;

        assert_int_equal(baselines_next(storage, LABEL, &number, &e), 0);
        assert_int_equal(number, expected);
}

/* Whether or not the approved file is there, and whatever else is. */
static void a_number_is_never_given_twice(void **state)
{
        static const char *const others[] = {"7.json.AbCdEf", "8.jso", "9x.json", "candidate.json",
                "4294967296.json", "99999999999999999999.json"};
        _cleanup_(baseline_unrefp) struct baseline *b = sample(3);

        assert_next(1);
        assert_int_equal(baselines_approve(storage, b, NULL), 0);
        assert_next(4);
        assert_int_equal(unlink(place("json")), 0);
        assert_next(4);
        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                assert_int_equal(file_replace(place(others[i]), "", 0, NULL), 0);
                assert_next(4);
                assert_int_equal(unlink(place(others[i])), 0);
        }
}

/* A file that was copied or renamed to another's place. */
static void each_kind_has_its_place(void **state)
{
        static const struct {
                enum baseline_kind kind;
                const char *suffix;
                usec_t approved;
                const char *error;
        } cases[] = {
                {BASELINE_APPROVED, "json", 0, "was never approved"},
                {BASELINE_CANDIDATE, "candidate.json", 1, "is an approved baseline"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(baseline_unrefp) struct baseline *b = sample(1), *loaded = NULL;
                _cleanup_error_ struct error e = {0};
                _cleanup_free_ char *data = NULL;
                size_t size;

                assert_int_equal(baselines_propose(storage, b, NULL), 0);
                b->approved = cases[i].approved;
                assert_int_equal(baseline_build(b, &data, &size), 0);
                assert_int_equal(file_replace(place(cases[i].suffix), data, size, NULL), 0);
                assert_int_equal(
                        baselines_load(storage, LABEL, cases[i].kind, NULL, &loaded, &e), -EBADMSG);
                assert_non_null(strstr(error_text(&e, -EBADMSG), cases[i].error));
        }
}

/* Each step that fails leaves the candidate, so that approving again can finish. */
static void an_approval_that_fails_loses_nothing(void **state)
{
        static const char *const obstacles[] = {"1.json", "json"};
        _cleanup_(baseline_unrefp) struct baseline *b = sample(1);

        for (size_t i = 0; i < ARRAY_SIZE(obstacles); i++) {
                _cleanup_error_ struct error e = {0};

                assert_int_equal(baselines_propose(storage, b, &e), 0);
                assert_int_equal(mkdir(place(obstacles[i]), 0700), 0);
                assert_true(baselines_approve(storage, b, &e) < 0);
                assert_non_null(strstr(error_text(&e, -EIO), obstacles[i]));
                assert_int_equal(access(place("candidate.json"), F_OK), 0);
                assert_int_equal(rmdir(place(obstacles[i])), 0);
                assert_int_equal(baselines_approve(storage, b, &e), 0);
                assert_int_equal(clear(state), 0);
        }
}

static void assert_refused(int code, const char *words)
{
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;
        _cleanup_error_ struct error e = {0};

        assert_int_equal(baselines_load(storage, LABEL, BASELINE_APPROVED, NULL, &b, &e), code);
        assert_null(b);
        if (!strstr(error_text(&e, code), words))
                fail_msg("\"%s\" is not in: %s", words, error_text(&e, code));
}

/* Each step damages one more: the newest of what is left is named. */
static void one_that_cannot_be_read_names_the_version_that_can(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *one = sample(1), *two = sample(2);
        uint64_t signature;

        assert_int_equal(baselines_approve(storage, one, NULL), 0);
        assert_int_equal(baselines_approve(storage, two, NULL), 0);
        signature = baselines_signature(storage, LABEL);
        assert_int_equal(file_replace(place("json"), "{}", 2, NULL), 0);
        assert_refused(-EBADMSG,
                "driftwatch baseline rollback 2 --collection " LABEL
                " goes back to baseline 2, which can be read");
        assert_int_equal(file_replace(place("2.json"), "{}", 2, NULL), 0);
        assert_refused(-EBADMSG, "goes back to baseline 1, which can be read");
        assert_int_equal(unlink(place("json")), 0);
        assert_int_equal(symlink(place("json"), place("json")), 0);
        assert_refused(-ELOOP, "goes back to baseline 1, which can be read");
        assert_true(baselines_signature(storage, LABEL) != 0);
        assert_true(baselines_signature(storage, LABEL) != signature);
        assert_int_equal(unlink(place("1.json")), 0);
        assert_refused(-ELOOP, "Too many levels of symbolic links");
}

/* A file that somebody was let in to can be read now. */
static void a_change_of_rights_is_seen(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *b = sample(1);
        uint64_t signature;

        assert_int_equal(baselines_approve(storage, b, NULL), 0);
        signature = baselines_signature(storage, LABEL);
        assert_true(baselines_signature(storage, LABEL) == signature);
        while (baselines_signature(storage, LABEL) == signature) /* a clock has its ticks */
                assert_int_equal(chmod(place("json"), 0640), 0);
}

static void one_that_is_missing_names_the_command(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *b = NULL;
        _cleanup_error_ struct error e = {0};

        assert_int_equal(baselines_load(storage, LABEL, BASELINE_APPROVED, NULL, &b, &e), -ENOENT);
        assert_non_null(strstr(error_text(&e, -ENOENT), "driftwatch baseline propose"));
}

static void write_text(const char *path, const char *text, size_t size)
{
        assert_int_equal(file_replace(path, text, size, NULL), 0);
}

/* Replaces the first `from` of a good file. */
static void damage(const char *from, const char *to)
{
        _cleanup_(baseline_unrefp) struct baseline *b = sample(1);
        _cleanup_text_ struct text t = {0};
        _cleanup_free_ char *data = NULL;
        char *found;
        size_t size;

        assert_int_equal(baselines_propose(storage, b, NULL), 0);
        assert_int_equal(baseline_build(b, &data, &size), 0);
        found = strstr(data, from);
        assert_non_null(found);
        text_append_bytes(&t, data, (size_t)(found - data));
        text_append(&t, to);
        text_append(&t, found + strlen(from));
        write_text(place("candidate.json"), t.data, t.size);
}

static void what_is_damaged_or_foreign_is_refused(void **state)
{
        static const struct {
                const char *from, *to, *error;
        } cases[] = {
                {"\"reason\": \"validated", "\"reason\": \"forged", "does not match its sha256"},
                {"0.91968507", "0.1", "does not match its sha256"},
                {"\"format\": 2", "\"format\": 3",
                        "is a baseline of format 3; this driftwatch reads formats 1 to 2"},
                {"\"format\": 2", "\"format\": null", "is not a baseline"},
                {"{", "[", ".candidate.json:"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(baseline_unrefp) struct baseline *b = NULL;
                _cleanup_error_ struct error e = {0};

                damage(cases[i].from, cases[i].to);
                assert_int_equal(
                        baselines_load(storage, LABEL, BASELINE_CANDIDATE, NULL, &b, &e), -EBADMSG);
                assert_null(b);
                if (!strstr(error_text(&e, -EBADMSG), cases[i].error))
                        fail_msg("%s: %s", cases[i].to, error_text(&e, -EBADMSG));
                assert_int_equal(access(place("candidate.json"), F_OK), 0);
        }
}

static void one_of_another_collection_is_refused(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *b = sample(1), *loaded = NULL;
        _cleanup_error_ struct error e = {0};

        assert_int_equal(baselines_propose(storage, b, &e), 0);
        free(b->collection);
        b->collection = strdup("other");
        {
                _cleanup_free_ char *data = NULL;
                size_t size;

                assert_int_equal(baseline_build(b, &data, &size), 0);
                write_text(place("candidate.json"), data, size);
        }
        assert_int_equal(
                baselines_load(storage, LABEL, BASELINE_CANDIDATE, NULL, &loaded, &e), -EBADMSG);
        assert_non_null(strstr(error_text(&e, -EBADMSG), "of collection \"other\", not of"));
}

static void break_scale(struct baseline *b)
{
        b->queries[0].levels[LEVEL_TOP1].scale = -1;
}

static void break_order(struct baseline *b)
{
        b->queries[0].answer->distances[1] = 0.1f;
}

static void break_collection(struct baseline *b)
{
        free(b->collection);
        b->collection = NULL;
}

static void break_approver(struct baseline *b)
{
        free(b->approved_by);
        b->approved_by = NULL;
}

static void break_reason(struct baseline *b)
{
        free(b->reason);
        b->reason = NULL;
}

static void break_followers(struct baseline *b)
{
        b->queries[0].beyond.records->distances[0] = 1.4f;
}

static void break_rank(struct baseline *b)
{
        b->queries[0].beyond.expected[1] = 5;
}

static void break_rank_order(struct baseline *b)
{
        b->queries[0].beyond.expected[1] = 1;
}

static void break_followed(struct baseline *b)
{
        b->queries[0].answer = answer_unref(b->queries[0].answer);
}

/* Content that its hash does cover, as somebody's own tool might have written it. */
static void content_is_checked_too(void **state)
{
        static const struct {
                void (*spoil)(struct baseline *b);
                const char *error;
        } cases[] = {
                {break_scale, "f: \"scale\" is not a number that is not negative"},
                {break_order, "f: \"distances\" is not ascending"},
                {break_collection, "f: \"collection\" is not a string"},
                {break_approver, "f: \"approved_by\" is not a string"},
                {break_reason, "f: \"reason\" is not a string"},
                {break_followers, "f: \"beyond\" is not what follows an answer"},
                {break_followed, "f: \"beyond\" is not what follows an answer"},
                {break_rank, "f: \"expected\" is not a list of ranks"},
                {break_rank_order, "f: \"expected\" is not a list of ranks"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(baseline_unrefp) struct baseline *b = sample(1), *loaded = NULL;
                _cleanup_error_ struct error e = {0};
                _cleanup_free_ char *data = NULL;
                size_t size;

                cases[i].spoil(b);
                assert_int_equal(baseline_build(b, &data, &size), 0);
                assert_int_equal(baseline_parse("f", data, size, &loaded, &e), -EBADMSG);
                assert_null(loaded);
                assert_string_equal(error_text(&e, -EBADMSG), cases[i].error);
        }
}

/* As the last version that wrote them has written it. */
static void one_of_format_1_is_read(void **state)
{
        const char *source = getenv("DRIFTWATCH_SOURCE");
        _cleanup_(baseline_unrefp) struct baseline *a = sample(1), *b = NULL;
        _cleanup_error_ struct error e = {0};
        char path[512];

        assert_non_null(source);
        (void)snprintf(path, sizeof(path), "%s/tests/unit/baseline-format-1.json", source);
        if (baselines_load_file(path, NULL, &b, &e) < 0)
                fail_msg("%s", e.message);
        assert_same(a, b);
}

/* Vectors are texts of little-endian floats, all else is for people to read. */
static void vectors_are_written_as_base64(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *b = sample(1);
        _cleanup_free_ char *data = NULL;
        size_t size;

        assert_int_equal(baseline_build(b, &data, &size), 0);
        assert_non_null(strstr(data, "\"format\": 2,"));
        assert_non_null(strstr(data, "\"q1\": \"zczMPQAAAAA=\""));
        assert_non_null(strstr(data, "0.91968507"));
}

static struct baseline *parse_with(const char *data, size_t size, struct vector_set *known)
{
        struct baseline_reader *r = baseline_reader_new("f", known);
        struct baseline *b = NULL;

        assert_int_equal(baseline_reader_feed(r, data, size), 0);
        assert_int_equal(baseline_reader_end(r, &b, NULL), 0);
        baseline_reader_free(r);
        return b;
}

/* What the configuration has read already is there once. */
static void vectors_that_are_known_are_shared(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *b = sample(1), *same, *other;
        _cleanup_free_ char *data = NULL;
        size_t size;

        assert_int_equal(baseline_build(b, &data, &size), 0);
        same = parse_with(data, size, b->vectors);
        assert_ptr_equal(same->vectors->rows[0], b->vectors->rows[0]);
        assert_ptr_equal(same->vectors->rows[1], b->vectors->rows[1]);
        b->vectors->rows[1][0] = 5;
        other = parse_with(data, size, b->vectors);
        assert_ptr_equal(other->vectors->rows[0], b->vectors->rows[0]);
        assert_ptr_not_equal(other->vectors->rows[1], b->vectors->rows[1]);
        assert_true(other->vectors->rows[1][0] == 0);
}

static void put_hash(json_t *root)
{
        _cleanup_free_ char *text = NULL;
        char hash[DIGEST_TEXT_MAX];
        size_t size;

        text = json_text(json_object_get(root, "baseline"), JSON_COMPACT | JSON_SORT_KEYS, &size);
        assert_int_equal(digest_sha256(text, size, hash), 0);
        assert_int_equal(json_object_set_new(root, "sha256", json_string(hash)), 0);
}

/* Content with the right hash, as nobody but an attacker writes it. */
static void vectors_are_checked_too(void **state)
{
        static const struct {
                const char *vectors, *error;
        } cases[] = {
                {"5", "f: \"vectors\" is not an object"},
                {"{\"dimension\": 0, \"vectors\": {}}",
                        "f: \"dimension\" is not a whole number in its range"},
                {"{\"dimension\": 2, \"vectors\": []}",
                        "f: \"vectors\" is not an object of vectors"},
                {"{\"dimension\": 65536, \"vectors\": {\"q\": \"zczMPQAAAAA=\"}}",
                        "f: \"vectors\" is not an object of vectors of its dimension"},
                {"{\"dimension\": 2, \"vectors\": {\"q\": \"zczMPQAAAA==\"}}",
                        "f: \"vectors\" is not an object of vectors of its dimension"},
                {"{\"dimension\": 2, \"vectors\": {\"q\": \"zczMPQ*AAAA=\"}}",
                        "f: \"vectors\" is not an object of vectors of its dimension"},
                {"{\"dimension\": 1, \"vectors\": {\"q\": 5}}",
                        "f: \"vectors\" is not an object of vectors of its dimension"},
                {"{\"dimension\": 1, \"vectors\": {\"q\": \"AADAfw==\"}}",
                        "f: \"vectors\" is not a list of finite floats"},
                {"{\"dimension\": 1, \"vectors\": {\"q\": [null]}}",
                        "f: \"vectors\" is not a list of finite floats"},
                {"{\"dimension\": 1, \"vectors\": {\"q\": [[1]]}}",
                        "f: \"vectors\" is not a list of finite floats"},
                {"{\"dimension\": 1, \"vectors\": {\"q\": [3.5e38]}}",
                        "f: \"vectors\" is not a list of finite floats"},
        };
        _cleanup_(baseline_unrefp) struct baseline *b = sample(1);
        _cleanup_free_ char *data = NULL;
        size_t size;

        assert_int_equal(baseline_build(b, &data, &size), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_json_ json_t *root = json_loads(data, 0, NULL);
                _cleanup_error_ struct error e = {0};
                _cleanup_free_ char *text = NULL;
                struct baseline *loaded = NULL;

                assert_int_equal(json_object_set_new(json_object_get(root, "baseline"), "vectors",
                                         json_loads(cases[i].vectors, JSON_DECODE_ANY, NULL)),
                        0);
                put_hash(root);
                text = json_text(root, JSON_SORT_KEYS, &size);
                assert_int_equal(baseline_parse("f", text, size, &loaded, &e), -EBADMSG);
                assert_string_equal(e.message, cases[i].error);
        }
}

/* Of a version that asked nobody what follows, and measured no floor. */
static void one_of_an_earlier_version_is_read(void **state)
{
        _cleanup_(baseline_unrefp) struct baseline *b = sample(1), *loaded = NULL;
        _cleanup_error_ struct error e = {0};
        _cleanup_free_ char *data = NULL, *old = NULL;
        _cleanup_json_ json_t *root = NULL;
        json_t *content, *query;
        const char *id;
        size_t size;

        assert_int_equal(baseline_build(b, &data, &size), 0);
        root = json_loads(data, 0, NULL);
        content = json_object_get(root, "baseline");
        json_object_foreach (json_object_get(content, "queries"), id, query)
                assert_int_equal(json_object_del(query, "beyond"), 0);
        assert_int_equal(json_object_del(content, "floor"), 0);
        put_hash(root);
        old = json_text(root, 0, &size);
        assert_int_equal(baseline_parse("f", old, size, &loaded, &e), 0);
        assert_non_null(loaded->queries[0].answer);
        assert_null(loaded->queries[0].beyond.records);
        assert_int_equal(loaded->floor.measured, 0);
        assert_true(isnan(loaded->floor.recall) && isnan(loaded->floor.moved));
        assert_int_equal(loaded->floor.unreachable, -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(what_is_written_is_read, clear),
                cmocka_unit_test_teardown(one_of_an_earlier_version_is_read, clear),
                cmocka_unit_test_teardown(one_of_format_1_is_read, clear),
                cmocka_unit_test_teardown(vectors_are_written_as_base64, clear),
                cmocka_unit_test_teardown(vectors_that_are_known_are_shared, clear),
                cmocka_unit_test_teardown(vectors_are_checked_too, clear),
                cmocka_unit_test_teardown(an_approval_keeps_the_versions_before, clear),
                cmocka_unit_test_teardown(a_number_is_never_given_twice, clear),
                cmocka_unit_test_teardown(each_kind_has_its_place, clear),
                cmocka_unit_test_teardown(an_approval_that_fails_loses_nothing, clear),
                cmocka_unit_test_teardown(
                        one_that_cannot_be_read_names_the_version_that_can, clear),
                cmocka_unit_test_teardown(a_change_of_rights_is_seen, clear),
                cmocka_unit_test_teardown(one_that_is_missing_names_the_command, clear),
                cmocka_unit_test_teardown(what_is_damaged_or_foreign_is_refused, clear),
                cmocka_unit_test_teardown(one_of_another_collection_is_refused, clear),
                cmocka_unit_test_teardown(content_is_checked_too, clear),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
