/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/tenure.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "clock.h"
#include "hash.h"
#include "keep/swap.h"
#include "log.h"
#include "watch/alarm.h"

#define FAREWELL_MSEC 1000

struct tenure {
        sd_event *event;
        const struct tenure_owner *owner;
        struct lease_config config; /* its own; file NULL: none */
        struct lease lease;
        sd_event_source *timer, *answer;
        struct swap swap;
        struct ledger writing; /* what the child is to write */
        bool writes; /* it is to */
        struct text content; /* of it */
        struct text seen; /* the file as it was last */
        char *error;
        bool tells; /* as the owner knows it */
};

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata);

/* Unlike any other daemon's, and any other life's: a person reads the host, the rest is chance. */
static void name_self(char *buffer, size_t size)
{
        char host[65] = "";
        uint64_t chance = 0;

        (void)gethostname(host, sizeof(host) - 1);
        if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
                chance = clock_usec(CLOCK_MONOTONIC);
        (void)snprintf(buffer, size, "%s/%d/%08llx", host, (int)getpid(),
                (unsigned long long)(chance & 0xffffffff));
}

static void config_done(struct lease_config *c)
{
        free(c->file);
        *c = (struct lease_config){0};
}

int tenure_new(sd_event *event, const struct tenure_owner *owner, struct tenure **ret)
{
        struct tenure *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        t->event = sd_event_ref(event);
        t->owner = owner;
        t->tells = true;
        *ret = t;
        return 0;
}

bool tenure_leased(const struct tenure *t)
{
        return t && t->config.file;
}

static bool tells_now(const struct tenure *t)
{
        return !t->config.file || lease_held(&t->lease, clock_usec(CLOCK_BOOTTIME));
}

bool tenure_tells(const struct tenure *t)
{
        return !t || tells_now(t);
}

const char *tenure_holder(const struct tenure *t)
{
        return t->lease.seen.holder;
}

const char *tenure_error(const struct tenure *t)
{
        return t->error;
}

static void log_turn(struct tenure *t)
{
        if (t->config.file && t->tells)
                log_event(LOG_NOTICE, NULL, NULL,
                        "%s: this daemon holds the lease and tells receivers", t->config.file);
        else if (t->config.file)
                log_event(LOG_NOTICE, NULL, NULL,
                        "%s: this daemon does not hold the lease, receivers are told by %s",
                        t->config.file, *t->lease.seen.holder ? t->lease.seen.holder : "nobody");
}

static int set_timer(struct tenure *t)
{
        return alarm_set(t->event, &t->timer, lease_next(&t->lease), on_timer, "lease", t);
}

/* Says and does what follows from what is known now. */
static void settle(struct tenure *t)
{
        bool tells = tells_now(t);
        int r = set_timer(t);

        if (r < 0)
                log_error("no timer for the lease: %s", strerror(-r));
        if (tells == t->tells)
                return;
        t->tells = tells;
        log_turn(t);
        t->owner->turned(t->owner->turner);
}

static void fail(struct tenure *t, const char *why)
{
        if (!t->error || !streq(t->error, why))
                log_warning("%s: the lease cannot be looked at: %s", t->config.file, why);
        free(t->error);
        t->error = strdup(why);
        lease_missed(&t->lease, clock_usec(CLOCK_BOOTTIME));
}

static void remember(struct tenure *t, const struct text *content)
{
        text_clear(&t->seen);
        text_append_bytes(&t->seen, content->data, content->size);
}

/* What is being written is whole the next time; what stays so is somebody's who writes no more. */
static void found_damaged(struct tenure *t, const char *why)
{
        struct beat beat = {.holder = "damaged"};

        beat.number = hash_text(t->seen.size, text_string(&t->seen));
        fail(t, why);
        lease_found(&t->lease, clock_usec(CLOCK_BOOTTIME), &beat, NULL);
}

static void found(struct tenure *t, bool written)
{
        _cleanup_(ledger_done) struct ledger ledger = {0};
        _cleanup_error_ struct error error = {0};
        usec_t now = clock_usec(CLOCK_BOOTTIME);
        int r = ledger_parse(t->swap.answer.data, t->swap.answer.size, &ledger, &error);

        remember(t, written ? &t->content : &t->swap.answer);
        if (r < 0 && !written) {
                found_damaged(t, error_text(&error, r));
                return;
        }
        free(t->error);
        t->error = NULL;
        lease_found(&t->lease, now, &ledger.beat, written ? &t->writing.beat : NULL);
        /* What somebody claims says what he took over. */
        if (r >= 0 && !lease_held(&t->lease, now) && !t->tells)
                t->owner->learnt(&ledger, t->owner->userdata);
}

