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

static void assert_lacks(const struct text *text, const char *part)
{
        if (strstr(text_string(text), part))
                fail_msg("the page has \"%s\"", part);
}

static void shows_everything(void **state)
{
        static const char *const parts[] = {
                "<!doctype html>",
                "<html lang=\"en\">",
                "<title>driftwatch: fail</title>",
                "<meta http-equiv=\"refresh\" content=\"10\">",
                "prefers-color-scheme:dark",
                "<span>of 10 queries 2 fail, 1 drifted, 4 unmeasured, 3 pass</span>",
                "The last reload failed",
                "replay.interval: &quot;soon&quot; is not a duration",
                "<dd>1<small>of 3</small></dd>",
                "<h2>original_agents</h2><span class=\"badge fail\">fail</span>",
                "<span class=\"badge unmeasured\">not replayed yet</span>",
                "<h2>tickets</h2><span class=\"badge unmeasured\">unmeasured</span><span class=\"badge fail\">down</span>",
                "<span class=\"muted\">collection support_tickets</span>",
                "<dt>Records</dt><dd>311</dd>",
                "<dt>Space</dt><dd>l2<small>384 dimensions</small></dd>",
                "title=\"2026-11-23T01:59:48Z\">12s ago</time><small>took 31ms</small>",
                "title=\"2026-11-23T02:00:48Z\">in 48s</time><small>every 1m</small>",
                "The collection was replaced",
                "Answers changed although nothing was ingested",
                "<dt>Baseline</dt><dd>3<small>approved <time",
                "by Ada &lt;ada@example.org&gt;</small>",
                "<dt>Shift</dt><dd>+0.0123<small>1 up, 0 down</small>",
                "<dt>Index</dt><dd>2 unreachable<small>recall 0.985, probed",
                "<dt>Embedder</dt><dd>minilm<small>0 of 7 vectors moved, asked <time",
                "<div class=\"note incident fail\"><h3>Incident: of 7 queries 2 fail, 1 drifted, 1 "
                "unmeasured, 3 pass<small>since <time",
                "<p><b>People:</b> acknowledged by &lt;anna&gt; 5m ago: looking into it; next: "
                "search-team in 25m</p>",
                "<p>Probable cause: REMOVED: Records that used to answer have been deleted.\n5 "
                "baseline records are missing",
                "<p><b>Worst queries</b></p><ul><li><b>bundle-budget</b> expected a record with",
                "<td class=\"n\">0.9197<small>+0.1557</small></td>",
                "<dt>Baseline</dt><dd>none<small>nothing is compared</small>",
                "The replay of collection tickets on server spare (http://127.0.0.1:8000) failed: tickets: cannot connect",
                "<b>react-hooks</b><i>category: frontend</i><i>kind: typical</i>",
                "<p>keyboard focus in a dialog</p><p class=\"why\">the best answer moved from band",
                "<span class=\"badge\">drift</span></td><td>okay<small>home good</small></td>"
                "<td class=\"n\">1.1407</td><td class=\"n\">rank 1<small>1.1407</small></td>",
                "<td class=\"n\">1.0312</td><td class=\"n\">not found</td>",
                "<svg class=\"line\"",
                "<p><b>Silenced</b> until <time datetime=\"2026-11-23T03:00:00Z\"",
                " by ben: <i>{collection=&quot;tickets&quot;}</i> re-ingest</p>",
                "<a href=\"api/v1/silences\">",
                "Receivers are told by a&lt;b&gt;/1/0; the lease cannot be looked at: Permission denied",
                "Shard 1 of 3: 5 collections are watched by the other daemons",
                "main: 21 collections are not watched: all &lt;b&gt;&amp;amp;&lt;/b&gt;, tenant-00, ",
                "tenant-18 and 1 more</p>",
                "RetrievalReplayFailing",
                "<span class=\"badge firing\">firing</span><small>inhibited</small>",
                "<small>flapping: it came 4 times within 35m</small>",
                "href=\"https://runbooks.example.org/driftwatch?a=1&amp;b=2\"",
                "<b>search-team</b><i>webhook</i><p>https://hooks.example.org</p>",
                "answered 503: &lt;busy&gt;",
                "href=\"api/v1/queries?collection=we%22ird%5Cla%0Abel%20%3Cb%3E%26"
                "amp%3B%3C%2Fb%3E%20"
                "%E6%97%A5%E6%9C%AC\"",
                "<a href=\"metrics\">",
                "<th scope=\"row\">",
                "<th scope=\"col\">Outcome</th>",
                "</html>\n",
        };
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};

        page_render(&text, view, SAMPLE_NOW);
        assert_false(text_failed(&text));
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                assert_has(&text, parts[i]);
}

