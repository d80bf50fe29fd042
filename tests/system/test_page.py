# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser, on a real daemon and a real Chroma: what a person does with it, what it costs, and that
nothing that comes from elsewhere runs in it. Pictures of it are left in the build directory, in page/."""
import http.server
import json
import re
import statistics
import threading
import time

import numpy
import pytest
import requests
import yaml
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

import browser
import crowd
import tools

AGENTS = "original_agents"
MANY = 1000
WORDS = "Read the first words of these documents from Chroma"
PAGES = ("", "?collection=" + AGENTS, f"?collection={AGENTS}&query=react-hooks", "?incident=" + AGENTS,
         "?show=replays", "?show=notifications")


class Demonstration:
    """The sample collection with an approved baseline, watched by a daemon that tells a receiver."""

    def __init__(self, chroma, program, source, receiver):
        demo = source / "config/demo"
        self.chroma, self.program = chroma, program
        self.records = json.loads((demo / "records.json").read_text())
        chroma.create(AGENTS)
        self.store(range(len(self.records["ids"])))
        program.server(chroma.url)
        program.watch(AGENTS, yaml.safe_load((demo / "queries.yaml").read_text())["queries"],
                      json.loads((demo / "vectors.json").read_text())["vectors"], interval="1h")
        program.config["alerting"] = {
            **tools.AT_ONCE, "rules": {"RetrievalExpectedResultMissing": {"for": "0s"}},
            "receivers": [{"name": "team", "webhook_configs": [{"url": receiver.url}]}],
            "escalation": [{"severities": ["critical"], "steps": [{"after": "0s", "notify": ["team"]}]}]}
        program.write()
        for action in (["propose", "--pause=10ms"], ["approve", "--by=test", "--reason=as built"]):
            done = program.run("baseline", *action)
            assert done.returncode == 0, done.stderr
        program.start()
        program.replay()

    def lost(self):
        """Where the records stand that react-hooks expects."""
        return [i for i, metadata in enumerate(self.records["metadatas"])
                if metadata["filename"] == "frontend-architect.md"]

    def store(self, places):
        self.chroma.upsert(AGENTS, *([self.records[key][i] for i in places]
                                     for key in ("ids", "embeddings", "metadatas", "documents")))

    def restore(self):
        """No others: to write all again leaves one or two that the index does not find any more."""
        self.store(self.lost())

    def lose(self):
        self.chroma.delete(AGENTS, [self.records["ids"][i] for i in self.lost()])


@pytest.fixture(scope="module")
def demo(chroma, build, source, tmp_path_factory):
    receiver = tools.Receiver()
    program = tools.Driftwatch(build, tmp_path_factory.mktemp("demo"))
    try:
        yield Demonstration(chroma, program, source, receiver)
    finally:
        status = program.stop()
        receiver.stop()
    assert status == 0


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    opened = browser.Browser(tmp_path_factory.mktemp("browser"))
    yield opened
    opened.stop()


@pytest.fixture
def page(window):
    """The window, on a page that then has nothing to complain about and loads nothing from elsewhere."""
    window.open("about:blank")
    window.size(*browser.DESKTOP)
    window.theme("light")
    window.complaints()
    window.requests()
    yield window
    assert window.complaints() == []
    assert [one for one in window.requests()
            if not re.match(r"http://127\.0\.0\.1:\d+/|data:,|about:|chrome:", one)] == []


@pytest.fixture(scope="module")
def pictures(build):
    return build / "page"


def numbers(page, column):
    return [float(one) for one in page.texts(f"#queries td[data-name={column}]") if one != "–"]


def test_from_the_overview_to_an_acknowledged_incident(page, demo, pictures):
    page.open(demo.program.url)
    page.shows("All queries pass")
    page.picture(pictures / "home-44-pass.png")
    page.link(AGENTS)
    page.run("window.stayed = true")
    page.link("Best distance")
    tools.poll(lambda: page.all("thead th[aria-sort=ascending]"), "the order")
    assert numbers(page, "distance") == sorted(numbers(page, "distance"))
    field = page.one("input[name=text]")
    field.send_keys("hooks")
    page.shows("1 of 44 queries")
    assert page.run("return document.activeElement.name") == "text" and "text=hooks" in page.driver.current_url
    field.send_keys(Keys.BACKSPACE * 5)
    page.shows("44 of 44 queries")
    Select(page.one("select[name=tag]")).select_by_value("category: frontend")
    page.shows(" of 44 queries", "#count")
    tools.poll(lambda: 1 < len(page.texts("#queries tr")) < 44, "the tag's queries")
    assert page.run("return window.stayed"), "the page was not loaded again"
    page.link("react-hooks")
    page.shows("Distance over time")
    assert page.all("svg.plot .baseline") and page.texts("#answers caption") == ["Baseline", "Now"]
    assert page.texts("#answers .words") == []
    page.link(WORDS)
    tools.poll(lambda: page.texts("#answers .words"), "the documents' words")
    shown = page.texts("#answers tr:first-child .words")
    assert len(shown) == 2 and all(len(one) > 30 for one in shown), shown
    page.link("Overview")
    page.run("window.stayed = true")
    page.size(1280, 400)
    page.run("document.documentElement.scrollTop = 120")
    demo.lose()
    demo.program.replay()
    page.shows("Cause: REMOVED", "#incidents")
    page.shows("Retrieval is worse than expected")
    assert page.driver.title.startswith("driftwatch: fail")
    assert page.texts("#said") == ["The verdict is now fail"]
    assert page.run("return window.stayed") and page.run("return document.documentElement.scrollTop") == 120
    page.size(1280, 540)
    page.run("scrollTo(0, 0)")
    page.picture(pictures / "status.png")
    page.one("#incidents h3 a").click()
    page.shows("What to do")
    page.one("form[action$='/ack'] input[name=by]").send_keys("anna <b>")
    page.one("form[action$='/ack'] button").click()
    page.shows("Acknowledged.")
    page.shows("acknowledged by anna <b>", "#evidence")
    page.one("#give button").click()
    page.shows("Given back.")
    tools.poll(lambda: "acknowledged by" not in page.one("#evidence").text, "that nobody has it")
    assert not page.all("#give button") and page.run("return document.activeElement.name") == "by"
    page.one("form[action$='/ack'] button").click()
    page.shows("acknowledged by anna <b>", "#evidence")
    page.driver.refresh()
    page.shows("acknowledged by anna <b>", "#evidence")
    assert page.run("return document.querySelector('input[name=createdBy]').value") == "anna <b>", "it is remembered"
    found, = demo.program.api("incidents")["incidents"]
    assert found["escalation"]["acknowledged"]["by"] == "anna <b>"


def test_what_is_typed_and_opened_stays(page, demo):
    """An update does not take anything out of a person's hands."""
    page.open(f"{demo.program.url}/?incident={AGENTS}")
    field = page.one("form[action$=silences] input[name=comment]")
    field.send_keys("half a sen")
    demo.program.replay()
    before = page.run("return document.body.dataset.version")
    page.run("document.dispatchEvent(new Event('visibilitychange'))")
    page.shows("What to do")
    field.send_keys("tence")
    assert field.get_property("value") == "half a sentence" and before


