"""What a channel takes in, how long it waits, and how it ends."""

import contextlib
import io
import os
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from inboxlink.errors import InboxlinkError, MailboxError, UnreachableError
from inboxlink.network.channel import MAX_BYTES, TlsChannel
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.testing.peers.ports import CLOSED_PORT
from inboxlink.types.detection import Endpoint, Role, Tls
from peers.certificates import Authority, Certificate
from peers.scripted import Conversation, ScriptedServer

HOST = "mail.example.test"
IMPLICIT = Endpoint(Role.IMAP, HOST, 993, Tls.IMPLICIT)
STARTTLS = Endpoint(Role.IMAP, HOST, 143, Tls.STARTTLS)
LINE = 64 * 1024
MANY_FILES = 1100

Script = Callable[[Conversation], None]


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Certificate:
    return authority.issue(HOST)


class Peer:
    """Opens channels to a script over implicit TLS."""

    def __init__(self, authority: Authority, leaf: Certificate) -> None:
        self._authority, self.leaf = authority, leaf
        self.opened: list[TlsChannel] = []

    def encrypted(self, script: Script) -> ScriptedServer:
        return ScriptedServer(script, self.leaf, implicit=True)

    def open(
        self, server: ScriptedServer | int, seconds: float = 5, endpoint: Endpoint = IMPLICIT
    ) -> TlsChannel:
        port = server if isinstance(server, int) else server.port
        connect = {each.authority: f"127.0.0.1:{port}" for each in (IMPLICIT, STARTTLS)}
        settings = NetworkSettings(ca_file=self._authority.ca_file, connect=connect)
        self.opened.append(Network(settings).open(endpoint, time.monotonic() + seconds))
        return self.opened[-1]


@pytest.fixture
def peer(authority: Authority, leaf: Certificate) -> Iterator[Peer]:
    peer = Peer(authority, leaf)
    yield peer
    for channel in peer.opened:
        channel.close()


def saying(data: bytes) -> Script:
    """Says this, and waits until the client has hung up."""

    def script(conversation: Conversation) -> None:
        conversation.send(data)
        conversation.hear_out()

    return script


def dripping(byte: bytes, first: bytes = b"") -> Script:
    """Sends a byte each 0.2 s for as long as somebody listens."""

    def script(conversation: Conversation) -> None:
        conversation.send(first)
        pause = threading.Event()
        while not pause.wait(0.2):
            conversation.send(byte)

    return script


def test_a_dripped_line_ends_at_the_deadline(peer: Peer) -> None:
    """A line of 1 byte per 0.2 s ends at the deadline of 1 s, not with the last byte."""
    with peer.encrypted(dripping(b"*")) as server:
        started = time.monotonic()
        channel = peer.open(server, 1)
        with pytest.raises(MailboxError, match="timed_out"):
            channel.makefile().readline()
        assert 0.9 < time.monotonic() - started < 2
        with pytest.raises(MailboxError, match="timed_out"):
            channel.sendall(b"x")
        channel.close()


@pytest.mark.parametrize(
    ("endpoint", "script"),
    [
        # A record of TLS 1.2 with room for 16 KiB, and a greeting: neither ever ends.
        pytest.param(IMPLICIT, dripping(b"\x02", b"\x16\x03\x03\x40\x00"), id="handshake"),
        pytest.param(STARTTLS, dripping(b"*"), id="greeting"),
    ],
)
def test_a_drip_before_tls_ends_at_the_deadline(
    peer: Peer, endpoint: Endpoint, script: Script
) -> None:
    """A dripped handshake and a dripped greeting end at the deadline as well."""
    with ScriptedServer(script) as server:
        started = time.monotonic()
        with pytest.raises(UnreachableError) as caught:
            peer.open(server, 1, endpoint)
        assert 0.9 < time.monotonic() - started < 2
        assert (caught.value.code, caught.value.stage) == ("timed_out", "tls")
        port = str(endpoint.port)
        assert caught.value.problem.message.params == {"host": HOST, "port": port}


def test_a_dripped_handshake_shows_no_certificate(authority: Authority) -> None:
    """Reading a certificate ends at the deadline, too."""
    with ScriptedServer(dripping(b"\x02", b"\x16\x03\x03\x40\x00")) as server:
        connect = {IMPLICIT.authority: f"127.0.0.1:{server.port}"}
        started = time.monotonic()
        with pytest.raises(UnreachableError) as caught:
            Network(NetworkSettings(connect=connect)).certificate(IMPLICIT, started + 1)
        assert 0.9 < time.monotonic() - started < 2
        assert (caught.value.code, caught.value.stage) == ("timed_out", "tls")


