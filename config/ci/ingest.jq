# SPDX-License-Identifier: Apache-2.0
# The answer of the ingest hook as a report with a recorded override, and that report as lines for people.
include "line";

def queries_max: 20;

# What `driftwatch check --override` records.
def overridden:
        if (env.DRIFTWATCH_OVERRIDE // "") == "" then .
        else .override = {reason: env.DRIFTWATCH_OVERRIDE, by: env.DRIFTWATCH_OVERRIDE_BY} | .exit_status = 0
        end;

def report:
        if .status == "success" and (.data.exit_status | . == 0 or . == 1 or . == 3)
                and (.data.verdict | type) == "string" and (.data.collections | type) == "array"
        then .data | overridden
        else error("this is no verdict")
        end;

# What is known when nobody answered.
def unmeasured($error): {verdict: "unmeasured", exit_status: 3, override: null, error: $error, collections: []} | overridden;

def query_lines:
        [.queries[] | select(.outcome != "pass" or .known_failing != null)]
        | (.[:queries_max][]
                | "  \(.outcome) \(.id): \(.reason)"
                + if .known_failing then " (known to fail until \(.known_failing.until): \(.known_failing.reason))"
                  else "" end),
          (if length > queries_max then "  and \(length - queries_max) more" else empty end);

def collection_lines:
        ([.verdict, .error, .note, .incident.summary, .incident.explanation] | map(strings | select(. != "")) | join(". ")) as $what
        | "collection \(.collection): \($what)", query_lines;

def lines:
        ["verdict: \(.verdict)\(if .error then ": \(.error)" else "" end)",
         (.override | objects | "let through by \(.by): \(.reason)"),
         (.collections[] | collection_lines)]
        | map(line)[];
