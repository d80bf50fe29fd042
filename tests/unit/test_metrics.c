/* SPDX-License-Identifier: Apache-2.0 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sample_view.h"
#include "show/metrics/fragment.h"

static const struct process_metrics process = {
        .cpu_seconds = 1.25,
        .start_time_seconds = 1795305594.25,
        .resident_bytes = 9437184,
        .virtual_bytes = 31457280,
        .open_fds = 14,
        .max_fds = 1024,
        .threads = -1,
};

/* Whether `line` is one of the lines of `text`. */
static bool has_line(const struct text *text, const char *line)
{
        size_t size = strlen(line);
        const char *p = text_string(text);

        while ((p = strstr(p, line))) {
                if ((p == text->data || p[-1] == '\n') && p[size] == '\n')
                        return true;
                p++;
        }
        return false;
}

static void assert_line(const struct text *text, const char *line)
{
        if (!has_line(text, line))
                fail_msg("no line \"%s\"", line);
}

static void assert_none(const struct text *text, const char *part)
{
        if (strstr(text_string(text), part))
                fail_msg("there is \"%s\"", part);
}

static void render(struct text *text, enum exposition_format format, struct view *view)
{
        struct fragments fragments = {0};

        assert_int_equal(fragments_update(&fragments, view), 0);
        fragments_append(&fragments, format, text);
        metrics_render_process(text, format, &process);
        assert_false(text_failed(text));
        fragments_done(&fragments);
}

#define ALERTS "driftwatch_alerts{alertname=\""
#define SENT "driftwatch_notifications_total{receiver=\""
#define PEER "peer=\"hooks.example.org:443\""
#define FAILED "driftwatch_notifications_failed_total{receiver=\""
#define AGENTS "collection=\"original_agents\""
#define TICKETS "collection=\"tickets\""
#define NASTY "we\\\"ird\\\\la\\nbel <b>&amp;</b> 日本"