/* One that is about no collection, and an alert that somebody has taken. */
static void its_own_incident_is_shown(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct incident_view *own = &view->incidents[view->incident_count - 1];
        _cleanup_(standing_unrefp) struct standing *s = standing_new(1, 1, 0);
        _cleanup_text_ struct text text = {0};

        free(own->collection);
        own->collection = NULL;
        own->resolved_at = 0;
        free(own->summary);
        own->summary = strdup("1 destination cannot be <relied> on");
        s->incidents[s->incident_count++] = (struct standing_incident){.incident = strdup(own->id),
                .status = {.why = strdup("silenced by <eve>"), .next_at = USEC_INFINITY}};
        s->alerts[s->alert_count].fingerprint = view->alerts[0].fingerprint;
        assert_int_equal(ack_set(&s->alerts[s->alert_count++].ack, "<carl>", NULL, 1), 0);
        standing_unref(view->standing);
        view->standing = standing_ref(s);
        page_render(&text, view, SAMPLE_NOW);
        assert_has(
                &text, "<h3>Incident: 1 destination cannot be &lt;relied&gt; on<small>since <time");
        assert_has(&text, "<p><b>People:</b> silenced by &lt;eve&gt;</p>");
        assert_has(&text, "<small>taken by &lt;carl&gt;</small>");
        assert_lacks(&text, "<b>Silenced</b>");
}

/* How a sentence ends is what to do: what is wide is wrapped, not cut. */
static void sentences_are_whole(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        struct finding *f = view->collections[0]->findings->findings;
        _cleanup_text_ struct text text = {0};
        char sentence[800];

        memset(sentence, 'x', sizeof(sentence));
        memcpy(sentence + sizeof(sentence) - sizeof("; at its end"), "; at its end",
                sizeof("; at its end"));
        while (f->query == FINDING_COLLECTION)
                f++;
        free(f->sentence);
        f->sentence = strdup(sentence);
        page_render(&text, view, SAMPLE_NOW);
        assert_has(&text, "x; at its end</li>");
}

/* Worst first. */
static void orders_queries(void **state)
{
        static const char *const order[] = {"<b>bundle-budget", "<b>quo&quot;te", "<b>dialog-focus",
                "<b>slow-query", "<b>react-hooks", "<b>cooking", "<b>threat-model"};
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};
        const char *p;

        page_render(&text, view, SAMPLE_NOW);
        p = text.data;
        for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
                p = strstr(p, order[i]);
                assert_non_null(p);
        }
}

/* Nothing from outside becomes markup, and nothing is loaded from anywhere. */
static void escapes(void **state)
{
        static const char *const parts[] = {"<script", "<img", "<b>&amp;", "\x1b",
                "javascript:", "<iframe", "rel=\"stylesheet", "@import", "url(", "style=\"",
                "<i><i>"};
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};

        page_render(&text, view, SAMPLE_NOW);
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                assert_lacks(&text, parts[i]);
        assert_has(&text, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;");
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
        static const char *const names[] = {"!doctype", "meta", "link", "br"};

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

static void is_well_formed(void **state)
{
        struct view *all[] = {sample_view(), sample_view_empty(), sample_view_large(20, 3)};

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                _cleanup_text_ struct text text = {0};

                page_render(&text, all[i], SAMPLE_NOW);
                assert_false(text_failed(&text));
                assert_balanced(&text);
                view_unref(all[i]);
        }
}

static void says_when_there_is_nothing(void **state)
{
        _cleanup_view_ struct view *view = sample_view_empty();
        _cleanup_text_ struct text text = {0};

        page_render(&text, view, SAMPLE_NOW);
        assert_has(&text, "<title>driftwatch: unmeasured</title>");
        assert_has(&text, "Nothing is watched");
        assert_has(&text, "Starting.");
        assert_has(&text, "None is pending");
        assert_has(&text, "Nobody is notified");
}

