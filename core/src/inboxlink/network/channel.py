"""A connection with an absolute deadline and a cap on what it takes in.

A socket's own timeout starts anew with every byte, so that a server which drips holds a client
for hours; here every call gets what is left until the deadline, to a hundredth of it.
"""

import io
import math
import socket
import ssl
import time
from datetime import UTC, datetime
from typing import BinaryIO, cast

from inboxlink.errors import MailboxError, problem
from inboxlink.types.validity import Validity

__all__ = ["MAX_BYTES", "PlainChannel", "TlsChannel"]

#: What a sign-in and a verification take in is some KiB; a hostile server's answer has no end.
MAX_BYTES = 4 * 1024 * 1024

#: Longest line: imaplib's own limit is 1 MB, RFC 9051 section 4 lets a server send long ones.
_MAX_LINE = 64 * 1024

#: What ssl calls the two ends of a certificate.
_VALID = ("notBefore", "notAfter")


class _Channel:
    """What the plain and the encrypted channel share."""

    def __init__(
        self, sock: socket.socket, host: str, port: int, deadline: float, max_bytes: int
    ) -> None:
        self._socket = sock
        self._host = host
        self._port = port
        self._deadline = deadline
        self._left = max_bytes
        self._is_closed = False
        self._armed_s = math.inf

    @property
    def left(self) -> int:
        """Bytes that may still come in."""
        return self._left

    def sendall(self, data: bytes) -> None:
        """See `types.context.Channel`."""
        view = memoryview(data)
        while view:
            self._arm()
            try:
                view = view[self._socket.send(view) :]
            except OSError as error:
                raise self._failed(error) from None

    def receive_into(self, buffer: memoryview) -> int:
        """Take in what is there; 0 at the end of the stream."""
        if self._left <= 0:
            raise self._trouble("response_too_large")
        self._arm()
        try:
            count = self._socket.recv_into(buffer[: self._left])
        except ssl.SSLEOFError:
            return 0
        except OSError as error:
            raise self._failed(error) from None
        self._left -= count
        return count

    def close(self) -> None:
        """See `types.context.Channel`."""
        if not self._is_closed:
            self._is_closed = True
            self._socket.close()

    def _arm(self) -> None:
        if self._is_closed:
            raise self._trouble("connection_lost")
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._trouble("timed_out")
        # Each change is a system call, and with many threads a hand-over between them; so a
        # timeout that is too long by a hundredth of what is left stays.
        if self._armed_s > left * 1.01:
            self._armed_s = left
            self._socket.settimeout(left)

    def _failed(self, error: OSError) -> MailboxError:
        if isinstance(error, TimeoutError):
            return self._trouble("timed_out")
        return self._trouble("tls_failed" if isinstance(error, ssl.SSLError) else "connection_lost")

    def _trouble(self, code: str) -> MailboxError:
        return MailboxError(problem(code, host=self._host, port=str(self._port)))


class PlainChannel(_Channel):
    """A connection before its encryption: for the dialogue that leads there, and nothing else."""

    def __init__(self, sock: socket.socket, host: str, port: int, deadline: float) -> None:
        super().__init__(sock, host, port, deadline, _MAX_LINE)
        self._buffer = b""

    @property
    def socket(self) -> socket.socket:
        """The socket itself, to be wrapped."""
        return self._socket

    @property
    def buffered(self) -> bytes:
        """What came in and was not read: after a server's leave to begin TLS, an intrusion."""
        return self._buffer

    def read_line(self) -> bytes:
        """One line, without its end."""
        while b"\n" not in self._buffer:
            chunk = bytearray(4096)
            count = self.receive_into(memoryview(chunk))
            if count == 0:
                raise self._trouble("connection_lost")
            self._buffer += chunk[:count]
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.removesuffix(b"\r")


class TlsChannel(_Channel):
    """A connection whose TLS is verified. It implements `types.context.Channel`."""

    def __init__(
        self,
        sock: ssl.SSLSocket,
        host: str,
        port: int,
        deadline: float,
        *,
        took_ms: tuple[tuple[str, float], ...],
        greeting: bytes | None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        super().__init__(sock, host, port, deadline, max_bytes)
        self._tls_version = sock.version() or "TLS"
        self._certificate = sock.getpeercert(binary_form=True) or b""
        self._validity = _validity(sock)
        self._took_ms = took_ms
        self._greeting = greeting

    @property
    def took_ms(self) -> tuple[tuple[str, float], ...]:
        """See `types.context.Channel`."""
        return self._took_ms

    @property
    def tls_version(self) -> str:
        """See `types.context.Channel`."""
        return self._tls_version

    @property
    def validity(self) -> Validity | None:
        """See `types.context.Channel`."""
        return self._validity

    @property
    def certificate(self) -> bytes:
        """The server's own certificate, DER."""
        return self._certificate

    @property
    def greeting(self) -> bytes | None:
        """See `types.context.Channel`."""
        return self._greeting

    def makefile(self, mode: str = "rb") -> BinaryIO:
        """See `types.context.Channel`."""
        assert mode == "rb"
        return cast("BinaryIO", _Reader(self))


def _validity(sock: ssl.SSLSocket) -> Validity | None:
    # Of a certificate that was verified OpenSSL has read both already (RFC 5280 section 4.1.2.5).
    said = sock.getpeercert() or {}
    try:
        begins, ends = (ssl.cert_time_to_seconds(str(said[each])) for each in _VALID)
        return Validity(
            begins_at=datetime.fromtimestamp(begins, UTC), ends_at=datetime.fromtimestamp(ends, UTC)
        )
    except (KeyError, ValueError, OverflowError, OSError):
        return None


class _Raw(io.RawIOBase):
    def __init__(self, channel: TlsChannel) -> None:
        self._channel = channel

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        return self._channel.receive_into(memoryview(buffer))  # type: ignore[arg-type]


class _Reader(io.BufferedReader):
    """A reader that never makes room for more than the channel would take in."""

    def __init__(self, channel: TlsChannel) -> None:
        super().__init__(_Raw(channel))
        self._channel = channel

    def read(self, size: int | None = -1, /) -> bytes:
        # A literal of 3e9 bytes is announced in ten; room for it is not made on a server's word.
        if size is not None and size > self._channel.left + io.DEFAULT_BUFFER_SIZE:
            raise self._channel._trouble("response_too_large")  # noqa: SLF001 - one module
        return super().read(size)

    def read1(self, size: int = -1, /) -> bytes:
        # It may give less than was asked for, and would make room for all of it first.
        return super().read1(min(size, io.DEFAULT_BUFFER_SIZE))

    def readline(self, size: int | None = -1, /) -> bytes:
        limit = _MAX_LINE if size is None or size < 0 else min(size, _MAX_LINE)
        line = super().readline(limit)
        if len(line) == _MAX_LINE and not line.endswith(b"\n"):
            raise self._channel._trouble("response_too_large")  # noqa: SLF001 - one module
        return line
