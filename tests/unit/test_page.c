/* SPDX-License-Identifier: Apache-2.0 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "expect.h"
#include "judge/verdict.h"
#include "sample_view.h"
#include "show/page/page.h"

#define _cleanup_sheet_ _cleanup_(sheet_done)

/* Documents of the view that has something of everything. */
static const struct page_query home = {0}, agents = {.collection = "original_agents"},
                               tickets = {.collection = "tickets"},
                               nasty = {.collection = SAMPLE_NASTY},
                               nasty_query = {.collection = "original_agents",
                                       .query = SAMPLE_NASTY_QUERY},
                               one = {.collection = "original_agents", .query = "react-hooks"},
                               incident = {.incident = "original_agents"},
                               replays = {.show = "replays"},
                               notifications = {.show = "notifications"},
                               nothing = {.collection = "<b>nothing"};
static const struct page_query *const documents[] = {&home, &agents, &tickets, &nasty, &nasty_query,
        &one, &incident, &replays, &notifications, &nothing};

static void assert_lacks(const struct text *text, const char *part)
{
        if (strstr(text_string(text), part))
                fail_msg("the page has \"%s\"", part);
}

static void assert_parts(
        const struct view *view, const struct page_query *query, const char *const *parts)
{
        _cleanup_sheet_ struct sheet s = {0};

        assert_int_equal(page_render(&s, view, query, SAMPLE_NOW), 200);
        assert_false(text_failed(&s.text));
        for (; *parts; parts++)
                assert_has(&s.text, *parts);
}
#define assert_shows(view, query, ...) \
        assert_parts(view, query, (const char *const[]){__VA_ARGS__, NULL})

static void home_says_what_is_wrong_first(void **state)
{
        _cleanup_view_ struct view *view = sample_view();

        assert_shows(view, &home, "<!doctype html>", "<html lang=\"en\">",
                "<title>driftwatch: fail</title>",
                "<span>of 10 queries 2 fail, 1 drifted, 4 unmeasured, 3 pass</span>",
                "The last reload failed", "replay.interval: &quot;soon&quot; is not a duration",
                "<dt>Collections up</dt><dd>1<small>of 3</small></dd>",
                "<a href=\"?incident=original_agents\">original_agents</a><small>began <time",
                "<p>of 7 queries 2 fail, 1 drifted, 1 unmeasured, 3 pass · Cause: "
                "<a href=\"runbook/REMOVED\">REMOVED</a> · Worst: "
                "<a href=\"?collection=original_agents&amp;query=bundle-budget\">",
                "<p><b>People:</b> acknowledged by &lt;anna&gt; 5m ago: looking into it; next: "
                "search-team in 25m</p>",
                "<a href=\"?collection=original_agents\">original_agents</a></th><td><span "
                "class=\"badge fail\">fail</span></td><td data-name=\"cause\">"
                "<a href=\"runbook/REMOVED\">REMOVED</a></td>"
                "<td class=\"n\" data-name=\"pass\">50.0 %<small>3 of 6</small></td><td><svg",
                "<p>collection support_tickets</p></th><td><span class=\"badge "
                "unmeasured\">unmeasured</span><span class=\"badge down\">down</span>",
                "<span class=\"badge unmeasured\">not replayed yet</span>",
                "<p><b>Silenced</b> until <time datetime=\"2026-11-23T03:00:00Z\"",
                " by ben: <span class=\"tag\">{collection=&quot;tickets&quot;}</span> re-ingest</p>",
                "Receivers are told by a&lt;b&gt;/1/0; the lease cannot be looked at: Permission "
                "denied",
                "Shard 1 of 3: 5 collections are watched by the other daemons",
                "main: 21 collections are not watched: all &lt;b&gt;&amp;amp;&lt;/b&gt;, "
                "tenant-00, ",
                "href=\"?collection=we%22ird%5Cla%0Abel%20%3Cb%3E%26amp%3B%3C%2Fb%3E%20"
                "%E6%97%A5%E6%9C%AC\"",
                "<a href=\"metrics\">", "</html>\n");
}