static int on_answer(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        struct tenure *t = userdata;
        _cleanup_error_ struct error error = {0};
        bool written = false;
        int r = swap_collect(&t->swap, &written, &error);

        if (r == 0)
                return 0;
        t->answer = sd_event_source_disable_unref(t->answer);
        if (r < 0)
                fail(t, error_text(&error, r));
        else
                found(t, written);
        settle(t);
        return 0;
}

/* Of a claim, what the last holder said is said on. */
static int fill(struct tenure *t)
{
        int r;

        text_clear(&t->content);
        ledger_done(&t->writing);
        t->writes = lease_ask(&t->lease, clock_usec(CLOCK_BOOTTIME), &t->writing.beat);
        if (!t->writes)
                return 0;
        r = t->owner->told(&t->writing, t->owner->userdata);
        ledger_build(&t->writing, &t->content);
        return r < 0 ? r : text_failed(&t->content) ? -ENOMEM : 0;
}

static int begin(struct tenure *t)
{
        const struct swap_request request = {
                .path = t->config.file,
                .expected = t->seen.data,
                .expected_size = t->seen.size,
                .content = t->writes ? t->content.data : NULL,
                .content_size = t->content.size,
                .limit = LEDGER_SIZE_MAX,
        };

        return text_failed(&t->seen) ? -ENOMEM : swap_start(&t->swap, &request);
}

static int look(struct tenure *t)
{
        int r = begin(t);

        if (r < 0)
                return r;
        return sd_event_add_io(t->event, &t->answer, t->swap.output, EPOLLIN, on_answer, t);
}

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct tenure *t = userdata;
        int r;

        if (t->answer)
                fail(t, "the storage does not answer");
        else {
                r = fill(t);
                if (r >= 0)
                        r = look(t);
                if (r < 0)
                        fail(t, strerror(-r));
                else
                        lease_missed(&t->lease, clock_usec(CLOCK_BOOTTIME)); /* until it is found */
        }
        settle(t);
        return 0;
}

/* Waits for the child. The loop may have ended already. */
static int wait_for_answer(struct tenure *t, bool *ret_written)
{
        struct pollfd wait = {.fd = t->swap.output, .events = POLLIN};
        int r;

        while ((r = swap_collect(&t->swap, ret_written, NULL)) == 0)
                if (poll(&wait, 1, FAREWELL_MSEC) <= 0)
                        return -ETIMEDOUT;
        return r;
}

/* What was under way is seen first, because it may be a beat of ours. */
static bool is_idle(struct tenure *t)
{
        bool written = false;

        if (!t->answer)
                return true;
        t->answer = sd_event_source_disable_unref(t->answer);
        if (wait_for_answer(t, &written) < 0)
                return false;
        found(t, written);
        return true;
}

/* Nobody has to wait for a daemon that has said that it ends. */
static void give_up(struct tenure *t)
{
        bool written;

        if (!t->config.file || !tells_now(t) || !is_idle(t) || fill(t) < 0 || !t->writes)
                return;
        *t->writing.beat.holder = '\0';
        text_clear(&t->content);
        ledger_build(&t->writing, &t->content);
        if (!text_failed(&t->content) && begin(t) >= 0)
                (void)wait_for_answer(t, &written);
}

/* The lease as it was is nobody's business any more. */
static void leave(struct tenure *t)
{
        give_up(t);
        t->answer = sd_event_source_disable_unref(t->answer);
        t->timer = sd_event_source_disable_unref(t->timer);
        swap_done(&t->swap);
        ledger_done(&t->writing);
        text_done(&t->content);
        text_done(&t->seen);
        free(t->error);
        t->error = NULL;
        config_done(&t->config);
}

int tenure_configure(struct tenure *t, const struct lease_config *config)
{
        char self[LEASE_HOLDER_MAX];
        char *file = NULL;

        if (streq(t->config.file, config->file) && t->config.ttl == config->ttl)
                return 0;
        if (strdup_to(&file, config->file) < 0)
                return -ENOMEM;
        leave(t);
        name_self(self, sizeof(self));
        lease_init(&t->lease, self, config->ttl);
        t->config = (struct lease_config){file, config->ttl};
        t->tells = !file;
        return file ? set_timer(t) : 0;
}

struct tenure *tenure_free(struct tenure *t)
{
        if (!t)
                return NULL;
        leave(t);
        sd_event_unref(t->event);
        free(t);
        return NULL;
}