def test_every_page_is_accessible_in_both_themes(page, demo, pictures):
    script = browser.axe()
    found = {}
    for name in PAGES:
        page.open(f"{demo.program.url}/{name}")
        file = re.sub(r"\W+", "-", name).strip("-") or "home"
        # Colours are all that another theme has.
        for scheme, rules in ("light", None), ("dark", ["color-contrast"]):
            page.theme(scheme)
            broken = page.violations(script, rules)
            if broken:
                found[name, scheme] = broken
            page.picture(pictures / f"{file}-{scheme}.png", whole=True)
        page.theme("light")
        page.size(*browser.PHONE)
        page.picture(pictures / f"{file}-phone.png", whole=True)
        assert page.run("return document.documentElement.scrollWidth") <= browser.PHONE[0], name
        page.size(*browser.DESKTOP)
    assert found == {}


def test_with_the_keyboard_alone(page, demo):
    page.open(demo.program.url)
    page.tab_to("here.textContent === 'Skip to the content'")
    page.tab_to(f"here.textContent === '{AGENTS}' && here.closest('#collections')")
    page.press(Keys.ENTER)
    page.shows("How the queries are")
    page.tab_to("here.name === 'text'")
    page.press("react")
    page.shows("1 of 44 queries")
    page.tab_to("here.textContent === 'Shift'")
    page.press(Keys.ENTER)
    tools.poll(lambda: page.all("thead th[aria-sort=ascending]"), "the order")
    assert page.run("return document.activeElement.textContent") == "Shift", "the focus stays"
    page.tab_to("here.textContent === 'react-hooks'")
    page.press(Keys.ENTER)
    page.shows("Distance over time")


