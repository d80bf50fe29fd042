/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "fewer.h"
#include "policies.h"
#include "short.h"
#include "tell/escalation.h"
#include "text.h"

#define T0 (1800000000 * USEC_PER_SEC)
#define MINUTES(m) (T0 + (usec_t)(m)*USEC_PER_MINUTE)

enum event {
        OPEN, /* "critical": of this severity, or "critical>pager": with a receiver of its own */
        EXPECT, /* "critical": it will open */
        CHANGE,
        CLOSE,
        ACK, /* "anna" */
        UNACK, /* "bob" */
        SILENCE, /* "a reason" */
        UNSILENCE,
        RELOAD, /* other policies */
        RESTART,
        AHEAD, /* the clock is set ahead by as many minutes … */
        BACK, /* … or back */
        NOTHING,
};

/* Nobody looks before the next moment. */
#define UNSEEN "-"

struct moment {
        unsigned at; /* minutes, by a clock that nobody sets */
        enum event event;
        const char *what; /* "@b " before it: the incident b, not a */
        const char *told; /* "opened L1 1/3; escalated L2 2/3" */
};

struct world {
        struct escalations *escalations;
        struct policies policies;
        int64_t set; /* by how much the clock was */
};

static usec_t clock_at(const struct world *w, unsigned at)
{
        return MINUTES(at) + (usec_t)w->set;
}

static void configure(struct world *w, const char *text)
{
        struct policies before = w->policies;

        policies_of(text, &w->policies);
        escalations_configure(w->escalations, w->policies.policies, w->policies.count);
        policies_done(&before);
}

/* All that is kept, into a new life. */
static void restart(struct world *w, usec_t now)
{
        size_t count;
        const struct escalation *const *all = escalations_list(w->escalations, &count);
        struct escalations *next = escalations_new();

        escalations_configure(next, w->policies.policies, w->policies.count);
        for (size_t i = count; i-- > 0;)
                assert_int_equal(escalations_restore(next, (struct escalation *)all[i], now), 0);
        escalations_free(w->escalations);
        w->escalations = next;
}

static void set_clock(struct world *w, int64_t by)
{
        escalations_jump(w->escalations, by);
        w->set += by;
}

static void open_incident(struct world *w, const char *incident, const char *what, usec_t now)
{
        const char *receiver = strchr(what, '>');
        _cleanup_(roster_done) struct roster fallback = {0};
        char severity[32];

        (void)snprintf(severity, sizeof(severity), "%.*s",
                (int)(receiver ? receiver - what : (long)strlen(what)), what);
        if (receiver)
                assert_int_equal(roster_add(&fallback, receiver + 1), 0);
        assert_int_equal(escalations_open(w->escalations, incident, severity, &fallback, now), 0);
}

static void happen(struct world *w, const struct moment *m)
{
        struct escalations *e = w->escalations;
        const char *what = m->what ? m->what : "";
        char incident[] = "a";
        usec_t now = clock_at(w, m->at);

        if (what[0] == '@') {
                incident[0] = what[1];
                what += what[2] == ' ' ? 3 : 2;
        }
        switch (m->event) {
        case OPEN:
                open_incident(w, incident, what, now);
                break;
        case EXPECT:
                assert_int_equal(escalations_expect(e, incident, what, now), 0);
                break;
        case CHANGE:
                escalations_change(e, incident);
                break;
        case CLOSE:
                escalations_close(e, incident);
                break;
        case ACK:
                assert_int_equal(escalations_acknowledge(e, incident, what, "on it", now), 0);
                break;
        case UNACK:
                assert_int_equal(escalations_unacknowledge(e, incident, what, now), 0);
                break;
        case SILENCE:
        case UNSILENCE:
                assert_int_equal(
                        escalations_silence(e, incident, m->event == SILENCE ? what : NULL, now),
                        0);
                break;
        case RELOAD:
                configure(w, what);
                break;
        case RESTART:
                restart(w, now);
                break;
        case AHEAD:
        case BACK:
                set_clock(w,
                        (int64_t)strtoul(what, NULL, 10) * (int64_t)USEC_PER_MINUTE *
                                (m->event == AHEAD ? 1 : -1));
                break;
        case NOTHING:
                break;
        }
}

/* Actions of the incident a, and "@b " before those of another. */
static void describe(const struct escalation_actions *actions, struct text *t)
{
        static const char *const names[ESCALATION_KIND_COUNT] = {
                "opened", "escalated", "reopened", "changed", "resolved", "acknowledged"};

        for (size_t i = 0; i < actions->count; i++) {
                const struct escalation_action *a = &actions->actions[i];

                text_appendf(t, "%s", i > 0 ? "; " : "");
                if (!streq(a->incident, "a"))
                        text_appendf(t, "@%s ", a->incident);
                text_appendf(t, "%s %s", names[a->kind], a->receiver);
                if (a->steps > 0)
                        text_appendf(t, " %zu/%zu", a->step, a->steps);
                assert_true(*a->reason);
        }
}

static void look(struct world *w, const char *what, const struct moment *m)
{
        _cleanup_(escalation_actions_done) struct escalation_actions actions = {0};
        _cleanup_text_ struct text t = {0};
        usec_t now = clock_at(w, m->at);

        assert_int_equal(escalations_update(w->escalations, now, &actions), 0);
        describe(&actions, &t);
        if (!streq(text_string(&t), m->told))
                fail_msg("%s at %um: \"%s\", expected \"%s\"", what, m->at, text_string(&t),
                        m->told);
        /* Nothing is left to do now, or the loop would spin. */
        assert_true(escalations_next(w->escalations) > now);
}

/* What is done between any two moments, and changes nothing. */
enum between { QUIET, RESTARTS, CLOCKS };

static void run_with(
        const char *what, const char *policies, const struct moment *moments, enum between between)
{
        struct world w = {.escalations = escalations_new()};
        int64_t years = 20 * 365 * (int64_t)USEC_PER_DAY;

        configure(&w, policies);
        for (const struct moment *m = moments; m->told; m++) {
                if (between == RESTARTS)
                        restart(&w, clock_at(&w, m->at));
                else if (between == CLOCKS)
                        set_clock(&w, years = -years);
                happen(&w, m);
                if (!streq(m->told, UNSEEN))
                        look(&w, what, m);
        }
        escalations_free(w.escalations);
        policies_done(&w.policies);
}

static void run(const char *what, const char *policies, const struct moment *moments)
{
        run_with(what, policies, moments, QUIET);
        run_with(what, policies, moments, RESTARTS);
        run_with(what, policies, moments, CLOCKS);
}

#define MOMENTS(...) ((const struct moment[]){__VA_ARGS__, {0}})
#define CRITICAL "critical 0:L1 15:L2 30:L3"