static void a_collection_has_its_facts_and_queries(void **state)
{
        _cleanup_view_ struct view *view = sample_view();

        assert_shows(view, &agents, "<title>driftwatch: fail · original_agents</title>",
                "<h1>original_agents</h1><span class=\"badge fail\">fail</span>",
                "<dt>Records</dt><dd>311</dd>",
                "<dt>Space</dt><dd>l2<small>384 dimensions</small></dd>",
                "title=\"2026-11-23T01:59:48Z\">12s ago</time><small>took 31ms</small>",
                "title=\"2026-11-23T02:00:48Z\">in 48s</time><small>every 1m</small>",
                "<dt>Baseline</dt><dd>3<small>approved <time",
                "by Ada &lt;ada@example.org&gt;</small>",
                "<dt>Shift</dt><dd>+0.0123<small>1 up, 0 down</small>",
                "<dt>Index</dt><dd>2 unreachable<small>recall 0.985, probed",
                "<dt>Embedder</dt><dd>minilm<small>0 of 7 vectors moved, asked <time",
                "<h2>Incident: <a href=\"?incident=original_agents\">of 7 queries 2 fail, 1 drifted, "
                "1 unmeasured, 3 pass</a><small>began <time",
                "<p><b>People:</b> acknowledged by &lt;anna&gt; 5m ago: looking into it; next: "
                "search-team in 25m</p>",
                "<p>Probable cause: REMOVED: Records that used to answer have been deleted.\n5 "
                "baseline records are missing",
                "<p><b>Worst queries</b></p><ul><li><a "
                "href=\"?collection=original_agents&amp;query=bundle-budget\">bundle-budget</a> "
                "expected a record with",
                "react-hooks</a> <span class=\"tag\">category: frontend</span>",
                "<p>keyboard focus in a dialog</p><p class=\"why\">the best answer moved from band",
                "<span class=\"badge\">drift</span></td><td data-name=\"band\">okay<small>home "
                "good</small></td><td class=\"n\" data-name=\"distance\">1.1407</td><td class=\"n\" "
                "data-name=\"shift\">–</td><td class=\"n\" data-name=\"expected\">rank "
                "1<small>1.1407</small></td>",
                "data-name=\"distance\">0.9197</td><td class=\"n\" data-name=\"shift\">+0.1557</td>",
                "data-name=\"expected\">not found</td>", "<svg class=\"line\"", "7 of 7 queries",
                "<option value=\"excellent\">excellent</option>", "Time line");
        assert_shows(view, &tickets, "<span class=\"badge down\">down</span>",
                "<dt>Baseline</dt><dd>none<small>nothing is compared</small>",
                "The replay of collection tickets on server spare (http://127.0.0.1:8000) failed: "
                "tickets: cannot connect",
                "<span class=\"muted\">collection support_tickets</span>");
        assert_shows(view, &nasty, "<span class=\"badge unmeasured\">not replayed yet</span>");
}

static void a_time_line_tells_what_happened(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = view->collections[0];

        c->episodes = (struct episodes){.count = 0};
        episodes_note(NULL, c);
        assert_shows(view, &agents, "The collection was replaced",
                "Answers changed although nothing was ingested",
                "Baseline 3 was approved by Ada &lt;ada@example.org&gt;: after the ingest",
                "<a href=\"?incident=original_agents\">An incident began</a>; it is open");
}

static void a_query_has_its_history_and_answers(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct baseline_query *before = &view->collections[0]->baseline->queries[0];
        const char *const ids[] = {"lost.md#1", "frontend-architect.md#1"};

        before->answer = answer_new(2, ids, (const float[]){0.5f, 0.764f}, NULL);
        before->excerpts[0].words = strdup("It <b>was</b> here");
        assert_shows(view, &one, "<title>driftwatch: fail · react-hooks</title>",
                "<h1>react-hooks</h1><span class=\"badge pass\">pass</span>",
                "<p>How do I compose React hooks and keep the dependency array honest?</p>",
                "<svg class=\"plot\"", "; the baseline is 0.7640</title>",
                "<dt>Expects</dt><dd>[{&quot;filename&quot;:&quot;frontend-architect.md&quot;}]"
                "<small>among the first 1</small>",
                "<tr class=\"mine\" data-id=\"lost.md%231\"><td class=\"n\">1</td>"
                "<th scope=\"row\">lost.md#1<p class=\"kept\">It "
                "&lt;b&gt;was&lt;/b&gt; here</p></th><td class=\"n\">0.5000</td><td "
                "class=\"n\">not there</td>",
                "<tr data-id=\"frontend-architect.md%231\"><td class=\"n\">1</td>"
                "<th scope=\"row\">frontend-architect.md#1</th><td "
                "class=\"n\">0.9197</td><td class=\"n\">2</td>",
                "<a data-words href=\"api/v1/answers?collection=original_agents&amp;query=react-hooks\">",
                "api/v1/history?collection=original_agents&amp;query=react-hooks");
}