def test_without_a_script_it_can_be_read_and_acted_upon(page, demo):
    page.scripts(False)
    try:
        page.open(f"{demo.program.url}/?collection={AGENTS}&sort=-distance&outcome=pass")
        assert numbers_of(page) == sorted(numbers_of(page), reverse=True)
        page.open(f"{demo.program.url}/?incident={AGENTS}")
        page.one("form[action$='/ack'] input[name=by]").send_keys("ben")
        page.one("form[action$='/ack'] button").click()
        tools.poll(lambda: "acknowledged by ben" in page.one("#evidence").text, "the page after it")
        page.one("form[action$='/ack'] input[name=by]").send_keys("ben")
        page.one("#give button").click()
        tools.poll(lambda: "acknowledged by" not in page.one("#evidence").text, "the page after that")
        assert page.driver.current_url == f"{demo.program.url}/?incident={AGENTS}"
    finally:
        page.scripts(True)


def numbers_of(page):
    return [float(one.text) for one in page.all("#queries td[data-name=distance]") if one.text != "–"]


def test_the_incident_ends_on_the_page(page, demo):
    page.open(demo.program.url)
    page.shows("critical", "#incidents")
    demo.restore()
    demo.program.replay(times=5)  # a band that was left is home again after four of five
    page.shows("resolved", "#incidents", 60)
    page.shows("None is open.")


class Versions:
    """What a browser has of a document, and how many bytes it takes to keep it up to date."""

    def __init__(self, url):
        self.url, text = url, requests.get(url, timeout=10).text
        self.whole = re.search(r'data-version="(\w+)"', text)[1]
        self.parts = re.findall(r' data-(?:v|list)="(\w+)"', text)

    def ask(self):
        """(status, bytes on the wire, bytes, what changed)."""
        answer = requests.get(self.url, timeout=10, stream=True, headers={
            "Driftwatch-Have": " ".join(self.parts), "If-None-Match": self.whole})
        wire = answer.raw.read()
        if answer.status_code == 304:
            return 304, len(wire), 0, None
        assert answer.headers["Content-Encoding"] == "gzip"
        body = requests.get(self.url, timeout=10, headers=answer.request.headers)
        return answer.status_code, len(wire), len(body.content), body.json()


@pytest.fixture(scope="module")
def thousand(chroma, build, tmp_path_factory):
    """A thousand queries, each next to a record of its own."""
    random = numpy.random.default_rng(7)
    vectors = random.normal(size=(MANY, 32))
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    program = tools.Driftwatch(build, tmp_path_factory.mktemp("thousand"))
    chroma.create("thousand")
    for start in range(0, MANY, 250):
        chroma.upsert("thousand", [f"r{i}" for i in range(start, start + 250)], vectors[start:start + 250])
    program.server(chroma.url)
    program.watch("thousand", [
        {"id": f"query-{i:04}", "text": f"What is number {i}, and how is it told from {i + 1}?",
         "tags": {"area": f"area {i % 7}"}, "expect": {"ids": [f"r{i}" if i % 100 else "never"]}}
        for i in range(MANY)], dict(zip((f"query-{i:04}" for i in range(MANY)), vectors)), interval="1h")
    program.vectors = vectors
    program.start()
    program.replay()
    yield program
    assert program.stop() == 0


def paint(page, url):
    """Milliseconds to the first contentful paint."""
    page.open(url)
    return tools.poll(lambda: page.run(
        "return performance.getEntriesByName('first-contentful-paint').map(one => one.startTime)[0]"), "a paint")


# What a page does after one line has come: as many rows as a page of the table has, of as many cells, and nothing more.
PLAIN = """
        const done = arguments[0], start = performance.now(), main = document.getElementById("main");
        fetch("-/healthy").then(answer => answer.text()).then(text => {
                const row = "<tr>" + `<td>${text}</td>`.repeat(7) + "</tr>";
                main.innerHTML = `<table><tbody>${row.repeat(50)}</tbody></table>`;
                requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
        });
        """
