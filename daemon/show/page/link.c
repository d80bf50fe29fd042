/* SPDX-License-Identifier: Apache-2.0 */
#include "show/page/link.h"

#include "show/asset.h"
#include "show/markup.h"
#include "show/standing.h"

static const char style[] =
        "main{max-width:40rem;padding:2rem 1.25rem}h1{font-size:1.2rem;overflow-wrap:anywhere}"
        "p{overflow-wrap:anywhere}button{font:inherit;font-weight:600;padding:.6rem 1.4rem;"
        "border:0;border-radius:8px;background:var(--link);color:var(--card);cursor:pointer}"
        "button:focus-visible{outline:2px solid var(--text);outline-offset:2px}";

static const struct {
        unsigned status;
        const char *title, *sentence; /* the first goes on with the incident, where it is known */
} states[LINK_STATES] = {
        [LINK_ASKS] = {200, "Acknowledge the incident",
                "Whoever acknowledges it takes it: nobody else is told and nothing is repeated, "
                "until it becomes worse, the acknowledgement is too old, or it is given back."},
        [LINK_DONE] = {200, "Acknowledged",
                "Nobody else is told of the incident, until it becomes worse, the acknowledgement "
                "is too old, or it is given back. Its end is told to everybody who was told of "
                "it."},
        [LINK_TAKEN] = {410, "Somebody has acknowledged the incident",
                "This link was sent before that, and is of no use any more. Messages that are sent "
                "from now on have links of their own."},
        [LINK_OVER] = {410, "The incident is over",
                "There is nothing to acknowledge any more. A later incident of the same "
                "collection is another one, with links of its own."},
        [LINK_EXPIRED] = {410, "This link is too old",
                "It acknowledges nothing any more. Later messages of the incident have links that "
                "do."},
        [LINK_FOREIGN] = {403, "This link acknowledges nothing",
                "It was not made here, or is not as it was sent: perhaps it was cut off, or driftwatch "
                "has another key since."},
        [LINK_OFF] = {403, "Links acknowledge nothing here",
                "They are switched off: alerting.ack_links.expire is 0s, or driftwatch runs "
                "without --web.external-url."},
        [LINK_BUSY] = {503, "Not acknowledged yet",
                "driftwatch is starting, stopping, or too busy to take this now. Try again."},
        [LINK_FAILED] = {500, "Not acknowledged", "driftwatch could not do this: see its log."},
};

static void append_sentence(struct text *t, const char *before, const char *s, const char *after)
{
        text_appendf(t, "<p>%s", before);
        markup_text(t, s);
        text_appendf(t, "%s</p>\n", after);
}

static void append_standing(struct text *t, const struct link_page *page)
{
        _cleanup_text_ struct text sentence = {0};

        if (!page->standing)
                return;
        standing_describe(page->standing, page->now, &sentence);
        append_sentence(t, "Now: ", text_string(&sentence), ".");
        t->failed |= text_failed(&sentence);
}

/* To the address that it was loaded from, whatever lies before its path. */
static void append_form(struct text *t, const struct link_page *page)
{
        append_sentence(t, "It will say that it was acknowledged by the link sent to ",
                page->receiver, "; <code>driftwatch ack</code> says by whom.");
        text_append(
                t, "<form method=\"post\"><button type=\"submit\">Acknowledge</button></form>\n");
}

unsigned link_page_render(struct text *t, const struct link_page *page)
{
        const char *title = states[page->state].title;

        text_appendf(t,
                "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width\">\n"
                "<meta name=\"robots\" content=\"noindex\">\n<title>%s - driftwatch</title>\n"
                "<style>%s%s</style></head>\n<body><main><h1>%s",
                title, asset_base_style, style, title);
        if (page->incident && page->state < LINK_EXPIRED) {
                text_append(t, ": ");
                markup_text(t, page->incident);
        }
        text_appendf(t, "</h1>\n<p>%s</p>\n", states[page->state].sentence);
        append_standing(t, page);
        if (page->state == LINK_ASKS)
                append_form(t, page);
        text_append(t, "</main></body></html>\n");
        return states[page->state].status;
}
