/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/beside.h"

#include "show/markup.h"
#include "show/page/frame.h"
#include "show/summary.h"

/* Nobody reads more; the API has all. */
#define SILENCES_SHOWN 20
#define LINES_SHOWN 20

void beside_server(struct text *t, const struct server_view *s)
{
        const struct unwatched *u = &s->unwatched;

        if (u->count == 0)
                return;
        text_append(t, "<p class=\"muted\">");
        markup_text(t, s->name);
        text_appendf(
                t, ": %zu collection%s not watched: ", u->count, u->count == 1 ? " is" : "s are");
        for (size_t i = 0; i < u->named; i++) {
                text_append(t, i > 0 ? ", " : "");
                markup_text(t, u->names[i]);
        }
        if (u->named < u->count)
                text_appendf(t, " and %zu more", u->count - u->named);
        text_append(t, "</p>\n");
}

void beside_shard(struct text *t, const struct view *v)
{
        if (v->shard.of > 1)
                text_appendf(t,
                        "<p class=\"muted\">Shard %u of %u: %zu collection%s watched by the other "
                        "daemons</p>\n",
                        v->shard.index, v->shard.of, v->elsewhere,
                        v->elsewhere == 1 ? " is" : "s are");
}

void beside_lease(struct text *t, const struct view *v)
{
        if (!v->leased)
                return;
        text_append(t, "<p class=\"muted\">Receivers are told by ");
        if (v->lease_held)
                text_append(t, "this daemon, ");
        markup_text(t, *v->lease_holder ? v->lease_holder : "nobody");
        if (v->lease_error) {
                text_append(t, "; the lease cannot be looked at: ");
                markup_text(t, v->lease_error);
        }
        text_append(t, "</p>\n");
}

void beside_waiting(struct text *t, const struct view *v)
{
        size_t shown = 0;

        for (size_t i = 0; i < v->collection_count && shown < LINES_SHOWN; i++) {
                const struct collection_view *c = v->collections[i];
                _cleanup_text_ struct text waiting = {0};

                summary_waiting(c, &waiting);
                t->failed |= text_failed(&waiting);
                if (waiting.size == 0)
                        continue;
                shown++;
                text_append(t, "<p class=\"note drift\"><b>Not told yet:</b> ");
                frame_link_collection(t, c->label);
                text_append(t, ": ");
                markup_text(t, text_string(&waiting));
                text_append(t, "</p>\n");
        }
}

void beside_flapping(struct text *t, const struct view *v)
{
        size_t shown = 0;

        for (size_t i = 0; i < v->alert_count && shown < LINES_SHOWN; i++) {
                const struct alert *a = &v->alerts[i];
                const char *incident = labels_get(&a->labels, "incident");
                const char *query = labels_get(&a->labels, "query");

                if (a->flaps == 0)
                        continue;
                shown++;
                text_append(t, "<p class=\"note drift\"><b>");
                markup_text(t, labels_get(&a->labels, "alertname"));
                text_append(t, "</b> of ");
                frame_link_incident(t, incident ? incident : "", incident ? incident : "");
                text_append(t, query ? ", query " : "");
                markup_text(t, query);
                text_append(t, " is ");
                alert_append_flapping(a, t);
                text_append(t, "</p>\n");
        }
}

static int compare_end(const void *a, const void *b)
{
        usec_t x = (*(const struct standing_silence *const *)a)->ends_at,
               y = (*(const struct standing_silence *const *)b)->ends_at;

        return (x < y) - (x > y);
}

static void append_silence(struct text *t, const struct standing_silence *s, usec_t now)
{
        _cleanup_text_ struct text matchers = {0};

        matchers_build(&s->matchers, &matchers);
        text_append(t, "<p><b>Silenced</b> until ");
        markup_time(t, s->ends_at, now);
        text_append(t, " by ");
        markup_text(t, s->created_by);
        text_append(t, ": <span class=\"tag\">");
        markup_excerpt(t, text_string(&matchers), MARKUP_EXCERPT_MAX);
        text_append(t, "</span> ");
        markup_excerpt(t, s->comment, MARKUP_EXCERPT_MAX);
        text_append(t, "</p>");
        t->failed |= text_failed(&matchers);
}

void beside_silences(struct text *t, const struct view *v, usec_t now)
{
        const struct standing *s = v->standing;
        _cleanup_free_ const struct standing_silence **held =
                calloc((s ? s->silence_count : 0) + 1, sizeof(*held));
        size_t count = 0;

        t->failed |= !held;
        for (size_t i = 0; held && s && i < s->silence_count; i++)
                if (s->silences[i].starts_at <= now && now < s->silences[i].ends_at)
                        held[count++] = &s->silences[i];
        if (count == 0)
                return;
        qsort(held, count, sizeof(*held), compare_end);
        text_append(t, "<div class=\"note incident unmeasured\">");
        for (size_t i = 0; i < MIN(count, (size_t)SILENCES_SHOWN); i++)
                append_silence(t, held[i], now);
        text_append(t, "<p class=\"muted\">");
        if (count > SILENCES_SHOWN)
                text_appendf(t, "%zu more are not listed here. ", count - SILENCES_SHOWN);
        text_append(t, "<a href=\"api/v1/silences\">All silences as JSON</a></p></div>\n");
}
