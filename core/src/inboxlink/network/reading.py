"""Read one answer of a web server, however its bytes come in, and never more than was allowed.

h11 knows HTTP/1.1; here are the caps and the refusal of encodings that nobody asked for.
"""

import h11

from inboxlink.errors import MailboxError, problem
from inboxlink.types.context import HttpAnswer

__all__ = ["MAX_HEADER_BYTES", "Reading"]

MAX_HEADER_BYTES = 8 * 1024
_MAX_HEADERS = 100
#: All that comes in for one answer, as a multiple of its body's cap; interim responses and the
#: frames of chunks have no other end.
_FRAMING = 4


class Reading:
    """The answer to the request that was just sent on a connection.

    Args:
        connection: Of h11, its request sent.
        url: What was asked for.
        host: Named in what goes wrong.
        port: Likewise.
        max_body_bytes: A longer body is refused.
    """

    def __init__(
        self,
        connection: h11.Connection,
        url: str,
        host: str,
        port: int,
        max_body_bytes: int,
    ) -> None:
        self._connection = connection
        self._url = url
        self._host = host
        self._port = port
        self._max_body_bytes = max_body_bytes
        self._taken = 0
        self._status = 0
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    def feed(self, data: bytes) -> None:
        """Take in what came; no bytes are the end of the stream.

        Raises:
            MailboxError: `response_too_large`.
        """
        self._taken += len(data)
        if self._taken > _FRAMING * self._max_body_bytes:
            raise self._trouble("response_too_large")
        self._connection.receive_data(data)

    def answer(self) -> HttpAnswer | None:
        """The whole answer; None = more has to come in.

        Raises:
            MailboxError: `http_failed`, `response_too_large`, `connection_lost`.
        """
        while True:
            try:
                event = self._connection.next_event()
            except h11.RemoteProtocolError:
                raise self._trouble("http_failed") from None
            if event is h11.NEED_DATA:
                return None
            if isinstance(event, h11.Response):
                self._begin(event)
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > self._max_body_bytes:
                    raise self._trouble("response_too_large")
            elif isinstance(event, h11.EndOfMessage):
                return HttpAnswer(self._url, self._status, self._headers, bytes(self._body))
            elif isinstance(event, h11.ConnectionClosed):
                raise self._trouble("connection_lost")

    def _begin(self, response: h11.Response) -> None:
        self._status = response.status_code
        if len(response.headers) > _MAX_HEADERS:
            raise self._trouble("http_failed")
        for raw, value in response.headers:
            name, text = raw.decode("ascii"), value.decode("latin-1")
            # One header may come in several lines (RFC 9110 section 5.3).
            known = self._headers.get(name)
            self._headers[name] = text if known is None else f"{known}, {text}"
        # An encoding that was not asked for could unpack to anything.
        if self._headers.get("content-encoding", "identity").lower() != "identity":
            raise self._trouble("http_failed")

    def _trouble(self, code: str) -> MailboxError:
        return MailboxError(problem(code, host=self._host, port=str(self._port)))
