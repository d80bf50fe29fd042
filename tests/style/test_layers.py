# SPDX-License-Identifier: Apache-2.0
"""Arrows between rooms only point left, libraries stay where they belong, pure files are pure."""
import pytest

import layers


def test_rooms(source):
    assert layers.violations(source) == []


@pytest.fixture
def house(tmp_path):
    """A tree with one header a room."""
    for path in (
            "common/text.h", "daemon/model/view.h", "daemon/judge/band.h", "daemon/tell/alert.h",
            "daemon/show/words.h", "daemon/show/page/page.h", "daemon/show/api/api.h",
            "daemon/ask/replay.h", "daemon/serve/handover.h", "daemon/keep/snapshot.h",
            "daemon/config/config.h", "daemon/watch/watch.h", "daemon/daemon.h", "daemon/commands/commands.h"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("#pragma once\n")
    return tmp_path


@pytest.mark.parametrize("path, line, complaint", [
    ("common/a.c", '#include "model/view.h"', "common may not include"),
    ("daemon/model/a.c", '#include "judge/band.h"', "model may not include"),
    ("daemon/judge/a.h", '#include "show/api/api.h"', "judge may not include"),
    ("daemon/tell/a.c", '#include "show/api/api.h"', "tell may not include"),
    ("daemon/show/a.c", '#include "tell/alert.h"', "show may not include"),
    ("daemon/ask/a.c", '#include "serve/handover.h"', "ask may not include"),
    ("daemon/serve/a.c", '#include "../keep/snapshot.h"', "serve may not include"),
    ("daemon/keep/a.c", '#include "config/config.h"', "keep may not include"),
    ("daemon/config/a.c", '#include "watch/watch.h"', "config may not include"),
    ("daemon/watch/a.c", '#include "daemon.h"', "watch may not include"),
    ("daemon/show/a.c", '#include "show/page/page.h"', "show may not include"),
    ("daemon/show/page/a.c", '#include "show/api/api.h"', "page may not include"),
    ("daemon/loose.c", "", "belongs to no room"),
    ("daemon/daemon.c", '#include "commands/commands.h"', "daemon may not include"),
    ("daemon/main.c", '#include "ask/replay.h"', "main may not include"),
    ("daemon/show/a.c", '#include "nothing.h"', "no header of ours"),
    ("daemon/other/a.c", "", "belongs to no room"),
    ("daemon/ask/replay.c", "#include <curl/curl.h>", "is only for"),
    ("daemon/tell/alert.c", "#include <systemd/sd-event.h>", "is only for"),
    ("common/json.c", "#include <yaml.h>", "is only for"),
    ("daemon/show/a.c", "usec_t now = time (NULL);", "a pure file calls time()"),
    ("daemon/judge/a.c", 'log_warning("x");', "a pure file calls log_warning()"),
    ("daemon/ask/chroma.c", '#include "log.h"', "a pure file includes"),
    ("daemon/tell/signal.c", 'int fd = open("/etc/passwd", 0);', "a pure file calls open()"),
])
def test_the_checker_finds(house, path, line, complaint):
    (house / "common/log.h").write_text("#pragma once\n")
    (house / path).parent.mkdir(parents=True, exist_ok=True)
    (house / path).write_text(f"/* first */\n{line}\n")
    found = layers.violations(house)
    assert len(found) == 1 and complaint in found[0] and path in found[0]


@pytest.mark.parametrize("path, text", [
    ("daemon/commands/run.c", '#include "daemon.h"\n#include <systemd/sd-event.h>\n'),
    ("daemon/serve/a.c", '#include "show/api/api.h"\n#include "handover.h"\n#include <microhttpd.h>\n'),
    ("daemon/show/a.c", '#include "version.h"\n/* time() is not called */ char *s = "open(x)";\n'),
    ("daemon/judge/a.c", "double run_time(void); void reopen(int); alerts_open(x);\n"),
])
def test_the_checker_lets_pass(house, path, text):
    (house / path).write_text(text)
    assert layers.violations(house) == []
