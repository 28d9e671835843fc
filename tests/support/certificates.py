"""Certificates for servers and clients of the tests."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SUBJECT = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")


@dataclass(frozen=True)
class Certificate:
    """A certificate that signs itself, so a client needs to trust no other.

    Attributes:
        path: of the certificate.
        key: path of its key.
    """

    path: Path
    key: Path

    @property
    def settings(self) -> tuple[str, ...]:
        """Lines for the redis.conf of a server that has this certificate, and trusts it alone."""
        return (
            *("tls-replication yes", "tls-cluster yes", "tls-auth-clients no"),
            f"tls-cert-file {self.path}",
            f"tls-key-file {self.key}",
            f"tls-ca-cert-file {self.path}",
        )


def make_certificate(folder: Path, name: str) -> Certificate:
    """Make a certificate for this machine; without the program openssl, skip the test."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is missing, so there are no certificates to test TLS with.")
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    files = ("-keyout", str(made.key), "-out", str(made.path))
    command = ["openssl", "req", "-x509", "-nodes", "-days", "2", *curve, *files, *SUBJECT]
    subprocess.run(command, check=True, capture_output=True)
    return made
