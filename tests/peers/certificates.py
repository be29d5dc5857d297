"""Certificates for servers on loopback."""

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from peers.need import need

__all__ = ["Authority", "Certificate", "self_signed", "signed_by"]


@dataclass(frozen=True)
class Certificate:
    """Files of one certificate with its chain, and of its key."""

    cert: Path
    key: Path


class Authority:
    """A CA of its own for each test run."""

    def __init__(self, directory: Path) -> None:
        self._ca = trustme.CA()
        self._directory = directory
        self.ca_file = directory / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.ca_file))
        self.ca_file.chmod(0o644)

    def issue(self, *names: str, days_left: float = 30, starts_in_days: float = -1) -> Certificate:
        """A certificate for these names; negative days give one that has expired."""
        now = datetime.now(UTC)
        leaf = self._ca.issue_cert(
            *names,
            not_before=now + timedelta(days=min(starts_in_days, days_left - 1)),
            not_after=now + timedelta(days=days_left),
        )
        pem = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        return _write(self._directory, pem, leaf.private_key_pem.bytes())

    def craft(
        self,
        names: Sequence[x509.GeneralName],
        *,
        common_name: str = "crafted",
        alter: Callable[[x509.CertificateBuilder], x509.CertificateBuilder] = lambda it: it,
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
    ) -> Certificate:
        """A certificate of this CA that no CA should issue.

        Args:
            names: The subject's alternative names; none at all leaves the extension out.
            common_name: The subject's, which nobody should look at (RFC 9525 section 2).
            alter: Adds extensions.
            key: The subject's; None = a good one.
        """
        now = datetime.now(UTC)
        issuer = x509.load_pem_x509_certificate(self._ca.cert_pem.bytes())
        issuer_key = serialization.load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
        key = key or ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
            .issuer_name(issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        signed = alter(builder).sign(issuer_key, hashes.SHA256())
        return _write(
            self._directory, signed.public_bytes(serialization.Encoding.PEM), _pem_of(key)
        )

    def signed_over(self, digest: str, name: str) -> Certificate:
        """A certificate whose signature is over another digest, such as `sha1`.

        By the openssl program, because the library makes no signature that nobody should trust.
        """
        need("/usr/bin/openssl", "openssl")
        key = ec.generate_private_key(ec.SECP256R1())
        files = {
            "subject.pub": key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
            "ca.key": self._ca.private_key_pem.bytes(),
            "extensions": f"subjectAltName=DNS:{name}\n".encode(),
        }
        with tempfile.TemporaryDirectory() as folder:
            for file, content in files.items():
                Path(folder, file).write_bytes(content)
            arguments = [
                *("-new", "-subj", "/CN=signed", "-force_pubkey", "subject.pub", "-days", "30"),
                *("-CA", self.ca_file.absolute(), "-CAkey", "ca.key", "-CAcreateserial"),
                *("-CAserial", "serial", "-extfile", "extensions", f"-{digest}"),
            ]
            signed = subprocess.run(
                ["/usr/bin/openssl", "x509", *arguments],
                cwd=folder,
                capture_output=True,
                check=True,
            )
        return _write(self._directory, signed.stdout, _pem_of(key))


def self_signed(
    directory: Path, *names: str, days_left: float = 30, is_ca: bool = False
) -> Certificate:
    """A certificate that vouches for itself, as a company's own mail server often has."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _write(directory, *_signed(names, key, key, names[0], days_left, is_ca=is_ca))


def signed_by(directory: Path, signer: Certificate, *names: str) -> Certificate:
    """A certificate signed with the key of another one, its chain included."""
    issuer_key = serialization.load_pem_private_key(signer.key.read_bytes(), None)
    issuer = x509.load_pem_x509_certificate(signer.cert.read_bytes())
    issuer_name = issuer.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    pem, key_pem = _signed(names, key, issuer_key, str(issuer_name), 30, is_ca=False)
    return _write(directory, pem + signer.cert.read_bytes(), key_pem)


def _signed(
    names: tuple[str, ...],
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    issuer: str,
    days_left: float,
    *,
    is_ca: bool,
) -> tuple[bytes, bytes]:
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=min(-1, days_left - 1)))
        .not_valid_after(now + timedelta(days=days_left))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), True)
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), _pem_of(key)


def _pem_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(directory: Path, cert: bytes, key: bytes) -> Certificate:
    number = len(list(directory.glob("*.key")))
    files = Certificate(directory / f"{number}.pem", directory / f"{number}.key")
    files.cert.write_bytes(cert)
    files.cert.chmod(0o644)
    files.key.touch(0o600)
    files.key.write_bytes(key)
    return files
