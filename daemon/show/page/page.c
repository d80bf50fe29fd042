/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/page.h"

#include <math.h>
#include <stdio.h>

#include "build_config.h"
#include "show/markup.h"
#include "show/page/beside.h"
#include "show/page/diagnosis.h"
#include "show/page/spark.h"
#include "show/style.h"
#include "show/summary.h"
#include "version.h"

/* Bytes of a text that are shown; the API has all of it. */
#define EXCERPT_TEXT_MAX 160
#define PAGE_ALERTS_MAX 200
/* With more rows than this each sparkline gets half the runs, so that a full page stays below its
 * limit. */
#define PAGE_DENSE_ROWS 200

struct page {
        struct text *text;
        const struct view *view;
        usec_t now;
};

/* Opens a term and its definition; the caller closes the definition. */
static void open_fact(const struct page *p, const char *term)
{
        text_appendf(p->text, "<div><dt>%s</dt><dd>", term);
}

static void close_fact(const struct page *p)
{
        text_append(p->text, "</dd></div>");
}

/* Those that are known to fail, and do, are counted apart. */
static struct summary sum_up(const struct view *view, size_t *ret_queries)
{
        struct summary sum = {0};

        *ret_queries = 0;
        for (size_t i = 0; i < view->collection_count; i++) {
                struct summary s;

                summary_count(view->collections[i], &s);
                for (unsigned o = 0; o < OUTCOME_COUNT; o++)
                        sum.outcomes[o] += s.outcomes[o] - (o == OUTCOME_PASS ? 0 : s.excused[o]);
                sum.known += s.known;
                *ret_queries += view->collections[i]->query_set->count;
        }
        return sum;
}

/* The page's title, too, so that a browser's tab tells. */
static void append_head(const struct page *p, const char *verdict)
{
        text_appendf(p->text,
                "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                "<meta http-equiv=\"refresh\" content=\"%d\">\n<title>driftwatch: %s</title>\n"
                "<link rel=\"icon\" href=\"data:,\">\n<style>",
                PAGE_REFRESH_SECONDS, verdict);
        text_append(p->text, page_style);
        text_append(p->text,
                "</style>\n</head>\n<body>\n<header>\n<div class=\"top\"><h1>driftwatch</h1><p>");
        if (p->view->external_url) {
                markup_text(p->text, p->view->external_url);
                text_append(p->text, " · ");
        }
        text_append(p->text, "started ");
        markup_time(p->text, p->view->started, p->now);
        text_append(p->text, "</p></div>\n");
}

static void append_count(const struct page *p, size_t n, const char *what, const char **separator)
{
        if (n == 0)
                return;
        text_appendf(p->text, "%s%zu %s", *separator, n, what);
        *separator = ", ";
}

/* What is not known now is not among it: a server that is down fails no query. */
static void append_counts(const struct page *p, const struct summary *sum, size_t queries)
{
        const char *separator = "";

        text_appendf(p->text, "<span>of %zu quer%s ", queries, queries == 1 ? "y" : "ies");
        append_count(p, sum->outcomes[OUTCOME_FAIL], "fail", &separator);
        append_count(p, sum->outcomes[OUTCOME_DRIFT], "drifted", &separator);
        append_count(p, sum->outcomes[OUTCOME_UNMEASURED], "unmeasured", &separator);
        append_count(p, sum->outcomes[OUTCOME_UNJUDGED], "unjudged", &separator);
        append_count(p, sum->known, "known to fail", &separator);
        append_count(p, sum->outcomes[OUTCOME_PASS], "pass", &separator);
        text_append(p->text, "</span>");
}

