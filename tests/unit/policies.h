/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Escalation policies in a line. After <cmocka.h>. */

#include <stdio.h>

#include "model/escalation.h"

#define POLICIES_MAX 4

struct policies {
        struct escalation_policy policies[POLICIES_MAX];
        size_t count;
};

static inline void policies_done(struct policies *p)
{
        for (size_t i = 0; i < p->count; i++)
                escalation_policy_done(&p->policies[i]);
        *p = (struct policies){0};
}

static inline void policies_add_receivers(char *text, struct roster *n)
{
        char *rest = NULL;

        for (char *name = strtok_r(text, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
                assert_int_equal(roster_add(n, name), 0);
}

static inline void policies_add_word(struct escalation_policy *p, char *word)
{
        char *end;
        unsigned long number = strtoul(word + (*word == 'x' || *word == 't'), &end, 10);

        if (*word == 'x' && *end == '\0') {
                p->repeat = (unsigned)number;
        } else if (*word == 't' && *end == '\0') {
                p->ack_timeout = number * USEC_PER_MINUTE;
        } else if (*end == ':') {
                p->steps = reallocarray(p->steps, p->step_count + 1, sizeof(*p->steps));
                p->steps[p->step_count] =
                        (struct escalation_step){.after = number * USEC_PER_MINUTE};
                policies_add_receivers(end + 1, &p->steps[p->step_count++].receivers);
        } else {
                policies_add_receivers(word, &p->severities);
        }
}

/* "critical,high 0:L1 15:L2,L3 x2 t30; warning 5:L1": severities, minutes and receivers of each
 * step, how often it repeats, and how many minutes an acknowledgement holds. */
static inline void policies_of(const char *text, struct policies *ret)
{
        _cleanup_free_ char *copy = strdup(text);
        char *rest = NULL;

        *ret = (struct policies){0};
        for (char *one = strtok_r(copy, ";", &rest); one; one = strtok_r(NULL, ";", &rest)) {
                struct escalation_policy *p = &ret->policies[ret->count++];
                char *words = NULL;

                assert_true(ret->count <= POLICIES_MAX);
                p->ack_timeout = USEC_INFINITY;
                for (char *word = strtok_r(one, " ", &words); word;
                        word = strtok_r(NULL, " ", &words))
                        policies_add_word(p, word);
        }
}
