# SPDX-License-Identifier: Apache-2.0
"""The first words of what a query finds, then and now, read from a real Chroma when somebody asks."""
import requests

import tools


def test_words_are_read_when_somebody_asks(chroma, driftwatch, name):
    queries, records = tools.axes([0.5, 0.6, 0.7])
    chroma.create(name)
    chroma.upsert(name, ["long", "none", "gone"], records,
                  documents=["***\n<b>First</b> words " + "and more " * 100_000, None, "Soon gone"])
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [{"id": "q", "text": "?", "expect": {"ids": ["long"]}}], {"q": queries[0]}, interval="1h")
    driftwatch.write()
    for action in (["propose", "--pause=10ms"], ["approve", "--by=test", "--reason=as built"]):
        done = driftwatch.run("baseline", *action)
        assert done.returncode == 0, done.stderr
    driftwatch.start()
    driftwatch.replay(name)
    chroma.delete(name, ["gone"])
    driftwatch.replay(name)

    found = driftwatch.api("answers", collection=name, query="q")
    assert (found["collection"], found["query"]) == (name, "q")
    rows = {one["id"]: one for one in found["then"]}
    assert [one["rank"] for one in found["then"]] == [1, 2, 3] and set(rows) == {"long", "none", "gone"}
    assert {one["id"] for one in found["now"]} == {"long", "none"}
    assert rows["gone"]["there"] is False and rows["gone"]["words"] is None
    assert rows["none"]["there"] is True and rows["none"]["words"] is None
    words = rows["long"]["words"]
    assert "<b>First</b> words and more" in words and len(words.encode()) <= 200 and words.endswith("…")

    def refused(**parameters):
        answer = requests.get(driftwatch.url + "/api/v1/answers", params=parameters, timeout=10)
        return answer.status_code, answer.json()["error"]
    assert refused(collection=name)[0] == 400
    assert refused(collection=name, query="other") == (404, "the collection has no such query")
    assert refused(collection="other", query="q") == (404, "no such collection is watched")
    chroma.drop(name)
    status, reason = refused(collection=name, query="q")
    assert status == 502 and name in reason and "reading the documents of the answers" in reason