static void append_verdict(const struct page *p, enum verdict verdict)
{
        static const char *const headlines[VERDICT_COUNT] = {[VERDICT_PASS] = "Nothing is wrong",
                [VERDICT_UNJUDGED] = "Not everything is judged",
                [VERDICT_UNMEASURED] = "Not everything is measured",
                [VERDICT_FAIL] = "Retrieval is worse than expected"};
        size_t queries;
        struct summary sum = sum_up(p->view, &queries);

        text_appendf(p->text, "<div class=\"verdict %s\"><strong>", verdict_name(verdict));
        if (p->view->collection_count == 0)
                text_append(p->text, "Nothing is watched</strong>");
        else if (verdict == VERDICT_PASS && sum.outcomes[OUTCOME_PASS] == queries)
                text_append(p->text,
                        queries == 1 ? "The only query passes</strong>"
                                     : "All queries pass</strong>");
        else {
                text_appendf(p->text, "%s</strong>", headlines[verdict]);
                append_counts(p, &sum, queries);
        }
        text_append(p->text, "</div>\n");
        if (!p->view->ready)
                markup_note(p->text, "unmeasured", "Starting.",
                        "The state of the last run is not restored yet.");
        if (p->view->reload_error)
                markup_note(p->text, "fail",
                        "The last reload failed; the configuration before it stays in use.",
                        p->view->reload_error);
        if (p->view->storage_failing)
                markup_note(p->text, "fail",
                        "What must survive a restart cannot be written; it is tried again.",
                        p->view->storage_error ? p->view->storage_error : "The log says why.");
}

static void append_tiles(const struct page *p)
{
        size_t queries, up = 0, queued = 0, states[ALERT_STATE_COUNT] = {0};
        struct summary sum = sum_up(p->view, &queries);

        for (size_t i = 0; i < p->view->collection_count; i++)
                up += p->view->collections[i]->replayed && p->view->collections[i]->up;
        for (size_t i = 0; i < p->view->alert_count; i++)
                states[p->view->alerts[i].state]++;
        for (size_t i = 0; i < p->view->channel_count; i++)
                queued += p->view->channels[i].queue_length;
        text_append(p->text, "<dl class=\"tiles\">");
        open_fact(p, "Collections up");
        text_appendf(p->text, "%zu<small>of %zu</small>", up, p->view->collection_count);
        close_fact(p);
        open_fact(p, "Queries that pass");
        text_appendf(p->text, "%zu<small>of %zu", sum.outcomes[OUTCOME_PASS], queries);
        if (sum.outcomes[OUTCOME_UNMEASURED] > 0)
                text_appendf(p->text, ", %zu unmeasured", sum.outcomes[OUTCOME_UNMEASURED]);
        text_append(p->text, "</small>");
        close_fact(p);
        open_fact(p, "Alerts firing");
        text_appendf(p->text, "%zu<small>%zu pending</small>", states[ALERT_FIRING],
                states[ALERT_PENDING]);
        close_fact(p);
        open_fact(p, "Notifications queued");
        text_appendf(p->text, "%zu", queued);
        close_fact(p);
        text_append(p->text, "</dl>\n</header>\n");
}

static void append_replays(const struct page *p, const struct collection_view *c)
{
        char buffer[DURATION_TEXT_MAX];

        open_fact(p, "Last replay");
        markup_time(p->text, c->last_finished, p->now);
        if (c->replayed)
                text_appendf(p->text, "<small>took %s</small>",
                        duration_format(buffer, sizeof(buffer), c->last_duration));
        close_fact(p);
        open_fact(p, "Next replay");
        markup_time(p->text, c->next_due, p->now);
        text_appendf(p->text, "<small>every %s</small>",
                duration_format(buffer, sizeof(buffer), c->interval_usec));
        close_fact(p);
        open_fact(p, "Replays");
        text_appendf(p->text, "%llu<small>%llu failed</small>", (unsigned long long)c->replays,
                (unsigned long long)c->failed_replays);
        close_fact(p);
        open_fact(p, "Last success");
        markup_time(p->text, c->last_success, p->now);
        close_fact(p);
}

/* The last number that is known, and when it was. */
static void append_records(const struct page *p, const struct collection_view *c)
{
        open_fact(p, "Records");
        if (c->epoch.records >= 0)
                text_appendf(p->text, "%lld", (long long)c->epoch.records);
        else
                text_append(p->text, "–");
        if (c->epoch.records >= 0 && c->last_error) {
                text_append(p->text, "<small>");
                markup_time(p->text, c->last_success, p->now);
                text_append(p->text, "</small>");
        }
        close_fact(p);
}

