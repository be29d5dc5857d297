"""What is asked, and what is spared, while a server is waited for."""

import pytest

from imap.scripts import Peer
from imap.servers import Servers
from imap.world import HOST, IMAP, SUBMISSIONS, codes
from inboxlink.types.report import Chain
from peers.certificates import Certificate
from peers.scripted import Conversation, ScriptedServer

NAMED = b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready"


def verbs(heard: list[bytes]) -> list[bytes]:
    """The IMAP commands that came, in order."""
    return [line.split()[1] for line in heard]


def test_capabilities_that_the_greeting_names_are_not_asked_for(servers: Servers) -> None:
    """A greeting over TLS is believed, and what it names is used."""
    report = servers.verify(servers.world(imap=lambda peer: peer.imap(b"nothing", NAMED)))
    assert report.can_receive
    assert verbs(servers.heard[0])[0] == b"AUTHENTICATE"


def test_a_greeting_that_names_none_is_followed_by_the_question(servers: Servers) -> None:
    """Where the greeting is silent the server is asked."""
    report = servers.verify(servers.world())
    assert report.can_receive
    assert verbs(servers.heard[0])[:2] == [b"CAPABILITY", b"AUTHENTICATE"]


def test_a_greeting_before_tls_is_not_believed(servers: Servers, certificate: Certificate) -> None:
    """What STARTTLS's greeting named can be anybody's word: the server is asked again over TLS."""
    heard: list[bytes] = []

    def script(conversation: Conversation) -> None:
        conversation.send(NAMED + b"\r\n")
        for answer in (b"* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK\r\n", b"a2 OK\r\n"):
            conversation.read_line()
            conversation.send(answer)
        conversation.start_tls()
        peer = Peer(conversation, heard)
        while verbs(heard)[-1:] != [b"CAPABILITY"]:
            peer.hear()
        tag = heard[-1].split()[0]
        peer.say(b"* CAPABILITY IMAP4rev1 LOGINDISABLED", tag + b" OK done")
        peer.hear()

    with ScriptedServer(script, certificate) as server:
        world = servers.world()
        world.connect = {**world.connect, f"{HOST}:143": f"127.0.0.1:{server.port}"}
        report = world.verify(world.done("secret", IMAP, SUBMISSIONS))
    assert codes(report, Chain.RECEIVE)["login"] == "login_disabled"
    assert verbs(heard) == [b"CAPABILITY", b"LOGOUT"]


class Pipelining:
    """A submission server that answers MAIL, RCPT and RSET only when it has all three."""

    def __init__(self, *replies: bytes) -> None:
        self._replies = replies
        self.came: list[bytes] = []

    def __call__(self, peer: Peer) -> None:
        peer.smtp((b"AUTH PLAIN", b"PIPELINING"), mail=self._mail)

    def _mail(self, peer: Peer, line: bytes) -> None:
        self.came = [line, peer.hear(), peer.hear()]
        peer.say(*self._replies)


def test_the_envelope_goes_at_once_where_the_server_pipelines(servers: Servers) -> None:
    """Three commands wait for one round trip (RFC 2920), and their replies are read in turn."""
    server = Pipelining(b"250 2.1.0 fine", b"251 2.1.5 elsewhere", b"250 2.0.0 fine")
    report = servers.verify(servers.world(smtp=server))
    assert report.can_send
    assert server.came == [b"MAIL FROM:<ann@example.test>", b"RCPT TO:<ann@example.test>", b"RSET"]


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ((b"550 5.7.1 no", b"503 5.5.1 no", b"250 2.0.0 fine"), "sender_refused"),
        ((b"250 2.1.0 fine", b"550 5.1.1 no", b"250 2.0.0 fine"), "sender_refused"),
        ((b"250 2.1.0 fine", b"451 4.3.0 later", b"250 2.0.0 fine"), "server_unavailable"),
        ((b"250 2.1.0 fine", b"250 2.1.5 fine", b"550 5.0.0 no"), "remote_error"),
        ((b"250 2.1.0 fine", b"250 2.1.5 fine", b"nonsense"), "protocol_error"),
    ],
)
def test_the_first_refusal_counts_where_the_server_pipelines(
    servers: Servers, replies: tuple[bytes, ...], code: str
) -> None:
    """Each reply is held against the command that it answers."""
    report = servers.verify(servers.world(smtp=Pipelining(*replies)))
    assert codes(report, Chain.SEND)["sender"] == code
    assert report.can_receive
