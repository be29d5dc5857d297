"""Read the certificate of a server that was not trusted, without trusting it for a moment.

OpenSSL hands each certificate to a callback before it goes on; this one keeps the leaf and says
no, so that the handshake never completes. There is no unverified connection anywhere.
"""

import base64
import hashlib
import ipaddress
import selectors
import socket
from contextlib import suppress
from typing import Any

from cryptography import x509
from OpenSSL import SSL

from inboxlink.errors import MailboxError, problem
from inboxlink.network.deadline import remaining_s
from inboxlink.types.context import CertificateFacts

__all__ = ["facts", "read_leaf"]

_MAX_NAMES = 20


def read_leaf(sock: socket.socket, host: str, port: int, deadline: float) -> CertificateFacts:
    """The certificate that a server shows on a connection that is ready for TLS.

    Raises:
        MailboxError: `tls_failed`, `timed_out`: it showed none.
    """
    seen: list[x509.Certificate] = []

    def keep_and_refuse(_: SSL.Connection, shown: Any, *rest: int) -> bool:  # noqa: ANN401
        depth = rest[1]
        if depth == 0:
            # What raises in here would come out of the handshake as it is: see below.
            with suppress(ValueError, x509.InvalidVersion):
                seen.append(shown.to_cryptography())
            return False
        # Certificates above the leaf come first; the leaf's own turn is the last.
        return True

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_verify(SSL.VERIFY_PEER, keep_and_refuse)
    connection = SSL.Connection(context, sock)
    if not _is_address(host):
        connection.set_tlsext_host_name(host.encode())
    connection.set_connect_state()
    sock.setblocking(False)  # noqa: FBT003 - the socket's own signature
    while True:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            _wait(sock, remaining_s(deadline, host, port))
            continue
        except (SSL.Error, OSError):
            break
        break  # unreachable: the callback refuses every leaf
    # OpenSSL reads certificates that are no X.509; there is nothing to show of them.
    with suppress(ValueError):
        if seen:
            return facts(seen[-1], host)
    raise MailboxError(problem("tls_failed", host=host, port=str(port)))


def _wait(sock: socket.socket, seconds: float) -> None:
    """Wait for data; `select.select` would refuse the 1025th file of a busy host."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        selector.select(seconds)


def facts(certificate: x509.Certificate, host: str) -> CertificateFacts:
    """What a person is shown of a certificate."""
    from cryptography.hazmat.primitives.serialization import Encoding

    der = certificate.public_bytes(Encoding.DER)
    dns_names, addresses = _names(certificate)
    return CertificateFacts(
        subject=certificate.subject.rfc4514_string(),
        names=(*dns_names, *addresses)[:_MAX_NAMES],
        issuer=certificate.issuer.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        sha256=hashlib.sha256(der).hexdigest(),
        der=base64.b64encode(der).decode(),
        matches_name=(
            host in addresses
            if _is_address(host)
            else any(_matches(pattern, host) for pattern in dns_names)
        ),
    )


def _names(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return [], []
    names = extension.value
    return (
        names.get_values_for_type(x509.DNSName),
        [str(each) for each in names.get_values_for_type(x509.IPAddress)],
    )


def _matches(pattern: str, host: str) -> bool:
    """RFC 9525 section 6.3: a wildcard is the whole left-most label and stands for one label."""
    pattern, host = pattern.lower().rstrip("."), host.lower()
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:] and "." in pattern[2:]
    return pattern == host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