static void nobody_takes_it(void **state)
{
        run("step after step, each after the one before", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {14, NOTHING, NULL, ""},
                        {15, NOTHING, NULL, "escalated L2 2/3"}, {44, NOTHING, NULL, ""},
                        {45, NOTHING, NULL, "escalated L3 3/3"}, {10000, NOTHING, NULL, ""},
                        {10001, CLOSE, NULL, "resolved L1; resolved L2; resolved L3"},
                        {10002, NOTHING, NULL, ""}));
        run("a step counts from when the one before was told, not from when it was due", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {20, NOTHING, NULL, "escalated L2 2/3"}, {49, NOTHING, NULL, ""},
                        {50, NOTHING, NULL, "escalated L3 3/3"}));
        run("a first step that waits", "warning 5:L1 10:L2",
                MOMENTS({0, OPEN, "warning", ""}, {4, NOTHING, NULL, ""},
                        {5, NOTHING, NULL, "opened L1 1/2"},
                        {15, NOTHING, NULL, "escalated L2 2/2"}));
        run("over before the first step: nobody hears of it", "warning 5:L1 10:L2",
                MOMENTS({0, OPEN, "warning", ""}, {4, CLOSE, NULL, ""}, {5, NOTHING, NULL, ""},
                        {20, NOTHING, NULL, ""}));
        run("over before the second: only the first hears of the end", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {14, CLOSE, NULL, "resolved L1"},
                        {15, NOTHING, NULL, ""}));
        run("several in a step", "critical 0:L1,chat 15:L2,mail",
                MOMENTS({0, OPEN, "critical", "opened L1 1/2; opened chat 1/2"},
                        {15, NOTHING, NULL, "escalated L2 2/2; escalated mail 2/2"},
                        {16, CLOSE, NULL,
                                "resolved L1; resolved chat; resolved L2; resolved mail"}));
        run("one receiver in two steps hears of both, and once of the end",
                "critical 0:chat,L1 15:chat,L2",
                MOMENTS({0, OPEN, "critical", "opened chat 1/2; opened L1 1/2"},
                        {15, NOTHING, NULL, "escalated chat 2/2; escalated L2 2/2"},
                        {16, CLOSE, NULL, "resolved chat; resolved L1; resolved L2"}));
        run("it opens again after it was over, as another one", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {15, NOTHING, NULL, "escalated L2 2/3"},
                        {16, CLOSE, NULL, "resolved L1; resolved L2"},
                        {17, OPEN, "critical", "opened L1 1/3"}, {31, NOTHING, NULL, ""},
                        {32, NOTHING, NULL, "escalated L2 2/3"}));
        run("it is open again before anybody was told of its end: it goes on", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {10, CLOSE, NULL, UNSEEN},
                        {10, OPEN, "critical", ""}, {15, NOTHING, NULL, "escalated L2 2/3"}));
        run("what opens again while it is open is no news", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {5, OPEN, "critical", ""},
                        {15, OPEN, "critical", "escalated L2 2/3"}));
        run("what closes and was never open is none", CRITICAL,
                MOMENTS({0, CLOSE, NULL, ""}, {0, CHANGE, NULL, ""}, {0, SILENCE, "x", ""}));
}

static void the_chain_runs_again(void **state)
{
        run("as often as it says, after the wait of its last step", "critical 0:L1 10:L2 x2",
                MOMENTS({0, OPEN, "critical", "opened L1 1/2"},
                        {10, NOTHING, NULL, "escalated L2 2/2"}, {19, NOTHING, NULL, ""},
                        {20, NOTHING, NULL, "escalated L1 1/2"},
                        {30, NOTHING, NULL, "escalated L2 2/2"},
                        {40, NOTHING, NULL, "escalated L1 1/2"},
                        {50, NOTHING, NULL, "escalated L2 2/2"}, {60, NOTHING, NULL, ""},
                        {10000, NOTHING, NULL, ""},
                        {10001, CLOSE, NULL, "resolved L1; resolved L2"}));
        run("after that of its first, where that is longer", "critical 30:L1 10:L2 x1",
                MOMENTS({0, OPEN, "critical", ""}, {30, NOTHING, NULL, "opened L1 1/2"},
                        {40, NOTHING, NULL, "escalated L2 2/2"}, {69, NOTHING, NULL, ""},
                        {70, NOTHING, NULL, "escalated L1 1/2"},
                        {80, NOTHING, NULL, "escalated L2 2/2"}, {200, NOTHING, NULL, ""}));
        run("of one step", "critical 5:L1 x2",
                MOMENTS({0, OPEN, "critical", ""}, {5, NOTHING, NULL, "opened L1 1/1"},
                        {10, NOTHING, NULL, "escalated L1 1/1"},
                        {15, NOTHING, NULL, "escalated L1 1/1"}, {20, NOTHING, NULL, ""}));
        run("acknowledged in the second round, it begins with the first again",
                "critical 0:L1 10:L2 x1 t30",
                MOMENTS({0, OPEN, "critical", "opened L1 1/2"},
                        {10, NOTHING, NULL, "escalated L2 2/2"},
                        {20, NOTHING, NULL, "escalated L1 1/2"},
                        {25, ACK, "anna", "acknowledged L1; acknowledged L2"},
                        {54, NOTHING, NULL, ""}, {55, NOTHING, NULL, "reopened L1 1/2"},
                        {65, NOTHING, NULL, "escalated L2 2/2"},
                        {75, NOTHING, NULL, "escalated L1 1/2"},
                        {85, NOTHING, NULL, "escalated L2 2/2"}, {1000, NOTHING, NULL, ""}));
        run("steps that wait for nothing do not make the loop spin", "critical 0:L1 0:L2 x1",
                MOMENTS({0, OPEN, "critical", "opened L1 2/2; opened L2 2/2"},
                        {1, NOTHING, NULL, "escalated L1 2/2; escalated L2 2/2"},
                        {100, NOTHING, NULL, ""}));
}

