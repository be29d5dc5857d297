"""imapclient and imaplib on a channel of the core's.

Both open sockets without verifying, wait without end, keep the last commands in memory, log
every line and leave the user name of a LOGIN unquoted. Here the channel is given, nothing is
kept or logged, and the commands that carry a password or a token are written anew.
"""

import base64
import imaplib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import imapclient

from inboxlink.types.context import Channel
from inboxlink_imap.bearer_exchange import BearerExchange
from inboxlink_imap.reader import AnswerReader

__all__ = ["Client", "Heard"]

# Its lines hold folder names and search terms of the person's; no trace of ours wants them.
logging.getLogger("imapclient").setLevel(logging.WARNING)


@dataclass
class Heard:
    """The last word on the last command: `OK`, `NO`, `BAD` or `BYE`, and its text."""

    kind: str | None = None
    text: str = ""

    def forget(self) -> None:
        """Another command begins."""
        self.kind, self.text = None, ""

    def keep(self, kind: str, text: bytes) -> None:
        """Note an answer."""
        self.kind, self.text = kind, text.decode("utf-8", "replace")


class _Protocol(imaplib.IMAP4):
    """imaplib over a channel, with nothing kept and nothing logged."""

    # imapclient raises the level to log every line; imaplib itself keeps the last ten.
    debug = property(lambda _: 0, lambda _, __: None)
    # A prefix of its own for every connection, as imaplib draws one, is a pattern compiled anew.
    tagpre = property(lambda _: b"AAAA", lambda _, __: None)
    literal: Any
    capabilities: tuple[str, ...]
    untagged_responses: dict[str, list[Any]]

    def __init__(
        self, channel: Channel, reader: AnswerReader, heard: Heard, greeting: bytes
    ) -> None:
        self._channel = channel
        self._reader = reader
        self._heard = heard
        self._greeting: bytes | None = greeting
        super().__init__()

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        """The channel is open already."""

    def readline(self) -> bytes:
        line, self._greeting = self._greeting, None
        return self._reader.readline() if line is None else line

    def read(self, size: int) -> bytes:
        return self._reader.read(size)

    def send(self, data: Any) -> None:  # noqa: ANN401 - bytes-like, as imaplib has it
        self._reader.begin()
        self._channel.sendall(data)

    def shutdown(self) -> None:
        self._channel.close()

    def authenticate_plain(self, message: bytes, *, is_initial: bool) -> None:
        encoded = base64.b64encode(message)
        if is_initial:
            answer = self._simple_command("AUTHENTICATE", "PLAIN", encoded)
        else:
            self.literal = _Continuation((encoded,)).next
            answer = self._simple_command("AUTHENTICATE", "PLAIN")
        self._signed_in(answer)

    def authenticate_bearer(self, exchange: BearerExchange, *, is_initial: bool) -> None:
        opening = (exchange.opening,)
        self.literal = _Continuation(() if is_initial else opening, exchange.closing).next
        arguments = opening if is_initial else ()
        self._signed_in(self._simple_command("AUTHENTICATE", exchange.mechanism, *arguments))

    def login_once(self, user: bytes, secret: bytes) -> None:
        if user.isascii() and secret.isascii():
            answer = self._simple_command("LOGIN", _quoted(user), _quoted(secret))
        else:
            # A quoted string is 7-bit (RFC 3501 section 4.3); a literal is not.
            self.literal = _Continuation((user + b" {%d}" % len(secret), secret)).next
            answer = self._simple_command("LOGIN", b"{%d}" % len(user))
        self._signed_in(answer)

    def _get_capabilities(self) -> None:
        # A greeting that names them (RFC 9051 section 7.1) saves a question. Only what came over
        # TLS gets here: the greeting of STARTTLS was replaced by one that names none.
        named = self.untagged_responses.pop("CAPABILITY", None)
        if named is None:
            super()._get_capabilities()  # type: ignore[misc]
        else:
            self.capabilities = tuple(named[-1].decode("ascii", "replace").upper().split())

    def _signed_in(self, answer: tuple[str, list[Any]]) -> None:
        if answer[0] != "OK":
            raise self.error(answer[0])
        self.state = "AUTH"

    def _get_tagged_response(self, tag: bytes, expect_bye: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - as imaplib has it
        answer = super()._get_tagged_response(tag, expect_bye)  # type: ignore[misc]
        self._heard.keep(answer[0], answer[1][-1] or b"")
        return answer

    def _check_bye(self) -> None:
        said = self.untagged_responses.get("BYE")
        if said and isinstance(said[-1], bytes):
            self._heard.keep("BYE", said[-1])
        super()._check_bye()  # type: ignore[misc]

    def _log(self, line: str) -> None:
        """Keep nothing: the line may be a LOGIN."""

    def _mesg(self, line: str, secs: float | None = None) -> None:
        """Print nothing."""


class _Continuation:
    """What answers each `+` of the server, in turn; one more than that ends the session.

    Args:
        parts: Said whatever the server says.
        last: Gives one more, for what the server says then.
    """

    def __init__(
        self, parts: tuple[bytes, ...], last: Callable[[bytes], bytes] | None = None
    ) -> None:
        self._parts = iter(parts)
        self._last = last

    def next(self, said: bytes | None) -> bytes:
        part = next(self._parts, None)
        if part is not None:
            return part
        last, self._last = self._last, None
        if last is None:
            raise imaplib.IMAP4.abort("asked for more than the command has")
        return last(said or b"")


class Client(imapclient.IMAPClient):  # type: ignore[misc]
    """imapclient over `_Protocol`."""

    def __init__(
        self, channel: Channel, reader: AnswerReader, heard: Heard, greeting: bytes
    ) -> None:
        self._wired = (channel, reader, heard, greeting)
        super().__init__("", port=0, ssl=False)

    def _create_IMAP4(self) -> _Protocol:  # noqa: N802 - imapclient's name
        return _Protocol(*self._wired)

    def _set_read_timeout(self) -> None:
        """The channel has its deadline."""

    def identity(self) -> bytes:
        """What the server answers to ID (RFC 2971); nothing is told to it."""
        kind, answer = self._imap._simple_command("ID", "NIL")  # noqa: SLF001 - its own connection
        self._checkok("id", kind, answer)
        said = self._imap.untagged_responses.pop("ID", [])
        return b" ".join(part if isinstance(part, bytes) else b" ".join(part) for part in said)

    def introduce(self) -> None:
        """Tell the server the name of this program by ID (RFC 2971), and nothing else."""
        kind, answer = self._imap._simple_command("ID", '("name" "inboxlink")')  # noqa: SLF001
        self._checkok("id", kind, answer)

    def count_messages(self, folder: str) -> int:
        """EXAMINE a folder, and count what is in it."""
        return int(self.select_folder(folder, readonly=True).get(b"EXISTS", 0))

    def folders(self) -> list[tuple[frozenset[bytes], str, str]]:
        """Marks in lower case, separator and name of each folder.

        imapclient takes what it parsed for what the grammar asks; here it is held to it.
        """
        return [
            (
                frozenset(flag.lower() for flag in flags),
                delimiter.decode("ascii", "replace") if delimiter else "/",
                str(name),
            )
            for flags, delimiter, name in self.list_folders()
        ]

    def authenticate_plain(self, message: bytes, *, is_initial: bool) -> None:
        """AUTHENTICATE PLAIN (RFC 4616), its message with the command where `is_initial`."""
        self._forget_what_was_offered()
        self._imap.authenticate_plain(message, is_initial=is_initial)

    def authenticate_bearer(self, exchange: BearerExchange, *, is_initial: bool) -> None:
        """AUTHENTICATE with a token, its message with the command where `is_initial`."""
        self._forget_what_was_offered()
        self._imap.authenticate_bearer(exchange, is_initial=is_initial)

    def login_once(self, user: bytes, secret: bytes) -> None:
        """LOGIN, with quoted strings or literals as the octets need it."""
        self._forget_what_was_offered()
        self._imap.login_once(user, secret)

    def _forget_what_was_offered(self) -> None:
        # RFC 9051 section 6.2: capabilities may change by signing in; what the server says with
        # its OK counts, or else it is asked again.
        self._imap.untagged_responses.clear()
        self._cached_capabilities = None


def _quoted(text: bytes) -> bytes:
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