static void the_overview_says_what_nobody_is_told_of(void **state)
{
        _cleanup_view_ struct view *view = sample_view();

        view->collections[0]->findings->findings[0].waiting = true;
        assert_shows(view, &home,
                "<b>Not told yet:</b> <a href=\"?collection=original_agents\">original_agents</a>: "
                "nobody is told of 1 finding yet: ",
                "<b>RetrievalExpectedResultMissing</b> of <a href=\"?incident=original_agents\">"
                "original_agents</a>",
                " is flapping: it came 4 times within 35m</p>");
}

static void an_incident_can_be_acted_upon(void **state)
{
        static const struct page_query other = {.incident = "tickets"};
        _cleanup_view_ struct view *view = sample_view();

        assert_shows(view, &incident, "<h1>Incident of original_agents</h1>",
                "<span class=\"badge critical\">critical</span>",
                "<form method=\"post\" action=\"api/v1/incidents/original_agents/ack\"",
                "<input type=\"hidden\" name=\"back\" value=\"?incident=original_agents\">",
                "<button formaction=\"api/v1/incidents/original_agents/unack\" ",
                "name=\"matchers\" value=\"incident=&quot;original_agents&quot;\"",
                "action=\"api/v1/replay?collection=original_agents&amp;wait=true\"",
                "&amp;sort=-shift\">Compare with the baseline</a>",
                "acknowledged by &lt;anna&gt; 5m ago", "RetrievalExpectedResultMissing",
                "<span class=\"badge firing\">firing</span><small>inhibited</small>",
                "<small>flapping: it came 4 times within 35m</small>",
                "href=\"https://runbooks.example.org/driftwatch?a=1&amp;b=2\"",
                "<a rel=\"noreferrer\" href=\"runbook/RetrievalBandCrossed\">runbook</a>");
        assert_shows(view, &other, "RetrievalReplayFailing");
}

static void replays_and_notifications_have_reasons(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_sheet_ struct sheet s = {0};
        const char *failed, *done;

        (void)page_render(&s, view, &replays, SAMPLE_NOW);
        failed = strstr(s.text.data, "<a href=\"?collection=tickets\">");
        done = strstr(s.text.data, "<a href=\"?collection=original_agents\">");
        assert_true(failed && done && failed < done);
        assert_shows(view, &replays,
                "<span class=\"badge fail\">failed</span><p class=\"why fail\">",
                "tickets: cannot connect to http://127.0.0.1:8001: connection refused",
                "data-name=\"failed\">3<small>connect 3</small></td>",
                "data-name=\"failed\">2<small>timeout 1, cosmic_rays 1</small></td>",
                "<a href=\"?show=replays\" aria-current=\"page\">");
        assert_shows(view, &notifications, "<b>search-team</b> <span class=\"tag\">webhook</span>",
                "answered 503: &lt;busy&gt;", "<small>server_error ", "<b>active</b> ",
                "ben: re-ingest", "RetrievalReplayFailing");
}