static void somebody_takes_it(void **state)
{
        run("it stops, and the end is told", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {10, ACK, "anna", "acknowledged L1"}, {10000, NOTHING, NULL, ""},
                        {10001, CLOSE, NULL, "resolved L1"}));
        run("too long ago: it begins again", CRITICAL " t60",
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {15, NOTHING, NULL, "escalated L2 2/3"},
                        {20, ACK, "anna", "acknowledged L1; acknowledged L2"},
                        {79, NOTHING, NULL, ""}, {80, NOTHING, NULL, "reopened L1 1/3"},
                        {95, NOTHING, NULL, "escalated L2 2/3"},
                        {125, NOTHING, NULL, "escalated L3 3/3"}));
        run("again and again", CRITICAL " t60",
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {1, ACK, "anna", "acknowledged L1"},
                        {61, NOTHING, NULL, "reopened L1 1/3"},
                        {62, ACK, "anna", "acknowledged L1"},
                        {122, NOTHING, NULL, "reopened L1 1/3"}));
        run("a second acknowledgement replaces the first", CRITICAL " t60",
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {1, ACK, "anna", "acknowledged L1"},
                        {30, ACK, "bob", "acknowledged L1"}, {61, NOTHING, NULL, ""},
                        {89, NOTHING, NULL, ""}, {90, NOTHING, NULL, "reopened L1 1/3"}));
        run("it is taken back", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {10, ACK, "anna", "acknowledged L1"}, {40, UNACK, "bob", "reopened L1 1/3"},
                        {55, NOTHING, NULL, "escalated L2 2/3"}));
        run("before anybody was told", "warning 5:L1 10:L2",
                MOMENTS({0, OPEN, "warning", ""}, {4, ACK, "anna", ""}, {100, NOTHING, NULL, ""},
                        {101, CLOSE, NULL, ""}));
        run("after the last step", CRITICAL " t60",
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {15, NOTHING, NULL, "escalated L2 2/3"},
                        {45, NOTHING, NULL, "escalated L3 3/3"},
                        {50, ACK, "anna", "acknowledged L1; acknowledged L2; acknowledged L3"},
                        {110, NOTHING, NULL, "reopened L1 1/3"}));
        run("and it is taken back before anybody knew", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {10, ACK, "anna", UNSEEN},
                        {10, UNACK, "anna", "reopened L1 1/3"}, {11, NOTHING, NULL, ""}));
        run("with a further alert: it is taken after that", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {5, CHANGE, NULL, UNSEEN},
                        {5, ACK, "anna", "changed L1; acknowledged L1"}));
        run("as it ends", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {5, ACK, "anna", UNSEEN},
                        {5, CLOSE, NULL, "resolved L1"}));
        run("in the same minute in which the next step is due", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {15, ACK, "anna", "acknowledged L1"}, {16, NOTHING, NULL, ""}));
        run("a further alert is told to those who know, and starts nothing", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {5, CHANGE, NULL, "changed L1"},
                        {10, ACK, "anna", "acknowledged L1"}, {20, CHANGE, NULL, "changed L1"},
                        {100, NOTHING, NULL, ""}));
        run("a further alert as a step is due is told once", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {15, CHANGE, NULL, "changed L1; escalated L2 2/3"},
                        {45, CHANGE, NULL, "changed L1; changed L2; escalated L3 3/3"}));
        run("a further alert before anybody was told", "warning 5:L1 10:L2",
                MOMENTS({0, OPEN, "warning", ""}, {1, CHANGE, NULL, ""},
                        {5, NOTHING, NULL, "opened L1 1/2"}));
}

#define BOTH "warning 0:chat 240:L1; critical 0:L1 15:L2"

static void somebody_takes_it_early(void **state)
{
        run("taken before anybody is told: nobody is, and nobody hears of its end", CRITICAL,
                MOMENTS({0, EXPECT, "critical", ""}, {0, ACK, "anna", ""},
                        {1, OPEN, "critical", ""}, {2, CHANGE, NULL, ""}, {60, NOTHING, NULL, ""},
                        {61, CLOSE, NULL, ""}, {62, OPEN, "critical", "opened L1 1/3"}));
        run("given back after it opened", CRITICAL,
                MOMENTS({0, EXPECT, "critical", ""}, {0, ACK, "anna", ""},
                        {1, OPEN, "critical", ""}, {5, UNACK, "bob", "reopened L1 1/3"},
                        {19, NOTHING, NULL, ""}, {20, NOTHING, NULL, "escalated L2 2/3"}));
        run("given back before that", CRITICAL,
                MOMENTS({0, EXPECT, "critical", ""}, {0, ACK, "anna", ""}, {1, UNACK, "bob", ""},
                        {2, OPEN, "critical", "opened L1 1/3"}, {16, NOTHING, NULL, ""},
                        {17, NOTHING, NULL, "escalated L2 2/3"}));
        run("an acknowledgement holds from when it was made", CRITICAL " t30",
                MOMENTS({0, EXPECT, "critical", ""}, {0, ACK, "anna", ""},
                        {5, OPEN, "critical", ""}, {29, NOTHING, NULL, ""},
                        {30, NOTHING, NULL, "reopened L1 1/3"}));
        run("what has not opened is not told when that is too old", CRITICAL " t30",
                MOMENTS({0, EXPECT, "critical", ""}, {0, ACK, "anna", ""}, {40, NOTHING, NULL, ""},
                        {41, OPEN, "critical", "reopened L1 1/3"}));
        run("it opens as a worse one than was taken", BOTH,
                MOMENTS({0, EXPECT, "warning", ""}, {0, ACK, "anna", ""},
                        {1, OPEN, "critical", "escalated L1 1/2"}));
        run("over before anybody was to be told", CRITICAL,
                MOMENTS({0, EXPECT, "critical", ""}, {0, ACK, "anna", ""}, {1, CLOSE, NULL, ""},
                        {2, OPEN, "critical", "opened L1 1/3"}));
        run("silenced, too, until it is given back", CRITICAL,
                MOMENTS({0, EXPECT, "critical", ""}, {0, ACK, "anna", ""},
                        {0, SILENCE, "an ingest", ""}, {1, OPEN, "critical", ""},
                        {2, UNACK, "bob", ""}, {9, UNSILENCE, NULL, "reopened L1 1/3"}));
        run("without a policy", CRITICAL,
                MOMENTS({0, EXPECT, "warning", ""}, {0, ACK, "anna", ""},
                        {1, OPEN, "warning>chat", ""}, {2, UNACK, "bob", "reopened chat 1/1"}));
}

