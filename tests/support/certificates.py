"""Certificate authorities and what they sign, made by openssl (3.0 or newer)."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """`certificate` and `key` are PEM files."""

    certificate: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> Authority:
        """In a folder that is made for it, and names it."""
        folder.mkdir()
        authority = cls(folder / "authority.pem", folder / "authority-key.pem")
        _openssl(authority.key, authority.certificate, folder.name)
        return authority

    def sign(self, name: str) -> tuple[bytes, bytes]:
        """A certificate for 127.0.0.1 and its key, both PEM."""
        key, certificate = (self.key.with_name(f"{name}-{part}.pem") for part in ("key", "certificate"))
        signed = ["-CA", str(self.certificate), "-CAkey", str(self.key)]
        extensions = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"]
        _openssl(key, certificate, name, *signed, *extensions)
        return certificate.read_bytes(), key.read_bytes()


def _openssl(key: Path, certificate: Path, name: str, *more: str) -> None:
    asked = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    asked += ["-subj", f"/CN={name}", "-keyout", str(key), "-out", str(certificate), *more]
    subprocess.run(asked, check=True, capture_output=True)
