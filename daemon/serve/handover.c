/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/handover.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "macro.h"

/* The eventfd's counter is non-zero exactly while the queue is not empty: both change under the
 * mutex, so a loop that takes one command per wake-up never misses one. */
struct handover {
        pthread_mutex_t mutex;
        int wake_fd;
        struct view *view;
        struct web_config *web;
        struct command *first, *last;
        size_t count;
        bool closed;
};

int handover_new(struct handover **ret)
{
        _cleanup_free_ struct handover *h = calloc(1, sizeof(*h));
        int r;

        if (!h)
                return -ENOMEM;
        h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (h->wake_fd < 0)
                return -errno;
        r = pthread_mutex_init(&h->mutex, NULL);
        if (r != 0) {
                close(h->wake_fd);
                return -r;
        }
        *ret = take_ptr(h);
        return 0;
}

struct handover *handover_free(struct handover *h)
{
        if (!h)
                return NULL;
        handover_close(h);
        view_unref(h->view);
        web_config_unref(h->web);
        close(h->wake_fd);
        pthread_mutex_destroy(&h->mutex);
        free(h);
        return NULL;
}

void handover_publish(struct handover *h, struct view *view)
{
        struct view *old;

        pthread_mutex_lock(&h->mutex);
        old = h->view;
        h->view = view;
        pthread_mutex_unlock(&h->mutex);
        view_unref(old);
}

struct view *handover_acquire(struct handover *h)
{
        struct view *view;

        pthread_mutex_lock(&h->mutex);
        view = view_ref(h->view);
        pthread_mutex_unlock(&h->mutex);
        return view;
}

void handover_publish_web(struct handover *h, struct web_config *web)
{
        struct web_config *old;

        pthread_mutex_lock(&h->mutex);
        old = h->web;
        h->web = web;
        pthread_mutex_unlock(&h->mutex);
        web_config_unref(old);
}

struct web_config *handover_acquire_web(struct handover *h)
{
        struct web_config *web;

        pthread_mutex_lock(&h->mutex);
        web = web_config_ref(h->web);
        pthread_mutex_unlock(&h->mutex);
        return web;
}

static void wake(struct handover *h)
{
        /* Cannot fail: the counter is 0 here, and an eventfd only refuses to overflow. */
        (void)eventfd_write(h->wake_fd, 1);
}

static void unwake(struct handover *h)
{
        eventfd_t count;

        (void)eventfd_read(h->wake_fd, &count);
}

static int enqueue(struct handover *h, struct command *command)
{
        if (h->closed)
                return -ESHUTDOWN;
        if (h->count >= HANDOVER_QUEUE_MAX && command->type != COMMAND_WORKED)
                return -EBUSY;
        command->next = NULL;
        if (h->last)
                h->last->next = command;
        else
                h->first = command;
        h->last = command;
        if (h->count++ == 0)
                wake(h);
        return 0;
}

int handover_submit(struct handover *h, struct command *command)
{
        int r;

        pthread_mutex_lock(&h->mutex);
        r = enqueue(h, command);
        pthread_mutex_unlock(&h->mutex);
        return r;
}

int handover_fd(const struct handover *h)
{
        return h->wake_fd;
}

static struct command *dequeue(struct handover *h)
{
        struct command *command = h->first;

        if (!command)
                return NULL;
        h->first = command->next;
        command->next = NULL;
        if (--h->count == 0) {
                h->last = NULL;
                unwake(h);
        }
        return command;
}

struct command *handover_take(struct handover *h)
{
        struct command *command;

        pthread_mutex_lock(&h->mutex);
        command = dequeue(h);
        pthread_mutex_unlock(&h->mutex);
        return command;
}

void handover_close(struct handover *h)
{
        struct command *command;

        pthread_mutex_lock(&h->mutex);
        h->closed = true;
        pthread_mutex_unlock(&h->mutex);
        while ((command = handover_take(h)))
                command_complete(command, 503, NULL, 0);
}

struct command *command_new(enum command_type type, const char *collection, bool wait)
{
        struct command *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->type = type;
        c->wait = wait;
        if (strdup_to(&c->collection, collection) < 0) {
                free(c);
                return NULL;
        }
        return c;
}

void command_complete(struct command *c, unsigned status, char *body, size_t size)
{
        if (c->completed)
                c->completed(c, status, body, size);
        else
                free(body);
        view_unref(c->replayed);
        free(c->collection);
        free(c->query);
        act_free(c->act);
        free(c);
}
