"""The certificates of the peers, and those that no authority should issue."""

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from inboxlink.testing.peers import certificates
from inboxlink.testing.peers.certificates import Certificate, pem_of, self_signed, signed, write
from peers.need import need

__all__ = ["Authority", "Certificate", "self_signed", "signed_by"]


class Authority(certificates.Authority):
    """A CA of its own for each test run, which signs whatever it is told to."""

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
        return write(self._directory, signed.public_bytes(serialization.Encoding.PEM), pem_of(key))

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
        return write(self._directory, signed.stdout, pem_of(key))


def signed_by(directory: Path, signer: Certificate, *names: str) -> Certificate:
    """A certificate signed with the key of another one, its chain included."""
    issuer_key = serialization.load_pem_private_key(signer.key.read_bytes(), None)
    issuer = x509.load_pem_x509_certificate(signer.cert.read_bytes())
    issuer_name = issuer.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    pem, key_pem = signed(names, key, issuer_key, str(issuer_name), 30, is_ca=False)
    return write(directory, pem + signer.cert.read_bytes(), key_pem)
