# SPDX-License-Identifier: Apache-2.0
# A Markdown report as a comment of at most $max bytes, which are never fewer than characters: GitHub counts those.

# A zero-width space ends what would call people or point to other pages: escaped or not, @ and # do.
def harmless:
        gsub("(?<sign>&#64;|&#35;|&#38;|\\\\!|\\\\~|\\\\\\$)(?=\\w)"; "\(.sign)&#8203;")
        # GitLab obeys a line that begins with a slash.
        | sub("^(?<blank>\\s*)/"; "\(.blank)&#47;");

# Without the tables of what passes.
def folded:
        reduce .[] as $line ({lines: [], inside: false};
                if .inside then .inside = ($line != "</details>")
                elif $line | startswith("<details><summary>") then
                        .inside = true
                        | .lines += [$line | ltrimstr("<details><summary>") | rtrimstr("</summary>") | . + "."]
                else .lines += [$line]
                end)
        | .lines;

def size: map(utf8bytelength + 1) | add // 0;

# As many of the first lines as fit.
def cut($max):
        . as $lines
        | (label $full | foreach range(length) as $i (0; . + ($lines[$i] | utf8bytelength) + 1;
                if . > $max then $i, break $full else empty end)) // length
        | $lines[:.] + ["", "\(($lines | length) - .) lines are left out."];

def comment($marker; $foot; $max):
        ($max - ($marker + $foot | utf8bytelength) - 100) as $room
        | split("\n") | map(harmless)
        | if size > $room then folded else . end
        | if size > $room then cut($room) else . end
        | [$marker] + . + ["", $foot] | join("\n");