static void says_when_all_is_well(void **state)
{
        _cleanup_view_ struct view *view = sample_view_large(9, 3);
        _cleanup_text_ struct text text = {0};

        page_render(&text, view, SAMPLE_NOW);
        assert_has(&text, "<title>driftwatch: pass</title>");
        assert_has(&text, "All queries pass");
        assert_lacks(&text, "Starting.");
        /* Some queries pass, but the replay as a whole failed. */
        view->collections[0]->last_error = strdup("too few answers");
        view->collections[0]->verdict = verdict_judge(view->collections[0], NULL);
        text_clear(&text);
        page_render(&text, view, SAMPLE_NOW);
        assert_has(&text, "Not everything is measured");
}

/* What was known of a server that is down is not said of now. */
static void what_is_not_known_now_has_its_age(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};
        struct collection_view *c = view->collections[0];

        c->last_error = strdup("connection refused");
        for (size_t i = 0; i < c->query_set->count; i++)
                c->queries[i].judgement = (struct judgement){.outcome = OUTCOME_UNMEASURED,
                        .distance = NAN,
                        .band = -1,
                        .confirmed_band = -1,
                        .reason = c->queries[i].judgement.reason};
        page_render(&text, view, SAMPLE_NOW);
        assert_lacks(&text, "<dt>Shift</dt>");
        assert_lacks(&text, "<small>+0.1557</small>");
        assert_lacks(&text, "<dd>2 unreachable");
        assert_has(
                &text, "<dt>Index</dt><dd>unknown<small>2 unreachable, recall 0.985, probed <time");
        assert_has(&text, "<dt>Records</dt><dd>311<small><time");
        assert_has(&text, "<span>of 10 queries 10 unmeasured</span>");
}

static void what_is_known_to_fail_and_what_is_unjudged_is_visible(void **state)
{
        _cleanup_view_ struct view *view = sample_view_large(20, 3);
        _cleanup_text_ struct text text = {0};
        struct collection_view *c = view->collections[0];

        for (size_t i = 9; i < 20; i += 10) {
                c->query_set->queries[i].known_failing.reason = strdup("the page <moved>");
                c->query_set->queries[i].known_failing.until = SAMPLE_NOW;
                c->queries[i].excused = true;
        }
        c->queries[19].judgement.outcome = OUTCOME_PASS;
        c->queries[0].judgement.outcome = OUTCOME_UNJUDGED;
        c->verdict = verdict_judge(c, NULL);
        page_render(&text, view, SAMPLE_NOW);
        assert_has(&text, "<title>driftwatch: unjudged</title>");
        assert_has(&text, "<span class=\"badge\">fail</span><small>known to fail</small>");
        assert_has(&text, "; known to fail until 2026-11-23: the page &lt;moved&gt;</p>");
        assert_has(&text, "passes, although it is known to fail until 2026-11-23");
        assert_has(&text, "<b>1 query is unjudged.</b> Neither");
        assert_has(&text, "<b>Known to fail, but passes:</b> category-5.query-00019</p>");
        c->queries[0].judgement.outcome = OUTCOME_PASS;
        c->verdict = verdict_judge(c, NULL);
        text_clear(&text);
        page_render(&text, view, SAMPLE_NOW);
        assert_has(&text, "<title>driftwatch: pass</title>");
        assert_has(&text,
                "Nothing is wrong</strong><span>of 20 queries 1 known to fail, 19 pass</span>");
}

static void stays_small(void **state)
{
        _cleanup_view_ struct view *full = sample_view_large(PAGE_QUERIES_MAX, 60);
        _cleanup_view_ struct view *larger = sample_view_large(PAGE_QUERIES_MAX + 500, 60);
        _cleanup_text_ struct text text = {0};

        page_render(&text, full, SAMPLE_NOW);
        assert_true(text.size < 1000000);
        assert_lacks(&text, "not listed here");
        text_clear(&text);
        page_render(&text, larger, SAMPLE_NOW);
        assert_true(text.size < 1000000);
        assert_has(&text, "500 more queries are not listed here.");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(shows_everything),
                cmocka_unit_test(orders_queries),
                cmocka_unit_test(its_own_incident_is_shown),
                cmocka_unit_test(sentences_are_whole),
                cmocka_unit_test(escapes),
                cmocka_unit_test(is_well_formed),
                cmocka_unit_test(says_when_there_is_nothing),
                cmocka_unit_test(says_when_all_is_well),
                cmocka_unit_test(what_is_not_known_now_has_its_age),
                cmocka_unit_test(what_is_known_to_fail_and_what_is_unjudged_is_visible),
                cmocka_unit_test(stays_small),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
