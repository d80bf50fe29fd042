/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/renewal.h"

#include <errno.h>

void renewal_done(struct renewal *r)
{
        baseline_unref(r->baseline);
        free(r->refusal);
        *r = (struct renewal){.signature = r->signature};
}

void renewal_set(struct renewal *r, struct baseline *baseline, uint64_t signature)
{
        baseline_ref(baseline);
        renewal_done(r);
        *r = (struct renewal){.baseline = baseline, .set = true, .signature = signature};
}

int renewal_refuse(struct renewal *r, const char *error, uint64_t signature)
{
        free(take_ptr(r->refusal));
        r->signature = signature;
        return strdup_to(&r->refusal, error);
}

bool renewal_waits(const struct renewal *r)
{
        return r->set || r->refusal;
}

int renewal_apply(struct renewal *r, struct dossier *d)
{
        int code = r->set ? dossier_set_baseline(d, r->baseline) : 0;

        if (code >= 0 && r->set)
                dossier_warn(d);
        if (code >= 0 && r->refusal)
                code = dossier_refuse_baseline(d, r->refusal);
        renewal_done(r);
        return code;
}

void renewal_adopt(struct renewal *r, struct renewal *from)
{
        renewal_done(r);
        *r = *from;
        *from = (struct renewal){0};
}
