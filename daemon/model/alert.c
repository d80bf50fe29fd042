/* SPDX-License-Identifier: Apache-2.0 */
#include "model/alert.h"

#include <errno.h>

#include "hash.h"
#include "macro.h"
#include "model/finding.h"
#include "text.h"

/* Index of `name`, or where it belongs. */
static size_t labels_position(const struct labels *l, const char *name, bool *ret_found)
{
        size_t i = 0;

        while (i < l->count && strcmp(l->labels[i].name, name) < 0)
                i++;
        *ret_found = i < l->count && strcmp(l->labels[i].name, name) == 0;
        return i;
}

static void labels_remove(struct labels *l, size_t i)
{
        free(l->labels[i].name);
        free(l->labels[i].value);
        l->count--;
        memmove(&l->labels[i], &l->labels[i + 1], (l->count - i) * sizeof(*l->labels));
}

static int labels_insert(struct labels *l, size_t i, const char *name, const char *value)
{
        _cleanup_free_ char *n = strdup(name), *v = strdup(value);
        struct label *grown;

        if (!n || !v)
                return -ENOMEM;
        grown = reallocarray(l->labels, l->count + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        l->labels = grown;
        memmove(&grown[i + 1], &grown[i], (l->count - i) * sizeof(*grown));
        grown[i] = (struct label){take_ptr(n), take_ptr(v)};
        l->count++;
        return 0;
}

int labels_set(struct labels *l, const char *name, const char *value)
{
        bool found, empty = !value || !*value;
        size_t i = labels_position(l, name, &found);
        char *copy;

        if (!found)
                return empty ? 0 : labels_insert(l, i, name, value);
        if (empty) {
                labels_remove(l, i);
                return 0;
        }
        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        free(l->labels[i].value);
        l->labels[i].value = copy;
        return 0;
}

const char *labels_get(const struct labels *l, const char *name)
{
        bool found;
        size_t i = labels_position(l, name, &found);

        return found ? l->labels[i].value : NULL;
}

int labels_copy(const struct labels *from, struct labels *ret)
{
        _cleanup_(labels_done) struct labels copy = {NULL, 0};

        for (size_t i = 0; i < from->count; i++)
                if (labels_insert(&copy, i, from->labels[i].name, from->labels[i].value) < 0)
                        return -ENOMEM;
        *ret = copy;
        copy = (struct labels){NULL, 0};
        return 0;
}

bool labels_equal(const struct labels *a, const struct labels *b)
{
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (!streq(a->labels[i].name, b->labels[i].name) ||
                        !streq(a->labels[i].value, b->labels[i].value))
                        return false;
        return true;
}

void labels_done(struct labels *l)
{
        while (l->count > 0)
                labels_remove(l, l->count - 1);
        free(l->labels);
        *l = (struct labels){NULL, 0};
}

uint64_t labels_fingerprint(const struct labels *l)
{
        uint64_t hash = HASH_INIT;

        for (size_t i = 0; i < l->count; i++)
                hash = hash_text(hash_text(hash, l->labels[i].name), l->labels[i].value);
        return hash;
}

int alert_copy(const struct alert *from, struct alert *ret)
{
        _cleanup_(alert_done) struct alert copy = *from;
        int r;

        copy.labels = copy.annotations = (struct labels){NULL, 0};
        copy.server = NULL;
        r = strdup_to(&copy.server, from->server);
        if (r >= 0)
                r = labels_copy(&from->labels, &copy.labels);
        if (r >= 0)
                r = labels_copy(&from->annotations, &copy.annotations);
        if (r < 0)
                return r;
        *ret = copy;
        copy = (struct alert){0};
        return 0;
}

void alert_done(struct alert *a)
{
        labels_done(&a->labels);
        labels_done(&a->annotations);
        free(a->server);
        a->server = NULL;
}

void alert_jump(struct alert *a, int64_t by)
{
        time_jump(&a->active_at, by);
        time_jump(&a->fired_at, by);
        time_jump(&a->resolved_at, by);
        time_jump(&a->keep_firing_since, by);
        time_jump(&a->flapping_since, by);
        time_jump(&a->flapped_at, by);
        time_jump(&a->last_sent_at, by);
        time_jump(&a->valid_until, by);
}

void alert_append_flapping(const struct alert *a, struct text *t)
{
        usec_t span = a->flapped_at - MIN(a->flapped_at, a->flapping_since);
        char within[DURATION_TEXT_MAX];

        if (a->flaps > 0)
                text_appendf(t, "flapping: it came %u times within %s", a->flaps,
                        duration_format(within, sizeof(within),
                                MAX(span / USEC_PER_MINUTE, (usec_t)1) * USEC_PER_MINUTE));
}

const char *alert_state_name(enum alert_state s)
{
        static const char *const names[ALERT_STATE_COUNT] = {
                [ALERT_PENDING] = "pending",
                [ALERT_FIRING] = "firing",
                [ALERT_RESOLVED] = "resolved",
        };

        return names[s];
}

bool alert_is_info(const struct alert *a)
{
        const char *severity = labels_get(&a->labels, "severity");

        return streq(severity, severity_name(SEVERITY_INFO)) || streq(severity, "none");
}

bool alert_is_told(const struct alert *a)
{
        return a->state == ALERT_FIRING && !a->inhibited && !alert_is_info(a);
}