/* What happened since the start, where no finding tells of it any more. */
static void append_events(const struct page *p, const struct collection_view *c)
{
        if (c->replaced > 0 && !findings_find(c->findings, FINDING_REPLACED, FINDING_COLLECTION) &&
                !findings_find(c->findings, FINDING_REBUILT, FINDING_COLLECTION)) {
                text_append(p->text,
                        "<p class=\"note drift\"><b>The collection was replaced</b> by one with "
                        "another id ");
                markup_time(p->text, c->replaced_at, p->now);
                text_append(p->text, "</p>\n");
        }
        if (c->unprovoked_at > 0) {
                text_append(p->text,
                        "<p class=\"note drift\"><b>Answers changed although nothing was "
                        "ingested</b> ");
                markup_time(p->text, c->unprovoked_at, p->now);
                text_append(p->text, "</p>\n");
        }
}

static void append_facts(const struct page *p, const struct collection_view *c)
{
        text_append(p->text, "<dl class=\"facts\">");
        open_fact(p, "Server");
        markup_text(p->text, c->server);
        text_append(p->text, "<small>");
        markup_text(p->text, c->url);
        text_append(p->text, "</small>");
        close_fact(p);
        append_records(p, c);
        open_fact(p, "Space");
        markup_text(p->text, c->epoch.space ? c->epoch.space : "–");
        if (c->epoch.dimension > 0)
                text_appendf(p->text, "<small>%u dimensions</small>", c->epoch.dimension);
        close_fact(p);
        append_replays(p, c);
        diagnosis_append_facts(p->text, c, p->now);
        text_append(p->text, "</dl>\n");
        diagnosis_append_incident(p->text, c, standing_find(p->view->standing, c->label), p->now);
        append_events(p, c);
}

static void append_bars(const struct page *p, const struct collection_view *c)
{
        static const enum outcome order[] = {
                OUTCOME_PASS, OUTCOME_DRIFT, OUTCOME_FAIL, OUTCOME_UNMEASURED, OUTCOME_UNJUDGED};
        struct markup_part outcomes[OUTCOME_COUNT], bands[BANDS_MAX];
        size_t band_count = MIN(c->bands.count, (size_t)BANDS_MAX);
        struct summary s;

        summary_count(c, &s);
        for (size_t i = 0; i < OUTCOME_COUNT; i++)
                outcomes[i] = (struct markup_part){
                        outcome_name(order[i]), outcome_name(order[i]), s.outcomes[order[i]], 1};
        for (size_t i = 0; i < band_count; i++)
                bands[i] = (struct markup_part){c->bands.bands[i].name, "band", s.bands[i],
                        1 - 0.8 * (double)i / (double)MAX(band_count - 1, (size_t)1)};
        text_append(p->text, "<div class=\"bars\">");
        markup_bar(p->text, "Outcomes", outcomes, OUTCOME_COUNT);
        markup_bar(p->text, "Distance bands, nearest first", bands, band_count);
        text_append(p->text, "</div>\n");
}

static void append_query_head(const struct page *p, const struct collection_view *c, size_t i)
{
        const struct query *q = &c->query_set->queries[i];
        _cleanup_text_ struct text remark = {0};

        summary_remark(c, i, &remark);
        text_append(p->text, "<th scope=\"row\"><b>");
        markup_text(p->text, q->id);
        text_append(p->text, "</b>");
        for (size_t k = 0; k < MIN(q->tag_count, (size_t)4); k++) {
                text_append(p->text, "<i>");
                markup_excerpt(p->text, q->tags[k].key, 40);
                text_append(p->text, ": ");
                markup_excerpt(p->text, q->tags[k].value, 40);
                text_append(p->text, "</i>");
        }
        text_append(p->text, "<p>");
        markup_excerpt(p->text, q->text ? q->text : "", EXCERPT_TEXT_MAX);
        text_append(p->text, "</p>");
        if (remark.size > 0) {
                text_append(p->text, "<p class=\"why\">");
                markup_excerpt(p->text, text_string(&remark), MARKUP_EXCERPT_MAX);
                text_append(p->text, "</p>");
        }
        p->text->failed |= text_failed(&remark);
        text_append(p->text, "</th>");
}