def test_a_peer_that_reads_nothing_ends_at_the_deadline(peer: Peer) -> None:
    """Sending to a server that does not read ends at the deadline."""
    done = threading.Event()
    with peer.encrypted(lambda _: done.wait(5) and None) as server:
        started = time.monotonic()
        channel = peer.open(server, 1)
        with pytest.raises(MailboxError, match="timed_out"):
            channel.sendall(bytes(64 * 1024 * 1024))
        assert time.monotonic() - started < 2
        channel.close()
        done.set()


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_deadline_that_has_passed_connects_nothing(peer: Peer, seconds: float) -> None:
    """With no time left nothing is connected."""
    with peer.encrypted(saying(b"* OK\r\n")) as server:
        with pytest.raises(UnreachableError, match="timed_out") as caught:
            peer.open(server, seconds)
        assert caught.value.stage == "tcp"
        assert caught.value.problem.message.params == {"host": HOST, "port": "993"}
        assert server.conversations == []


def test_silence_times_out_at_tls(peer: Peer) -> None:
    """A server that accepts and says nothing is a time-out of the TLS stage."""
    with ScriptedServer(saying(b"")) as server, pytest.raises(UnreachableError) as caught:
        peer.open(server, 0.3)
    assert (caught.value.code, caught.value.stage) == ("timed_out", "tls")


@pytest.mark.parametrize("banner", [b"* OK ready\r\n", b"220 hi\r\n", b"HTTP/1.0 400 Bad\r\n\r\n"])
@pytest.mark.parametrize("times", [1, 20])
def test_a_plaintext_banner_is_not_tls(peer: Peer, banner: bytes, times: int) -> None:
    """A server that greets in plain text where TLS should begin is named as such."""
    with (
        ScriptedServer(saying(banner * times)) as server,
        pytest.raises(UnreachableError) as caught,
    ):
        peer.open(server)
    assert (caught.value.code, caught.value.stage) == ("not_tls", "tls")


@pytest.mark.parametrize("endpoint", [IMPLICIT, STARTTLS], ids=["implicit", "starttls"])
@pytest.mark.parametrize("ending", ["close", "reset"])
def test_a_server_that_hangs_up_before_tls_is_lost(
    peer: Peer, endpoint: Endpoint, ending: str
) -> None:
    """An end of the stream and an RST in place of a handshake are lost connections."""

    def script(conversation: Conversation) -> None:
        if endpoint is IMPLICIT:
            conversation.read_line()
        getattr(conversation, ending)()

    with ScriptedServer(script) as server, pytest.raises(UnreachableError) as caught:
        peer.open(server, endpoint=endpoint)
    assert caught.value.code == "connection_lost"
    assert caught.value.problem.message.params == {"host": HOST, "port": str(endpoint.port)}
    # A reset can come before this side knows that it is connected.
    assert caught.value.stage in (("tls",) if ending == "close" else ("tcp", "tls"))


def test_a_reset_inside_tls_is_no_answer(peer: Peer) -> None:
    """After an RST in the middle of a line no whole line is read, and sending is refused."""

    def script(conversation: Conversation) -> None:
        conversation.send(b"* OK re")
        conversation.read_line()
        conversation.reset()

    with peer.encrypted(script) as server:
        channel = peer.open(server)
        channel.sendall(b"go\r\n")
        # Python before 3.11.9 takes the reset for an end of the stream (gh-115627).
        try:
            assert not channel.makefile().readline().endswith(b"\n")
        except MailboxError as error:
            assert error.code == "connection_lost"  # noqa: PT017 - either is right

        def send() -> None:
            for _ in range(3):
                channel.sendall(b"x")

        with pytest.raises(MailboxError) as caught:
            send()
        assert caught.value.code in ("connection_lost", "tls_failed")


def test_what_is_no_tls_ends_the_channel(peer: Peer) -> None:
    """Bytes that somebody puts between the encrypted ones are an error of TLS, and no answer."""

    def script(conversation: Conversation) -> None:
        conversation.send(b"* OK ready\r\n")
        conversation.read_line()
        with socket.socket(fileno=os.dup(conversation._socket.fileno())) as below:
            below.sendall(b"* OK you are in\r\n")
        conversation.hear_out()

    with peer.encrypted(script) as server:
        channel = peer.open(server)
        reader = channel.makefile()
        assert reader.readline() == b"* OK ready\r\n"
        channel.sendall(b"go\r\n")
        with pytest.raises(MailboxError, match="^tls_failed$") as caught:
            reader.readline()
        assert caught.value.problem.message.params == {"host": HOST, "port": "993"}