FILTER = """
        const [text, done] = arguments, count = document.getElementById("count"), start = performance.now();
        new MutationObserver((_, observer) => {
                observer.disconnect();
                requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
        }).observe(count, {childList: true, subtree: true, characterData: true});
        const field = document.querySelector("input[name=text]");
        field.value = text;
        field.dispatchEvent(new Event("input", {bubbles: true}));
        """


def reactions(page, script, texts):
    """Medians: milliseconds until what it changes is drawn, and those that the page's thread worked for it."""
    took = []
    for text in texts:
        before = page.worked()
        waited = page.wait(script, *text)
        took.append((waited, page.worked() - before))
    return [statistics.median(one) for one in zip(*took)]


def test_a_thousand_queries_are_quick(page, thousand, pictures, record_property):
    address = thousand.url + "/?collection=thousand"
    paints = [(paint(page, f"{thousand.url}/-/healthy"), paint(page, address)) for _ in range(5)]
    empty, full = (statistics.median(one) for one in zip(*paints))
    elements = page.run("return document.querySelectorAll('*').length")
    page.picture(pictures / "collection-1000.png")
    page.size(*browser.PHONE)
    page.picture(pictures / "collection-1000-phone.png")
    page.size(*browser.DESKTOP)
    page.run("document.querySelector('form[role=search]').scrollIntoView()")
    reaction, worked = reactions(page, FILTER, [["number 1"], [""]] * 6)
    page.open(f"{thousand.url}/?show=replays")
    least, plain = reactions(page, PLAIN, [[]] * 12)
    record_property("first paint, ms", f"{full:.0f}, of an empty page {empty:.0f}")
    record_property("interaction, ms", f"{reaction:.0f}, of plain rows {least:.0f}")
    print(f"first paint {full:.0f} ms, of an empty page {empty:.0f} ms; {elements} elements; "
          f"interaction {reaction:.0f} ms, of plain rows {least:.0f} ms; "
          f"worked {worked:.1f} ms for it, {plain:.1f} ms for plain rows")
    # What others do on this machine delays it by as much as they like, and takes caches from what the thread worked:
    # 2.2 to 3.6 times. docs/performance.md has what a quiet one takes.
    assert full < max(200, 6 * empty) and elements < 1300
    assert reaction < 1000 and worked < 5 * plain


def test_an_update_is_small(thousand, chroma):
    """One query of a thousand has another distance: what is asked for is that, however many others there are."""
    document = Versions(thousand.url + "/?collection=thousand")
    assert document.ask()[:3] == (304, 0, 0)
    chroma.upsert("thousand", ["r1"], [thousand.vectors[1] * 1.1])
    thousand.replay()
    status, wire, size, changed = document.ask()
    assert status == 200
    print(f"an update has {size} bytes, {wire} on the wire")
    assert size < 4096 and wire < 2048, changed["parts"].keys()


def test_fifty_viewers_delay_nobody(thousand):
    """They all look at the same for some seconds, while it is replayed and scraped."""
    viewers, until, slow, lock = 50, time.monotonic() + 4, [], threading.Lock()
    address = thousand.url + "/?collection=thousand"

    def look(asks, pause):
        while time.monotonic() < until:
            start = time.monotonic()
            asks()
            with lock:
                slow.append(time.monotonic() - start)
            pause()

    def view():
        document = Versions(address)
        look(document.ask, lambda: threading.Event().wait(1))
    threads = [threading.Thread(target=view) for _ in range(viewers)]
    for one in threads:
        one.start()
    scrapes = []
    while time.monotonic() < until:
        start = time.monotonic()
        assert requests.get(thousand.url + "/metrics", timeout=10).ok
        scrapes.append(time.monotonic() - start)
        thousand.replay()
    for one in threads:
        one.join()
    print(f"{len(slow)} updates, the slowest {max(slow):.3f} s; "
          f"{len(scrapes)} scrapes, the slowest {max(scrapes):.3f} s")
    assert len(slow) >= viewers and max(scrapes) < 2


def test_two_hundred_collections_can_be_read(page, driftwatch, ends, tmp_path, pictures):
    server = ends(crowd.Crowd(tmp_path))
    driftwatch.server(server.url)
    crowd.watch(driftwatch, 200, queries=5, missing=1, interval="1h")
    driftwatch.start()
    tools.poll(lambda: all(one["up"] for one in driftwatch.api("collections")["collections"]), "every replay", 60)
    page.open(driftwatch.url)
    page.shows("of 1000 queries")
    assert len(page.texts("#collections tr")) == 200
    page.picture(pictures / "home-200.png")