static void append_band(
        const struct page *p, const struct collection_view *c, const struct judgement *v)
{
        const char *band = bands_name(&c->bands, summary_band(v));
        const char *home = bands_name(&c->bands, v->home_band);

        text_append(p->text, "<td>");
        markup_text(p->text, band ? band : "–");
        if (home && !streq(home, band)) {
                text_append(p->text, "<small>home ");
                markup_text(p->text, home);
                text_append(p->text, "</small>");
        }
        text_append(p->text, "</td>");
}

static void append_numbers(
        const struct page *p, const struct query *q, const struct query_view *state)
{
        const struct judgement *v = &state->judgement;

        text_append(p->text, "<td class=\"n\">");
        if (isnan(v->distance))
                text_append(p->text, "–");
        else
                text_appendf(p->text, "%.4f", (double)v->distance);
        if (!isnan(v->distance))
                diagnosis_append_shift(p->text, &state->drift);
        text_append(p->text, "</td><td class=\"n\">");
        if (v->expected_rank > 0)
                text_appendf(p->text, "rank %u<small>%.4f</small>", v->expected_rank,
                        (double)v->expected_distance);
        else if (expectation_names_records(&q->expect) && v->outcome != OUTCOME_UNMEASURED)
                text_append(p->text, "not found");
        else
                text_append(p->text, "–");
        text_append(p->text, "</td>");
}

static void append_query(
        const struct page *p, const struct collection_view *c, size_t i, size_t runs)
{
        const struct query_view *q = &c->queries[i];
        const char *outcome = outcome_name(q->judgement.outcome);

        text_appendf(p->text, "<tr class=\"%s\">", outcome);
        append_query_head(p, c, i);
        text_appendf(p->text, "<td><span class=\"badge\">%s</span>%s</td>", outcome,
                q->excused ? "<small>known to fail</small>" : "");
        append_band(p, c, &q->judgement);
        append_numbers(p, &c->query_set->queries[i], q);
        text_append(p->text, "<td class=\"trend\">");
        if (q->history)
                spark_append(p->text, q->history, runs);
        text_append(p->text, "</td></tr>\n");
}

static void append_queries(const struct page *p, const struct collection_view *c)
{
        size_t limit = MAX(PAGE_QUERIES_MAX / p->view->collection_count, (size_t)1);
        size_t count = c->query_set->count, shown = MIN(count, limit);
        _cleanup_free_ size_t *order = summary_worst_first(c);

        if (!order) {
                p->text->failed = true;
                return;
        }
        text_append(p->text,
                "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Queries of ");
        markup_text(p->text, c->label);
        text_append(p->text,
                "\"><table class=\"q\"><caption>Queries, worst first</caption><thead><tr>"
                "<th scope=\"col\">Query</th>"
                "<th scope=\"col\">Outcome</th><th scope=\"col\">Band</th>"
                "<th scope=\"col\">Best distance</th><th scope=\"col\">Expected record</th>"
                "<th scope=\"col\" class=\"trend\">Recent distances</th></tr></thead><tbody>\n");
        for (size_t k = 0; k < shown; k++)
                append_query(p, c, order[k],
                        shown > PAGE_DENSE_ROWS ? SPARK_RUNS_MAX / 2 : SPARK_RUNS_MAX);
        text_append(p->text, "</tbody></table></div>\n<p class=\"muted\">");
        if (shown < count)
                text_appendf(p->text, "%zu more queries are not listed here. ", count - shown);
        text_append(p->text, "<a href=\"api/v1/queries?collection=");
        markup_parameter(p->text, c->label);
        text_append(p->text, "\">All answers as JSON</a></p>\n");
}

static void append_collection(const struct page *p, const struct collection_view *c)
{
        const char *verdict = verdict_name(c->verdict);

        text_append(p->text, "<section><div class=\"title\"><h2>");
        markup_text(p->text, c->label);
        text_appendf(p->text, "</h2><span class=\"badge %s\">%s</span>", verdict, verdict);
        if (!c->replayed || !c->up)
                text_appendf(p->text, "<span class=\"badge %s\">%s</span>",
                        c->replayed ? "fail" : "unmeasured",
                        c->replayed ? "down" : "not replayed yet");
        if (!streq(c->label, c->name)) {
                text_append(p->text, "<span class=\"muted\">collection ");
                markup_text(p->text, c->name);
                text_append(p->text, "</span>");
        }
        text_append(p->text, "</div>\n");
        append_facts(p, c);
        append_bars(p, c);
        append_queries(p, c);
        text_append(p->text, "</section>\n");
}