static void writes_what_is_known(void **state)
{
        static const char *const lines[] = {
                "# TYPE driftwatch_replays_total counter",
                "# TYPE driftwatch_build_info gauge",
                "driftwatch_up{" AGENTS "} 1",
                "driftwatch_up{" TICKETS "} 0",
                "driftwatch_replays_total{" AGENTS "} 121",
                "driftwatch_replays_total{collection=\"" NASTY "\"} 0",
                "driftwatch_replays_failed_total{" AGENTS ",reason=\"timeout\"} 1",
                "driftwatch_replays_failed_total{" AGENTS ",reason=\"cosmic_rays\"} 1",
                "driftwatch_replays_failed_total{" AGENTS ",reason=\"connect\"} 0",
                "driftwatch_replays_failed_total{" TICKETS ",reason=\"connect\"} 3",
                "driftwatch_replays_failed_total{" TICKETS ",reason=\"invalid_answers\"} 0",
                "driftwatch_replay_duration_seconds{" AGENTS "} 0.03125",
                "driftwatch_replay_last_success_timestamp_seconds{" AGENTS "} 1795399188",
                "driftwatch_queries{" AGENTS ",outcome=\"pass\"} 3",
                "driftwatch_queries{" AGENTS ",outcome=\"drift\"} 1",
                "driftwatch_queries{" AGENTS ",outcome=\"fail\"} 2",
                "driftwatch_queries{" AGENTS ",outcome=\"unmeasured\"} 1",
                "driftwatch_queries{collection=\"" NASTY "\",outcome=\"unmeasured\"} 2",
                "driftwatch_queries{collection=\"" NASTY "\",outcome=\"pass\"} 0",
                "driftwatch_canonical_total{" AGENTS "} 838",
                "driftwatch_canonical_good_total{" AGENTS "} 712",
                "driftwatch_band_queries{" AGENTS ",band=\"excellent\"} 2",
                "driftwatch_band_queries{" AGENTS ",band=\"good\"} 1",
                "driftwatch_band_queries{" TICKETS ",band=\"good\"} 0",
                "driftwatch_band_upper_bound{" AGENTS ",band=\"excellent\"} 0.8",
                "driftwatch_band_upper_bound{" AGENTS ",band=\"poor\"} +Inf",
                "driftwatch_collection_records{" AGENTS "} 311",
                "driftwatch_query_distance{" AGENTS ",query=\"react-hooks\"} 0.91968507",
                "driftwatch_query_distance{" AGENTS ",query=\"quo\\\"te\\\\back "
                "</td><script>alert('1')</script> ü\"} -0.25",
                "driftwatch_query_expected_distance{" AGENTS ",query=\"dialog-focus\"} 1.1407",
                "driftwatch_query_expected_rank{" AGENTS ",query=\"react-hooks\"} 1",
                "driftwatch_query_band_info{" AGENTS ",query=\"cooking\",band=\"poor\"} 1",
                "driftwatch_query_tag_info{" AGENTS
                ",query=\"react-hooks\",tag=\"category=frontend\"} 1",
                "driftwatch_query_tag_info{" AGENTS
                ",query=\"react-hooks\",tag=\"kind=typical\"} 1",
                "driftwatch_query_tag_info{" TICKETS ",query=\"refund\"} 1",
                "driftwatch_replay_interval_seconds{" AGENTS "} 60",
                "driftwatch_collection_ingesting{" AGENTS "} 0",
                "driftwatch_epoch_start_timestamp_seconds{" AGENTS "} 1795392000",
                "driftwatch_request_duration_seconds_bucket{server=\"main\",le=\"0.001\"} 1",
                "driftwatch_request_duration_seconds_bucket{server=\"main\",le=\"0.0025\"} 2",
                "driftwatch_request_duration_seconds_bucket{server=\"main\",le=\"1.0\"} 30",
                "driftwatch_request_duration_seconds_bucket{server=\"main\",le=\"30.0\"} 30",
                "driftwatch_request_duration_seconds_bucket{server=\"main\",le=\"+Inf\"} 30",
                "driftwatch_request_duration_seconds_count{server=\"main\"} 30",
                "driftwatch_request_duration_seconds_sum{server=\"spare\"} 0",
                "driftwatch_server_busy_seconds_total{server=\"main\",task=\"survey\"} 1.5",
                "driftwatch_server_busy_seconds_total{server=\"spare\",task=\"replay\"} 0",
                "driftwatch_runbook_info{url=\"https://runbooks.example.org/driftwatch/\"} 1",
                "driftwatch_shard_info{index=\"1\",of=\"3\"} 1",
                "driftwatch_collections_elsewhere 5",
                "driftwatch_lease_held 0",
                "driftwatch_collections_unwatched{server=\"main\"} 21",
                ALERTS "RetrievalExpectedResultMissing\"," AGENTS ",severity=\"critical\","
                       "state=\"firing\"} 2",
                ALERTS "RetrievalExpectedResultMissing\",severity=\"critical\",state=\"firing\"} 0",
                ALERTS "RetrievalReplayFailing\"," TICKETS ",severity=\"critical\","
                       "state=\"firing\"} 1",
                ALERTS "RetrievalReplayFailing\"," TICKETS ",severity=\"critical\","
                       "state=\"pending\"} 0",
                ALERTS "RetrievalBandCrossed\"," AGENTS ",severity=\"warning\","
                       "state=\"pending\"} 1",
                ALERTS "RetrievalBandCrossed\"," AGENTS ",severity=\"page\",state=\"resolved\"} 1",
                SENT "search-team\",channel=\"webhook\"," PEER "} 12",
                SENT "alertmanager\",channel=\"alertmanager\"," PEER "} 44",
                FAILED "search-team\",channel=\"webhook\"," PEER ",reason=\"server_error\"} 3",
                FAILED "alertmanager\",channel=\"alertmanager\"," PEER ",reason=\"queue_full\"} 0",
                "driftwatch_notification_queue_length{receiver=\"search-team\"} 3",
                "driftwatch_notification_oldest_timestamp_seconds{receiver=\"search-team\"} "
                "1795399080",
                "driftwatch_notification_failing{receiver=\"search-team\",channel=\"webhook\"," PEER
                "} 1",
                "driftwatch_notification_failing{receiver=\"alertmanager\",channel="
                "\"alertmanager\"," PEER "} 0",
                "driftwatch_notification_disabled{receiver=\"search-team\",channel=\"webhook\"," PEER
                "} 0",
                FAILED "search-team\",channel=\"webhook\"," PEER ",reason=\"gone\"} 0",
                "driftwatch_config_reloads_total{result=\"refused\"} 0",
                "driftwatch_config_last_reload_successful 0",
                "driftwatch_config_last_reload_success_timestamp_seconds 1795305600.001",
                "process_cpu_seconds_total 1.25",
                "process_start_time_seconds 1795305594.25",
                "process_resident_memory_bytes 9437184",
                "process_max_fds 1024",
        };
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};

        render(&text, EXPOSITION_TEXT, view);
        for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
                assert_line(&text, lines[i]);
}

