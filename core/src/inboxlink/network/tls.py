"""What is trusted: the system's roots and the operator's, or exactly one pinned certificate.

One context serves the whole process, because making one costs as much as 29 handshakes. The
environment has no say: SSL_CERT_FILE and SSLKEYLOGFILE are not read.
"""

import base64
import errno
import hashlib
import socket
import ssl
import sys
import threading
from functools import cache, lru_cache
from pathlib import Path

from inboxlink.errors import MailboxError, SetupError, problem
from inboxlink.types.detection import CertificatePin

__all__ = ["code_of", "pinned_context", "trusting_context", "verify_code", "wrap"]

#: X509_V_ERR_* of OpenSSL (verify(1)), by what they mean to a person. Others are
#: `certificate_invalid`.
_VERIFY_CODES = {
    2: "certificate_untrusted",  # unable to get issuer certificate
    9: "certificate_not_yet_valid",
    10: "certificate_expired",
    18: "certificate_untrusted",  # self-signed
    19: "certificate_untrusted",  # self-signed in chain
    20: "certificate_untrusted",  # unable to get local issuer certificate
    21: "certificate_untrusted",  # unable to verify the first certificate
    62: "certificate_wrong_name",
    64: "certificate_wrong_name",  # IP address mismatch
}

#: Reasons of OpenSSL for an answer that is no TLS at all.
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})

_making = threading.Lock()


@cache
def trusting_context(ca_file: Path | None) -> ssl.SSLContext:
    """The context of everything that is not pinned.

    Raises:
        SetupError: `ca_file_unusable`: the operator's file is not there, or holds no certificate.
    """
    context = _bare_context()
    if sys.platform in ("win32", "darwin"):  # pragma: no cover - other platforms
        context.load_default_certs()
    else:
        paths = ssl.get_default_verify_paths()
        cafile = paths.openssl_cafile if Path(paths.openssl_cafile).is_file() else None
        capath = paths.openssl_capath if Path(paths.openssl_capath).is_dir() else None
        if cafile or capath:
            context.load_verify_locations(cafile, capath)
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:  # of which SSLError is one
            reason = error.strerror or type(error).__name__
            raise SetupError(
                problem("ca_file_unusable", path=str(ca_file), reason=reason)
            ) from None
    return context


@lru_cache(maxsize=256)
def pinned_context(der: bytes, any_name: bool) -> ssl.SSLContext:  # noqa: FBT001 - a cache key
    """A context whose only anchor is one leaf certificate."""
    context = _bare_context()
    context.load_verify_locations(cadata=der)
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = not any_name
    return context


def wrap(
    sock: socket.socket, host: str, port: int, pin: CertificatePin | None, ca_file: Path | None
) -> ssl.SSLSocket:
    """Do the handshake; the socket's timeout is the caller's.

    Raises:
        MailboxError: `certificate_*`, `not_tls`, `tls_failed`, `connection_lost`, `timed_out`.
        SetupError: `ca_file_unusable`.
    """

    def trouble(code: str) -> MailboxError:
        return MailboxError(problem(code, host=host, port=str(port)))

    if pin is None:
        with _making:  # or each of the threads that come first would make one
            context = trusting_context(ca_file)
    else:
        try:
            context = pinned_context(base64.b64decode(pin.der), pin.any_name)
        except (ValueError, ssl.SSLError):  # a pin that holds no certificate trusts nothing
            raise trouble("certificate_changed") from None
    try:
        wrapped = context.wrap_socket(sock, server_hostname=host)
    except OSError as error:
        code = code_of(error)
        # Against a pin, "untrusted" means that it is not the certificate that was pinned.
        is_other = pin is not None and code in ("certificate_untrusted", "certificate_invalid")
        raise trouble("certificate_changed" if is_other else code) from None
    if pin is not None:
        shown = wrapped.getpeercert(binary_form=True) or b""
        # A pinned certificate that may sign others must not vouch for them.
        if hashlib.sha256(shown).hexdigest() != pin.sha256:
            wrapped.close()
            raise trouble("certificate_changed")
    return wrapped


def code_of(error: OSError) -> str:
    """The error code of what connecting, or beginning TLS, raised."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return verify_code(error.verify_code)
    if isinstance(error, ssl.SSLError):
        if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return "connection_lost"
        return "not_tls" if error.reason in _NOT_TLS else "tls_failed"
    if isinstance(error, TimeoutError):
        return "timed_out"
    if isinstance(error, ConnectionRefusedError):
        return "connection_refused"
    # Accepted and ended before this side looked, or in the middle of the handshake.
    if isinstance(error, ConnectionError) or error.errno == errno.ENOTCONN:
        return "connection_lost"
    return "network_unreachable"


def verify_code(number: int) -> str:
    """The error code of an OpenSSL verification result."""
    return _VERIFY_CODES.get(number, "certificate_invalid")


def _bare_context() -> ssl.SSLContext:
    # Verification and the name check are on from the start with this protocol.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8314 section 4.1, RFC 8997
    context.hostname_checks_common_name = False  # RFC 9525 section 2
    return context
