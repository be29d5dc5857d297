"""The way to one endpoint: which address is tried how long, what each stage took, what is named."""

import errno
import socket
import threading
import time
from collections.abc import Callable

import pytest

from inboxlink.errors import UnreachableError
from inboxlink.network.channel import TlsChannel
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.testing.peers.ports import CLOSED_PORT
from inboxlink.types.detection import Endpoint, Role, Tls
from peers.certificates import Authority
from peers.scripted import Conversation, ScriptedServer

HOST = "mail.example.test"
ENDPOINT = Endpoint(Role.IMAP, HOST, 993, Tls.IMPLICIT)
FIRST, SECOND, THIRD = "8.8.8.1", "8.8.8.2", "8.8.8.3"

#: What becomes of a connection to an address: an error, or the port on loopback that answers.
Reached = OSError | int


class Internet:
    """Addresses that no test may connect: what the system says of each, and how long it may take.

    It stands for the system's resolver and its `connect`; what answers is a server on loopback.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ends: dict[str, Reached] = {}
        self.tried: list[tuple[str, int]] = []
        self.timeouts_s: list[float] = []
        self._connect = socket.create_connection
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)
        monkeypatch.setattr(socket, "create_connection", self._reach)

    def _resolve(self, *_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 0)) for each in self.ends]

    def _reach(self, address: tuple[str, int], timeout: float) -> socket.socket:
        self.tried.append(address)
        self.timeouts_s.append(timeout)
        end = self.ends[address[0]]
        if isinstance(end, OSError):
            raise end
        there = socket.socket()
        there.settimeout(timeout)
        there.connect(("127.0.0.1", end))
        return there


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> Internet:
    return Internet(monkeypatch)


def opened(authority: Authority, seconds: float = 5) -> TlsChannel:
    network = Network(NetworkSettings(ca_file=authority.ca_file))
    return network.open(ENDPOINT, time.monotonic() + seconds)


def greet(conversation: Conversation) -> None:
    conversation.send(b"* OK ready\r\n")
    conversation.hear_out()


@pytest.mark.parametrize(
    "trouble",
    [
        TimeoutError(),
        ConnectionRefusedError(),
        ConnectionResetError(),
        OSError(errno.ENETUNREACH, "no way"),
    ],
)
def test_the_next_address_is_tried(
    authority: Authority, internet: Internet, trouble: OSError
) -> None:
    """Whatever is wrong with one address, the next is tried, each for its share of what is left."""
    with ScriptedServer(greet, authority.issue(HOST), implicit=True) as server:
        internet.ends = {FIRST: trouble, SECOND: server.port, THIRD: OSError("not tried")}
        channel = opened(authority, 6)
        assert channel.makefile().readline() == b"* OK ready\r\n"
        assert channel._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        channel.close()
    assert internet.tried == [(FIRST, 993), (SECOND, 993)]
    first_s, second_s = internet.timeouts_s
    assert 1.5 < first_s <= 2
    assert 2.5 < second_s <= 3


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (TimeoutError(), "timed_out"),
        (ConnectionRefusedError(), "connection_refused"),
        (ConnectionResetError(), "connection_lost"),
        (OSError(errno.EHOSTUNREACH, "no way"), "network_unreachable"),
    ],
)
def test_the_last_address_is_the_one_that_is_named(
    authority: Authority, internet: Internet, last: OSError, code: str
) -> None:
    """Where no address will do, what the last one did is said, at the TCP stage."""
    internet.ends = {FIRST: OSError(errno.ENETUNREACH, "no way"), SECOND: TimeoutError()}
    internet.ends[THIRD] = last
    with pytest.raises(UnreachableError) as caught:
        opened(authority, 3)
    assert (caught.value.code, caught.value.stage) == (code, "tcp")
    assert caught.value.problem.message.params == {"host": HOST, "port": "993"}
    assert [stage for stage, _ in caught.value.took_ms] == ["dns", "tcp"]
    assert len(internet.tried) == 3
    assert internet.timeouts_s == sorted(internet.timeouts_s)
    assert 2.5 < internet.timeouts_s[-1] <= 3


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
def test_each_stage_says_what_it_took(authority: Authority, tls: Tls) -> None:
    """In milliseconds, to a tenth: a server that thinks for 0.3 s before TLS took so long there."""

    def slow(conversation: Conversation) -> None:
        if tls is Tls.STARTTLS:
            conversation.send(b"* OK ready\r\n")
            conversation.read_line()
            conversation.send(b"* CAPABILITY STARTTLS\r\na1 OK done\r\n")
            conversation.read_line()
            conversation.send(b"a2 OK begin\r\n")
        threading.Event().wait(0.3)
        conversation.start_tls()
        conversation.hear_out()

    endpoint = Endpoint(Role.IMAP, HOST, 143, tls)
    with ScriptedServer(slow, authority.issue(HOST)) as server:
        connect = {endpoint.authority: f"127.0.0.1:{server.port}"}
        network = Network(NetworkSettings(ca_file=authority.ca_file, connect=connect))
        channel = network.open(endpoint, time.monotonic() + 5)
        channel.close()
    took_ms = dict(channel.took_ms)
    assert list(took_ms) == ["dns", "tcp", "tls"]
    assert 300 <= took_ms["tls"] < 1500
    assert 0 <= took_ms["dns"] < 300
    assert 0 <= took_ms["tcp"] < 300
    assert all(isinstance(each, float) and each == round(each, 1) for each in took_ms.values())


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
@pytest.mark.parametrize("way", [Network.open, Network.certificate])
def test_every_stage_names_whom_it_was_for(
    way: Callable[[Network, Endpoint, float], object], tls: Tls
) -> None:
    """The host and the port as the person knows them, not where the operator says that it is."""
    endpoint = Endpoint(Role.IMAP, HOST, 1430, tls)

    def trouble(port: int, seconds: float) -> tuple[str, str]:
        network = Network(NetworkSettings(connect={endpoint.authority: f"127.0.0.1:{port}"}))
        with pytest.raises(UnreachableError) as caught:
            way(network, endpoint, time.monotonic() + seconds)
        assert caught.value.problem.message.params == {"host": HOST, "port": "1430"}
        return caught.value.code, caught.value.stage

    assert trouble(CLOSED_PORT, 5) == ("connection_refused", "tcp")
    assert trouble(CLOSED_PORT, -1) == ("timed_out", "tcp")
    with ScriptedServer(Conversation.hear_out) as server:
        assert trouble(server.port, 0.2) == ("timed_out", "tls")
