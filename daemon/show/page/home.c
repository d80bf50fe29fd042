/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/home.h"

#include "judge/incident.h"
#include "show/markup.h"
#include "show/page/beside.h"
#include "show/page/days.h"
#include "show/page/diagnosis.h"
#include "show/summary.h"
#include "show/words.h"

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

static void append_notes(const struct page *p)
{
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

static void append_verdict(const struct page *p, const struct summary *sum, size_t queries)
{
        static const char *const headlines[VERDICT_COUNT] = {[VERDICT_PASS] = "Nothing is wrong",
                [VERDICT_UNJUDGED] = "Not everything is judged",
                [VERDICT_UNMEASURED] = "Not everything is measured",
                [VERDICT_FAIL] = "Retrieval is worse than expected"};
        enum verdict verdict = view_verdict(p->view);

        frame_open_part(p, "verdict");
        text_appendf(p->text, "<div class=\"verdict %s\"><h1><strong>", verdict_name(verdict));
        if (p->view->collection_count == 0)
                text_append(p->text, "Nothing is watched</strong></h1>");
        else if (verdict == VERDICT_PASS && sum->outcomes[OUTCOME_PASS] == queries)
                text_append(p->text,
                        queries == 1 ? "The only query passes</strong></h1>"
                                     : "All queries pass</strong></h1>");
        else {
                text_appendf(p->text, "%s</strong></h1>", headlines[verdict]);
                append_counts(p, sum, queries);
        }
        text_append(p->text, "</div>\n");
        append_notes(p);
        frame_close_part(p);
}

static void append_tile(const struct page *p, const char *name, size_t n, const char *small)
{
        frame_open_fact(p, name);
        text_appendf(p->text, "%zu<small>%s</small>", n, small);
        frame_close_fact(p);
}

static void append_tiles(const struct page *p, const struct summary *sum, size_t queries)
{
        size_t up = 0, queued = 0, states[ALERT_STATE_COUNT] = {0};
        char small[64];

        for (size_t i = 0; i < p->view->collection_count; i++)
                up += p->view->collections[i]->replayed && p->view->collections[i]->up;
        for (size_t i = 0; i < p->view->alert_count; i++)
                states[p->view->alerts[i].state]++;
        for (size_t i = 0; i < p->view->channel_count; i++)
                queued += p->view->channels[i].queue_length;
        sheet_open(p->sheet, "dl", "tiles", "class=\"tiles\"");
        (void)snprintf(small, sizeof(small), "of %zu", p->view->collection_count);
        append_tile(p, "Collections up", up, small);
        (void)snprintf(small, sizeof(small), "of %zu", queries);
        append_tile(p, "Queries that pass", sum->outcomes[OUTCOME_PASS], small);
        (void)snprintf(small, sizeof(small), "%zu pending", states[ALERT_PENDING]);
        append_tile(p, "Alerts firing", states[ALERT_FIRING], small);
        append_tile(p, "Notifications queued", queued, "");
        sheet_close(p->sheet, "dl");
}

static void append_worst(const struct page *p, const struct incident_view *i)
{
        if (!i->collection || i->worst_count == 0)
                return;
        text_append(p->text, " · Worst: ");
        for (size_t k = 0; k < i->worst_count; k++) {
                text_append(p->text, k > 0 ? ", " : "");
                frame_link_query(p->text, i->collection, i->worst[k]);
        }
}

static void append_incident(const struct page *p, const struct incident_view *i)
{
        _cleanup_text_ struct text name = {0};
        char key[24];

        text_appendf(&name, "%s %llu", i->id, (unsigned long long)i->since);
        p->text->failed |= text_failed(&name);
        sheet_key('i', text_string(&name), key);
        sheet_open(p->sheet, "li", key, "");
        text_append(p->text, "<h3>");
        frame_badge(p, i->resolved_at > 0 ? "resolved" : severity_name(i->severity),
                i->resolved_at > 0 ? "resolved" : severity_name(i->severity));
        frame_link_incident(p->text, i->id, i->collection ? i->collection : i->id);
        text_append(p->text, "<small>");
        frame_since(p, i);
        text_append(p->text, "</small></h3><p>");
        markup_excerpt(p->text, i->summary ? i->summary : "", MARKUP_EXCERPT_MAX);
        text_append(p->text, " · Cause: ");
        frame_causes(p, i->causes, i->cause_count);
        text_append(p->text, i->cause_count == 0 ? "unknown" : "");
        append_worst(p, i);
        text_append(p->text, "</p>");
        if (i->resolved_at == 0)
                diagnosis_append_standing(p->text, standing_find(p->view->standing, i->id), p->now);
        sheet_close(p->sheet, "li");
}

static void append_incidents(const struct page *p)
{
        size_t open = 0, all = 0;

        sheet_open_list(p->sheet, "ul", "incidents", "class=\"cards\"");
        for (size_t i = 0; i < p->view->incident_count; i++) {
                const struct incident_view *one = &p->view->incidents[i];

                if (all++ < PAGE_INCIDENTS)
                        append_incident(p, one);
                open += one->resolved_at == 0;
        }
        sheet_close_list(p->sheet, "ul");
        frame_open_part(p, "calm");
        if (open == 0)
                text_append(p->text, "<p class=\"muted\">None is open.</p>");
        if (all > PAGE_INCIDENTS)
                text_appendf(p->text,
                        "<p class=\"muted\">%zu more are not listed here; their collections are "
                        "below. <a href=\"api/v1/incidents\">All as JSON</a></p>",
                        all - PAGE_INCIDENTS);
        beside_waiting(p->text, p->view);
        beside_flapping(p->text, p->view);
        beside_silences(p->text, p->view, p->now);
        frame_close_part(p);
}

static void append_share(const struct page *p, const struct collection_view *c)
{
        struct summary s;
        size_t judged;

        summary_count(c, &s);
        judged = s.outcomes[OUTCOME_PASS] + s.outcomes[OUTCOME_DRIFT] + s.outcomes[OUTCOME_FAIL] -
                s.excused[OUTCOME_DRIFT] - s.excused[OUTCOME_FAIL];
        text_append(p->text, "<td class=\"n\" data-name=\"pass\">");
        if (judged > 0)
                text_appendf(p->text, "%s<small>%zu of %zu</small>",
                        words_share((double)s.outcomes[OUTCOME_PASS] / (double)judged).s,
                        s.outcomes[OUTCOME_PASS], judged);
        else
                text_append(p->text, "–");
        text_append(p->text, "</td><td>");
        days_append(p->text, c, p->now);
        text_append(p->text, "</td>");
}

static void append_cause(const struct page *p, const struct collection_view *c)
{
        enum cause causes[CAUSE_COUNT];
        size_t count = c->verdict == VERDICT_FAIL || c->incident_since > 0
                ? incident_causes(c, causes)
                : 0;

        text_append(p->text, "<td data-name=\"cause\">");
        frame_causes(p, causes, count);
        text_append(p->text, count == 0 ? "–</td>" : "</td>");
}

static void append_collection(const struct page *p, const struct collection_view *c)
{
        const char *verdict = verdict_name(c->verdict);
        char key[24], class[40];

        sheet_key('c', c->label, key);
        (void)snprintf(class, sizeof(class), "class=\"%s\"", verdict);
        sheet_open(p->sheet, "tr", key, class);
        text_append(p->text, "<th scope=\"row\">");
        frame_link_collection(p->text, c->label);
        if (!streq(c->label, c->name)) {
                text_append(p->text, "<p>collection ");
                markup_text(p->text, c->name);
                text_append(p->text, "</p>");
        }
        text_append(p->text, "</th><td>");
        frame_badge(p, verdict, verdict);
        if (!c->replayed || !c->up)
                frame_badge(p, c->replayed ? "down" : "unmeasured",
                        c->replayed ? "down" : "not replayed yet");
        text_append(p->text, "</td>");
        append_cause(p, c);
        append_share(p, c);
        text_append(p->text, "<td data-name=\"last replay\">");
        markup_time(p->text, c->last_finished, p->now);
        text_append(p->text, "</td>");
        sheet_close(p->sheet, "tr");
}

static void append_collections(const struct page *p)
{
        size_t shown = 0;

        text_append(p->text, "<section><h2>Collections</h2>\n");
        frame_open_table(p, "collections", "stack", "Collections, worst first",
                "<th scope=\"col\">Collection</th><th scope=\"col\">Verdict</th>"
                "<th scope=\"col\">Cause</th><th scope=\"col\">Pass</th>"
                "<th scope=\"col\">Last days</th><th scope=\"col\">Last replay</th>");
        for (unsigned v = VERDICT_COUNT; v-- > 0;)
                for (size_t i = 0; i < p->view->collection_count; i++)
                        if (p->view->collections[i]->verdict == v && shown < PAGE_COLLECTIONS) {
                                append_collection(p, p->view->collections[i]);
                                shown++;
                        }
        frame_close_table(p);
        frame_open_part(p, "beside");
        if (shown < p->view->collection_count)
                text_appendf(p->text,
                        "<p class=\"muted\">%zu more are not listed here. <a "
                        "href=\"api/v1/collections\">All as JSON</a></p>\n",
                        p->view->collection_count - shown);
        for (size_t i = 0; i < p->view->server_count; i++)
                beside_server(p->text, &p->view->servers[i]);
        beside_shard(p->text, p->view);
        beside_lease(p->text, p->view);
        frame_close_part(p);
        text_append(p->text, "</section>\n");
}

unsigned home_render(const struct page *p)
{
        size_t queries;
        struct summary sum = sum_up(p->view, &queries);

        frame_open(p, NULL, "Overview");
        append_verdict(p, &sum, queries);
        append_tiles(p, &sum, queries);
        text_append(p->text, "<section><h2>Incidents</h2>\n");
        append_incidents(p);
        text_append(p->text, "</section>\n");
        append_collections(p);
        frame_close(p);
        return 200;
}
