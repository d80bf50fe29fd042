/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "commands/command.h"
#include "commands/reach.h"
#include "commands/say.h"
#include "json.h"
#include "text.h"

static int usage(const char *sentence)
{
        complain("driftwatch: %s\n", sentence);
        return EXIT_USAGE;
}

/* "/api/v1/incidents/handbook/ack"; percent-encoded, because a label may be anything. */
static char *encoded(const char *before, const char *name, const char *after)
{
        static const char plain[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
        _cleanup_text_ struct text t = {0};

        text_append(&t, before);
        for (; *name; name++)
                text_appendf(&t, strchr(plain, *name) ? "%c" : "%%%02X", (unsigned char)*name);
        text_append(&t, after);
        return text_take(&t, NULL);
}

/* Also checks what every acting command needs. */
static int act(const struct options *o, const char *method, char *path, json_t *body)
{
        _cleanup_(reached_done) struct reached reached = {0};
        _cleanup_free_ char *owned = path;

        if (reach_check(o) < 0) {
                json_decref(body);
                return EXIT_USAGE;
        }
        if (!owned) {
                json_decref(body);
                return usage("out of memory");
        }
        return reach_act(o, method, owned, body, &reached);
}

static const char *resource(const struct options *o)
{
        return o->alert ? "/api/v1/alerts/" : "/api/v1/incidents/";
}

static int take(const struct options *o, const char *method)
{
        return act(o, method, encoded(resource(o), o->word, "/ack"),
                json_pack("{s:s, s:s}", "by", o->by, "comment", o->comment ? o->comment : ""));
}

int command_ack(const struct options *o)
{
        if (!o->word)
                return usage("ack needs an incident, as driftwatch status names it");
        if (!o->by)
                return usage("ack needs --by=NAME: who takes the incident?");
        return take(o, "POST");
}

int command_unack(const struct options *o)
{
        if (!o->word)
                return usage("unack needs an incident, as driftwatch status names it");
        if (!o->by)
                return usage("unack needs --by=NAME: who gives the incident back?");
        return take(o, "DELETE");
}

static json_t *matchers(const struct option_values *words)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; list && i < words->count; i++)
                if (json_array_append_new(list, json_string(words->values[i])) < 0)
                        return NULL;
        return take_ptr(list);
}

static int add(const struct options *o)
{
        _cleanup_(reached_done) struct reached reached = {0};
        char duration[DURATION_TEXT_MAX];
        int r;

        if (o->words.count == 0)
                return usage("silence add needs matchers, such as 'collection=handbook'");
        if (o->length == 0)
                return usage("silence add needs --for=DURATION, such as --for=2h");
        if (!o->by || !o->comment)
                return usage("silence add needs --by=NAME and --comment=TEXT: who, and why?");
        r = reach_act(o, "POST", "/api/v1/silences",
                json_pack("{s:o, s:s, s:s, s:s}", "matchers", matchers(&o->words), "duration",
                        duration_format(duration, sizeof(duration), o->length), "createdBy", o->by,
                        "comment", o->comment),
                &reached);
        if (r == EXIT_SUCCESS)
                say("%s\n", json_string_value(json_object_get(reached.data, "silenceID")));
        return r;
}

static const char *text_of(const json_t *object, const char *key)
{
        const char *s = json_string_value(json_object_get(object, key));

        return s ? s : "-";
}

static int list(const struct options *o)
{
        _cleanup_(reached_done) struct reached reached = {0};
        _cleanup_text_ struct text t = {0};
        const json_t *one;
        size_t i;
        int r = reach_act(o, "GET", "/api/v1/silences", NULL, &reached);

        if (r != EXIT_SUCCESS)
                return r;
        say_to(&t, "%-36s  %-7s  %-24s  %s\n", "ID", "STATE", "ENDS", "WHAT, BY WHOM AND WHY");
        json_array_foreach (json_object_get(reached.data, "silences"), i, one)
                say_to(&t, "%-36s  %-7s  %-24s  %s by %s: %s\n", text_of(one, "id"),
                        text_of(json_object_get(one, "status"), "state"), text_of(one, "endsAt"),
                        text_of(one, "text"), text_of(one, "createdBy"), text_of(one, "comment"));
        return say_document(&t) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int expire(const struct options *o)
{
        if (o->words.count != 1)
                return usage("silence expire needs the id of one silence, as silence list has it");
        return act(o, "DELETE", encoded("/api/v1/silences?id=", o->words.values[0], ""), NULL);
}

int command_silence(const struct options *o)
{
        static const struct {
                const char *name;
                int (*run)(const struct options *o);
        } verbs[] = {{"add", add}, {"list", list}, {"expire", expire}};

        if (reach_check(o) < 0)
                return EXIT_USAGE;
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                if (streq(o->word, verbs[i].name))
                        return verbs[i].run(o);
        return usage("silence needs one of add, list and expire");
}