def test_a_closed_port_refuses_at_tcp(peer: Peer) -> None:
    """A port on which nobody listens is refused at the TCP stage."""
    with pytest.raises(UnreachableError) as caught:
        peer.open(CLOSED_PORT)
    assert (caught.value.code, caught.value.stage) == ("connection_refused", "tcp")
    assert caught.value.problem.message.params == {"host": HOST, "port": "993"}
    assert [stage for stage, _ in caught.value.took_ms] == ["dns", "tcp"]


@pytest.mark.parametrize("limit", [-1, None, 1_000_000])
def test_an_endless_line_is_too_large(peer: Peer, limit: int | None) -> None:
    """A line without an end is refused, whatever limit the caller would put up with."""
    with peer.encrypted(saying(b"x" * 2_000_000)) as server:
        channel = peer.open(server)
        with pytest.raises(MailboxError, match="response_too_large"):
            channel.makefile().readline(limit)
        channel.close()


@pytest.mark.parametrize("way", ["iterate", "readlines"])
def test_no_way_of_reading_lines_goes_around_the_limit(peer: Peer, way: str) -> None:
    """Iteration and `readlines` are held to the same longest line as `readline`."""
    with peer.encrypted(saying(b"short\r\n" + b"x" * 200_000)) as server:
        channel = peer.open(server)
        reader = channel.makefile()
        with pytest.raises(MailboxError, match="response_too_large"):
            list(reader) if way == "iterate" else reader.readlines()
        channel.close()


def test_a_literal_is_read_to_its_end_and_no_further(peer: Peer) -> None:
    """`read` gives what was asked for, and leaves what is behind it."""
    with peer.encrypted(saying(b"abcdef\r\nrest\r\n")) as server:
        channel = peer.open(server)
        reader = channel.makefile()
        assert reader.read(4) == b"abcd"
        assert reader.readline(0) == b""
        assert reader.readline() == b"ef\r\n"
        channel.close()


def test_all_that_may_come_in_can_be_read_at_once(peer: Peer) -> None:
    """A literal as large as the cap passes; one that the cap and a buffer cannot hold does not."""
    with peer.encrypted(saying(b"x" * MAX_BYTES)) as server:
        channel = peer.open(server)
        reader = channel.makefile()
        with pytest.raises(MailboxError, match="^response_too_large$"):
            reader.read(MAX_BYTES + io.DEFAULT_BUFFER_SIZE + 1)
        assert channel.left == MAX_BYTES, "nothing was taken in for it"
        assert len(reader.read(MAX_BYTES)) == MAX_BYTES
        assert channel.left == 0
        channel.close()


def test_the_longest_line_still_passes(peer: Peer) -> None:
    """A line of 64 KiB with its end is read; a shorter limit of the caller is kept."""
    line = b"x" * (LINE - 2) + b"\r\n"
    with peer.encrypted(saying(line + b"abcdef\r\n")) as server:
        channel = peer.open(server)
        reader = channel.makefile()
        assert reader.readline() == line
        assert reader.readline(3) == b"abc"
        assert reader.readline() == b"def\r\n"
        channel.close()


@pytest.mark.parametrize("size", [3_000_000_000, 10**18])
def test_no_room_is_made_on_a_servers_word(peer: Peer, size: int) -> None:
    """A read of gigabytes is refused, and one of what is there answered, in little memory."""
    with peer.encrypted(saying(b"* 1 FETCH {3000000000}\r\nabc")) as server:
        channel = peer.open(server)
        reader = channel.makefile()
        tracemalloc.start()
        try:
            with pytest.raises(MailboxError, match="response_too_large"):
                reader.read(size)
            assert reader.read1(size) == b"* 1 FETCH {3000000000}\r\nabc"
            assert tracemalloc.get_traced_memory()[1] < 1_000_000
        finally:
            tracemalloc.stop()
            channel.close()


