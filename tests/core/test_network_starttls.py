"""STARTTLS against servers that strip, refuse and tamper."""

import time
from collections.abc import Callable

import pytest

from inboxlink.errors import UnreachableError
from inboxlink.network.settings import NetworkSettings
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
    "imap endless": (IMAP, imap(before=b"* OK more\r\n" * 200), "protocol_error"),
    "smtp stripped": (SUBMISSION, smtp(offered=b"250-mail\r\n250 AUTH PLAIN"), "starttls_missing"),
    "smtp look-alike": (SUBMISSION, smtp(offered=b"250 STARTTLSX"), "starttls_missing"),
    "smtp 454": (SUBMISSION, smtp(answer=b"454 TLS not available"), "starttls_refused"),
    "smtp 554": (SUBMISSION, smtp(greeting=b"554 no service"), "server_unavailable"),
    "smtp junk": (SUBMISSION, smtp(answer=b"sure"), "protocol_error"),
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


def test_a_certificate_behind_starttls_is_read(authority: Authority) -> None:
    """The certificate of a STARTTLS server is read without completing the handshake."""
    for endpoint, script in ((IMAP, imap()), (SUBMISSION, smtp())):
        with ScriptedServer(script, authority.issue(HOST)) as server:
            facts = network(server.port, authority).certificate(endpoint, time.monotonic() + 5)
            assert facts.names == (HOST,)
            assert server.conversations[0].after_tls == b""
