"""A user name and a password as the octets that go to a server, or not at all."""

from inboxlink.errors import SetupError, SignInError, problem

__all__ = ["sendable"]

#: They end a command line (RFC 9051 section 2.2, RFC 5321 section 2.3.8) or a part of a PLAIN
#: message (RFC 4616 section 2), so that what follows would be read as something else.
_BREAKING = frozenset(b"\r\n\0")


def sendable(username: str, password: str) -> tuple[bytes, bytes]:
    """Both in UTF-8.

    Raises:
        SetupError: `value_invalid`, for the user name.
        SignInError: `secret_unsupported`; no server could be sent it.
    """
    user, secret = _octets(username), _octets(password)
    if user is None:
        raise SetupError(problem("value_invalid", field="username"))
    if secret is None:
        raise SignInError(problem("secret_unsupported"))
    return user, secret


def _octets(text: str) -> bytes | None:
    try:
        octets = text.encode()
    except UnicodeEncodeError:  # bytes from a pipe that were no UTF-8
        return None
    return octets if octets and _BREAKING.isdisjoint(octets) else None