def test_the_cap_ends_a_flood(peer: Peer) -> None:
    """A channel takes in 4 MiB and not a byte more, in pieces or at once."""

    def flood(conversation: Conversation) -> None:
        while True:
            conversation.send(b"x" * 65536)

    with peer.encrypted(flood) as server:
        channel = peer.open(server)
        reader = channel.makefile()
        pieces: list[int] = []

        def take() -> None:
            while piece := reader.read1(10_000):
                pieces.append(len(piece))

        with pytest.raises(MailboxError, match="response_too_large"):
            take()
        assert sum(pieces) == MAX_BYTES
        channel.close()
        channel = peer.open(server)
        with pytest.raises(MailboxError, match="response_too_large"):
            channel.makefile().read()
        assert channel.left == 0
        channel.close()


def test_the_end_of_the_stream_is_the_end(peer: Peer) -> None:
    """What the server said before it hung up is read to the end, and then nothing more."""
    with peer.encrypted(lambda conversation: conversation.send(b"* BYE\r\nrest")) as server:
        channel = peer.open(server)
        reader = channel.makefile()
        assert reader.readline() == b"* BYE\r\n"
        assert reader.read() == b"rest"
        assert reader.readline() == b""
        channel.close()


def test_a_closed_channel_does_nothing(peer: Peer) -> None:
    """Closing twice is harmless; reading and sending afterwards are typed."""
    with peer.encrypted(saying(b"* OK\r\n")) as server:
        channel = peer.open(server)
        reader = channel.makefile()
        channel.close()
        channel.close()
        for action in (lambda: channel.sendall(b"x"), reader.readline, lambda: reader.read(1)):
            with pytest.raises(MailboxError, match="^connection_lost$") as caught:
                action()
            assert caught.value.problem.message.params == {"host": HOST, "port": "993"}


def test_everything_is_sent(peer: Peer) -> None:
    """A message larger than the socket's buffers arrives whole."""
    data = b"".join(b"%07d\n" % n for n in range(100_000))

    def script(conversation: Conversation) -> None:
        while conversation.read_line() != b"0099999":
            pass
        conversation.send(b"done\r\n")

    with peer.encrypted(script) as server:
        channel = peer.open(server)
        channel.sendall(data)
        assert channel.makefile().readline() == b"done\r\n"
        assert server.conversations[0].after_tls == data
        channel.close()


def test_a_failed_connection_leaves_no_socket(peer: Peer) -> None:
    """After a failure at TLS the server sees the client hang up."""
    ended = threading.Event()

    def script(conversation: Conversation) -> None:
        conversation.send(b"220 not what you want\r\n" * 20)
        with contextlib.suppress(ConnectionResetError):
            conversation.hear_out()
        ended.set()

    with ScriptedServer(script) as server:
        for endpoint in (IMPLICIT, STARTTLS):
            ended.clear()
            with pytest.raises(InboxlinkError):
                peer.open(server, endpoint=endpoint)
            assert ended.wait(2)


@pytest.fixture
def busy() -> Iterator[None]:
    """A process that holds more files than `select` can tell apart (FD_SETSIZE)."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < MANY_FILES + 500:
        reason = f"a process may hold {hard} files here"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, MANY_FILES + 500), hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(MANY_FILES)]
    try:
        yield
    finally:
        for each in files:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("endpoint", [IMPLICIT, STARTTLS])
def test_a_busy_process_reaches_servers_too(peer: Peer, endpoint: Endpoint) -> None:
    """With more than 1024 files open a channel opens, reads, ends in time; a certificate shows."""

    def script(conversation: Conversation) -> None:
        if endpoint is STARTTLS:
            conversation.send(b"* OK ready\r\n")
            conversation.read_line()
            conversation.send(b"* CAPABILITY STARTTLS\r\na1 OK done\r\n")
            conversation.read_line()
            conversation.send(b"a2 OK begin\r\n")
        # The handshake's answer comes late, so that the client has to wait for it.
        threading.Event().wait(0.1)
        conversation.start_tls()
        conversation.send(b"* OK inside\r\n")
        conversation.hear_out()

    with ScriptedServer(script, peer.leaf) as server:
        channel = peer.open(server, 1, endpoint)
        assert channel._socket.fileno() > 1024
        reader = channel.makefile()
        assert reader.readline() == b"* OK inside\r\n"
        with pytest.raises(MailboxError, match="^timed_out$"):
            reader.readline()
        channel.close()
        connect = {endpoint.authority: f"127.0.0.1:{server.port}"}
        shown = Network(NetworkSettings(connect=connect)).certificate(
            endpoint, time.monotonic() + 5
        )
        assert shown.names == (HOST,)
