/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A thread beside the loop's, with every signal blocked: signals are the loop's. What it does and
 * what it shares is its owner's business. */

#include <pthread.h>
#include <signal.h>

#include "macro.h"

/* Blocks all signals of this thread while others are made, which inherit that. */
void thread_shield(sigset_t *ret_before);
void thread_unshield(const sigset_t *before);
/* As pthread_create(), shielded; negative errno. */
_must_check_ int thread_start(pthread_t *ret, void *(*run)(void *userdata), void *userdata);