static void it_becomes_worse(void **state)
{
        run("another chain begins", BOTH,
                MOMENTS({0, OPEN, "warning", "opened chat 1/2"},
                        {10, OPEN, "critical", "escalated L1 1/2"},
                        {25, NOTHING, NULL, "escalated L2 2/2"}, {240, NOTHING, NULL, ""},
                        {300, CLOSE, NULL, "resolved chat; resolved L1; resolved L2"}));
        run("the same chain begins again", "warning,critical 0:L1 15:L2",
                MOMENTS({0, OPEN, "warning", "opened L1 1/2"},
                        {10, OPEN, "critical", "escalated L1 1/2"}, {15, NOTHING, NULL, ""},
                        {25, NOTHING, NULL, "escalated L2 2/2"}));
        run("that ends an acknowledgement of less", BOTH,
                MOMENTS({0, OPEN, "warning", "opened chat 1/2"},
                        {5, ACK, "anna", "acknowledged chat"},
                        {10, OPEN, "critical", "escalated L1 1/2"},
                        {25, NOTHING, NULL, "escalated L2 2/2"}));
        run("high is between them", "warning 0:chat; high 0:L1; critical 0:L2",
                MOMENTS({0, OPEN, "warning", "opened chat 1/1"},
                        {1, OPEN, "high", "escalated L1 1/1"}, {2, OPEN, "warning", ""},
                        {3, OPEN, "critical", "escalated L2 1/1"}, {4, OPEN, "high", ""},
                        {5, CLOSE, NULL, "resolved chat; resolved L1; resolved L2"}));
        run("it becomes better: who was called stays called", BOTH,
                MOMENTS({0, OPEN, "critical", "opened L1 1/2"}, {5, OPEN, "warning", ""},
                        {15, NOTHING, NULL, "escalated L2 2/2"}, {16, OPEN, "critical", ""},
                        {300, NOTHING, NULL, ""}));
        run("better does not end an acknowledgement", BOTH,
                MOMENTS({0, OPEN, "critical", "opened L1 1/2"}, {5, ACK, "anna", "acknowledged L1"},
                        {10, OPEN, "warning", ""}, {20, OPEN, "critical", ""},
                        {300, NOTHING, NULL, ""}));
        run("worse before anybody was told: it opens", "warning 10:chat; critical 5:L1",
                MOMENTS({0, OPEN, "warning", ""}, {3, OPEN, "critical", ""},
                        {5, NOTHING, NULL, "opened L1 1/1"}, {10, NOTHING, NULL, ""}));
        run("worse with a further alert: each hears once", BOTH,
                MOMENTS({0, OPEN, "warning", "opened chat 1/2"}, {10, CHANGE, NULL, UNSEEN},
                        {10, OPEN, "critical", "changed chat; escalated L1 1/2"}));
        run("the first policy for it counts", "critical 0:L1; critical,warning 0:L2",
                MOMENTS({0, OPEN, "critical", "opened L1 1/1"},
                        {0, OPEN, "@b warning", "@b opened L2 1/1"}));
}

static void no_policy_is_for_it(void **state)
{
        run("who would be told anyway is told, once", CRITICAL,
                MOMENTS({0, OPEN, "warning>chat", "opened chat 1/1"}, {1000, NOTHING, NULL, ""},
                        {1001, CLOSE, NULL, "resolved chat"}));
        run("an acknowledgement holds to the end", CRITICAL " t30",
                MOMENTS({0, OPEN, "warning>chat", "opened chat 1/1"},
                        {1, ACK, "anna", "acknowledged chat"}, {1000, NOTHING, NULL, ""},
                        {1001, CLOSE, NULL, "resolved chat"}));
        run("nobody is told where nobody is given", CRITICAL,
                MOMENTS({0, OPEN, "warning", ""}, {1, CHANGE, NULL, ""}, {2, CLOSE, NULL, ""}));
        run("with a policy nobody else is told", CRITICAL,
                MOMENTS({0, OPEN, "critical>chat", "opened L1 1/3"},
                        {1, CLOSE, NULL, "resolved L1"}));
        run("it gets one as it becomes worse", CRITICAL,
                MOMENTS({0, OPEN, "warning>chat", "opened chat 1/1"},
                        {10, OPEN, "critical>chat", "escalated L1 1/3"},
                        {25, NOTHING, NULL, "escalated L2 2/3"}));
}

static void silence(void **state)
{
        run("stops the clock of the chain", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {10, SILENCE, "ingest", ""},
                        {100, NOTHING, NULL, ""}, {110, UNSILENCE, NULL, ""},
                        {114, NOTHING, NULL, ""}, {115, NOTHING, NULL, "escalated L2 2/3"}));
        run("from before it opened", CRITICAL,
                MOMENTS({0, OPEN, "critical", UNSEEN}, {0, SILENCE, "ingest", ""},
                        {60, UNSILENCE, NULL, "opened L1 1/3"},
                        {75, NOTHING, NULL, "escalated L2 2/3"}));
        run("as of a further alert that nobody was told of yet", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {10, CHANGE, NULL, UNSEEN},
                        {10, SILENCE, "ingest", ""}));
        run("of what is over and was never told", CRITICAL,
                MOMENTS({0, OPEN, "critical", UNSEEN}, {0, SILENCE, "ingest", ""},
                        {5, CLOSE, NULL, ""}, {6, UNSILENCE, NULL, ""}));
        run("hides further alerts", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {10, SILENCE, "ingest", ""},
                        {11, CHANGE, NULL, ""}, {20, UNSILENCE, NULL, ""},
                        {25, NOTHING, NULL, "escalated L2 2/3"}));
        run("does not hide the end from who was told", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {10, SILENCE, "ingest", ""},
                        {20, CLOSE, NULL, "resolved L1"}));
        run("another reason changes nothing", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {10, SILENCE, "ingest", ""},
                        {20, SILENCE, "holidays", ""}, {30, UNSILENCE, NULL, ""},
                        {31, UNSILENCE, NULL, ""}, {34, NOTHING, NULL, ""},
                        {35, NOTHING, NULL, "escalated L2 2/3"}));
        run("over an acknowledgement that becomes too old: it begins when it can be heard",
                CRITICAL " t60",
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {5, ACK, "anna", "acknowledged L1"},
                        {10, SILENCE, "ingest", ""}, {65, NOTHING, NULL, ""},
                        {200, UNSILENCE, NULL, "reopened L1 1/3"},
                        {215, NOTHING, NULL, "escalated L2 2/3"}));
        run("over an acknowledgement that holds", CRITICAL " t60",
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {5, ACK, "anna", "acknowledged L1"},
                        {10, SILENCE, "ingest", ""}, {20, UNSILENCE, NULL, ""},
                        {65, NOTHING, NULL, "reopened L1 1/3"}));
        run("while it becomes worse", BOTH,
                MOMENTS({0, OPEN, "warning", "opened chat 1/2"}, {5, SILENCE, "ingest", ""},
                        {10, OPEN, "critical", ""}, {50, NOTHING, NULL, ""},
                        {60, UNSILENCE, NULL, "escalated L1 1/2"},
                        {75, NOTHING, NULL, "escalated L2 2/2"}));
}

