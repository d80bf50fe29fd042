# SPDX-License-Identifier: Apache-2.0
"""A certificate authority of a test's own, by openssl."""
import pathlib
import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


class Authority:
    """Its own certificate is `certificate`; those that it issues lie beside it."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.certificate, self.key = self.directory / "ca.pem", self.directory / "ca.key"
        openssl("req", "-x509", *KEY, "-days", 2, "-subj", "/CN=test authority", "-keyout", self.key,
                "-out", self.certificate)

    def issue(self, name, alternative, usage="serverAuth"):
        """(certificate, key) of a name such as "DNS:localhost,IP:127.0.0.1"; issued again, they are new ones."""
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative}\nextendedKeyUsage={usage}\n")
        openssl("req", "-new", *KEY, "-subj", f"/CN={name}", "-keyout", f"{key}.new", "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-days", 1, "-extfile", extensions, "-out", f"{certificate}.new")
        for path in certificate, key:
            pathlib.Path(f"{path}.new").replace(path)
        return certificate, key


def serial(certificate):
    done = subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", certificate], check=True,
                          capture_output=True, text=True, timeout=60)
    return done.stdout.strip()
