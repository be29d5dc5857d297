"""What a mail server says first, before anybody signs in."""

import asyncio

from inboxlink.errors import InboxlinkError
from inboxlink.network.dialer import Dialer
from inboxlink.network.stream import Stream

__all__ = ["GREETS", "listen"]

#: What `listen` gives back of a server that speaks the protocol.
GREETS = "greets"

#: RFC 9051 section 7.1, RFC 5321 section 4.2.
_GREETINGS = {"imap": (b"* OK", b"* PREAUTH"), "smtp": (b"220",)}
_MAX_BYTES = 4 * 1024


async def listen(dialer: Dialer, protocol: str, host: str, port: int, deadline: float) -> str:
    """What came of connecting a server over TLS, as a word for the log, or an error's code.

    Args:
        dialer: Connects.
        protocol: `imap` or `smtp`.
        host: The name that the certificate must carry.
        port: 1 to 65535.
        deadline: On the monotonic clock.
    """
    try:
        async with (
            dialer.connected(host, port, deadline) as stream,
            asyncio.timeout_at(deadline),
        ):
            line = await _line(stream)
    except InboxlinkError as error:
        return error.code
    except OSError:  # silence, too
        return "no_greeting"
    return GREETS if line.startswith(_GREETINGS[protocol]) else "another_protocol"


async def _line(stream: Stream) -> bytes:
    """The first line, or as much of it as there is."""
    line = b""
    while b"\n" not in line and len(line) < _MAX_BYTES:
        more = await stream.receive(_MAX_BYTES)
        if not more:
            break
        line += more
    return line
