/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/print.h"

#include "serve/gzip.h"

static void pack(struct print *p)
{
        _cleanup_text_ struct text t = {0};

        text_append_bytes(&t, p->body, p->size);
        if (!text_failed(&t) && gzip_text(&t))
                p->packed = text_take(&t, &p->packed_size);
}

struct print *print_new(unsigned status, const char *type, char *body, size_t size)
{
        struct print *p = body ? calloc(1, sizeof(*p)) : NULL;

        if (!p) {
                free(body);
                return NULL;
        }
        atomic_init(&p->references, 1);
        p->status = status;
        p->type = type;
        p->body = body;
        p->size = size;
        pack(p);
        return p;
}

struct print *print_ref(struct print *p)
{
        if (p)
                atomic_fetch_add_explicit(&p->references, 1, memory_order_relaxed);
        return p;
}

struct print *print_unref(struct print *p)
{
        if (!p || atomic_fetch_sub_explicit(&p->references, 1, memory_order_acq_rel) != 1)
                return NULL;
        free(p->body);
        free(p->packed);
        free(p);
        return NULL;
}