/* One that is about no collection, and an alert that somebody has taken. */
static void its_own_incident_is_shown(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct incident_view *own = &view->incidents[view->incident_count - 1];
        _cleanup_(standing_unrefp) struct standing *s = standing_new(1, 1, 0);
        const struct page_query query = {.incident = "of driftwatch"};

        free(own->collection);
        own->collection = NULL;
        own->resolved_at = 0;
        free(own->id);
        own->id = strdup("of driftwatch");
        free(own->summary);
        own->summary = strdup("1 destination cannot be <relied> on");
        s->incidents[s->incident_count++] = (struct standing_incident){.incident = strdup(own->id),
                .status = {.why = strdup("silenced by <eve>"), .next_at = USEC_INFINITY}};
        s->alerts[s->alert_count].fingerprint = view->alerts[0].fingerprint;
        assert_int_equal(ack_set(&s->alerts[s->alert_count++].ack, "<carl>", NULL, 1), 0);
        standing_unref(view->standing);
        view->standing = standing_ref(s);
        assert_shows(view, &home, "<a href=\"?incident=of%20driftwatch\">of driftwatch</a>",
                "<p>1 destination cannot be &lt;relied&gt; on · Cause",
                "<p><b>People:</b> silenced by &lt;eve&gt;</p>");
        assert_shows(view, &query, "<h1>Incident of of driftwatch</h1>",
                "<p><b>People:</b> silenced by &lt;eve&gt;</p>");
        assert_shows(view, &notifications, "<small>taken by &lt;carl&gt;</small>");
}

/* How a sentence ends is what to do: what is wide is wrapped, not cut. */
static void sentences_are_whole(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct finding *f = view->collections[0]->findings->findings;
        char sentence[800];

        memset(sentence, 'x', sizeof(sentence));
        memcpy(sentence + sizeof(sentence) - sizeof("; at its end"), "; at its end",
                sizeof("; at its end"));
        while (f->query == FINDING_COLLECTION)
                f++;
        free(f->sentence);
        f->sentence = strdup(sentence);
        assert_shows(view, &agents, "x; at its end</li>");
}

/* Nothing from outside becomes markup, and nothing is loaded from anywhere else. */
static void escapes(void **state)
{
        static const char *const parts[] = {"<img", "<b>&amp;", "\x1b", "javascript:", "<iframe",
                "@import", "url(", "style=\"", "<i>", "onerror=alert(1)>", "<b>nothing",
                "=\"http://", "src=\"http", "src=\"//", "href=\"//"};
        _cleanup_view_ struct view *view = sample_view();

        for (size_t d = 0; d < ARRAY_SIZE(documents); d++) {
                _cleanup_sheet_ struct sheet s = {0};
                const char *script;

                (void)page_render(&s, view, documents[d], SAMPLE_NOW);
                for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                        assert_lacks(&s.text, parts[i]);
                script = strstr(text_string(&s.text), "<script");
                assert_non_null(script);
                assert_memory_equal(script, "<script src=\"assets/", 20);
                assert_null(strstr(script + 1, "<script"));
        }
        assert_shows(view, &nasty_query, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;",
                "<p>&lt;img src=x onerror=alert(1)&gt; &amp; &quot;friends&quot;</p>");
}

/* Reads the tag at `p` ("<name …>" or "</name>"); returns what follows it. */
static const char *read_tag(
        const char *p, char *name, size_t size, bool *ret_closing, bool *ret_empty)
{
        const char *end = strchr(p, '>');
        size_t n;

        assert_non_null(end);
        *ret_closing = p[1] == '/';
        *ret_empty = end[-1] == '/';
        p += 1 + *ret_closing;
        n = strcspn(p, " />");
        assert_true(n > 0 && n < size);
        memcpy(name, p, n);
        name[n] = '\0';
        return end + 1;
}

static bool is_void(const char *name)
{
        static const char *const names[] = {"!doctype", "meta", "link", "br", "input"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (streq(names[i], name))
                        return true;
        return false;
}

/* Every element is closed, in order. */
static void assert_balanced(const struct text *text)
{
        char stack[32][16];
        size_t depth = 0;
        const char *p = text_string(text);

        while ((p = strchr(p, '<'))) {
                char name[16];
                bool closing, empty;

                p = read_tag(p, name, sizeof(name), &closing, &empty);
                if (empty || is_void(name))
                        continue;
                if (!closing) {
                        assert_true(depth < ARRAY_SIZE(stack));
                        memcpy(stack[depth++], name, sizeof(name));
                } else {
                        assert_true(depth > 0);
                        assert_string_equal(stack[--depth], name);
                }
        }
        assert_int_equal(depth, 0);
}

/* Ids are an element's own, also those of parts. */
static void assert_ids_are_unique(const struct text *text)
{
        for (const char *p = text_string(text); (p = strstr(p, " id=\"")); p++) {
                _cleanup_free_ char *id = strndup(p, (size_t)(strchr(p + 5, '"') + 1 - p));

                if (strstr(p + 1, id))
                        fail_msg("%s is there twice", id);
        }
}

static void is_well_formed(void **state)
{
        struct view *all[] = {sample_view(), sample_view_empty(), sample_view_large(20, 3)};

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                for (size_t d = 0; d < ARRAY_SIZE(documents); d++) {
                        _cleanup_sheet_ struct sheet s = {0};

                        (void)page_render(&s, all[i], documents[d], SAMPLE_NOW);
                        assert_false(text_failed(&s.text));
                        assert_balanced(&s.text);
                        assert_ids_are_unique(&s.text);
                }
                view_unref(all[i]);
        }
}

