"""Requests that are signed in by Basic (RFC 7617) or NTLM (MS-NLMP, MS-NTHT).

Each handshake is one use of the password. NTLM belongs to the connection, or on some servers to
the one request (`authPersistSingleRequest` of IIS), so that where the connection was ended, or a
request that carried no sign-in is asked for one, it is signed in anew. A refusal of what carried
one is final and never tried again.
"""

import base64
import hashlib
import re
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING

from inboxlink.errors import MailboxError, SignInError, problem
from inboxlink.types.context import HttpAnswer, HttpSession
from inboxlink_exchange import policy
from inboxlink_exchange.schemes import Scheme

if TYPE_CHECKING:
    from spnego.channel_bindings import GssChannelBindings

__all__ = ["SignedSession"]

_HEADERS = {Scheme.NTLM: "NTLM", Scheme.NEGOTIATE: "Negotiate"}
#: A challenge of NTLM is some hundred octets; one in SPNEGO hardly more.
_MAX_CHALLENGE = 8 * 1024
#: What a stranger's challenge makes of a parser that trusts it.
_OF_A_PARSER = (ValueError, LookupError, TypeError, ArithmeticError, EOFError, struct.error)


class SignedSession:
    """One server, one person, one scheme.

    Args:
        session: To the server.
        host: Its name.
        scheme: How to sign in.
        username: In the form that the person gave.
        password: In the clear.
    """

    def __init__(
        self, session: HttpSession, host: str, scheme: Scheme, username: str, password: str
    ) -> None:
        self._session = session
        self._host = host
        self._scheme = scheme
        self._username = username
        self._password = password
        self._signed_in = 0

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """Send a request, signed in.

        Raises:
            SignInError: `sign_in_refused`: the server knows the person and says no, or does not
                know them; HTTP does not tell which.
            MailboxError: See `HttpSession.send`; `protocol_error` for a handshake that is none.
        """
        answer = self._sent(method, target, dict(headers), body)
        refusal = policy.refused_request(answer.status, answer.body, target)
        if refusal is not None:
            raise SignInError(refusal)
        return answer

    def _sent(self, method: str, target: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
        if self._scheme is Scheme.BASIC:
            pair = f"{self._username}:{self._password}".encode("utf-8", "surrogateescape")
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
            return self._session.send(method, target, headers, body)
        if self._signed_in == self._session.connection:
            answer = self._session.send(method, target, headers, body)
            if answer.status != 401:
                return answer
        last = self._handshake(target)
        if isinstance(last, HttpAnswer):
            return last
        return self._session.send(method, target, headers | last, body)

    def _handshake(self, target: str) -> dict[str, str] | HttpAnswer:
        """The last message of a handshake, as the header of the request that it signs in.

        A server that answers without a challenge, such as by a redirect, has said its answer.
        """
        import spnego
        from spnego.exceptions import SpnegoError

        name = _HEADERS[self._scheme]
        try:
            client = spnego.client(
                self._username,
                self._password,
                hostname=self._host,
                service="HTTP",
                protocol=self._scheme.value,
                channel_bindings=_channel_binding(self._session.certificate),
                options=spnego.NegotiateOptions.use_ntlm
                if self._scheme is Scheme.NTLM
                else spnego.NegotiateOptions.use_negotiate,
            )
            first = client.step() or b""
        except SpnegoError:  # a user name or a password that NTLM cannot carry
            raise SignInError(problem("secret_unsupported", mechanism=name)) from None
        self._signed_in = 0
        connection = self._session.connection
        answer = self._session.send("POST", target, _header(name, first), b"")
        if answer.status != 401:
            return answer
        challenge = _challenge(answer, name)
        # The last message answers a challenge on the connection that it came over, or none.
        if challenge is None or self._session.connection != connection:
            raise self._broken()
        try:
            last = client.step(challenge)
        except (SpnegoError, *_OF_A_PARSER):
            raise self._broken() from None
        if not last:
            raise self._broken()
        self._signed_in = connection
        return _header(name, last)

    def _broken(self) -> MailboxError:
        return MailboxError(problem("protocol_error", host=self._host, port="443"))


def _header(name: str, token: bytes) -> dict[str, str]:
    return {"Authorization": f"{name} {base64.b64encode(token).decode()}"}


def _challenge(answer: HttpAnswer, name: str) -> bytes | None:
    said = answer.headers.get("www-authenticate", "")
    found = re.search(rf"(?:^|,)\s*{name}\s+([A-Za-z0-9+/]+=*)", said, re.IGNORECASE)
    if found is None or len(found[1]) > _MAX_CHALLENGE:
        return None
    try:
        return base64.b64decode(found[1], validate=True)
    except ValueError:
        return None


def _channel_binding(certificate: bytes) -> "GssChannelBindings":
    """Binds the sign-in to this TLS connection (RFC 5929 section 4), so that none can relay it.

    Servers since Exchange 2019 CU14 demand it (Extended Protection).
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from spnego.channel_bindings import GssChannelBindings

    digest = "sha256"
    try:
        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
        if algorithm is not None and algorithm.name not in ("md5", "sha1"):
            digest = algorithm.name
    except (ValueError, UnsupportedAlgorithm):
        pass
    hashed = hashlib.new(digest, certificate).digest()
    return GssChannelBindings(application_data=b"tls-server-end-point:" + hashed)
