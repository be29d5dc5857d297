"""Certificates for servers on loopback."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

__all__ = ["Authority", "Certificate", "pem_of", "self_signed", "signed", "write"]


@dataclass(frozen=True)
class Certificate:
    """Files of one certificate with its chain, and of its key."""

    cert: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """TLS as a server that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        return context


class Authority:
    """A CA of its own, which `[network] ca_file` names.

    Args:
        directory: For its files; the keys among them are private to who runs the tests.
    """

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
        return write(self._directory, pem, leaf.private_key_pem.bytes())


def self_signed(
    directory: Path, *names: str, days_left: float = 30, is_ca: bool = False
) -> Certificate:
    """A certificate that vouches for itself, as a company's own mail server often has."""
    key = ec.generate_private_key(ec.SECP256R1())
    return write(directory, *signed(names, key, key, names[0], days_left, is_ca=is_ca))


def signed(
    names: tuple[str, ...],
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    issuer: str,
    days_left: float,
    *,
    is_ca: bool,
) -> tuple[bytes, bytes]:
    """A certificate that `issuer_key` signs, and its key, as PEM."""
    now = datetime.now(UTC)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=min(-1, days_left - 1)))
        .not_valid_after(now + timedelta(days=days_left))
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), pem_of(key)


def pem_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """A key as PEM, not encrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def write(directory: Path, cert: bytes, key: bytes) -> Certificate:
    """Put a certificate and its key into files; the key's is for its owner alone."""
    number = len(list(directory.glob("*.key")))
    files = Certificate(directory / f"{number}.pem", directory / f"{number}.key")
    files.cert.write_bytes(cert)
    files.cert.chmod(0o644)
    files.key.touch(0o600)
    files.key.write_bytes(key)
    return files
