# SPDX-License-Identifier: Apache-2.0
"""The server is upgraded and opens what its predecessor wrote: nobody is to be told."""
import pytest

import releases
import tools
import worlds


@pytest.mark.parametrize("kind", [worlds.World, worlds.HardWorld])
def test_an_upgrade_of_the_server_is_no_finding(own_chroma, release, driftwatch, receiver, kind):
    driftwatch.config["probes"] = {"interval": "1s"}
    driftwatch.config["alerting"] = {
        **tools.AT_ONCE, "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}]}
    at = worlds.Scene(own_chroma, driftwatch, kind(1), interval="1h", survey_interval="200ms")
    at.fill()
    at.approve()
    written_by = at.chroma.call("GET", f"/{at.name}")
    own_chroma.shut_down()
    own_chroma.release = release(releases.NEWER)
    own_chroma.start()
    assert own_chroma.call("GET", f"/{at.name}").keys() > written_by.keys(), "this server tells more of a collection"

    status, found = at.check("--baseline")
    assert (status, found["verdict"], found["cause"]) == (0, "pass", "NONE"), found
    assert found["records"] == len(at.world.ids)
    driftwatch.start()
    driftwatch.replay(times=10)
    seen = driftwatch.api("baseline", collection=at.name)
    assert (seen["baseline"]["number"], seen["cause"]["cause"]) == (1, "NONE")
    assert seen["drift"]["compared"] == len(at.world.texts)
    assert driftwatch.alerts("pending") + driftwatch.alerts() == [] and receiver.requests == []
