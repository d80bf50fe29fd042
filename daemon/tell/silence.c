/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/silence.h"

#include <ctype.h>
#include <errno.h>

struct silences {
        struct silence *silences;
        size_t count;
};

void silence_done(struct silence *s)
{
        free(s->id);
        matchers_done(&s->matchers);
        free(s->created_by);
        free(s->comment);
        *s = (struct silence){0};
}

enum silence_state silence_state(const struct silence *s, usec_t now)
{
        if (now < s->starts_at)
                return SILENCE_PENDING;
        return now < s->ends_at ? SILENCE_ACTIVE : SILENCE_EXPIRED;
}

const char *silence_state_name(enum silence_state state)
{
        static const char *const names[SILENCE_STATE_COUNT] = {
                [SILENCE_PENDING] = "pending",
                [SILENCE_ACTIVE] = "active",
                [SILENCE_EXPIRED] = "expired",
        };

        return names[state];
}

struct silences *silences_new(void)
{
        return calloc(1, sizeof(struct silences));
}

struct silences *silences_free(struct silences *s)
{
        for (size_t i = 0; s && i < s->count; i++)
                silence_done(&s->silences[i]);
        if (s)
                free(s->silences);
        free(s);
        return NULL;
}

static struct silence *find(const struct silences *s, const char *id)
{
        for (size_t i = 0; i < s->count; i++)
                if (streq(s->silences[i].id, id))
                        return &s->silences[i];
        return NULL;
}

static bool is_uuid(const char *id)
{
        static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

        if (!id || strlen(id) != SILENCE_ID_LENGTH)
                return false;
        for (size_t i = 0; form[i]; i++)
                if (form[i] == '-'
                                ? id[i] != '-'
                                : !isxdigit((unsigned char)id[i]) || isupper((unsigned char)id[i]))
                        return false;
        return true;
}

static int check_words(const char *name, const char *words, size_t max, struct error *e)
{
        size_t size = words ? strlen(words) : 0;

        if (size == 0)
                return error_set(e, -EINVAL, "a silence needs %s", name);
        if (size > max)
                return error_set(
                        e, -EINVAL, "%s has %zu bytes; at most %zu are allowed", name, size, max);
        if (!utf8_valid(words, size))
                return error_set(e, -EINVAL, "%s is not UTF-8", name);
        return 0;
}

static int check_times(const struct silence *s, struct error *e)
{
        char starts[TIME_TEXT_MAX], ends[TIME_TEXT_MAX], most[DURATION_TEXT_MAX];

        if (s->ends_at <= s->starts_at)
                return error_set(e, -EINVAL, "its end, %s, is not after its start, %s",
                        time_format(ends, sizeof(ends), s->ends_at),
                        time_format(starts, sizeof(starts), s->starts_at));
        if (s->ends_at - s->starts_at > SILENCE_LENGTH_MAX)
                return error_set(e, -EINVAL,
                        "from %s to %s is longer than %s, the most of a silence",
                        time_format(starts, sizeof(starts), s->starts_at),
                        time_format(ends, sizeof(ends), s->ends_at),
                        duration_format(most, sizeof(most), SILENCE_LENGTH_MAX));
        return 0;
}

static int check(const struct silences *all, const struct silence *s, struct error *e)
{
        int r = 0;

        if (!is_uuid(s->id))
                r = error_set(e, -EINVAL, "\"%.60s\" is no id of a silence, which is a UUID",
                        s->id ? s->id : "");
        else if (find(all, s->id))
                r = error_set(e, -EEXIST, "there is a silence %s already", s->id);
        else if (matchers_vacuous(&s->matchers))
                r = error_set(e, -EINVAL,
                        "its matchers match everything: one at least has to ask for a value");
        if (r == 0)
                r = check_words("an author", s->created_by, SILENCE_AUTHOR_MAX, e);
        if (r == 0)
                r = check_words("a comment", s->comment, SILENCE_COMMENT_MAX, e);
        return r == 0 ? check_times(s, e) : r;
}

/* Whoever may write silences could otherwise write so many expensive ones that nothing else is done
 * than to match them. */
static int check_cost(
        const struct silences *all, const struct silence *s, usec_t now, struct error *e)
{
        size_t cost = matchers_cost(&s->matchers);

        for (size_t i = 0; i < all->count; i++)
                if (silence_state(&all->silences[i], now) != SILENCE_EXPIRED)
                        cost += matchers_cost(&all->silences[i].matchers);
        return cost <= SILENCES_COST_MAX
                ? 0
                : error_set(e, -ENOSPC,
                          "with it the regular expressions of all silences would be too large; "
                          "expire one first, or write it simpler");
}

static void drop(struct silences *s, size_t i)
{
        silence_done(&s->silences[i]);
        s->count--;
        memmove(&s->silences[i], &s->silences[i + 1], (s->count - i) * sizeof(*s->silences));
}

static int make_room(struct silences *s, usec_t now, struct error *e)
{
        size_t first = s->count;

        if (s->count < SILENCES_MAX)
                return 0;
        for (size_t i = 0; i < s->count; i++)
                if (silence_state(&s->silences[i], now) == SILENCE_EXPIRED &&
                        (first == s->count || s->silences[i].ends_at < s->silences[first].ends_at))
                        first = i;
        if (first == s->count)
                return error_set(e, -ENOSPC,
                        "there are %d silences, the most that are kept; expire one first",
                        SILENCES_MAX);
        drop(s, first);
        return 0;
}

