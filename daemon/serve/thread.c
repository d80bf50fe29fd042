/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/thread.h"

void thread_shield(sigset_t *ret_before)
{
        sigset_t all;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, ret_before);
}

void thread_unshield(const sigset_t *before)
{
        pthread_sigmask(SIG_SETMASK, before, NULL);
}

int thread_start(pthread_t *ret, void *(*run)(void *userdata), void *userdata)
{
        sigset_t before;
        int r;

        thread_shield(&before);
        r = pthread_create(ret, NULL, run, userdata);
        thread_unshield(&before);
        return -r;
}
