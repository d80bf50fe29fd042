/* SPDX-License-Identifier: Apache-2.0 */
#include "model/answer.h"

struct answer *answer_new(
        unsigned count, const char *const *ids, const float *distances, json_t *metadatas)
{
        size_t text_size = 0;
        struct answer *a;
        char *text;

        for (unsigned i = 0; i < count; i++)
                text_size += strlen(ids[i]) + 1;
        a = malloc(sizeof(*a) + count * (sizeof(char *) + sizeof(float)) + text_size);
        if (!a) {
                json_decref(metadatas);
                return NULL;
        }
        atomic_init(&a->references, 1);
        a->count = count;
        a->metadatas = metadatas;
        a->ids = (char **)(a + 1);
        a->distances = (float *)(a->ids + count);
        text = (char *)(a->distances + count);
        for (unsigned i = 0; i < count; i++) {
                size_t size = strlen(ids[i]) + 1;

                a->distances[i] = distances[i];
                a->ids[i] = memcpy(text, ids[i], size);
                text += size;
        }
        return a;
}

struct answer *answer_ref(struct answer *a)
{
        if (a)
                atomic_fetch_add_explicit(&a->references, 1, memory_order_relaxed);
        return a;
}

struct answer *answer_unref(struct answer *a)
{
        if (a && atomic_fetch_sub_explicit(&a->references, 1, memory_order_acq_rel) == 1) {
                json_decref(a->metadatas);
                free(a);
        }
        return NULL;
}

void answer_drop_metadata(struct answer *a)
{
        json_decref(a->metadatas);
        a->metadatas = NULL;
}

bool answer_equal(const struct answer *a, const struct answer *b)
{
        if (a == b)
                return true;
        if (!a || !b || a->count != b->count ||
                memcmp(a->distances, b->distances, a->count * sizeof(float)) != 0)
                return false;
        for (unsigned i = 0; i < a->count; i++)
                if (strcmp(a->ids[i], b->ids[i]) != 0)
                        return false;
        return true;
}
