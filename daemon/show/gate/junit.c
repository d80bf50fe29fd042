/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "show/gate/formats.h"
#include "show/summary.h"

struct tally {
        size_t tests, failures, errors;
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

        if (v == VERDICT_FAIL && speaks)
                return "failure";
        return v == VERDICT_UNMEASURED && (speaks || c->query_set->count == 0) ? "error" : NULL;
}

/* NULL: the query does not fail the gate. */
static const char *query_element(
        const struct check *check, const struct collection_view *c, size_t i)
{
        enum outcome o = c->queries[i].judgement.outcome;

        if (check_fails(check, c, i))
                return "failure";
        return (o == OUTCOME_UNMEASURED || o == OUTCOME_UNJUDGED) && !c->queries[i].excused
                ? "error"
                : NULL;
}

static void tally_add(struct tally *t, const char *element)
{
        t->tests++;
        t->failures += streq(element, "failure") != 0;
        t->errors += streq(element, "error") != 0;
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

static void attribute(struct text *text, const char *name, const char *value)
{
        text_appendf(text, " %s=\"", name);
        text_append_html(text, value);
        text_append(text, "\"");
}

static void property(struct text *text, const char *name, const char *value)
{
        text_append(text, "      <property");
        attribute(text, "name", name);
        attribute(text, "value", value);
        text_append(text, "/>\n");
}

static void properties(
        const struct check *check, const struct collection_view *c, struct text *text)
{
        const char *cause = cause_name(c->attribution.cause);
        char number[32], sentence[CHECK_SENTENCE_MAX];

        text_append(text, "    <properties>\n");
        property(text, "verdict", verdict_name(check_collection(check, c)));
        property(text, "server", c->server);
        property(text, "cause", cause ? cause : "unknown");
        if (c->epoch.records >= 0) {
                (void)snprintf(number, sizeof(number), "%lld", (long long)c->epoch.records);
                property(text, "records", number);
        }
        if (c->health.unreachable >= 0) {
                (void)snprintf(number, sizeof(number), "%lld", (long long)c->health.unreachable);
                property(text, "unreachable_records", number);
        }
        if (check_sensitivity_text(check_sensitivity(c), sentence))
                property(text, "sensitivity", sentence);
        text_append(text, "    </properties>\n");
}

/* `element` NULL: passed. */
static void write_case(struct text *text, const char *class, const char *name, const char *element,
        const char *type, const char *message)
{
        text_append(text, "    <testcase");
        attribute(text, "name", name);
        attribute(text, "classname", class);
        text_append(text, " time=\"0.000\"");
        if (!element) {
                text_append(text, "/>\n");
                return;
        }
        text_appendf(text, ">\n      <%s", element);
        attribute(text, "type", type);
        attribute(text, "message", message);
        text_append(text, ">");
        text_append_html(text, message);
        text_appendf(text, "</%s>\n    </testcase>\n", element);
}

static void collection_case(
        const struct check *check, const struct collection_view *c, struct text *text)
{
        const char *element = collection_element(check, c);
        enum verdict v = check_collection(check, c);
        _cleanup_text_ struct text message = {0};

        if (!element)
                return;
        for (size_t i = 0; c->findings && i < c->findings->count; i++)
                if (speaks(check, &c->findings->findings[i], v))
                        text_appendf(&message, "%s%s", message.size > 0 ? " " : "",
                                c->findings->findings[i].sentence);
        write_case(text, c->label, "(collection)", element, verdict_name(v),
                message.size > 0 ? text_string(&message) : "the query set is empty");
        text->failed |= text_failed(&message);
}

static void query_case(
        const struct check *check, const struct collection_view *c, size_t i, struct text *text)
{
        const struct judgement *j = &c->queries[i].judgement;

        write_case(text, c->label, c->query_set->queries[i].id, query_element(check, c, i),
                outcome_name(j->outcome), summary_reason(c, j));
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
                " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"0\" time=\"%.3f\" "
                "timestamp=\"%s\">\n",
                t.tests, t.failures, t.errors, seconds(c->last_duration), started);
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
