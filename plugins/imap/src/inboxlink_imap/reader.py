"""Read a server's answers under caps.

The channel ends with the deadline and caps the whole connection; this caps one answer, so that
what a parser is given to hold stays small whatever the server sends.
"""

from inboxlink.errors import MailboxError
from inboxlink.types.context import Channel
from inboxlink.types.detection import Endpoint
from inboxlink_imap.reply_codes import endpoint_problem

__all__ = ["MAX_ANSWER_BYTES", "MAX_ANSWER_LINES", "MAX_LINE_BYTES", "AnswerReader"]

#: RFC 7162 section 4 asks clients for 8192 octets a line; capability and LIST lines of real
#: servers stay below that.
MAX_LINE_BYTES = 64 * 1024

#: A LIST of ten thousand folders fits; nothing else that is asked here comes near.
MAX_ANSWER_BYTES = 1024 * 1024
MAX_ANSWER_LINES = 10_000


class AnswerReader:
    """The reading half of a channel.

    Args:
        channel: Where the answers come from.
        endpoint: Named in the problems.

    Attributes:
        has_ended: Whether the server hung up.
        last_line: As it came, to be quoted where it is the trouble.
    """

    def __init__(self, channel: Channel, endpoint: Endpoint) -> None:
        self._file = channel.makefile("rb")
        self._endpoint = endpoint
        self.has_ended = False
        self.last_line = b""
        self.begin()

    def begin(self) -> None:
        """Something was asked; its answer has the whole allowance again."""
        self._bytes_left = MAX_ANSWER_BYTES
        self._lines_left = MAX_ANSWER_LINES

    def readline(self, limit: int = -1) -> bytes:
        """The next line with its end; empty where the server hung up.

        Args:
            limit: At most this many bytes of it; negative = the cap alone counts.

        Raises:
            MailboxError: `response_too_large`, or what the channel raises.
        """
        cap = MAX_LINE_BYTES + 1 if limit < 0 else min(limit, MAX_LINE_BYTES + 1)
        line = self._file.readline(cap)
        self._lines_left -= 1
        self._bytes_left -= len(line)
        if len(line) > MAX_LINE_BYTES or self._lines_left < 0 or self._bytes_left < 0:
            raise self._too_large()
        self.has_ended = not line.endswith(b"\n") and len(line) < cap
        self.last_line = line
        return line

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes.

        Raises:
            MailboxError: `response_too_large`, before anything is reserved for it;
                `connection_lost`, or what the channel raises.
        """
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise self._too_large()
        data = self._file.read(size)
        if len(data) < size:
            self.has_ended = True
            raise MailboxError(endpoint_problem("connection_lost", self._endpoint))
        return data

    def _too_large(self) -> MailboxError:
        return MailboxError(endpoint_problem("response_too_large", self._endpoint))
