/* SPDX-License-Identifier: Apache-2.0 */
#include "pattern_steps.h"

#include <ctype.h>
#include <errno.h>

#include "utf8.h"

#define CODE_INVALID 0xfffdu
/* Ranges that a byte of a pattern makes: two bytes, \W, make five. */
#define RANGES_PER_BYTE 3

/* Keeps what was used of the memory: there may be thousands of them. */
static void shrink(struct pattern *p)
{
        struct step *steps = reallocarray(p->steps, (size_t)p->count, sizeof(*p->steps));
        struct range *ranges =
                reallocarray(p->ranges, MAX(p->range_count, (size_t)1), sizeof(*p->ranges));

        p->steps = steps ? steps : p->steps;
        p->ranges = ranges ? ranges : p->ranges;
}

static int check(const char *text, size_t size, struct error *e)
{
        if (size > PATTERN_SIZE_MAX)
                return error_set(e, -EINVAL,
                        "a regular expression has %zu bytes; at most %d are allowed", size,
                        PATTERN_SIZE_MAX);
        return utf8_valid(text, size)
                ? 0
                : error_set(e, -EINVAL, "the regular expression \"%s\" is not UTF-8", text);
}

int pattern_new(const char *text, struct pattern **ret, struct error *e)
{
        _cleanup_(pattern_freep) struct pattern *p = calloc(1, sizeof(*p));
        size_t size = strlen(text);
        int r = check(text, size, e);

        if (r < 0)
                return r;
        if (!p)
                return -ENOMEM;
        p->steps = calloc(PATTERN_STEPS_MAX + 1, sizeof(*p->steps));
        p->ranges = calloc(size * RANGES_PER_BYTE + 1, sizeof(*p->ranges));
        if (!p->steps || !p->ranges)
                return -ENOMEM;
        r = pattern_compile(p, text, e);
        if (r < 0)
                return r;
        shrink(p);
        *ret = take_ptr(p);
        return 0;
}

struct pattern *pattern_free(struct pattern *p)
{
        if (!p)
                return NULL;
        free(p->steps);
        free(p->ranges);
        free(p);
        return NULL;
}

size_t pattern_cost(const struct pattern *p)
{
        size_t cost = (size_t)p->count;

        for (int i = 0; i < p->count; i++)
                cost += p->steps[i].count;
        return cost;
}

static bool in_ranges(const struct pattern *p, const struct step *s, uint32_t code)
{
        for (size_t i = s->first; i < (size_t)s->first + s->count; i++)
                if (code >= p->ranges[i].first && code <= p->ranges[i].last)
                        return true;
        return false;
}

static bool takes(const struct pattern *p, const struct step *s, uint32_t code)
{
        bool found = in_ranges(p, s, code);

        if (!found && p->folds && code < 0x80 && isalpha((int)code))
                found = in_ranges(p, s, code ^ 0x20);
        return found != s->negated;
}

/* The steps at which a match may be, each once (K. Thompson, Regular Expression Search Algorithm,
 * CACM 11(6), 1968). */
struct places {
        uint16_t places[PATTERN_STEPS_MAX + 1];
        int count;
        bool marked[PATTERN_STEPS_MAX + 1];
};

static void visit(struct places *places, int at)
{
        if (places->marked[at])
                return;
        places->marked[at] = true;
        places->places[places->count++] = (uint16_t)at;
}

/* Follows what takes no character; what was added is looked at in its turn. */
static void follow(const struct pattern *p, struct places *places, bool begins, bool ends)
{
        for (int i = 0; i < places->count; i++) {
                int at = places->places[i];
                const struct step *s = &p->steps[at];

                if (s->operation == STEP_SPLIT) {
                        visit(places, at + s->to[0]);
                        visit(places, at + s->to[1]);
                } else if ((s->operation == STEP_BEGIN && begins) ||
                        (s->operation == STEP_END && ends))
                        visit(places, at + 1);
        }
}

static void advance(
        const struct pattern *p, const struct places *from, uint32_t code, struct places *to)
{
        to->count = 0;
        memset(to->marked, 0, (size_t)p->count);
        for (int i = 0; i < from->count; i++) {
                int at = from->places[i];

                if (p->steps[at].operation == STEP_RANGES && takes(p, &p->steps[at], code))
                        visit(to, at + 1);
        }
}

bool pattern_matches(const struct pattern *p, const char *s)
{
        struct places places[2];
        size_t left = strlen(s), length;
        unsigned now = 0;

        places[0].count = 0;
        memset(places[0].marked, 0, (size_t)p->count);
        visit(&places[0], 0);
        follow(p, &places[0], true, left == 0);
        for (; left > 0 && places[now].count > 0; s += length, left -= length, now = !now) {
                length = utf8_sequence(s, left);
                advance(p, &places[now], length > 0 ? utf8_code(s, length) : CODE_INVALID,
                        &places[!now]);
                length = MAX(length, (size_t)1);
                follow(p, &places[!now], false, left == length);
        }
        return left == 0 && places[now].count > 0 && places[now].marked[p->count - 1];
}
