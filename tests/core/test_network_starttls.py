"""STARTTLS against servers that strip, refuse and tamper."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.errors import MailboxError, UnreachableError
from inboxlink.network.channel import PlainChannel
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.starttls import negotiate
from inboxlink.network.wire import Network
from inboxlink.types.detection import Endpoint, Role, Tls
from peers.certificates import Authority
from peers.scripted import Conversation, ScriptedServer

HOST = "mail.example.test"
IMAP = Endpoint(Role.IMAP, HOST, 143, Tls.STARTTLS)
SUBMISSION = Endpoint(Role.SUBMISSION, HOST, 587, Tls.STARTTLS)

Script = Callable[[Conversation], None]


def imap(
    greeting: bytes = b"* OK ready",
    capabilities: bytes = b"IMAP4rev1 STARTTLS LOGINDISABLED",
    answer: bytes = b"a2 OK begin",
    behind: bytes = b"",
    before: bytes = b"",
) -> Script:
    """An IMAP server that goes through STARTTLS, as far as the client follows."""

    def script(conversation: Conversation) -> None:
        conversation.send(greeting + b"\r\n")
        if conversation.read_line():
            conversation.send(b"* CAPABILITY " + capabilities + b"\r\na1 OK done\r\n")
        if conversation.read_line():
            conversation.send(before + answer + b"\r\n" + behind)
            conversation.start_tls()
            conversation.send(b"* OK inside\r\n")
            conversation.read_line()

    return script


def smtp(
    greeting: bytes = b"220 ready",
    offered: bytes = b"250-mail\r\n250-AUTH PLAIN\r\n250 STARTTLS",
    answer: bytes = b"220 go ahead",
    behind: bytes = b"",
) -> Script:
    """A submission server that goes through STARTTLS, as far as the client follows."""

    def script(conversation: Conversation) -> None:
        conversation.send(greeting + b"\r\n")
        if conversation.read_line():
            conversation.send(offered + b"\r\n")
        if conversation.read_line():
            conversation.send(answer + b"\r\n" + behind)
            conversation.start_tls()
            conversation.send(b"inside\r\n")
            conversation.read_line()

    return script


def network(port: int, authority: Authority) -> Network:
    there = f"127.0.0.1:{port}"
    connect = {IMAP.authority: there, SUBMISSION.authority: there}
    return Network(NetworkSettings(ca_file=authority.ca_file, connect=connect))


@pytest.mark.parametrize(
    ("endpoint", "script", "transcript", "greeting", "inside"),
    [
        (IMAP, imap(), b"a1 CAPABILITY\r\na2 STARTTLS\r\n", b"* OK ready", b"* OK inside\r\n"),
        (SUBMISSION, smtp(), b"EHLO [127.0.0.1]\r\nSTARTTLS\r\n", b"220 ready", b"inside\r\n"),
        (
            SUBMISSION,
            smtp(greeting=b"220-first\r\n220 second"),
            b"EHLO [127.0.0.1]\r\nSTARTTLS\r\n",
            b"220-first\r\n220 second",
            b"inside\r\n",
        ),
    ],
)
def test_only_constant_words_go_out_before_tls(
    authority: Authority,
    endpoint: Endpoint,
    script: Script,
    transcript: bytes,
    greeting: bytes,
    inside: bytes,
) -> None:
    """Byte for byte, the client says the same to every server until TLS is verified."""
    with ScriptedServer(script, authority.issue(HOST)) as server:
        channel = network(server.port, authority).open(endpoint, time.monotonic() + 5)
        assert channel.greeting == greeting
        assert channel.makefile().readline() == inside
        channel.close()
        assert server.conversations[0].before_tls == transcript


HOSTILE: dict[str, tuple[Endpoint, Script, str]] = {
    "imap stripped": (IMAP, imap(capabilities=b"IMAP4rev1 AUTH=PLAIN"), "starttls_missing"),
    "imap no": (IMAP, imap(answer=b"a2 NO not now"), "starttls_refused"),
    "imap bad": (IMAP, imap(answer=b"a2 BAD what"), "starttls_refused"),
    "imap plus": (IMAP, imap(answer=b"+ go on"), "starttls_refused"),
    "imap bye": (IMAP, imap(answer=b"* BYE bye"), "starttls_refused"),
    "imap junk": (IMAP, imap(answer=b"HTTP/1.1 200 OK"), "protocol_error"),
    "imap preauth": (IMAP, imap(greeting=b"* PREAUTH welcome"), "starttls_refused"),
    "imap bye greeting": (IMAP, imap(greeting=b"* BYE busy"), "server_unavailable"),
    "imap junk greeting": (IMAP, imap(greeting=b"220 hello"), "starttls_refused"),
    "imap injected": (IMAP, imap(behind=b'* LIST () "/" x\r\n'), "starttls_tampered"),
    "imap no capabilities": (IMAP, imap(capabilities=b""), "starttls_missing"),
    "imap untagged junk": (IMAP, imap(before=b"*OK\r\n"), "protocol_error"),
    "imap nothing tagged": (IMAP, imap(answer=b"a2"), "protocol_error"),
    "imap endless": (IMAP, imap(before=b"* OK more\r\n" * 200), "protocol_error"),
    "smtp stripped": (SUBMISSION, smtp(offered=b"250-mail\r\n250 AUTH PLAIN"), "starttls_missing"),
    "smtp look-alike": (SUBMISSION, smtp(offered=b"250 STARTTLSX"), "starttls_missing"),
    "smtp 454": (SUBMISSION, smtp(answer=b"454 TLS not available"), "starttls_refused"),
    "smtp 554": (SUBMISSION, smtp(greeting=b"554 no service"), "server_unavailable"),
    "smtp junk": (SUBMISSION, smtp(answer=b"sure"), "protocol_error"),
    "smtp two digits": (SUBMISSION, smtp(answer=b"22 go"), "protocol_error"),
    "smtp four digits": (SUBMISSION, smtp(answer=b"2200 go"), "protocol_error"),
    "smtp another sign": (SUBMISSION, smtp(answer=b"220_go"), "protocol_error"),
    "smtp letters": (SUBMISSION, smtp(answer=b"2x0 go"), "protocol_error"),
    "smtp refuses to greet": (SUBMISSION, smtp(offered=b"550 STARTTLS"), "starttls_missing"),
    "smtp injected": (SUBMISSION, smtp(behind=b"235 you are in\r\n"), "starttls_tampered"),
    "smtp endless": (SUBMISSION, smtp(greeting=b"220-more\r\n" * 200), "protocol_error"),
    "long line": (IMAP, imap(greeting=b"* OK " + b"x" * 200_000), "response_too_large"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_servers_get_no_channel(authority: Authority, name: str) -> None:
    """Each way around STARTTLS ends typed at the TLS stage, with nothing but constants sent."""
    endpoint, script, code = HOSTILE[name]
    with ScriptedServer(script, authority.issue(HOST)) as server:
        with pytest.raises(UnreachableError) as caught:
            network(server.port, authority).open(endpoint, time.monotonic() + 5)
        assert (caught.value.code, caught.value.stage) == (code, "tls")
        assert caught.value.problem.message.params == {"host": HOST, "port": str(endpoint.port)}
        said = server.conversations[0].before_tls
        assert set(said.split(b"\r\n")) <= {
            *(b"", b"a1 CAPABILITY", b"a2 STARTTLS", b"EHLO [127.0.0.1]", b"STARTTLS")
        }
        assert server.conversations[0].after_tls == b""


#: What each server says, reply by reply, and what its client hears of it.
SAID: dict[str, tuple[Endpoint, tuple[bytes, ...], bytes]] = {
    "imap": (
        IMAP,
        (
            b"* OK [CAPABILITY IMAP4rev1] ready\r\n",
            b"* CAPABILITY IMAP4rev1 STARTTLS\r\n* CAPABILITY ID AUTH=PLAIN\r\n"
            b"* OK by the way\r\na1 OK done\r\n",
            b"a2 OK begin\r\n",
        ),
        b"* OK [CAPABILITY IMAP4rev1] ready",
    ),
    "imap, first of all": (
        IMAP,
        (b"* ok hi\n", b"* Capability StartTLS\nA1 ok\n", b"A2 Ok\n"),
        b"* ok hi",
    ),
    "submission": (
        SUBMISSION,
        (
            b"220-first\r\n220 second\r\n",
            b"250-mail.example.test\r\n250-starttls \r\n250 SIZE 1000\r\n",
            b"220 go ahead\r\n",
        ),
        b"220-first\r\n220 second",
    ),
    "submission, bare codes": (
        SUBMISSION,
        (b"220\r\n", b"250-a\r\n250 STARTTLS\r\n", b"220\r\n"),
        b"220",
    ),
}

CONSTANT = {
    Role.IMAP: b"a1 CAPABILITY\r\na2 STARTTLS\r\n",
    Role.SUBMISSION: b"EHLO [127.0.0.1]\r\nSTARTTLS\r\n",
}


def negotiated(endpoint: Endpoint, segments: list[bytes]) -> tuple[bytes, bytes]:
    """The greeting, and what went out, where the server's words come in these segments."""
    # Datagrams stay apart, which no stream would promise; ten of them may wait.
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        for segment in segments:
            theirs.send(segment)
        plain = PlainChannel(ours, endpoint.host, endpoint.port, time.monotonic() + 5)
        greeting = negotiate(plain, endpoint)
        assert plain.buffered == b""
        theirs.setblocking(False)
        heard = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                heard += theirs.recv(4096)
        return greeting, heard