static void leaves_out_what_is_unknown(void **state)
{
        static const char *const parts[] = {
                "NaN",
                "# EOF",
                "driftwatch_up{collection=\"we",
                "driftwatch_replay_duration_seconds{collection=\"we",
                "driftwatch_replay_last_success_timestamp_seconds{collection=\"we",
                "driftwatch_collection_records{collection=\"tickets",
                "distance{" AGENTS ",query=\"slow-query\"",
                "distance{" TICKETS ",query=\"refund\"",
                "driftwatch_query_band_info{" TICKETS ",query=\"refund\"",
                "driftwatch_collection_ingesting{" TICKETS "} 1",
                "driftwatch_epoch_start_timestamp_seconds{" TICKETS,
                "driftwatch_query_expected_rank{" AGENTS ",query=\"cooking\"",
                "driftwatch_query_expected_distance{" AGENTS ",query=\"bundle-budget\"",
                "\nprocess_threads ",
        };
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};

        render(&text, EXPOSITION_TEXT, view);
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                assert_none(&text, parts[i]);
}

static void renders_an_empty_view(void **state)
{
        _cleanup_view_ struct view *view = sample_view_empty();
        _cleanup_text_ struct text text = {0};

        render(&text, EXPOSITION_OPENMETRICS, view);
        assert_line(&text, "process_open_fds 14");
        text_clear(&text);
        metrics_render_process(&text, EXPOSITION_OPENMETRICS, NULL);
        assert_none(&text, "\nprocess_");
        text_clear(&text);
        render(&text, EXPOSITION_OPENMETRICS, view);
        assert_line(&text, "driftwatch_config_last_reload_successful 0");
        assert_line(&text, "# TYPE process_cpu_seconds counter");
        assert_none(&text, "collection=");
}

/* The end mark is the last line of OpenMetrics, and its metadata name families. */
static void speaks_openmetrics(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};

        render(&text, EXPOSITION_OPENMETRICS, view);
        assert_line(&text, "# TYPE driftwatch_replays counter");
        assert_line(&text, "# TYPE driftwatch_build info");
        assert_line(&text, "# TYPE driftwatch_query_band info");
        assert_line(&text, "# UNIT driftwatch_request_duration_seconds seconds");
        assert_line(&text, "# UNIT process_cpu_seconds seconds");
        assert_line(&text, "process_cpu_seconds_total 1.25");
        assert_line(
                &text, "driftwatch_request_duration_seconds_bucket{server=\"main\",le=\"1.0\"} 30");
        assert_string_equal(text.data + text.size - 7, "\n# EOF\n");
}

