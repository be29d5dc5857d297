"""Greet the servers that are recommended, before anybody is sent there.

TLS is verified first, nobody signs in, and nothing of the person is said. A server that does not
answer, or whose certificate does not hold, is named in a warning; nothing goes on in spite of it.
"""

import queue
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from threading import Thread

from inboxlink.errors import InboxlinkError, MailboxError, Problem, problem
from inboxlink.evidence.gathering import GRACE_S
from inboxlink.network.dialogue import imap_command, smtp_reply
from inboxlink.network.wire import Network
from inboxlink.texts import safe_text
from inboxlink.types.context import Channel
from inboxlink.types.detection import Endpoint, Evidence, Lookup, Role, Trust

__all__ = ["CHECK_S", "MAX_SERVERS", "Checked", "added", "check"]

#: Seconds for all servers together.
CHECK_S = 3.0
#: One for reading and one for sending, and room for a provider that has more.
MAX_SERVERS = 4

#: Of what a server offers, in characters; nobody reads more in a log.
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Checked:
    """How one server greeted.

    Args:
        endpoint: The server.
        problem: What kept it from greeting; None = it greeted over verified TLS.
        offers: What it says that it can do, its own words, fit to be shown.
        began: When it was asked, on the monotonic clock.
        took_ms: Milliseconds.
    """

    endpoint: Endpoint
    problem: Problem | None
    offers: str
    began: float
    took_ms: float


def check(endpoints: Iterable[Endpoint], network: Network, deadline: float) -> tuple[Checked, ...]:
    """Greet servers of mail, all at once; others are left out.

    When one has greeted, the others get `GRACE_S`: a firewall that swallows packets to one of
    them must not cost the person three seconds.

    Args:
        endpoints: The servers.
        network: The doors to it.
        deadline: On the monotonic clock; `CHECK_S` from now if that is earlier.
    """
    wanted = [each for each in endpoints if each.role in _DIALOGUES][:MAX_SERVERS]
    began = time.monotonic()
    until = min(deadline, began + CHECK_S)
    heard: queue.SimpleQueue[Checked] = queue.SimpleQueue()
    for each in wanted:
        # What is not heard in time ends by the same deadline in a thread that nobody waits for.
        arguments = (each, network, until, heard)
        name = f"inboxlink-check-{each.role.value}"
        Thread(target=_greet, args=arguments, name=name, daemon=True).start()
    found: dict[Endpoint, Checked] = {}
    while len(found) < len(wanted):
        try:
            one = heard.get(timeout=max(until - time.monotonic(), 0))
        except queue.Empty:
            break
        found[one.endpoint] = one
        if one.problem is None:
            until = min(until, time.monotonic() + GRACE_S)
    took_ms = round((time.monotonic() - began) * 1000, 1)
    return tuple(
        found.get(each) or Checked(each, _trouble("timed_out", each), "", began, took_ms)
        for each in wanted
    )


def added(evidence: Evidence, checks: Iterable[Checked], began: float) -> Evidence:
    """Evidence with what the greetings showed: in the log, and where one failed in a warning.

    Args:
        evidence: What was known before.
        checks: The greetings.
        began: When the look-up began, on the monotonic clock.
    """
    log, warnings = [], []
    for each in checks:
        host, port = each.endpoint.host, each.endpoint.port
        outcome = f"greets: {each.offers}" if each.problem is None else each.problem.code
        trust = Trust.VERIFIED if each.problem is None else Trust.NONE
        at_ms = round((each.began - began) * 1000, 1)
        source = f"{_SCHEMES[each.endpoint.role]}://{host}:{port}"
        log.append(Lookup(source, outcome, each.took_ms, trust, at_ms))
        if each.problem is not None:
            warnings.append(each.problem.message)
    return replace(evidence, log=(*evidence.log, *log), warnings=(*evidence.warnings, *warnings))


def _greet(
    endpoint: Endpoint, network: Network, deadline: float, heard: "queue.SimpleQueue[Checked]"
) -> None:
    began = time.monotonic()
    trouble, offers = None, ""
    try:
        channel = network.open(endpoint, deadline)
        try:
            offers = _DIALOGUES[endpoint.role](_Server(channel, endpoint), endpoint)
        finally:
            channel.close()
    except InboxlinkError as error:
        trouble = error.problem
    took_ms = round((time.monotonic() - began) * 1000, 1)
    heard.put(Checked(endpoint, trouble, safe_text(offers, _SHOWN), began, took_ms))


class _Server:
    """A channel, read line by line."""

    def __init__(self, channel: Channel, endpoint: Endpoint) -> None:
        self._channel = channel
        self._endpoint = endpoint
        self._reader = channel.makefile()
        self.is_upgraded = channel.greeting is not None

    def read_line(self) -> bytes:
        line = self._reader.readline()
        if not line.endswith(b"\n"):
            raise MailboxError(_trouble("connection_lost", self._endpoint))
        return line.rstrip(b"\r\n")

    def sendall(self, data: bytes) -> None:
        self._channel.sendall(data)


def _imap(server: _Server, endpoint: Endpoint) -> str:
    """RFC 9051 sections 7.1 and 6.1.1; after STARTTLS there is no second greeting."""
    greeting = b"* OK" if server.is_upgraded else server.read_line().upper()
    if greeting.startswith(b"* BYE"):
        raise MailboxError(_trouble("server_unavailable", endpoint))
    words = imap_command(server, endpoint, b"a1", b"CAPABILITY") if _is_ok(greeting) else None
    if words is None:
        raise MailboxError(_trouble("protocol_error", endpoint))
    server.sendall(b"a2 LOGOUT\r\n")
    return b" ".join(words).decode("utf-8", "replace")


def _is_ok(greeting: bytes) -> bool:
    # PREAUTH (RFC 9051 section 7.1.4) is no greeting of a server that asks who is there.
    return greeting.startswith(b"* OK")


def _smtp(server: _Server, endpoint: Endpoint) -> str:
    """RFC 5321 sections 4.2 and 4.1.1.1; after STARTTLS there is no second greeting."""
    greeting = [b"220"] if server.is_upgraded else smtp_reply(server, endpoint)
    if not greeting[0].startswith(b"220"):
        raise MailboxError(_trouble("server_unavailable", endpoint))
    # An address literal says nothing of this machine (RFC 5321 section 4.1.3).
    server.sendall(b"EHLO [127.0.0.1]\r\n")
    offered = smtp_reply(server, endpoint)
    if not offered[0].startswith(b"250"):
        raise MailboxError(_trouble("protocol_error", endpoint))
    server.sendall(b"QUIT\r\n")
    words = [line[4:].strip().decode("utf-8", "replace") for line in offered[1:]]
    return ", ".join(words)


def _trouble(code: str, endpoint: Endpoint) -> Problem:
    return problem(code, host=endpoint.host, port=str(endpoint.port))


_SCHEMES = {Role.IMAP: "imap", Role.SUBMISSION: "smtp"}
_DIALOGUES = {Role.IMAP: _imap, Role.SUBMISSION: _smtp}
