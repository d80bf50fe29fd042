/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "judge/incident.h"
#include "show/gate/formats.h"
#include "utf8.h"

struct tally {
        size_t tests, failures, errors, skipped;
};

static double seconds(usec_t duration)
{
        return (double)duration / (double)USEC_PER_SEC;
}

/* What a case of the whole collection has to say: the findings that fail the gate, or with a
 * verdict of unmeasured those that leave it open. */
static bool speaks(const struct check *check, const struct finding *f, enum verdict v)
{
        if (f->query != FINDING_COLLECTION)
                return false;
        return v == VERDICT_FAIL ? verdict_fails_by(f, &check->policy)
                                 : f->effect == EFFECT_UNMEASURED;
}

static size_t speaking(const struct check *check, const struct collection_view *c)
{
        enum verdict v = check_collection(check, c);
        size_t n = 0;

        for (size_t i = 0; c->findings && i < c->findings->count; i++)
                n += speaks(check, &c->findings->findings[i], v);
        return n;
}

/* The element of a case of the whole collection, NULL when it has none to fail by. */
static const char *collection_element(const struct check *check, const struct collection_view *c)
{
        enum verdict v = check_collection(check, c);
        bool speaks = speaking(check, c) > 0;
        bool open = speaks || check_audit_reason(check, c);

        if (v == VERDICT_FAIL && speaks)
                return "failure";
        return (v == VERDICT_UNMEASURED && open) || (v != VERDICT_FAIL && verdict_void(c)) ? "error"
                                                                                           : NULL;
}

/* NULL: the query does not fail the gate. One that is known to fail is one that was skipped. */
static const char *query_element(
        const struct check *check, const struct collection_view *c, size_t i)
{
        enum outcome o = c->queries[i].judgement.outcome;

        if (c->queries[i].excused)
                return o == OUTCOME_PASS ? NULL : "skipped";
        if (check_fails(check, c, i))
                return "failure";
        return o == OUTCOME_UNMEASURED || o == OUTCOME_UNJUDGED ? "error" : NULL;
}

static void tally_add(struct tally *t, const char *element)
{
        t->tests++;
        t->failures += streq(element, "failure") != 0;
        t->errors += streq(element, "error") != 0;
        t->skipped += streq(element, "skipped") != 0;
}

static struct tally count(const struct check *check, const struct collection_view *c)
{
        const char *collection = collection_element(check, c);
        struct tally t = {0};

        if (collection)
                tally_add(&t, collection);
        for (size_t i = 0; i < c->query_set->count; i++)
                tally_add(&t, query_element(check, c, i));
        return t;
}

/* One line: a log that the file is printed to may obey what begins another. */
static void append(struct text *text, const char *s)
{
        _cleanup_free_ char *line = utf8_line(s, strlen(s));

        if (line)
                text_append_html(text, line);
        text->failed |= !line;
}

static void attribute(struct text *text, const char *name, const char *value)
{
        text_appendf(text, " %s=\"", name);
        append(text, value);
        text_append(text, "\"");
}

static void property(struct text *text, const char *name, const char *value)
{
        text_append(text, "      <property");
        attribute(text, "name", name);
        attribute(text, "value", value);
        text_append(text, "/>\n");
}

static void number_property(struct text *text, const char *name, int64_t n)
{
        char number[32];

        if (n < 0)
                return;
        (void)snprintf(number, sizeof(number), "%lld", (long long)n);
        property(text, name, number);
}

static void list_properties(
        const struct check *check, const struct collection_view *c, struct text *text)
{
        for (size_t i = 0; i < transition_name_count; i++) {
                _cleanup_text_ struct text ids = {0};

                check_list(check, c, transition_names[i].transition, text_append, &ids);
                if (ids.size > 0)
                        property(text, transition_names[i].key, text_string(&ids));
                text->failed |= text_failed(&ids);
        }
}

/* What is known of the collection beyond its cases. */
static void finding_properties(const struct collection_view *c, struct text *text)
{
        _cleanup_text_ struct text why = {0};

        for (size_t i = 0; c->findings && i < c->findings->count; i++)
                if (c->findings->findings[i].query == FINDING_COLLECTION)
                        property(text, finding_types[c->findings->findings[i].kind].name,
                                c->findings->findings[i].sentence);
        if (c->incident_since == 0)
                return;
        incident_explain(c, " ", &why);
        if (why.size > 0)
                property(text, "explanation", text_string(&why));
        text->failed |= text_failed(&why);
}

