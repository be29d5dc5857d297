"""What reads a stranger's input, and what must hold whatever that is.

Each target takes bytes and ends quietly, or the input has found a defect: an exception that is none
of ours, a secret sent twice, a value that breaks its own type.
"""

import io
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from inboxlink.config.model import load
from inboxlink.errors import InboxlinkError, SetupError
from inboxlink.evidence import autoconfig as published
from inboxlink.hosts import check_host
from inboxlink.texts import safe_text
from inboxlink.types.address import parse_address
from inboxlink.types.detection import Endpoint, Role, Tls
from inboxlink_imap.imap_session import ImapSession
from inboxlink_imap.smtp_session import SmtpSession

__all__ = ["TARGETS", "Tape"]

USER, PASSWORD = "ann", "correct horse"

_SPECIAL = ("test",)


class Tape:
    """A `Channel` whose other end has said everything already.

    A line that begins with `TAG` begins with the tag of the last command, which no input could
    know.
    """

    took_ms = (("dns", 0.0), ("tcp", 0.0), ("tls", 0.0))
    tls_version = "TLSv1.3"
    validity = None
    greeting: bytes | None = None

    def __init__(self, answers: bytes) -> None:
        self.sent: list[bytes] = []
        self._answers = io.BytesIO(answers)

    def sendall(self, data: bytes) -> None:
        self.sent.append(bytes(data))

    def makefile(self, mode: str = "rb") -> io.BufferedIOBase:
        assert mode == "rb"
        return _Answers(self)

    def close(self) -> None:
        self._answers.close()

    def line(self, limit: int) -> bytes:
        line = self._answers.readline(limit)
        if line.startswith(b"TAG"):
            last = next((each for each in reversed(self.sent) if b" " in each), b"A ")
            return last.partition(b" ")[0] + line[3:]
        return line

    def read(self, size: int) -> bytes:
        return self._answers.read(size)


class _Answers(io.BufferedIOBase):
    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def readline(self, limit: int | None = -1, /) -> bytes:  # type: ignore[override]
        return self._tape.line(-1 if limit is None else limit)

    def read(self, size: int | None = -1, /) -> bytes:
        return self._tape.read(-1 if size is None else size)


def imap(data: bytes) -> None:
    """The answers of an IMAP server, over a whole verification with its message."""
    tape = Tape(data)
    with suppress(InboxlinkError):
        session = ImapSession(tape, Endpoint(Role.IMAP, "imap.test", 993, Tls.IMPLICIT))
        session.identify()
        session.sign_in(USER, PASSWORD)
        assert isinstance(session.examine_inbox(), int)
        session.sent_folder()
        uids = session.find("<message@example.test>")
        assert all(isinstance(uid, int) for uid in uids)
        session.remove(uids)
        session.close()
    commands = [each.split(b" ", 2)[1].upper() for each in tape.sent if each.count(b" ") >= 1]
    assert sum(command in (b"LOGIN", b"AUTHENTICATE") for command in commands) <= 1


def smtp(data: bytes) -> None:
    """The replies of a submission server, over a whole verification with its message."""
    address = parse_address("ann@example.test", special_domains=_SPECIAL)
    tape = Tape(data)
    with suppress(InboxlinkError):
        session = SmtpSession(tape, Endpoint(Role.SUBMISSION, "smtp.test", 465, Tls.IMPLICIT))
        assert session.shown_extensions != ""
        session.sign_in(USER, PASSWORD)
        session.check_sender(address)
        session.close()
    assert sum(each.upper().startswith(b"AUTH ") for each in tape.sent) <= 1


def autoconfig(data: bytes) -> None:
    """A domain's autoconfig file."""
    found = published.parse(data, "example.test")
    for server in found.servers if found else ():
        assert server.protocol
        assert check_host(server.host) == server.host
        assert 1 <= server.port <= 65535
        assert server.tls is None or isinstance(server.tls, Tls)
        assert "%EMAIL" not in (server.username or "")


def address(data: bytes) -> None:
    """An address as somebody types it; what is taken is taken again, unchanged."""
    with suppress(SetupError):
        read = parse_address(data.decode("utf-8", "surrogateescape"), special_domains=_SPECIAL)
        assert parse_address(str(read), special_domains=_SPECIAL) == read
        assert read.domain == read.domain.lower()
        assert read.domain.isascii()
        assert not any(character.isspace() or character == "\0" for character in str(read))


def configuration(data: bytes) -> None:
    """The operator's file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inboxlink.toml"
        path.write_bytes(data)
        with suppress(SetupError):
            load(path)


def shown(data: bytes) -> None:
    """Text of a remote side, as it is shown: steers no terminal, and is cleaned once for all."""
    cleaned = safe_text(data.decode("utf-8", "surrogateescape"), 10_000)
    cleaned.encode()
    assert safe_text(cleaned, 100_000) == cleaned
    codes = [ord(each) for each in cleaned if each not in "\n\t"]
    assert not any(code < 32 or 127 <= code < 160 for code in codes)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (imap, smtp, autoconfig, address, configuration, shown)
}