static void says_when_there_is_nothing(void **state)
{
        _cleanup_view_ struct view *view = sample_view_empty();
        _cleanup_sheet_ struct sheet s = {0};

        assert_shows(view, &home, "<title>driftwatch: unmeasured</title>", "Nothing is watched",
                "Starting.", "None is open.");
        assert_shows(view, &notifications, "None is pending", "Nobody is notified",
                "Nothing is silenced.", "No notification was given up.");
        assert_int_equal(page_render(&s, view, &nothing, SAMPLE_NOW), 404);
        assert_has(&s.text, "There is no such collection");
        assert_has(&s.text, "<b>&lt;b&gt;nothing</b>");
}

static void says_when_all_is_well(void **state)
{
        _cleanup_view_ struct view *view = sample_view_large(9, 3);
        _cleanup_sheet_ struct sheet s = {0};

        (void)page_render(&s, view, &home, SAMPLE_NOW);
        assert_has(&s.text, "<title>driftwatch: pass</title>");
        assert_has(&s.text, "All queries pass");
        assert_lacks(&s.text, "Starting.");
        /* Some queries pass, but the replay as a whole failed. */
        view->collections[0]->last_error = strdup("too few answers");
        view->collections[0]->verdict = verdict_judge(view->collections[0], NULL);
        assert_shows(view, &home, "Not everything is measured");
}

/* What was known of a server that is down is not said of now. */
static void what_is_not_known_now_has_its_age(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_sheet_ struct sheet s = {0};
        struct collection_view *c = view->collections[0];

        c->last_error = strdup("connection refused");
        for (size_t i = 0; i < c->query_set->count; i++)
                c->queries[i].judgement = (struct judgement){.outcome = OUTCOME_UNMEASURED,
                        .distance = NAN,
                        .band = -1,
                        .confirmed_band = -1,
                        .reason = c->queries[i].judgement.reason};
        (void)page_render(&s, view, &agents, SAMPLE_NOW);
        assert_lacks(&s.text, "<dt>Shift</dt>");
        assert_lacks(&s.text, "+0.1557");
        assert_lacks(&s.text, "<dd>2 unreachable");
        assert_has(&s.text,
                "<dt>Index</dt><dd>unknown<small>2 unreachable, recall 0.985, probed <time");
        assert_has(&s.text, "<dt>Records</dt><dd>311<small><time");
        assert_shows(view, &home, "<span>of 10 queries 10 unmeasured</span>");
}

static void an_estimate_has_its_interval_and_what_is_due_is_now(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct collection_view *c = view->collections[0];

        c->health.sample = (struct index_sample){.looked = 220, .missed = 0};
        c->next_due = SAMPLE_NOW - USEC_PER_SEC;
        assert_shows(view, &agents,
                "<dt>Index</dt><dd>about 2 unreachable<small>0.0 to 1.7 % of all, recall",
                "<dt>Next replay</dt><dd><time class=due datetime=",
                ">now</time><small>every 1m</small>");
}