@given(name=st.sampled_from(sorted(SAID)), data=st.data())
def test_a_reply_may_come_in_any_pieces(name: str, data: st.DataObject) -> None:
    """However the network cuts a reply, it is the same reply."""
    endpoint, replies, greeting = SAID[name]
    segments = []
    for reply in replies:
        cuts = sorted(data.draw(st.sets(st.integers(1, len(reply) - 1), max_size=2)))
        segments += [reply[start:end] for start, end in pairwise((0, *cuts, len(reply)))]
    assert negotiated(endpoint, segments) == (greeting, CONSTANT[endpoint.role])


@given(name=st.sampled_from(sorted(SAID)), data=st.data())
def test_bytes_behind_the_leave_are_noticed_however_they_come(
    name: str, data: st.DataObject
) -> None:
    """What shares a segment with the end of the last reply is an intrusion, be it one byte."""
    endpoint, replies, _ = SAID[name]
    whole = replies[-1]
    behind = data.draw(st.binary(min_size=1, max_size=3000))
    cut = data.draw(st.integers(0, len(whole) - 1))
    segments = [*replies[:-1], whole[:cut], whole[cut:] + behind]
    with pytest.raises(MailboxError, match="^starttls_tampered$"):
        negotiated(endpoint, [each for each in segments if each])


