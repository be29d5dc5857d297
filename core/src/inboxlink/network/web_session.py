"""Requests to one web server that the caller chose, one after another.

What is sent may carry a credential, so that nothing here follows a redirect, takes a cookie or
tries a request a second time.
"""

from collections.abc import Callable, Mapping
from typing import Self

import h11

import inboxlink
from inboxlink.errors import MailboxError, problem
from inboxlink.network.channel import TlsChannel
from inboxlink.network.reading import MAX_HEADER_BYTES, Reading
from inboxlink.types.context import HttpAnswer
from inboxlink.types.validity import Validity

__all__ = ["MAX_BODY_BYTES", "WebSession"]

#: The longest answer that a sign-in or a verification has a use for is a list of labels.
MAX_BODY_BYTES = 1024 * 1024
_CHUNK_BYTES = 16 * 1024
_PORT = 443


class WebSession:
    """It implements `types.context.HttpSession`.

    Args:
        open_channel: Connects; called at once, and again where the server ended the connection
            after an answer, as it may (RFC 9112 section 9.3).
        host: The server's name.
    """

    def __init__(self, open_channel: Callable[[], TlsChannel], host: str) -> None:
        self._open_channel = open_channel
        self._host = host
        self._connections = 0
        self._connect()

    @property
    def took_ms(self) -> tuple[tuple[str, float], ...]:
        """See `types.context.HttpSession`."""
        return self._took_ms

    @property
    def tls_version(self) -> str:
        """See `types.context.HttpSession`."""
        return self._channel.tls_version

    @property
    def validity(self) -> Validity | None:
        """See `types.context.HttpSession`."""
        return self._channel.validity

    @property
    def certificate(self) -> bytes:
        """See `types.context.HttpSession`."""
        return self._channel.certificate

    @property
    def connection(self) -> int:
        """See `types.context.HttpSession`."""
        return self._connections + self._is_over

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> HttpAnswer:
        """See `types.context.HttpSession`."""
        if self._connection.our_state is not h11.IDLE:
            self._begin_next()
        connection = self._connection
        request = self._request(method, target, headers or {}, body)
        try:
            sent = connection.send(request) or b""
        except h11.LocalProtocolError:  # a line break in a header or in the target
            raise self._trouble("http_failed") from None
        if body:
            sent += connection.send(h11.Data(body)) or b""
        sent += connection.send(h11.EndOfMessage()) or b""
        self._channel.sendall(sent)
        url = f"https://{self._host}{target}"
        reading = Reading(connection, url, self._host, _PORT, MAX_BODY_BYTES)
        while (answer := reading.answer()) is None:
            chunk = bytearray(_CHUNK_BYTES)
            count = self._channel.receive_into(memoryview(chunk))
            reading.feed(bytes(chunk[:count]))
        return answer

    def close(self) -> None:
        """See `types.context.HttpSession`."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _is_over(self) -> bool:
        # The server said that it would hang up; the next request goes on a new connection.
        ours, theirs = self._connection.our_state, self._connection.their_state
        return ours is not h11.IDLE and not (ours is theirs is h11.DONE)

    def _connect(self) -> None:
        self._channel = self._open_channel()
        self._connections += 1
        self._took_ms = self._channel.took_ms
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)

    def _begin_next(self) -> None:
        if self._is_over:
            self.close()
            self._connect()
        else:
            self._connection.start_next_cycle()

    def _request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> h11.Request:
        own = {
            "Host": f"[{self._host}]" if ":" in self._host else self._host,
            "User-Agent": f"inboxlink/{inboxlink.__version__}",
            "Accept-Encoding": "identity",
        }
        if body is not None:
            own["Content-Length"] = str(len(body))
        all_headers = [*(own | dict(headers)).items()]
        try:
            return h11.Request(method=method, target=target, headers=all_headers)
        except (h11.LocalProtocolError, UnicodeEncodeError):
            raise self._trouble("http_failed") from None

    def _trouble(self, code: str) -> MailboxError:
        return MailboxError(problem(code, host=self._host, port=str(_PORT)))
