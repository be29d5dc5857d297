"""A command and its answer in the protocols of mail, as far as nobody needs to sign in."""

from typing import Protocol

from inboxlink.errors import MailboxError, problem
from inboxlink.types.detection import Endpoint

__all__ = ["Lines", "imap_command", "smtp_reply"]

_MAX_LINES = 100


class Lines(Protocol):
    """A connection that is read line by line."""

    def read_line(self) -> bytes:
        """One line, without its end."""

    def sendall(self, data: bytes) -> None:
        """Send everything."""


def imap_command(
    server: Lines, endpoint: Endpoint, tag: bytes, command: bytes
) -> list[bytes] | None:
    """Send a command; the words of untagged capability lines, None where the answer is not OK.

    Raises:
        MailboxError: `protocol_error`.
    """
    server.sendall(tag + b" " + command + b"\r\n")
    words: list[bytes] = []
    for _ in range(_MAX_LINES):
        line = server.read_line()
        upper = line.upper()
        if upper.startswith(b"* CAPABILITY "):
            words += upper.split()[2:]
        elif upper.startswith(b"* BYE") or line.startswith(b"+"):
            return None
        elif upper.startswith(tag.upper() + b" "):
            return words if upper.split()[1:2] == [b"OK"] else None
        elif not line.startswith(b"* "):
            raise _trouble("protocol_error", endpoint)
    raise _trouble("protocol_error", endpoint)


def smtp_reply(server: Lines, endpoint: Endpoint) -> list[bytes]:
    """The lines of one reply (RFC 5321 section 4.2).

    Raises:
        MailboxError: `protocol_error`.
    """
    lines: list[bytes] = []
    while len(lines) < _MAX_LINES:
        line = server.read_line()
        if not line[:3].isdigit() or line[3:4] not in (b" ", b"-", b""):
            raise _trouble("protocol_error", endpoint)
        lines.append(line)
        if line[3:4] != b"-":
            return lines
    raise _trouble("protocol_error", endpoint)


def _trouble(code: str, endpoint: Endpoint) -> MailboxError:
    return MailboxError(problem(code, host=endpoint.host, port=str(endpoint.port)))
