/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Views built by hand for the tests of whatever is shown: one that has something of everything,
 * nasty strings included, and one of any size. Running out of memory ends the test. */

#include "model/view.h"

/* 2026-11-23T02:00:00Z: when the views were published. */
#define SAMPLE_NOW (1795399200 * USEC_PER_SEC)

/* Three collections - one with every outcome, one that never was replayed (its label is
 * SAMPLE_NASTY), one whose server is down -, alerts in every state, two channels of one kind and an
 * Alertmanager. */
struct view *sample_view(void);
#define SAMPLE_NASTY "we\"ird\\la\nbel <b>&amp;</b> 日本"
#define SAMPLE_NASTY_QUERY "quo\"te\\back </td><script>alert('1')</script> ü"
/* A fresh daemon that watches nothing. */
struct view *sample_view_empty(void);
/* One collection of `queries` queries with all per-query facts and `runs` runs of history each;
 * every tenth fails. */
struct view *sample_view_large(size_t queries, size_t runs);
/* Frees the view that the tests' teardown gets. */
#define _cleanup_view_ _cleanup_(view_unrefp)