static int take(struct silences *s, struct silence *silence, usec_t now, struct error *e)
{
        struct silence *grown;
        int r = check_cost(s, silence, now, e);

        if (r == 0)
                r = make_room(s, now, e);
        if (r < 0)
                return r;
        grown = reallocarray(s->silences, s->count + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        s->silences = grown;
        grown[s->count++] = *silence;
        *silence = (struct silence){0};
        return 0;
}

int silences_add(struct silences *s, struct silence *silence, usec_t now, struct error *e)
{
        char text[TIME_TEXT_MAX];
        struct silence made = *silence;
        int r;

        made.created_at = now;
        made.starts_at = MAX(silence->starts_at, now);
        if (silence->ends_at > silence->starts_at && silence->ends_at <= now)
                return error_set(e, -EINVAL, "its end, %s, has passed",
                        time_format(text, sizeof(text), silence->ends_at));
        if (made.starts_at - now > SILENCE_AHEAD_MAX)
                return error_set(e, -EINVAL, "its start, %s, is more than a year ahead",
                        time_format(text, sizeof(text), made.starts_at));
        r = check(s, &made, e);
        if (r == 0)
                r = take(s, &made, now, e);
        if (r == 0)
                *silence = (struct silence){0};
        return r;
}

static bool forgotten(const struct silence *s, usec_t now)
{
        return silence_state(s, now) == SILENCE_EXPIRED && now - s->ends_at >= SILENCE_RETENTION;
}

/* One that was expired before it began has no length. */
static int check_kept(
        const struct silences *all, const struct silence *s, usec_t now, struct error *e)
{
        struct silence as_made = *s;

        if (forgotten(s, now))
                return error_set(e, -ESTALE, "it expired more than %d days ago",
                        (int)(SILENCE_RETENTION / USEC_PER_DAY));
        if (s->ends_at == s->starts_at && s->ends_at <= now)
                as_made.ends_at++;
        return check(all, &as_made, e);
}

int silences_restore(struct silences *s, struct silence *silence, usec_t now, struct error *e)
{
        int r = check_kept(s, silence, now, e);

        if (r == 0)
                r = take(s, silence, now, e);
        for (size_t i = s->count; r == 0 && i-- > 1;) {
                struct silence *two = &s->silences[i - 1], first = two[0];

                if (first.created_at <= two[1].created_at)
                        break;
                two[0] = two[1];
                two[1] = first;
        }
        return r;
}

int silences_expire(struct silences *s, const char *id, usec_t now, struct error *e)
{
        struct silence *silence = find(s, id);

        if (!silence)
                return error_set(e, -ENOENT, "there is no silence %.60s", id);
        if (silence_state(silence, now) == SILENCE_EXPIRED)
                return error_set(e, -EALREADY, "the silence %s has expired already", id);
        silence->starts_at = MIN(silence->starts_at, now);
        silence->ends_at = now;
        silence->relative = true;
        return 0;
}

bool silences_prune(struct silences *s, usec_t now)
{
        size_t before = s->count;

        for (size_t i = s->count; i-- > 0;)
                if (forgotten(&s->silences[i], now))
                        drop(s, i);
        return s->count < before;
}

const struct silence *silences_at(const struct silences *s, size_t i)
{
        return i < s->count ? &s->silences[i] : NULL;
}

const struct silence *silences_muting(
        const struct silences *s, const struct labels *l, usec_t now, const struct silence *last)
{
        size_t i = last ? (size_t)(last - s->silences) + 1 : 0;

        for (; i < s->count; i++)
                if (silence_state(&s->silences[i], now) == SILENCE_ACTIVE &&
                        matchers_match(&s->silences[i].matchers, l))
                        return &s->silences[i];
        return NULL;
}

static void explain(const struct silence *s, struct text *why)
{
        char until[TIME_TEXT_MAX];

        text_append(why, "silenced by ");
        text_append_line(why, s->created_by);
        text_appendf(why, " until %s: ", time_format(until, sizeof(until), s->ends_at));
        text_append_line(why, s->comment);
}

bool silences_mute(const struct silences *s, const struct labels *l, usec_t now, struct text *why)
{
        const struct silence *one = NULL, *longest = NULL;

        while ((one = silences_muting(s, l, now, one)))
                if (!longest || one->ends_at > longest->ends_at)
                        longest = one;
        if (longest && why)
                explain(longest, why);
        return longest;
}

usec_t silences_due(const struct silences *s, usec_t now)
{
        usec_t due = USEC_INFINITY;

        for (size_t i = 0; i < s->count; i++) {
                const struct silence *one = &s->silences[i];
                const usec_t when[SILENCE_STATE_COUNT] = {
                        [SILENCE_PENDING] = one->starts_at,
                        [SILENCE_ACTIVE] = one->ends_at,
                        [SILENCE_EXPIRED] = one->ends_at + SILENCE_RETENTION,
                };

                due = MIN(due, when[silence_state(one, now)]);
        }
        return due;
}

void silences_jump(struct silences *s, int64_t by)
{
        for (size_t i = 0; i < s->count; i++) {
                struct silence *one = &s->silences[i];

                time_jump(&one->created_at, by);
                if (!one->relative)
                        continue;
                time_jump(&one->starts_at, by);
                time_jump(&one->ends_at, by);
        }
}
