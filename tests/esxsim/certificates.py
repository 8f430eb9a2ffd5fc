# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates for the simulated host, made when it starts: self-signed, or signed by a CA of its own."""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ADDRESSES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Certificate:
    """Files in PEM. ``ca``: what a client must trust; of a self-signed certificate it is the certificate itself."""

    cert: Path
    key: Path
    ca: Path

    @property
    def thumbprint(self) -> str:
        """The SHA-256 fingerprint: upper-case hexadecimal, in pairs with colons."""
        digest = hashlib.sha256(self.der).hexdigest().upper()
        return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))

    @property
    def sha1(self) -> str:
        """The SHA-1 fingerprint, as vSphere clients and govc ask for it."""
        digest = hashlib.sha1(self.der, usedforsecurity=False).hexdigest().upper()
        return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))

    @property
    def der(self) -> bytes:
        return ssl.PEM_cert_to_DER_cert(self.cert.read_text("ascii").strip())


def make_certificate(directory: Path, *, signed: bool = False, names: tuple[str, ...] = ADDRESSES) -> Certificate:
    """
    Make a key and a certificate for some names and addresses.

    ``signed``: by a CA, made for the purpose; otherwise the certificate signs itself.
    """
    directory.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    ca_name = "ca.pem" if signed else "cert.pem"
    result = Certificate(directory / "cert.pem", directory / "key.pem", directory / ca_name)
    if signed:
        ca_key = ec.generate_private_key(ec.SECP256R1())
        ca = _builder("esxsim CA", "esxsim CA", ca_key, ca_key)
        ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        ca = ca.add_extension(_usage(signs=True), critical=True)
        _write(result.ca, ca.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        signer, issuer = ca_key, "esxsim CA"
    else:
        signer, issuer = key, names[0]
    builder = _builder(names[0], issuer, key, signer)
    builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    # A client that is told to trust a self-signed certificate takes it as its own CA.
    builder = builder.add_extension(x509.BasicConstraints(ca=not signed, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs=not signed), critical=True)
    _write(result.cert, builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    _write(
        result.key,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    return result


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]),
        issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(days=1),
        not_valid_after=now + timedelta(days=365),
    )
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return builder.add_extension(authority, critical=False)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