static void append_alert_text(const struct page *p, const struct alert *a)
{
        const char *summary = labels_get(&a->annotations, "summary");
        const char *runbook = labels_get(&a->annotations, "runbook_url");

        text_append(p->text, "<th scope=\"row\"><b>");
        markup_text(p->text, labels_get(&a->labels, "alertname"));
        text_append(p->text, "</b>");
        for (size_t i = 0; i < a->labels.count; i++) {
                const struct label *l = &a->labels.labels[i];

                if (streq(l->name, "alertname") || streq(l->name, "severity"))
                        continue;
                text_append(p->text, "<i>");
                markup_text(p->text, l->name);
                text_append(p->text, ": ");
                markup_text(p->text, l->value);
                text_append(p->text, "</i>");
        }
        text_append(p->text, "<p>");
        markup_excerpt(p->text, summary ? summary : "", MARKUP_EXCERPT_MAX);
        /* Only what is surely a page: javascript: is a URL, too. */
        if (runbook &&
                (strncmp(runbook, "https://", 8) == 0 || strncmp(runbook, "http://", 7) == 0)) {
                text_append(p->text, " <a rel=\"noreferrer\" href=\"");
                markup_text(p->text, runbook);
                text_append(p->text, "\">runbook</a>");
        }
        text_append(p->text, "</p></th>");
}

static void append_flapping(const struct page *p, const struct alert *a)
{
        if (a->flaps == 0)
                return;
        text_append(p->text, "<small>");
        alert_append_flapping(a, p->text);
        text_append(p->text, "</small>");
}

static void append_alert(const struct page *p, const struct alert *a)
{
        const struct standing_alert *taken = standing_find_alert(p->view->standing, a->fingerprint);
        const char *state = alert_state_name(a->state);
        usec_t since = a->state == ALERT_RESOLVED ? a->resolved_at
                : a->state == ALERT_FIRING        ? a->fired_at
                                                  : a->active_at;

        text_appendf(p->text, "<tr class=\"%s\">", state);
        append_alert_text(p, a);
        text_appendf(p->text, "<td><span class=\"badge %s\">%s</span>%s", state, state,
                a->inhibited ? "<small>inhibited</small>" : "");
        if (taken) {
                text_append(p->text, "<small>taken by ");
                markup_text(p->text, taken->ack.by);
                text_append(p->text, "</small>");
        }
        append_flapping(p, a);
        text_append(p->text, "</td><td>");
        markup_text(p->text, labels_get(&a->labels, "severity"));
        text_append(p->text, "</td><td class=\"n\">");
        markup_time(p->text, since, p->now);
        text_append(p->text, "</td></tr>\n");
}

static void append_alerts(const struct page *p)
{
        size_t shown = MIN(p->view->alert_count, (size_t)PAGE_ALERTS_MAX);

        text_append(p->text, "<section><div class=\"title\"><h2>Alerts</h2></div>\n");
        if (shown == 0) {
                text_append(p->text,
                        "<p class=\"muted\">None is pending, firing or lately resolved.</p>"
                        "</section>\n");
                return;
        }
        text_append(p->text,
                "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Alerts\">"
                "<table class=\"a\"><thead>"
                "<tr><th scope=\"col\">Alert</th><th scope=\"col\">State</th>"
                "<th scope=\"col\">Severity</th><th scope=\"col\">Since</th></tr></thead>"
                "<tbody>\n");
        for (size_t i = 0; i < shown; i++)
                append_alert(p, &p->view->alerts[i]);
        text_append(p->text, "</tbody></table></div>\n");
        if (shown < p->view->alert_count)
                text_appendf(p->text,
                        "<p class=\"muted\">%zu more are not listed here. "
                        "<a href=\"api/v1/alerts\">All alerts as JSON</a></p>\n",
                        p->view->alert_count - shown);
        text_append(p->text, "</section>\n");
}

