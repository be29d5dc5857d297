"""Sign in with an access token: one exchange of XOAUTH2 or of OAUTHBEARER (RFC 7628).

XOAUTH2 is Google's (developers.google.com/workspace/gmail/imap/xoauth2-protocol, read November
2026) and was taken over by others. In both the token goes out once; a server that refuses it says
why in a challenge, which is answered with a constant before its no (RFC 7628 section 3.2.3). The
challenge also names an address of the server's choice, which is never fetched.
"""

import base64
import json
from collections.abc import Collection

from inboxlink.errors import Problem, SetupError, problem
from inboxlink.remote_text import RemoteText
from inboxlink.types.detection import Endpoint
from inboxlink_imap.secret_octets import sendable

__all__ = ["STATUSES", "BearerExchange", "token_mechanism"]

#: The first one that is offered is used. XOAUTH2 is the one that Google describes.
_MECHANISMS = ("XOAUTH2", "OAUTHBEARER")

#: What ends an exchange that the server refused.
_CLOSING = {"XOAUTH2": b"", "OAUTHBEARER": base64.b64encode(b"\x01")}

#: RFC 6750 section 3.1 for OAUTHBEARER; Google and Microsoft give the status of HTTP.
STATUSES = {
    "400": "grant_ended",
    "401": "grant_ended",
    "invalid_token": "grant_ended",
    "insufficient_scope": "scope_not_granted",
    "invalid_request": "protocol_error",
}

#: What the words for a refused password come to where a token was refused.
_OF_THE_SECRET = frozenset({"invalid_credentials", "credentials_expired"})


def token_mechanism(offered: Collection[str]) -> str | None:
    """The one mechanism by which a token will be sent; None = the server offers neither."""
    return next((each for each in _MECHANISMS if each in offered), None)


class BearerExchange:
    """The client's side, in base64 as IMAP and SMTP carry it.

    Args:
        mechanism: Of `token_mechanism`.
        username: The mailbox.
        token: The access token.
        endpoint: Named in the message of OAUTHBEARER, and in the problems.

    Attributes:
        mechanism: As it was given.
        is_refused: Whether the server began to say why it refuses.

    Raises:
        SetupError: `value_invalid`; no server could be sent this user name.
        SignInError: `secret_unsupported`.
    """

    def __init__(self, mechanism: str, username: str, token: str, endpoint: Endpoint) -> None:
        self.mechanism = mechanism
        self.is_refused = False
        self._endpoint = endpoint
        self._said = RemoteText((token,))
        self._code: str | None = None
        self._scopes = "-"
        user, secret = sendable(username, token)
        if b"\x01" in user + secret:  # it ends a part of the message
            raise SetupError(problem("value_invalid", field="username"))
        self._message = _message(mechanism, user, secret, endpoint)

    @property
    def opening(self) -> bytes:
        """The one message with the token."""
        return base64.b64encode(self._message)

    def closing(self, challenge: bytes) -> bytes:
        """Read why the server refuses, and give the answer that ends the exchange."""
        self.is_refused = True
        try:
            found = json.loads(base64.b64decode(challenge, validate=True))
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and "status" in found:
            self._code = _meaning(str(found["status"]))
            self._scopes = self._said.clean(str(found.get("scope", ""))) or "-"
        return _CLOSING[self.mechanism]

    def judged(self, found: Problem) -> Problem:
        """What the server's no means of a token.

        A no of another kind, such as that the server is in trouble, counts as it is: by that no
        grant has ended.
        """
        if found.code not in _OF_THE_SECRET:
            return found
        code = self._code or "grant_ended"
        return problem(
            code,
            remote=found.remote,
            host=self._endpoint.host,
            port=str(self._endpoint.port),
            scopes=self._scopes,
        )


def _message(mechanism: str, user: bytes, secret: bytes, endpoint: Endpoint) -> bytes:
    if mechanism == "XOAUTH2":
        return b"user=" + user + b"\x01auth=Bearer " + secret + b"\x01\x01"
    # RFC 5801 section 4: a comma would end the name.
    name = user.replace(b"=", b"=3D").replace(b",", b"=2C")
    place = f"host={endpoint.host}\x01port={endpoint.port}\x01".encode()
    return b"n,a=" + name + b",\x01" + place + b"auth=Bearer " + secret + b"\x01\x01"


def _meaning(status: str) -> str:
    if status in STATUSES:
        return STATUSES[status]
    return "server_unavailable" if len(status) == 3 and status[0] == "5" else "remote_error"