static void after_a_restart(void **state)
{
        run("pending: it goes on waiting", "warning 5:L1 10:L2",
                MOMENTS({0, OPEN, "warning", ""}, {3, RESTART, NULL, ""}, {4, NOTHING, NULL, ""},
                        {5, NOTHING, NULL, "opened L1 1/2"}));
        run("overdue steps are told once and together", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {600, RESTART, NULL, "escalated L2 3/3; escalated L3 3/3"},
                        {601, NOTHING, NULL, ""},
                        {602, CLOSE, NULL, "resolved L1; resolved L2; resolved L3"}));
        run("overdue from the first on", "critical 5:L1,chat 15:L2,chat 30:L3",
                MOMENTS({0, OPEN, "critical", ""},
                        {25, RESTART, NULL, "opened L1 2/3; opened chat 2/3; opened L2 2/3"},
                        {54, NOTHING, NULL, ""}, {55, NOTHING, NULL, "escalated L3 3/3"}));
        run("a further round is not told with the one before", "critical 0:L1 10:L2 x3",
                MOMENTS({0, OPEN, "critical", "opened L1 1/2"},
                        {500, RESTART, NULL, "escalated L2 2/2"}, {509, NOTHING, NULL, ""},
                        {510, NOTHING, NULL, "escalated L1 1/2"},
                        {520, NOTHING, NULL, "escalated L2 2/2"}));
        run("escalated: the next step is the next", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {15, NOTHING, NULL, "escalated L2 2/3"}, {20, RESTART, NULL, ""},
                        {45, NOTHING, NULL, "escalated L3 3/3"}));
        run("acknowledged: it stays so", CRITICAL " t60",
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {10, ACK, "anna", "acknowledged L1"}, {20, RESTART, NULL, ""},
                        {69, NOTHING, NULL, ""}, {70, NOTHING, NULL, "reopened L1 1/3"}));
        run("acknowledged, and nobody knew yet", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {10, ACK, "anna", UNSEEN},
                        {20, RESTART, NULL, "acknowledged L1"}, {21, NOTHING, NULL, ""}));
        run("acknowledged long ago: it begins, and does not run through", CRITICAL " t60",
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {10, ACK, "anna", "acknowledged L1"},
                        {1000, RESTART, NULL, "reopened L1 1/3"}, {1014, NOTHING, NULL, ""},
                        {1015, NOTHING, NULL, "escalated L2 2/3"}));
        run("what is found open again is no news", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {10, RESTART, NULL, ""},
                        {11, OPEN, "critical", ""}, {15, NOTHING, NULL, "escalated L2 2/3"}));
        run("what is over by then is told to who was told", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {10, RESTART, NULL, ""},
                        {11, CLOSE, NULL, "resolved L1"}));
        run("silenced: it stays so", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {10, SILENCE, "ingest", ""},
                        {100, RESTART, NULL, ""}, {110, UNSILENCE, NULL, ""},
                        {115, NOTHING, NULL, "escalated L2 2/3"}));
}

static void the_clock_is_set(void **state)
{
        run("ahead", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {10, AHEAD, "100000", ""},
                        {14, NOTHING, NULL, ""}, {15, NOTHING, NULL, "escalated L2 2/3"}));
        run("back", CRITICAL " t60",
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {10, BACK, "100000", ""},
                        {15, NOTHING, NULL, "escalated L2 2/3"},
                        {16, ACK, "anna", "acknowledged L1; acknowledged L2"},
                        {17, BACK, "1000", ""}, {75, NOTHING, NULL, ""},
                        {76, NOTHING, NULL, "reopened L1 1/3"}));
        run("while it is silenced", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"}, {10, SILENCE, "ingest", ""},
                        {20, AHEAD, "100000", ""}, {30, UNSILENCE, NULL, ""},
                        {34, NOTHING, NULL, ""}, {35, NOTHING, NULL, "escalated L2 2/3"}));
}

static void a_reload(void **state)
{
        run("the step that is due is gone: the next one is", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {10, RELOAD, "critical 0:L1 30:L3", ""}, {29, NOTHING, NULL, ""},
                        {30, NOTHING, NULL, "escalated L3 2/2"}));
        run("all further steps are gone", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {15, NOTHING, NULL, "escalated L2 2/3"}, {16, RELOAD, "critical 0:L1", ""},
                        {100, NOTHING, NULL, ""}, {101, CLOSE, NULL, "resolved L1; resolved L2"}));
        run("all further steps are gone, and it repeats", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {15, NOTHING, NULL, "escalated L2 2/3"},
                        {16, RELOAD, "critical 20:L1 x1", ""}, {34, NOTHING, NULL, ""},
                        {35, NOTHING, NULL, "escalated L1 1/1"}, {100, NOTHING, NULL, ""}));
        run("a shorter wait may be over", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {10, RELOAD, "critical 0:L1 5:L2 30:L3", "escalated L2 2/3"},
                        {40, NOTHING, NULL, "escalated L3 3/3"}));
        run("a longer wait", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {10, RELOAD, "critical 0:L1 60:L2", ""}, {15, NOTHING, NULL, ""},
                        {60, NOTHING, NULL, "escalated L2 2/2"}));
        run("a step more, after the last was told", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {15, NOTHING, NULL, "escalated L2 2/3"},
                        {45, NOTHING, NULL, "escalated L3 3/3"},
                        {50, RELOAD, CRITICAL " 10:L4", ""},
                        {55, NOTHING, NULL, "escalated L4 4/4"}));
        run("another receiver", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {10, RELOAD, "critical 0:new 15:second", ""},
                        {15, NOTHING, NULL, "escalated second 2/2"},
                        {16, CLOSE, NULL, "resolved L1; resolved second"}));
        run("the round that was to begin is gone", "critical 0:L1 10:L2 x2",
                MOMENTS({0, OPEN, "critical", "opened L1 1/2"},
                        {10, NOTHING, NULL, "escalated L2 2/2"},
                        {15, RELOAD, "critical 0:L1 10:L2", ""}, {100, NOTHING, NULL, ""},
                        {101, RELOAD, "critical 0:L1 10:L2 x2",
                                "escalated L1 2/2; escalated L2 2/2"}));
        run("no policy is for it any more", CRITICAL,
                MOMENTS({0, OPEN, "critical>chat", "opened L1 1/3"},
                        {10, RELOAD, "warning 0:L1", ""}, {100, NOTHING, NULL, ""},
                        {101, CLOSE, NULL, "resolved L1"}));
        run("the first policy for it", "warning 0:L1",
                MOMENTS({0, OPEN, "critical>chat", "opened chat 1/1"}, {10, RELOAD, CRITICAL, ""},
                        {15, NOTHING, NULL, "escalated L2 2/3"}));
        run("an acknowledgement holds for less", CRITICAL " t60",
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {10, ACK, "anna", "acknowledged L1"},
                        {50, RELOAD, CRITICAL " t30", "reopened L1 1/3"}));
}

