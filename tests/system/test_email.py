# SPDX-License-Identifier: Apache-2.0
"""E-mail through a real SMTP server: what arrives, in which thread, and what is told when it does not."""
import re

import pytest

import tools
from mail_server import PASSWORD, USER, MailServer

TEAM, LEAD = "search@example.org", "lead@example.org"


@pytest.fixture
def mail_server(tmp_path, ends, request):
    return ends(MailServer(tmp_path, getattr(request, "param", "starttls")))


def trusting(mail_server):
    return {"ca_file": str(mail_server.certificate), "server_name": "localhost"}


@pytest.fixture
def watched(chroma, driftwatch, name, mail_server):
    """watched(**keys of email_configs) starts driftwatch with two queries, of which one misses its record; what it
    returns gives the record back."""
    queries, records = tools.axes([0.5] * 2)

    def start(**keys):
        chroma.create(name)
        chroma.upsert(name, ["r0"], records[:1])
        driftwatch.server(chroma.url)
        driftwatch.watch(name, [
            {"id": f"q{i}", "text": f"Question {i}?", "expect": {"ids": [f"r{i}"]}}
            for i in range(2)], {f"q{i}": row for i, row in enumerate(queries)}, interval="1h")
        (driftwatch.directory / "password").write_text(PASSWORD + "\n")
        driftwatch.config["alerting"] = {
            **tools.AT_ONCE,
            "receivers": [{"name": "search-team", "email_configs": [{
                "to": TEAM, "from": "driftwatch <drift@example.org>", "hello": "drift.example.org",
                "smarthost": f"127.0.0.1:{mail_server.port}", "auth_username": USER,
                "auth_password_file": "password", "tls": trusting(mail_server), **keys}]}]}
        driftwatch.start()
        driftwatch.replay(name)

    def mend():
        chroma.upsert(name, ["r0", "r1"], records)
        driftwatch.replay(name, times=2)
    start.mend = mend
    return start


def arrived(mail_server, count):
    tools.poll(lambda: len(mail_server.mails) >= count, f"{count} mails", 30)
    return mail_server.mails


def trouble(driftwatch, pattern):
    """What the log says of the delivery, and what it does not."""
    found = tools.poll(lambda: re.search(f"notifications to search-team.*{pattern}.*", driftwatch.process.text()),
                       f"{pattern} in the log", 30)
    assert PASSWORD not in driftwatch.process.text()
    return found.group(0)


