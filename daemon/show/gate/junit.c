/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "show/gate/formats.h"

struct tally {
        size_t tests, failures, errors;
};

static double seconds(usec_t duration)
{
        return (double)duration / (double)USEC_PER_SEC;
}

static struct tally count(const struct check *check, const struct collection_view *c)
{
        size_t outcomes[OUTCOME_COUNT] = {0};
        enum check_verdict verdict = check_collection(check, c);
        struct check_findings findings;
        struct tally t = {.tests = c->query_set->count + 1};

        check_find(check, c, &findings);
        check_count(check, c, outcomes);
        t.failures = outcomes[OUTCOME_FAIL] + (check->fail_only ? 0 : outcomes[OUTCOME_DRIFT]) +
                findings.fails;
        t.errors = outcomes[OUTCOME_UNMEASURED] + (!findings.fails && verdict == CHECK_UNMEASURED);
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
        property(text, "verdict", check_verdict_name(check_collection(check, c)));
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
        _cleanup_text_ struct text message = {0};
        struct check_findings f;
        const char *element = NULL;

        check_find(check, c, &f);
        if (f.fails)
                element = "failure";
        else if (check_collection(check, c) == CHECK_UNMEASURED)
                element = "error";
        for (size_t i = 0; i < f.count; i++)
                text_appendf(&message, "%s%s", i > 0 ? "; " : "", f.sentences[i]);
        if (c->last_error)
                text_appendf(&message, "%s%s", f.count > 0 ? "; " : "", c->last_error);
        write_case(text, c->label, "(collection)", element, f.fails ? "drift" : "unmeasured",
                message.size > 0 ? text_string(&message) : "not every query was measured");
        text->failed |= text_failed(&message);
}

static void query_case(
        const struct check *check, const struct collection_view *c, size_t i, struct text *text)
{
        enum outcome o = check_outcome(check, c, i);
        bool passes = o == OUTCOME_PASS || (o == OUTCOME_DRIFT && check->fail_only);
        const char *element = o == OUTCOME_UNMEASURED ? "error" : "failure";
        char reason[CHECK_SENTENCE_MAX];

        check_reason(check, c, i, reason);
        write_case(text, c->label, c->query_set->queries[i].id, passes ? NULL : element,
                outcome_name(o), reason);
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
