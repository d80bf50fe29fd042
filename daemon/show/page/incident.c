/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/incident.h"

#include "show/markup.h"
#include "show/page/alerts.h"
#include "show/page/diagnosis.h"
#include "show/page/timeline.h"
#include "show/standing.h"

const struct incident_view *incident_find(const struct view *v, const char *id)
{
        const struct incident_view *found = NULL;

        for (size_t i = 0; i < v->incident_count; i++) {
                const struct incident_view *one = &v->incidents[i];

                if (!streq(one->id, id))
                        continue;
                if (one->resolved_at == 0)
                        return one;
                if (!found || one->resolved_at > found->resolved_at)
                        found = one;
        }
        return found;
}

static void append_title(const struct page *p, const struct incident_view *i)
{
        const char *tone = i->resolved_at > 0 ? "resolved" : severity_name(i->severity);

        frame_open_part(p, "title");
        text_append(p->text, "<div class=\"title\"><h1>Incident of ");
        markup_text(p->text, i->collection ? i->collection : i->id);
        text_append(p->text, "</h1>");
        frame_badge(p, tone, tone);
        text_append(p->text, "<span class=\"muted\">");
        frame_since(p, i);
        text_append(p->text, "</span></div>");
        frame_close_part(p);
}

/* As it was told, where the collection does not say more of it. */
static void append_told(const struct page *p, const struct incident_view *i)
{
        text_append(p->text, "<p><b>");
        markup_excerpt(p->text, i->summary ? i->summary : "", MARKUP_EXCERPT_MAX);
        text_append(p->text, "</b></p><p>Cause: ");
        frame_causes(p, i->causes, i->cause_count);
        text_append(p->text, i->cause_count == 0 ? "unknown</p>" : "</p>");
        if (i->explanation && *i->explanation) {
                text_append(p->text, "<p>");
                markup_text(p->text, i->explanation);
                text_append(p->text, "</p>");
        }
}

static void append_evidence(
        const struct page *p, const struct incident_view *i, const struct collection_view *c)
{
        bool open = i->resolved_at == 0 && c && c->incident_since > 0;

        frame_open_part(p, "evidence");
        if (open)
                diagnosis_append_incident(
                        p->text, c, standing_find(p->view->standing, i->id), p->now);
        else {
                text_append(p->text, "<div class=\"note incident resolved\">");
                append_told(p, i);
                if (i->resolved_at == 0)
                        diagnosis_append_standing(
                                p->text, standing_find(p->view->standing, i->id), p->now);
                text_append(p->text, "</div>");
        }
        frame_close_part(p);
}

/* A matcher's value, as Alertmanager writes it. */
static void append_quoted(const struct page *p, const char *s)
{
        text_append(p->text, "&quot;");
        for (; *s; s++) {
                const char one[2] = {*s, '\0'};

                if (*s == '"' || *s == '\\')
                        text_append(p->text, "\\");
                if (*s == '\n')
                        text_append(p->text, "\\n");
                else if (*s == '"' || *s == '&' || *s == '<' || *s == '>' || *s == '\'')
                        markup_text(p->text, one);
                else
                        text_append(p->text, one);
        }
        text_append(p->text, "&quot;");
}

/* A silence has to say why. */
static void append_person(const struct page *p, const char *name, bool why)
{
        text_appendf(p->text,
                "<label>Your name<input name=\"%s\" required maxlength=\"200\" "
                "autocomplete=\"name\" data-keep=\"driftwatch-name\"></label>"
                "<label>Comment<input name=\"comment\" maxlength=\"1000\"%s></label>",
                name, why ? " required" : "");
}

/* A part within the form, so that who takes it or gives it back keeps what is typed. */
static void append_give_back(const struct page *p, const struct incident_view *i)
{
        const struct escalation_status *s = standing_find(p->view->standing, i->id);

        sheet_open(p->sheet, "span", "give", "");
        if (s && s->ack.by) {
                text_append(p->text, "<button formaction=\"api/v1/incidents/");
                markup_parameter(p->text, i->id);
                text_append(p->text, "/unack\" data-done=\"Given back.\">Give back</button>");
        }
        sheet_close(p->sheet, "span");
}

static void append_acknowledge(const struct page *p, const struct incident_view *i)
{
        text_append(p->text, "<form method=\"post\" action=\"api/v1/incidents/");
        markup_parameter(p->text, i->id);
        text_append(p->text, "/ack\" data-done=\"Acknowledged.\"><h3>Acknowledge</h3>");
        append_person(p, "by", false);
        frame_back(p);
        text_append(p->text, "<button>Acknowledge</button>");
        append_give_back(p, i);
        text_append(p->text, "<output></output></form>\n");
}

static void append_silence(const struct page *p, const struct incident_view *i)
{
        text_append(p->text,
                "<form method=\"post\" action=\"api/v1/silences\" data-done=\"Silenced.\">"
                "<h3>Silence</h3><input type=\"hidden\" name=\"matchers\" value=\"incident=");
        append_quoted(p, i->id);
        text_append(p->text, "\">");
        append_person(p, "createdBy", true);
        text_append(p->text,
                "<label>For<select name=\"duration\"><option>1h</option><option>4h</option>"
                "<option>1d</option><option>1w</option></select></label>");
        frame_back(p);
        text_append(p->text, "<button>Silence</button><output></output></form>\n");
}

static void append_replay(const struct page *p, const struct collection_view *c)
{
        text_append(p->text, "<form method=\"post\" action=\"api/v1/replay?collection=");
        markup_parameter(p->text, c->label);
        text_append(p->text, "&amp;wait=true\" data-done=\"Replayed.\"><h3>Look again</h3>");
        frame_back(p);
        text_append(p->text, "<button>Replay now</button><a href=\"?collection=");
        markup_parameter(p->text, c->label);
        text_append(p->text,
                "&amp;sort=-shift\">Compare with the baseline</a><output></output></form>\n");
}

/* Not a part: what somebody is typing there is not replaced. */
static void append_actions(
        const struct page *p, const struct incident_view *i, const struct collection_view *c)
{
        if (i->resolved_at > 0)
                return;
        text_append(p->text, "<section><h2>What to do</h2><div class=\"acts\">\n");
        append_acknowledge(p, i);
        append_silence(p, i);
        if (c)
                append_replay(p, c);
        text_append(p->text, "</div></section>\n");
}

unsigned incident_render(const struct page *p, const struct incident_view *i)
{
        /* It may be about no collection. */
        const struct collection_view *c =
                i->collection ? view_find_collection(p->view, i->collection) : NULL;

        frame_open(p, "incident", NULL);
        append_title(p, i);
        append_evidence(p, i, c);
        append_actions(p, i, c);
        alerts_append(p, i->id);
        if (c) {
                timeline_append(p, c);
                text_append(p->text, "<p>All of the collection: ");
                frame_link_collection(p->text, c->label);
                text_append(p->text, "</p>\n");
        }
        frame_close(p);
        return 200;
}