def test_an_incident_and_its_end_are_one_thread(watched, driftwatch, mail_server, name):
    watched()
    (opened, envelope), *_ = arrived(mail_server, 1)
    assert mail_server.hellos[-1] == "drift.example.org"
    assert (envelope.mail_from, envelope.rcpt_tos) == ("drift@example.org", [TEAM])
    assert opened["To"] == TEAM and opened["From"] == "driftwatch <drift@example.org>"
    assert opened["Subject"].startswith("[critical] " + name) and opened["Date"].datetime
    text, html = (opened.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for part in (text, html):
        assert "RetrievalExpectedResultMissing" in part and "q1" in part
    assert not re.search(r"src=|@import|url\(", html)

    watched.mend()
    _, (closed, _) = arrived(mail_server, 2)
    assert closed["Subject"].startswith("[resolved] " + name)
    assert closed["References"] == opened["References"] == opened["In-Reply-To"]
    assert closed["Message-ID"] != opened["Message-ID"]
    tools.poll(lambda: driftwatch.metric("driftwatch_notifications_total", receiver="search-team", channel="email",
                                         peer=f"127.0.0.1:{mail_server.port}") == 2, "both to be counted")


def test_a_wrong_password_is_final(watched, driftwatch, mail_server):
    driftwatch.directory.joinpath("wrong").write_text("another-s3cret\n")
    watched(auth_password_file="wrong")
    line = trouble(driftwatch, "535")
    assert "refused for good" in line and f"127.0.0.1:{mail_server.port}" in line
    assert "another-s3cret" not in driftwatch.process.text()
    tools.poll(lambda: driftwatch.metric(
        "driftwatch_notifications_failed_total", receiver="search-team", channel="email",
        peer=f"127.0.0.1:{mail_server.port}", reason="auth") == 1, "it to be counted")
    assert mail_server.mails == []


def test_an_untrusted_server_is_told_nothing(watched, driftwatch, mail_server):
    watched(tls={})
    line = trouble(driftwatch, "certificate of 127.0.0.1:")
    assert "not trusted" in line and "tried again" in line
    assert (mail_server.logins, mail_server.mails) == (0, [])

    # Trusted at last: what was kept arrives.
    channel, = driftwatch.config["alerting"]["receivers"][0]["email_configs"]
    channel["tls"] = trusting(mail_server)
    driftwatch.write()
    assert driftwatch.reload().ok
    arrived(mail_server, 1)


def test_another_host_s_certificate_is_not_trusted(watched, driftwatch, mail_server):
    watched(tls={"ca_file": str(mail_server.certificate)})
    assert "another host's" in trouble(driftwatch, "tried again")
    assert (mail_server.logins, mail_server.mails) == (0, [])


def test_one_refused_recipient_does_not_cost_the_others_their_mail(watched, driftwatch, mail_server):
    mail_server.answers[LEAD] = ["550 5.1.1 no such user"]
    watched(to=f"{LEAD}, {TEAM}")
    (_, envelope), = arrived(mail_server, 1)
    assert envelope.rcpt_tos == [TEAM]
    line = trouble(driftwatch, "1 of 2 recipients refused")
    assert f"{LEAD} (550 5.1.1 no such user)" in line


def test_nobody_who_can_be_told_is_final(watched, driftwatch, mail_server):
    mail_server.answers[TEAM] = ["550 5.1.1 no such user"]
    watched()
    assert "550: 5.1.1 no such user" in trouble(driftwatch, "refused for good")
    assert mail_server.mails == []


def test_what_is_greylisted_comes_later(watched, driftwatch, mail_server):
    mail_server.answers[TEAM] = ["451 4.7.1 greylisted", "451 4.7.1 greylisted"]
    watched()
    arrived(mail_server, 1)
    assert "451: 4.7.1 greylisted; it will be tried again" in trouble(driftwatch, "451")
    assert "delivered again" in trouble(driftwatch, "delivered again")
    assert mail_server.answers[TEAM] == []


@pytest.mark.parametrize("mail_server", ["plain"], indirect=True)
def test_nothing_is_sent_without_encryption(watched, driftwatch, mail_server):
    watched()
    assert "offers no encryption, so that nothing was sent" in trouble(driftwatch, "tried again")
    assert mail_server.mails == []

    # A relay that needs none may do without.
    channel, = driftwatch.config["alerting"]["receivers"][0]["email_configs"]
    channel["require_tls"] = False
    del channel["auth_username"], channel["auth_password_file"]
    driftwatch.write()
    assert driftwatch.reload().ok
    arrived(mail_server, 1)


@pytest.mark.parametrize("mail_server", ["implicit"], indirect=True)
def test_tls_may_begin_at_once(watched, driftwatch, mail_server):
    watched(force_implicit_tls=True)
    arrived(mail_server, 1)
    assert mail_server.logins == 1


def test_a_new_password_is_read_without_a_reload(watched, driftwatch, mail_server):
    mail_server.answers[TEAM] = ["451 4.7.1 later"] * 20
    driftwatch.directory.joinpath("changing").write_text(PASSWORD + "\n")
    watched(auth_password_file="changing")
    trouble(driftwatch, "451")
    driftwatch.directory.joinpath("changing").write_text("another-s3cret\n")
    assert "535" in trouble(driftwatch, "refused for good")
    assert "another-s3cret" not in driftwatch.process.text()
