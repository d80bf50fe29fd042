/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/routing.h"

#include <errno.h>

static void branch_done(struct branch *b)
{
        for (size_t i = 0; i < b->count; i++)
                branch_done(&b->branches[i]);
        free(b->branches);
        matchers_done(&b->matchers);
        free(b->receiver);
        free(b->mute.places);
        free(b->active.places);
        *b = (struct branch){0};
}

void routing_done(struct routing *r)
{
        branch_done(&r->root);
        for (size_t i = 0; i < r->calendar_count; i++)
                calendar_done(&r->calendars[i]);
        free(r->calendars);
        *r = (struct routing){0};
}

void recipients_done(struct recipients *r)
{
        for (size_t i = 0; i < r->count; i++)
                free(r->routed[i].reason);
        free(r->routed);
        *r = (struct recipients){0};
}

/* What one label set asks of a routing. */
struct search {
        const struct routing *routing;
        const struct labels *labels;
        usec_t now;
        struct recipients found;
};

static void append_until(struct text *t, usec_t until)
{
        char buffer[TIME_TEXT_MAX];

        if (until == USEC_INFINITY)
                text_append(t, ", for a year at least");
        else
                text_appendf(t, " until %s", time_format(buffer, sizeof(buffer), until));
}

static void append_name(struct text *t, const struct calendar *c)
{
        text_append(t, "\"");
        text_append_line(t, c->name);
        text_append(t, "\"");
}

/* Whether one of its calendars mutes it now. */
static bool is_muted(const struct search *s, const struct branch *b, struct text *why)
{
        for (size_t i = 0; i < b->mute.count; i++) {
                const struct calendar *c = &s->routing->calendars[b->mute.places[i]];

                if (!calendar_holds(c, s->now))
                        continue;
                text_append(why, "muted by the time interval ");
                append_name(why, c);
                append_until(why, calendar_next(c, s->now));
                return true;
        }
        return false;
}

static bool is_inactive(const struct search *s, const struct branch *b, struct text *why)
{
        usec_t until = USEC_INFINITY;

        for (size_t i = 0; i < b->active.count; i++)
                if (calendar_holds(&s->routing->calendars[b->active.places[i]], s->now))
                        return false;
        if (b->active.count == 0)
                return false;
        text_append(why, "muted outside of the time interval ");
        for (size_t i = 0; i < b->active.count; i++) {
                const struct calendar *c = &s->routing->calendars[b->active.places[i]];

                text_append(why, i > 0 ? " and " : "");
                append_name(why, c);
                until = MIN(until, calendar_next(c, s->now));
        }
        append_until(why, until);
        return true;
}

static struct routed *find(const struct recipients *found, const char *receiver)
{
        for (size_t i = 0; i < found->count; i++)
                if (streq(found->routed[i].receiver, receiver))
                        return &found->routed[i];
        return NULL;
}

static int add(struct search *s, const struct branch *b)
{
        struct routed *known = find(&s->found, b->receiver), *grown;
        _cleanup_text_ struct text why = {0};
        bool muted = is_muted(s, b, &why) || is_inactive(s, b, &why);
        char *reason = muted ? text_take(&why, NULL) : NULL;

        if (muted && !reason)
                return -ENOMEM;
        if (known && !(known->reason && !reason)) {
                free(reason);
                return 0;
        }
        if (known) {
                free(known->reason);
                known->reason = NULL;
                return 0;
        }
        grown = reallocarray(s->found.routed, s->found.count + 1, sizeof(*grown));
        if (!grown) {
                free(reason);
                return -ENOMEM;
        }
        s->found.routed = grown;
        grown[s->found.count++] = (struct routed){b->receiver, reason};
        return 0;
}

/* 1 when it or something in it is meant, 0 when not (Alertmanager, dispatch/route.go, Match()). */
static int follow(struct search *s, const struct branch *b)
{
        bool inner = false;
        int r = 0;

        if (!matchers_match(&b->matchers, s->labels))
                return 0;
        for (size_t i = 0; r >= 0 && i < b->count; i++) {
                r = follow(s, &b->branches[i]);
                inner = inner || r > 0;
                if (r > 0 && !b->branches[i].goes_on)
                        break;
        }
        if (r >= 0 && !inner)
                r = add(s, b);
        return r < 0 ? r : 1;
}

int routing_find(
        const struct routing *r, const struct labels *l, usec_t now, struct recipients *ret)
{
        struct search s = {r, l, now, {NULL, 0}};
        int result = follow(&s, &r->root);

        if (result < 0) {
                recipients_done(&s.found);
                return result;
        }
        *ret = s.found;
        return 0;
}

usec_t routing_next(const struct routing *r, usec_t now)
{
        usec_t next = USEC_INFINITY;

        for (size_t i = 0; i < r->calendar_count; i++)
                next = MIN(next, calendar_next(&r->calendars[i], now));
        return next;
}