static void incidents_do_not_mind_each_other(void **state)
{
        run("two, one of them acknowledged", CRITICAL,
                MOMENTS({0, OPEN, "critical", "opened L1 1/3"},
                        {5, OPEN, "@b critical", "@b opened L1 1/3"},
                        {10, ACK, "anna", "acknowledged L1"}, {15, NOTHING, NULL, ""},
                        {20, NOTHING, NULL, "@b escalated L2 2/3"},
                        {21, CLOSE, "@b", "@b resolved L1; @b resolved L2"},
                        {100, NOTHING, NULL, ""}));
        run("three, opened in any order and due at once", CRITICAL,
                MOMENTS({0, OPEN, "@c critical", "@c opened L1 1/3"},
                        {0, OPEN, "critical", "opened L1 1/3"},
                        {0, OPEN, "@b critical", "@b opened L1 1/3"},
                        {1, CLOSE, "@b", "@b resolved L1"},
                        {15, NOTHING, NULL, "escalated L2 2/3; @c escalated L2 2/3"}));
}

/* The reason of each action, a line each. */
static void reasons_are(struct world *w, unsigned at, const char *expected)
{
        _cleanup_(escalation_actions_done) struct escalation_actions actions = {0};
        _cleanup_text_ struct text t = {0};

        assert_int_equal(escalations_update(w->escalations, clock_at(w, at), &actions), 0);
        for (size_t i = 0; i < actions.count; i++)
                text_appendf(&t, "%s%s", i > 0 ? "\n" : "", actions.actions[i].reason);
        assert_string_equal(text_string(&t), expected);
}

static int set_up(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        w->escalations = escalations_new();
        *state = w;
        return 0;
}

static int tear_down(void **state)
{
        struct world *w = *state;

        escalations_free(w->escalations);
        policies_done(&w->policies);
        free(w);
        return 0;
}

static void each_action_says_why(void **state)
{
        struct world *w = *state;
        struct escalations *e;

        configure(w, "warning 5:L1; critical 0:L1 15:L2 90:L3 x1 t30");
        e = w->escalations;
        open_incident(w, "a", "warning", clock_at(w, 0));
        reasons_are(w, 5, "the incident has lasted 5m");
        open_incident(w, "a", "critical", clock_at(w, 10));
        escalations_change(e, "a");
        reasons_are(w, 10, "severity rose from warning to critical: step 1 of 3");
        reasons_are(w, 25, "nobody acknowledged within 15m: step 2 of 3");
        assert_int_equal(escalations_acknowledge(e, "a", "anna", NULL, clock_at(w, 26)), 0);
        reasons_are(w, 56, "acknowledged by anna 30m ago, and it goes on: step 1 of 3");
        reasons_are(w, 1000,
                "nobody acknowledged within 1h45m: step 3 of 3\n"
                "nobody acknowledged within 1h45m: step 3 of 3");
        reasons_are(w, 1090, "nobody acknowledged within 1h30m: step 1 of 3 in round 2 of 2");
        assert_int_equal(escalations_acknowledge(e, "a", "anna", NULL, clock_at(w, 1091)), 0);
        assert_int_equal(escalations_unacknowledge(e, "a", "bob\033[2J", clock_at(w, 1092)), 0);
        reasons_are(w, 1092, "bob [2J took back the acknowledgement of anna: step 1 of 3");
        assert_int_equal(escalations_acknowledge(e, "a", "eve\n", NULL, clock_at(w, 1092)), 0);
        reasons_are(w, 1092, "acknowledged by eve \nacknowledged by eve \nacknowledged by eve ");
        escalations_change(e, "a");
        reasons_are(w, 1093, "a further alert fires\na further alert fires\na further alert fires");
        escalations_close(e, "a");
        reasons_are(w, 1094, "the incident is over\nthe incident is over\nthe incident is over");
        configure(w, "warning 0:L1; critical 0:L2 x1");
        open_incident(w, "b", "warning", clock_at(w, 0));
        reasons_are(w, 0, "the incident opened");
        assert_int_equal(escalations_acknowledge(e, "b", "anna", NULL, clock_at(w, 1)), 0);
        open_incident(w, "b", "critical", clock_at(w, 2));
        reasons_are(w, 2, "severity rose from warning to critical after anna acknowledged it");
}

static void status_is(const struct world *w, const char *expected)
{
        _cleanup_(escalation_status_done) struct escalation_status s = {0};
        _cleanup_text_ struct text t = {0};

        assert_int_equal(escalations_show(w->escalations, "a", &s), 0);
        text_appendf(&t, "[%s] %zu/%zu round %u/%u", s.policy, s.told, s.steps, s.round, s.rounds);
        if (s.next_at != USEC_INFINITY)
                text_appendf(&t, " next %lu", (unsigned long)((s.next_at - T0) / USEC_PER_MINUTE));
        text_appendf(&t, " to %zu: %s", s.receivers.count, s.why);
        assert_string_equal(text_string(&t), expected);
}

static void what_is_shown(void **state)
{
        struct world *w = *state;
        _cleanup_(escalation_status_done) struct escalation_status s = {0};

        configure(w, "critical,high 0:L1 15:L2 x1 t60");
        open_incident(w, "a", "critical", clock_at(w, 0));
        status_is(w, "[critical, high] 0/2 round 1/2 next 0 to 0: ");
        reasons_are(w, 0, "the incident opened: step 1 of 2");
        status_is(w, "[critical, high] 1/2 round 1/2 next 15 to 1: ");
        assert_int_equal(
                escalations_acknowledge(w->escalations, "a", "anna", "on it", clock_at(w, 10)), 0);
        reasons_are(w, 10, "acknowledged by anna");
        status_is(w,
                "[critical, high] 1/2 round 1/2 next 70 to 1: "
                "acknowledged by anna until 2027-01-15T09:10:00Z");
        assert_int_equal(escalations_show(w->escalations, "a", &s), 0);
        assert_string_equal(s.ack.by, "anna");
        assert_string_equal(s.ack.comment, "on it");
        assert_int_equal(s.ack.at, MINUTES(10));
        assert_int_equal(s.ack_until, MINUTES(70));
        configure(w, "critical,high 0:L1 15:L2 x1");
        status_is(w, "[critical, high] 1/2 round 1/2 to 1: acknowledged by anna");
        assert_int_equal(
                escalations_unacknowledge(w->escalations, "a", "anna", clock_at(w, 20)), 0);
        reasons_are(w, 20, "anna took back the acknowledgement of anna: step 1 of 2");
        assert_int_equal(escalations_silence(w->escalations, "a", "an ingest", clock_at(w, 21)), 0);
        status_is(w, "[critical, high] 1/2 round 1/2 to 1: an ingest");
        assert_int_equal(escalations_silence(w->escalations, "a", NULL, clock_at(w, 22)), 0);
        reasons_are(w, 36, "nobody acknowledged within 15m: step 2 of 2");
        status_is(w, "[critical, high] 2/2 round 1/2 next 51 to 2: ");
        reasons_are(w, 51, "nobody acknowledged within 15m: step 1 of 2 in round 2 of 2");
        status_is(w, "[critical, high] 1/2 round 2/2 next 66 to 2: ");
        reasons_are(w, 66, "nobody acknowledged within 15m: step 2 of 2 in round 2 of 2");
        status_is(w,
                "[critical, high] 2/2 round 2/2 to 2: "
                "the last step was told; repeats are used up");
        configure(w, "critical 0:L1");
        status_is(w, "[critical] 1/1 round 2/2 to 2: the last step was told");
        configure(w, "");
        status_is(w, "[] 0/0 round 2/2 to 2: no policy escalates incidents of severity critical");
        escalations_close(w->escalations, "a");
        assert_int_equal(escalations_show(w->escalations, "a", &s), -ENOENT);
}

