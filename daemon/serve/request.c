/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/request.h"

#include <errno.h>

#include "serve/form.h"
#include "utf8.h"

struct request *request_new(struct MHD_Connection *connection)
{
        struct request *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        atomic_init(&r->references, 1);
        r->connection = connection;
        return r;
}

struct request *request_ref(struct request *r)
{
        atomic_fetch_add_explicit(&r->references, 1, memory_order_relaxed);
        return r;
}

struct request *request_unref(struct request *r)
{
        if (!r || atomic_fetch_sub_explicit(&r->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        free(r->body);
        free(r->location);
        text_done(&r->sent);
        view_unref(r->replayed);
        print_unref(r->print);
        free(r);
        return NULL;
}

static enum MHD_Result check_argument(void *userdata, enum MHD_ValueKind kind, const char *key,
        size_t key_size, const char *value, size_t value_size)
{
        bool *valid = userdata;

        *valid = utf8_valid(key, key_size) && (!value || utf8_valid(value, value_size));
        return *valid ? MHD_YES : MHD_NO;
}

bool request_arguments_valid(struct MHD_Connection *connection)
{
        bool valid = true;

        (void)MHD_get_connection_values_n(
                connection, MHD_GET_ARGUMENT_KIND, check_argument, &valid);
        return valid;
}

static int lead_back(struct request *r, unsigned depth, const char *back)
{
        _cleanup_text_ struct text t = {0};

        for (unsigned i = 0; i < depth; i++)
                text_append(&t, "../");
        text_append(&t, back);
        free(r->location);
        r->location = text_take(&t, NULL);
        return r->location ? 0 : -ENOMEM;
}

int request_read_form(struct request *r, unsigned depth)
{
        struct text json = {0};
        _cleanup_free_ char *back = NULL;
        int error = form_read(text_string(&r->sent), &json, &back);

        text_done(&r->sent);
        r->sent = json;
        return error >= 0 && back ? lead_back(r, depth, back) : error;
}

/* Any thread that holds a reference. A suspended connection lives until it is resumed, and only the
 * one who claimed the request resumes it. */
static void answer(
        struct request *r, unsigned status, char *body, size_t size, struct view *replayed)
{
        if (atomic_exchange(&r->claimed, true)) {
                free(body);
                view_unref(replayed);
                return;
        }
        r->status = status;
        r->replayed = replayed;
        r->body = body;
        r->body_size = size;
        MHD_resume_connection(r->connection);
}

void request_print(struct request *r, struct print *print)
{
        r->print = print_ref(print);
        answer(r, print ? print->status : 503, NULL, 0, NULL);
}

static void on_completed(struct command *c, unsigned status, char *body, size_t size)
{
        struct request *r = c->userdata;

        answer(r, status, body, size, take_ptr(c->replayed));
        request_unref(r);
}

/* Only the web thread fills slots, so one that is free stays so. */
static _Atomic(struct request *) *free_slot(struct waiting *w)
{
        for (size_t i = 0; i < WAITING_MAX; i++)
                if (!atomic_load(&w->slots[i]))
                        return &w->slots[i];
        return NULL;
}

int waiting_submit(
        struct waiting *w, struct request *r, struct handover *handover, struct command *command)
{
        _Atomic(struct request *) *slot = free_slot(w);

        if (!slot) {
                command_complete(command, 503, NULL, 0);
                return -EBUSY;
        }
        r->waited = true;
        /* First of all: whoever finds the request in its slot or its command may resume it. */
        MHD_suspend_connection(r->connection);
        atomic_store(slot, request_ref(r));
        command->completed = on_completed;
        command->userdata = request_ref(r);
        if (handover_submit(handover, command) < 0)
                command_complete(command, 503, NULL, 0);
        /* waiting_close() sets `closed` before it looks into the slots, here the slot is filled
         * before the look at `closed`: one of the two sees the other. */
        if (atomic_load(&w->closed))
                answer(r, 503, NULL, 0, NULL);
        return 0;
}

/* Whoever takes the request out of its slot has its reference, and alone may answer. */
static bool take_out(struct waiting *w, struct request *r)
{
        for (size_t i = 0; i < WAITING_MAX; i++) {
                struct request *expected = r;

                if (atomic_compare_exchange_strong(&w->slots[i], &expected, NULL)) {
                        request_unref(r);
                        return true;
                }
        }
        return false;
}

bool waiting_go_on(struct waiting *w, struct request *r)
{
        if (!take_out(w, r))
                return false;
        atomic_store(&r->claimed, false);
        return true;
}

void waiting_finish(struct waiting *w, struct request *r)
{
        if (r->waited)
                (void)take_out(w, r);
}

void waiting_close(struct waiting *w)
{
        atomic_store(&w->closed, true);
        for (size_t i = 0; i < WAITING_MAX; i++) {
                struct request *r = atomic_exchange(&w->slots[i], NULL);

                if (r) {
                        answer(r, 503, NULL, 0, NULL);
                        request_unref(r);
                }
        }
}