static void append_channel(const struct page *p, const struct channel_view *c)
{
        text_append(p->text, "<tr><th scope=\"row\"><b>");
        markup_text(p->text, c->receiver);
        text_append(p->text, "</b><i>");
        markup_text(p->text, c->channel);
        text_append(p->text, "</i><p>");
        markup_text(p->text, c->address);
        text_append(p->text, "</p>");
        if (c->last_error) {
                text_append(p->text, "<p class=\"why fail\">");
                markup_excerpt(p->text, c->last_error, MARKUP_EXCERPT_MAX);
                text_append(p->text, "</p>");
        }
        if (c->lost_at > 0 && c->failing && !c->last_error)
                text_append(p->text,
                        "<p class=\"why fail\">Something was lost lately. "
                        "<a href=\"api/v1/notifications\">What</a></p>");
        text_appendf(p->text, "</th><td><span class=\"badge %s\">%s</span></td>",
                c->failing ? "fail" : "pass",
                c->disabled ? "switched off" : (c->failing ? "failing" : "ok"));
        text_appendf(p->text,
                "<td class=\"n\">%llu</td><td class=\"n\">%llu</td><td class=\"n\">%zu</td></tr>\n",
                (unsigned long long)c->notifications, (unsigned long long)c->failed,
                c->queue_length);
}

static void append_delivery(const struct page *p)
{
        text_append(p->text, "<section><div class=\"title\"><h2>Delivery</h2></div>\n");
        beside_own_incident(p->text, p->view, p->now);
        if (p->view->channel_count == 0) {
                text_append(p->text,
                        "<p class=\"muted\">Nobody is notified: alerts are only shown here.</p>"
                        "</section>\n");
                return;
        }
        text_append(p->text,
                "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Delivery\">"
                "<table class=\"d\"><thead>"
                "<tr><th scope=\"col\">Receiver</th><th scope=\"col\">State</th>"
                "<th scope=\"col\">Notifications</th><th scope=\"col\">Not delivered</th>"
                "<th scope=\"col\">Queued</th></tr></thead><tbody>\n");
        for (size_t i = 0; i < p->view->channel_count; i++)
                append_channel(p, &p->view->channels[i]);
        text_append(p->text, "</tbody></table></div></section>\n");
}

static void append_footer(const struct page *p)
{
        static const char *const links[][2] = {
                {"metrics", "Metrics"},
                {"api/v1/status", "Status"},
                {"api/v1/collections", "Collections"},
                {"api/v1/incidents", "Incidents"},
                {"api/v1/alerts", "Alerts"},
        };

        text_append(p->text, "</main>\n<footer>");
        for (size_t i = 0; i < ARRAY_SIZE(links); i++)
                text_appendf(p->text, "<a href=\"%s\">%s</a>", links[i][0], links[i][1]);
        text_append(p->text,
                "<span>driftwatch " DRIFTWATCH_VERSION " (" DRIFTWATCH_REVISION ")</span>");
        if (p->view->config_path) {
                text_append(p->text, "<span>");
                markup_text(p->text, p->view->config_path);
                text_append(p->text, ", loaded ");
                markup_time(p->text, p->view->reload_success_at, p->now);
                text_append(p->text, "</span>");
        }
        text_append(p->text, "</footer>\n</body>\n</html>\n");
}

void page_render(struct text *text, const struct view *view, usec_t now)
{
        const struct page page = {.text = text, .view = view, .now = now};
        enum verdict verdict = view_verdict(view);

        append_head(&page, verdict_name(verdict));
        append_verdict(&page, verdict);
        append_tiles(&page);
        text_append(text, "<main>\n");
        for (size_t i = 0; i < view->collection_count; i++)
                append_collection(&page, view->collections[i]);
        for (size_t i = 0; i < view->server_count; i++)
                beside_server(text, &view->servers[i]);
        beside_shard(text, view);
        beside_lease(text, view);
        beside_silences(text, view, now);
        append_alerts(&page);
        append_delivery(&page);
        append_footer(&page);
}