static void what_cannot_be_acknowledged(void **state)
{
        struct world *w = *state;
        struct escalations *e = w->escalations;
        char name[ACK_BY_MAX + 2], comment[ACK_COMMENT_MAX + 2];

        memset(name, 'n', sizeof(name) - 1);
        memset(comment, 'c', sizeof(comment) - 1);
        name[sizeof(name) - 1] = comment[sizeof(comment) - 1] = '\0';
        configure(w, CRITICAL);
        assert_int_equal(escalations_acknowledge(e, "a", "anna", NULL, T0), -ENOENT);
        assert_int_equal(escalations_unacknowledge(e, "a", "anna", T0), -ENOENT);
        open_incident(w, "a", "critical", T0);
        assert_int_equal(escalations_unacknowledge(e, "a", "anna", T0), -ENOENT);
        assert_int_equal(escalations_acknowledge(e, "a", "", NULL, T0), -EINVAL);
        assert_int_equal(escalations_acknowledge(e, "a", name, NULL, T0), -EINVAL);
        assert_int_equal(escalations_acknowledge(e, "a", "anna", comment, T0), -EINVAL);
        assert_int_equal(escalations_next(e), T0);
        name[ACK_BY_MAX] = comment[ACK_COMMENT_MAX] = '\0';
        assert_int_equal(escalations_acknowledge(e, "a", name, comment, T0), 0);
        assert_int_equal(escalations_unacknowledge(e, "a", "", T0), -EINVAL);
        escalations_close(e, "a");
        assert_int_equal(escalations_acknowledge(e, "a", "anna", NULL, T0), -ENOENT);
}

/* An incident of an earlier life. */
static struct escalation kept_at(usec_t time)
{
        return (struct escalation){.incident = strdup("a"),
                .severity = strdup("critical"),
                .opened_at = time,
                .step_at = time};
}

/* What was kept may be anything. */
static void what_cannot_be_restored(void **state)
{
        struct world *w = *state;
        const struct escalation rows[] = {
                {.incident = NULL},
                {.incident = (char[]){""}, .severity = (char[]){"critical"}},
                {.incident = (char[]){"c"}},
                {.incident = (char[]){"b"}, .severity = (char[]){"critical"}},
        };
        struct escalation kept;
        size_t count;

        configure(w, CRITICAL);
        open_incident(w, "b", "critical", T0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                kept = rows[i];
                assert_int_equal(escalations_restore(w->escalations, &kept, T0), -EINVAL);
                assert_ptr_equal(kept.incident, rows[i].incident);
        }
        assert_string_equal(escalations_list(w->escalations, &count)[0]->incident, "b");
        assert_int_equal(count, 1);
        kept = kept_at(T0);
        kept.step = SIZE_MAX;
        kept.round = UINT32_MAX;
        kept.began = ESCALATION_KIND_COUNT;
        assert_int_equal(escalations_restore(w->escalations, &kept, T0), 0);
        assert_null(kept.incident);
        status_is(w, "[critical] 3/3 round 21/21 to 0: the last step was told");
}

/* The clock was set back while nobody ran: what has begun has not waited yet. */
static void times_that_are_not_reached_yet_are_now(void **state)
{
        struct world *w = *state;
        struct escalation kept = kept_at(MINUTES(1000));

        configure(w, CRITICAL " t30");
        kept.step = 1;
        assert_int_equal(escalations_restore(w->escalations, &kept, T0), 0);
        assert_int_equal(escalations_next(w->escalations), MINUTES(15));
        kept = kept_at(MINUTES(1000));
        kept.incident[0] = 'b';
        assert_int_equal(ack_set(&kept.ack, "anna", NULL, MINUTES(1000)), 0);
        escalations_close(w->escalations, "a");
        look(w, "its end", &(const struct moment){.told = ""});
        assert_int_equal(escalations_restore(w->escalations, &kept, T0), 0);
        assert_int_equal(escalations_next(w->escalations), MINUTES(30));
}

/* A year of random events on five incidents, one restart in twenty moments: who was told hears of
 * the end once, nobody hears of an end who was not told, and a receiver hears once a moment. */
static void a_year_of_anything(void **state)
{
        static const char *const severities[] = {"warning", "high>chat", "critical", "info"};
        static const enum event events[] = {OPEN, OPEN, CHANGE, CLOSE, ACK, UNACK, SILENCE,
                UNSILENCE, RELOAD, RESTART, AHEAD, BACK};
        static const char *const reloads[] = {
                BOTH " x2 t30", CRITICAL, "critical,warning 5:L1,L2 7:L2 x20 t10"};
        struct world *w = *state;
        bool told[5][4] = {0};
        unsigned seed = 20261127, moments = (unsigned)fewer(50000), resolved = 0;

        configure(w, BOTH);
        for (unsigned i = 0, at = 0; i < moments; i++, at += (unsigned)rand_r(&seed) % 20) {
                _cleanup_(escalation_actions_done) struct escalation_actions actions = {0};
                enum event event = events[(size_t)rand_r(&seed) % ARRAY_SIZE(events)];
                char incident[] = {(char)('a' + rand_r(&seed) % 5), '\0'}, what[64];
                bool heard[5][4] = {0};

                (void)snprintf(what, sizeof(what), "@%s %s", incident,
                        event == OPEN ? severities[rand_r(&seed) % 4] : "10");
                if (event == ACK || event == UNACK)
                        (void)(event == ACK ? escalations_acknowledge(w->escalations, incident,
                                                      "anna", NULL, clock_at(w, at))
                                            : escalations_unacknowledge(w->escalations, incident,
                                                      "bob", clock_at(w, at)));
                else
                        happen(w,
                                &(struct moment){at, event,
                                        event == RELOAD ? reloads[rand_r(&seed) % 3] : what, NULL});
                assert_int_equal(escalations_update(w->escalations, clock_at(w, at), &actions), 0);
                for (size_t k = 0; k < actions.count; k++) {
                        const struct escalation_action *a = &actions.actions[k];
                        size_t who = a->receiver[0] == 'L' ? (size_t)(a->receiver[1] - '0') : 0;
                        size_t which = (size_t)(a->incident[0] - 'a');

                        assert_false(heard[which][who]);
                        heard[which][who] = true;
                        if (a->kind >= ESCALATION_CHANGED)
                                assert_true(told[which][who]);
                        told[which][who] = a->kind != ESCALATION_RESOLVED;
                        resolved += a->kind == ESCALATION_RESOLVED;
                }
                assert_true(escalations_next(w->escalations) > clock_at(w, at));
        }
        assert_true(resolved > moments / 100);
}