static void properties(
        const struct check *check, const struct collection_view *c, struct text *text)
{
        const char *cause = cause_name(c->attribution.cause);
        char sentence[CHECK_SENTENCE_MAX];

        text_append(text, "    <properties>\n");
        property(text, "verdict", verdict_name(check_collection(check, c)));
        property(text, "server", c->server);
        property(text, "query_set", check_file(check, c));
        property(text, "cause", cause ? cause : "unknown");
        check_causes_text(c, sentence);
        property(text, "causes", sentence);
        number_property(text, "records", c->epoch.records);
        number_property(text, "unreachable_records", c->health.unreachable);
        if (c->note)
                property(text, "note", c->note);
        finding_properties(c, text);
        list_properties(check, c, text);
        if (check_audit_text(check, c, sentence))
                property(text, "audit", sentence);
        if (check_sensitivity_text(check_sensitivity(c), sentence))
                property(text, "sensitivity", sentence);
        if (check_lenience_text(check, sentence))
                property(text, "lenience", sentence);
        text_append(text, "    </properties>\n");
}

/* One case as the schema has it, which knows no file and no line: `place` leads the text. */
struct junit_case {
        const char *name, *element, *type, *message; /* element NULL: passed */
        const char *place; /* "queries.yaml:12: "; "" */
        double seconds;
};

static void write_case(struct text *text, const char *class, const struct junit_case *one)
{
        text_append(text, "    <testcase");
        attribute(text, "name", one->name);
        attribute(text, "classname", class);
        text_appendf(text, " time=\"%.3f\"", one->seconds);
        if (!one->element) {
                text_append(text, "/>\n");
                return;
        }
        text_appendf(text, ">\n      <%s", one->element);
        if (!streq(one->element, "skipped"))
                attribute(text, "type", one->type);
        attribute(text, "message", one->message);
        text_append(text, ">");
        append(text, one->place);
        append(text, one->message);
        text_appendf(text, "</%s>\n    </testcase>\n", one->element);
}

static void collection_case(
        const struct check *check, const struct collection_view *c, struct text *text)
{
        const char *element = collection_element(check, c);
        enum verdict v = check_collection(check, c);
        _cleanup_text_ struct text message = {0};
        char audit[CHECK_SENTENCE_MAX];

        if (!element)
                return;
        for (size_t i = 0; c->findings && i < c->findings->count; i++)
                if (speaks(check, &c->findings->findings[i], v))
                        text_appendf(&message, "%s%s", message.size > 0 ? " " : "",
                                c->findings->findings[i].sentence);
        if (check_audit_reason(check, c) && check_audit_text(check, c, audit))
                text_appendf(&message, "%s%s", message.size > 0 ? " " : "", audit);
        write_case(text, c->label,
                &(struct junit_case){"(collection)", element, verdict_name(v),
                        message.size > 0 ? text_string(&message) : verdict_void(c), "", 0});
        text->failed |= text_failed(&message);
}

/* Queries are asked in batches: each gets its share of the replay, in whole milliseconds that add
 * up to it. */
static double share_of_replay(const struct collection_view *c, size_t i)
{
        usec_t n = c->query_set->count, total = c->last_duration / USEC_PER_MSEC;

        return (double)((i + 1) * total / n - i * total / n) / 1000;
}

static void query_case(
        const struct check *check, const struct collection_view *c, size_t i, struct text *text)
{
        const struct query *q = &c->query_set->queries[i];
        _cleanup_text_ struct text place = {0};
        char reason[CHECK_SENTENCE_MAX];

        check_reason_text(c, i, reason);
        text_appendf(&place, "%s:%u: ", check_file(check, c), q->line);
        write_case(text, c->label,
                &(struct junit_case){q->id, query_element(check, c, i),
                        outcome_name(c->queries[i].judgement.outcome), reason,
                        q->line > 0 ? text_string(&place) : "", share_of_replay(c, i)});
        text->failed |= text_failed(&place);
}

static void write_suite(
        const struct check *check, const struct collection_view *c, struct text *text)
{
        struct tally t = count(check, c);
        char started[TIME_TEXT_MAX];

        /* xs:dateTime without fraction and zone, as the schema's pattern has it. */
        (void)time_format(started, sizeof(started), check->started);
        started[strcspn(started, ".Z")] = '\0';
        text_append(text, "  <testsuite");
        attribute(text, "name", c->label);
        text_appendf(text,
                " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" "
                "time=\"%.3f\" timestamp=\"%s\">\n",
                t.tests, t.failures, t.errors, t.skipped, seconds(c->last_duration), started);
        properties(check, c, text);
        collection_case(check, c, text);
        for (size_t i = 0; i < c->query_set->count; i++)
                query_case(check, c, i, text);
        text_append(text, "  </testsuite>\n");
}

void format_junit(const struct check *check, struct text *text)
{
        struct tally sum = {0};

        for (size_t i = 0; i < check->count; i++) {
                struct tally t = count(check, check->collections[i]);

                sum.tests += t.tests;
                sum.failures += t.failures;
                sum.errors += t.errors;
        }
        text_appendf(text,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<testsuites name=\"driftwatch\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
                "time=\"%.3f\">\n",
                sum.tests, sum.failures, sum.errors, seconds(check->duration));
        for (size_t i = 0; i < check->count; i++)
                write_suite(check, check->collections[i], text);
        text_append(text, "</testsuites>\n");
}
