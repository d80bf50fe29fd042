# SPDX-License-Identifier: Apache-2.0
"""A real SMTP server (aiosmtpd) in this process, with a certificate of its own."""
import email
import email.policy
import ssl
import subprocess

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

import tools

USER, PASSWORD = "driftwatch", "s3cret-passw0rd"


class MailServer:
    """Keeps the mails it takes; `answers` are what it says to a recipient, each once: "451 4.7.1 Later". It demands
    STARTTLS and a login, but for "plain", which knows neither, and "implicit", where TLS begins at once."""

    def __init__(self, directory, kind="starttls"):
        self.mails, self.answers, self.logins, self.hellos = [], {}, 0, []
        self.certificate = directory / "mail.pem"
        key = directory / "mail.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
             "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.port = tools.free_port()
        login = {"authenticator": self.authenticate, "auth_required": True}
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, **{
            "starttls": {"tls_context": context, "require_starttls": True, **login},
            "implicit": {"ssl_context": context, "auth_require_tls": False, **login},
            "plain": {}}[kind])
        self.controller.start()

    def authenticate(self, server, session, envelope, mechanism, data):
        self.logins += 1
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        self.hellos.append(hostname)
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        answers = self.answers.get(address, [])
        if answers:
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((mail, envelope))
        return "250 2.0.0 taken"

    def stop(self):
        self.controller.stop()