/* As short.h, for what else allocates. */
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__real_reallocarray(void *block, size_t count, size_t size);
void *__wrap_reallocarray(void *block, size_t count, size_t size);
char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);

void *__wrap_calloc(size_t count, size_t size)
{
        return short_after-- == 0 ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
        return short_after-- == 0 ? NULL : __real_realloc(block, size);
}

void *__wrap_reallocarray(void *block, size_t count, size_t size)
{
        return short_after-- == 0 ? NULL : __real_reallocarray(block, count, size);
}

char *__wrap_strdup(const char *s)
{
        return short_after-- == 0 ? NULL : __real_strdup(s);
}

/* Of "a", which is acknowledged, changed and silenced as `events` say; told and due are more. */
static void prepare(struct world *w, const struct moment *events)
{
        struct escalation_actions actions;

        escalations_free(w->escalations);
        w->escalations = escalations_new();
        escalations_configure(w->escalations, w->policies.policies, w->policies.count);
        for (; events->told; events++) {
                happen(w, events);
                if (streq(events->told, UNSEEN))
                        continue;
                assert_int_equal(
                        escalations_update(w->escalations, clock_at(w, events->at), &actions), 0);
                escalation_actions_done(&actions);
        }
}

/* However short memory is at first, each is told once, and nobody is forgotten. */
static void short_memory_loses_nobody(void **state)
{
        static const struct moment events[] = {{0, OPEN, "warning", ""},
                {0, OPEN, "@b critical", ""}, {0, OPEN, "@c warning", ""},
                {1, CHANGE, NULL, UNSEEN}, {2, ACK, "@c anna", UNSEEN}, {3, CLOSE, "@b", UNSEEN},
                {0}};
        const size_t expected = 4; /* changed L1; escalated L2; @b resolved L1; @c reopened L1 */
        struct world *w = *state;
        bool enough = false;

        configure(w, "warning 0:L1 15:L2 t30; critical 0:L1");
        for (size_t failures = 0; !enough; failures++) {
                _cleanup_(escalation_actions_done) struct escalation_actions first = {0},
                                                                             second = {0};
                int r;

                prepare(w, events);
                short_after = failures;
                r = escalations_update(w->escalations, clock_at(w, 40), &first);
                enough = short_after != SIZE_MAX && short_after <= failures;
                short_after = SIZE_MAX;
                assert_true(r == (enough ? 0 : -ENOMEM));
                if (!enough)
                        assert_int_equal(escalations_next(w->escalations), 0);
                assert_int_equal(escalations_update(w->escalations, clock_at(w, 40), &second), 0);
                assert_int_equal(first.count + second.count, expected);
                assert_true(!enough || second.count == 0);
                assert_true(failures < 1000);
        }
}

static int do_open(struct world *w)
{
        return escalations_open(w->escalations, "a", "critical",
                &w->policies.policies[0].severities, clock_at(w, 5));
}

static int do_open_another(struct world *w)
{
        return escalations_open(w->escalations, "b", "critical",
                &w->policies.policies[0].severities, clock_at(w, 5));
}

static int do_acknowledge(struct world *w)
{
        return escalations_acknowledge(w->escalations, "a", "bob", "it is mine", clock_at(w, 5));
}

static int do_unacknowledge(struct world *w)
{
        return escalations_unacknowledge(w->escalations, "a", "bob", clock_at(w, 5));
}

static int do_silence(struct world *w)
{
        return escalations_silence(w->escalations, "a", "an ingest", clock_at(w, 5));
}

static int do_restore(struct world *w)
{
        _cleanup_(escalation_done) struct escalation kept = {
                .incident = __real_strdup("b"), .severity = __real_strdup("critical")};

        return escalations_restore(w->escalations, &kept, clock_at(w, 5));
}

static int do_expect(struct world *w)
{
        return escalations_expect(w->escalations, "b", "critical", clock_at(w, 5));
}

static int do_route(struct world *w)
{
        return escalations_route(w->escalations, "a", &w->policies.policies[0].severities);
}

static int do_show(struct world *w)
{
        _cleanup_(escalation_status_done) struct escalation_status s = {0};

        return escalations_show(w->escalations, "a", &s);
}

static void short_memory_changes_nothing(void **state)
{
        static int (*const calls[])(struct world * w) = {do_open, do_open_another, do_acknowledge,
                do_unacknowledge, do_silence, do_restore, do_expect, do_route, do_show};
        static const struct moment events[] = {
                {0, OPEN, "warning>chat", ""}, {2, ACK, "anna", "acknowledged L1"}, {0}};
        struct world *w = *state;

        configure(w, "warning 0:L1 15:L2 t30; critical 0:L1");
        for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
                size_t failures = 0;

                for (int r = -ENOMEM; r < 0; failures++) {
                        size_t count;

                        prepare(w, events);
                        short_after = failures;
                        r = calls[i](w);
                        short_after = SIZE_MAX;
                        if (r >= 0)
                                break;
                        assert_int_equal(r, -ENOMEM);
                        status_is(w,
                                "[warning] 1/2 round 1/1 next 32 to 1: acknowledged by anna "
                                "until 2027-01-15T08:32:00Z");
                        assert_string_equal(
                                escalations_list(w->escalations, &count)[0]->severity, "warning");
                        assert_int_equal(count, 1);
                        assert_true(failures < 1000);
                }
                assert_true(failures > 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nobody_takes_it),
                cmocka_unit_test(the_chain_runs_again),
                cmocka_unit_test(somebody_takes_it),
                cmocka_unit_test(somebody_takes_it_early),
                cmocka_unit_test(it_becomes_worse),
                cmocka_unit_test(no_policy_is_for_it),
                cmocka_unit_test(silence),
                cmocka_unit_test(after_a_restart),
                cmocka_unit_test(the_clock_is_set),
                cmocka_unit_test(a_reload),
                cmocka_unit_test(incidents_do_not_mind_each_other),
                cmocka_unit_test_setup_teardown(each_action_says_why, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_is_shown, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_cannot_be_acknowledged, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_cannot_be_restored, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        times_that_are_not_reached_yet_are_now, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_year_of_anything, set_up, tear_down),
                cmocka_unit_test_setup_teardown(short_memory_loses_nobody, set_up, tear_down),
                cmocka_unit_test_setup_teardown(short_memory_changes_nothing, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