static int compare_lines(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* No series may appear twice: servers keep the first one silently. */
static void assert_no_duplicates(struct view *view)
{
        _cleanup_text_ struct text text = {0};
        _cleanup_free_ char **series = NULL;
        size_t count = 0, n = 0;

        render(&text, EXPOSITION_TEXT, view);
        for (size_t i = 0; i < text.size; i++)
                count += text.data[i] == '\n';
        series = calloc(count, sizeof(*series));
        assert_non_null(series);
        for (char *line = text.data; *line;) {
                char *end = strchr(line, '\n'), *value;

                *end = '\0';
                value = strrchr(line, ' ');
                if (*line != '#') {
                        *value = '\0';
                        series[n++] = line;
                }
                line = end + 1;
        }
        qsort(series, n, sizeof(*series), compare_lines);
        for (size_t i = 1; i < n; i++)
                assert_string_not_equal(series[i - 1], series[i]);
}

static void has_no_duplicates(void **state)
{
        _cleanup_view_ struct view *view = sample_view(), *large = sample_view_large(300, 1);
        struct reason_count *failures = view->collections[0]->failures;

        /* So many different reasons that they are summed up as "other", which was counted by its
         * name, too. */
        static const char *const reasons[] = {"other", "r01", "r02", "r03", "r04", "r05", "r06",
                "r07", "r08", "r09", "r10", "r11", "r12", "r13", "r14", "r15", "r16"};

        for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
                reason_count_add(failures, reasons[i]);
        assert_no_duplicates(view);
        assert_no_duplicates(large);
}

static void sums_reasons(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};
        struct reason_count *failures = view->collections[2]->failures;

        reason_count_add(failures, "other");
        /* As a full counter array ends. */
        failures[REASONS_MAX - 1] = (struct reason_count){"other", 5};
        for (size_t i = 2; i < REASONS_MAX - 1; i++)
                failures[i] = (struct reason_count){"connect", 1};
        render(&text, EXPOSITION_TEXT, view);
        assert_line(&text, "driftwatch_replays_failed_total{" TICKETS ",reason=\"other\"} 6");
        assert_line(&text, "driftwatch_replays_failed_total{" TICKETS ",reason=\"connect\"} 16");
}

static void limits_series_per_query(void **state)
{
        _cleanup_view_ struct view *view = sample_view();
        _cleanup_text_ struct text text = {0};

        view->per_query_limit = 7;
        render(&text, EXPOSITION_TEXT, view);
        assert_non_null(strstr(text.data, "driftwatch_query_band_info{"));
        text_clear(&text);
        view->per_query_limit = 6;
        render(&text, EXPOSITION_TEXT, view);
        assert_none(&text, AGENTS ",query=\"");
        assert_line(&text, "driftwatch_queries{" AGENTS ",outcome=\"fail\"} 2");
        assert_line(&text, "# TYPE driftwatch_query_distance gauge");
}

/* What Prometheus's linter demands of names, and OpenMetrics of units and reserved suffixes. */
static void names_are_proper(void **state)
{
        static const char *const reserved[] = {
                "_total", "_info", "_bucket", "_sum", "_count", "_created"};

        for (size_t i = 0; i < metric_count; i++) {
                const struct metric_family *f = &metrics[i].family;
                size_t size = strlen(f->name);
                int functions = (metrics[i].collection != NULL) + (metrics[i].single != NULL) +
                        (metrics[i].process != 0) + (metrics[i].write != NULL) +
                        (metrics[i].query || metrics[i].each);

                assert_int_equal(functions, 1);
                assert_int_equal(strspn(f->name, "abcdefghijklmnopqrstuvwxyz_"), size);
                assert_true(strncmp(f->name, "driftwatch_", 11) == 0 ||
                        strncmp(f->name, "process_", 8) == 0);
                assert_int_equal(f->help[strlen(f->help) - 1], '.');
                if (f->unit)
                        assert_string_equal(f->name + size - strlen(f->unit), f->unit);
                for (size_t k = 0; k < ARRAY_SIZE(reserved); k++)
                        if (size >= strlen(reserved[k]))
                                assert_string_not_equal(
                                        f->name + size - strlen(reserved[k]), reserved[k]);
                for (size_t k = 0; k < i; k++)
                        assert_string_not_equal(f->name, metrics[k].family.name);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(writes_what_is_known),
                cmocka_unit_test(leaves_out_what_is_unknown),
                cmocka_unit_test(renders_an_empty_view),
                cmocka_unit_test(speaks_openmetrics),
                cmocka_unit_test(has_no_duplicates),
                cmocka_unit_test(sums_reasons),
                cmocka_unit_test(limits_series_per_query),
                cmocka_unit_test(names_are_proper),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