static void what_is_known_to_fail_and_what_is_unjudged_is_visible(void **state)
{
        _cleanup_view_ struct view *view = sample_view_large(20, 3);
        struct collection_view *c = view->collections[0];
        const struct page_query query = {.collection = c->label};

        for (size_t i = 9; i < 20; i += 10) {
                c->query_set->queries[i].known_failing.reason = strdup("the page <moved>");
                c->query_set->queries[i].known_failing.until = SAMPLE_NOW;
                c->queries[i].excused = true;
        }
        c->queries[19].judgement.outcome = OUTCOME_PASS;
        c->queries[0].judgement.outcome = OUTCOME_UNJUDGED;
        c->verdict = verdict_judge(c, NULL);
        assert_shows(view, &query, "<title>driftwatch: unjudged · ",
                "<span class=\"badge\">fail</span><small>known to fail</small>",
                "; known to fail until 2026-11-23: the page &lt;moved&gt;</p>",
                "passes, although it is known to fail until 2026-11-23",
                "<b>1 query is unjudged.</b> Neither",
                "<b>Known to fail, but passes:</b> <a href=");
        c->queries[0].judgement.outcome = OUTCOME_PASS;
        c->verdict = verdict_judge(c, NULL);
        assert_shows(view, &home, "<title>driftwatch: pass</title>",
                "Nothing is wrong</strong></h1><span>of 20 queries 1 known to fail, 19 pass</span>");
}

/* However many queries there are, a document has fifty of them; the others are a link away. */
static void stays_small(void **state)
{
        _cleanup_view_ struct view *view = sample_view_large(1000, 60);
        struct page_query query = {.collection = view->collections[0]->label};
        _cleanup_sheet_ struct sheet s = {0};

        (void)page_render(&s, view, &query, SAMPLE_NOW);
        assert_true(s.text.size < 100000);
        assert_has(&s.text, "1000 of 1000 queries");
        assert_has(&s.text, "Page 1 of 20");
        assert_has(&s.text, "&amp;page=2\">Next page</a>");
        assert_lacks(&s.text, "Previous page");
        query.page = "20";
        query.sort = "-distance";
        assert_shows(view, &query, "Page 20 of 20",
                "&amp;sort=-distance&amp;page=19\">Previous page",
                "<th scope=\"col\" aria-sort=\"descending\">");
}

/* One query of a thousand changes: what a browser gets is that row and what counts. */
static void an_update_is_what_changed(void **state)
{
        _cleanup_view_ struct view *view = sample_view_large(1000, 60);
        struct page_query query = {.collection = view->collections[0]->label};
        _cleanup_sheet_ struct sheet before = {0}, after = {0}, later = {0};
        _cleanup_text_ struct text have = {0}, update = {0}, none = {0};

        (void)page_render(&before, view, &query, SAMPLE_NOW);
        for (size_t i = 0; i < before.count; i++)
                text_appendf(&have, "%s ", before.parts[i].version);
        /* Ages are no change. */
        (void)page_render(&later, view, &query, SAMPLE_NOW + USEC_PER_MINUTE);
        assert_true(sheet_changes(&later, text_string(&have), &none));
        assert_has(&none, "\"parts\":{},\"lists\":{}");
        view->collections[0]->queries[9].judgement.distance += 0.01f;
        (void)page_render(&after, view, &query, SAMPLE_NOW);
        assert_true(sheet_changes(&after, text_string(&have), &update));
        assert_true(update.size < 4096);
        assert_has(&update, "query-00009");
        assert_lacks(&update, "query-00019");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(home_says_what_is_wrong_first),
                cmocka_unit_test(a_collection_has_its_facts_and_queries),
                cmocka_unit_test(a_time_line_tells_what_happened),
                cmocka_unit_test(a_query_has_its_history_and_answers),
                cmocka_unit_test(the_overview_says_what_nobody_is_told_of),
                cmocka_unit_test(an_incident_can_be_acted_upon),
                cmocka_unit_test(replays_and_notifications_have_reasons),
                cmocka_unit_test(its_own_incident_is_shown),
                cmocka_unit_test(sentences_are_whole),
                cmocka_unit_test(escapes),
                cmocka_unit_test(is_well_formed),
                cmocka_unit_test(says_when_there_is_nothing),
                cmocka_unit_test(says_when_all_is_well),
                cmocka_unit_test(what_is_not_known_now_has_its_age),
                cmocka_unit_test(an_estimate_has_its_interval_and_what_is_due_is_now),
                cmocka_unit_test(what_is_known_to_fail_and_what_is_unjudged_is_visible),
                cmocka_unit_test(stays_small),
                cmocka_unit_test(an_update_is_what_changed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