@pytest.mark.parametrize("name", SAID)
def test_a_reply_of_single_bytes_leads_to_tls(authority: Authority, name: str) -> None:
    """Over TCP as well, where every byte comes by itself; and the handshake is read from there."""
    endpoint, replies, greeting = SAID[name]

    def script(conversation: Conversation) -> None:
        for place, reply in enumerate(replies):
            if place:
                conversation.read_line()
            for byte in reply:
                conversation.send(bytes((byte,)))
        conversation.start_tls()
        conversation.send(b"inside\r\n")
        conversation.read_line()

    with ScriptedServer(script, authority.issue(HOST)) as server:
        channel = network(server.port, authority).open(endpoint, time.monotonic() + 5)
        assert channel.greeting == greeting
        assert channel.makefile().readline() == b"inside\r\n"
        channel.close()
        assert server.conversations[0].before_tls == CONSTANT[endpoint.role]


@pytest.mark.parametrize(
    ("endpoint", "script", "behind"),
    [
        (IMAP, imap, b'* LIST () "/" x\r\n'),
        (SUBMISSION, smtp, b"235 you are in\r\n"),
    ],
)
def test_bytes_that_come_later_are_never_read_as_encrypted(
    authority: Authority, endpoint: Endpoint, script: Callable[..., Script], behind: bytes
) -> None:
    """Plain text in a segment of its own, where TLS should begin, ends the handshake."""
    honest = script()

    def late(conversation: Conversation) -> None:
        start_tls = conversation.start_tls

        def intrude() -> None:
            threading.Event().wait(0.05)
            conversation.send(behind)
            start_tls()

        conversation.start_tls = intrude  # type: ignore[method-assign]
        honest(conversation)

    with ScriptedServer(late, authority.issue(HOST)) as server:
        with pytest.raises(UnreachableError) as caught:
            network(server.port, authority).open(endpoint, time.monotonic() + 5)
        assert (caught.value.code, caught.value.stage) == ("not_tls", "tls")
        assert server.conversations[0].after_tls == b""


@pytest.mark.parametrize(("lines", "code"), [(99, None), (100, "protocol_error")])
def test_a_hundred_lines_are_no_reply(lines: int, code: str | None) -> None:
    """A server may say much, and not without an end."""
    said = {
        IMAP: (
            b"* OK hi\r\n",
            b"* OK more\r\n" * (lines - 1) + b"* CAPABILITY STARTTLS\r\na1 OK\r\n",
            b"a2 OK\r\n",
        ),
        SUBMISSION: (
            b"220-more\r\n" * lines + b"220 hi\r\n",
            b"250-a\r\n250 STARTTLS\r\n",
            b"220 go\r\n",
        ),
    }
    for endpoint, replies in said.items():
        if code is None:
            assert negotiated(endpoint, [*replies])[1] == CONSTANT[endpoint.role]
        else:
            with pytest.raises(MailboxError, match=code):
                negotiated(endpoint, [*replies])


def test_a_certificate_behind_starttls_is_read(authority: Authority) -> None:
    """The certificate of a STARTTLS server is read without completing the handshake."""
    for endpoint, script in ((IMAP, imap()), (SUBMISSION, smtp())):
        with ScriptedServer(script, authority.issue(HOST)) as server:
            facts = network(server.port, authority).certificate(endpoint, time.monotonic() + 5)
            assert facts.names == (HOST,)
        assert not server.conversations[0].is_tls, "the handshake was completed"