def test_a_table_that_comes_later_is_shown(page, driftwatch, chroma, name, ends):
    """Where a document has got a part that nobody could update it by, it is loaded once more."""
    queries, records = tools.axes([0.5])
    chroma.create(name)
    chroma.upsert(name, ["r"], records)
    driftwatch.server(chroma.url)
    driftwatch.watch(name, [{"id": "q", "text": "?", "expect": {"ids": ["r"]}}], {"q": queries[0]}, interval="1h")
    driftwatch.start()
    page.open(f"{driftwatch.url}/?show=notifications")
    page.shows("Nobody is notified")
    receiver = ends(tools.Receiver())
    driftwatch.config["alerting"] = {"receivers": [{"name": "late", "webhook_configs": [{"url": receiver.url}]}]}
    driftwatch.write()
    assert driftwatch.post("/-/reload").ok
    page.shows("late", "#channels")
    assert page.one("#lost").get_attribute("hidden")


NASTY = ["<img src=x onerror=window.pwned=1>", "</script><script>window.pwned=2</script>",
         "\"><svg onload=window.pwned=3>", "javascript:window.pwned=4", "' onfocus='window.pwned=5' autofocus='",
         "{{7*7}}<!--", "</title><b>x", "\u202egpj.exe"]


@pytest.fixture
def liar(ends):
    """A server whose errors are markup."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            body = json.dumps({"error": NASTY[0], "message": "".join(NASTY)}).encode()
            self.send_response(500)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        do_GET = do_POST = answer
    server = tools.Served()
    server.serve(Handler)
    return ends(server)


def test_nothing_that_is_stored_runs(page, chroma, driftwatch, liar, name):
    """Ids, texts, tags, documents, metadata and a server's errors are markup, and shown as what they are."""
    count = len(NASTY)
    queries, records = tools.axes([0.5] * count)
    chroma.create(name)
    chroma.upsert(name, NASTY, records, [{NASTY[0]: one} for one in NASTY], NASTY)
    driftwatch.server(chroma.url)
    driftwatch.server(liar.url, name="liar")
    shown = [one.replace("\u202e", "") for one in NASTY]
    driftwatch.watch(name, [
        {"id": f"{one}", "text": one, "tags": {one: one},
         "expect": {"metadata": {NASTY[0]: NASTY[i] if i % 2 else "gone"}}} for i, one in enumerate(shown)],
        dict(zip(shown, queries)), interval="1h", label=NASTY[1])
    driftwatch.watch("lies", [{"id": "q", "text": "?", "expect": {"ids": ["r"]}}], {"q": queries[0]},
                     server="liar", interval="1h")
    driftwatch.write()
    for action in (["propose", "--pause=10ms", "--collection", NASTY[1]],
                   ["approve", f"--by={NASTY[0]}", f"--reason={NASTY[1]}", "--collection", NASTY[1]]):
        driftwatch.run("baseline", *action)
    driftwatch.start()
    driftwatch.replay(NASTY[1])
    driftwatch.post("/api/v1/replay", params={"collection": "lies", "wait": "true"})
    label = requests.utils.quote(NASTY[1], safe="")
    pages = ["", f"?collection={label}", f"?incident={label}", "?collection=lies", "?show=replays",
             "?show=notifications",
             f"?collection={label}&text={label}&tag={label}&sort={label}",
             *(f"?collection={label}&query={requests.utils.quote(one, safe='')}" for one in shown)]
    for one in pages:
        page.open(f"{driftwatch.url}/{one}")
        assert page.run("return [window.pwned, document.scripts.length, document.images.length]") == [None, 1, 0], one
        page.run("document.dispatchEvent(new Event('visibilitychange'))")
    page.link(WORDS)
    assert set(shown) <= set(tools.poll(lambda: page.texts("#answers .words"), "the documents' words"))
    assert page.run("return [window.pwned, document.scripts.length, document.images.length]") == [None, 1, 0]
    page.open(f"{driftwatch.url}/?collection={label}")
    assert set(shown) <= set(page.texts("#queries th a"))
