"""NTLM belongs to the connection: what comes of a server that ends it, or forgets who it is."""

import base64
import struct
from xml.etree import ElementTree as ET

import pytest

from exchange.test_verification import verified
from exchange.world import HOST, World, codes
from inboxlink.types.report import Chain
from peers.exchange import Mailbox
from peers.exchange.services import Services
from peers.scripted import Conversation, ScriptedServer

#: A whole challenge of NTLM without any target information (MS-NLMP section 2.2.1.2).
CHALLENGE = base64.b64encode(
    b"NTLMSSP\0\x02\0\0\0"
    + struct.pack("<HHI", 0, 0, 56)
    + struct.pack("<I", 0xE2898235)
    + b"12345678"
    + bytes(8)
    + struct.pack("<HHI", 4, 4, 56)
    + bytes(8)
    + bytes(4)
)


@pytest.mark.parametrize("scheme", ["ntlm", "negotiate"])
def test_a_server_may_sign_in_each_request_by_itself(world: World, scheme: str) -> None:
    """A request that carried no sign-in and is refused is signed in anew, once (IIS)."""
    server = world.serve(HOST, schemes=(scheme,))
    server.keeps_signed_in = False
    report = verified(world, scheme=scheme)
    assert (report.can_receive, report.can_send) == (True, True)
    assert len(server.uses) == len(server.services.operations)
    assert server.wrong_uses == 0


@pytest.mark.parametrize("scheme", ["ntlm", "basic"])
def test_a_server_may_end_the_connection_after_an_answer(world: World, scheme: str) -> None:
    """The next request is signed in on the next connection, and is no refusal."""
    server = world.serve(HOST)
    server.ends = frozenset({"answer"})
    report = verified(world, scheme=scheme)
    assert (report.can_receive, report.can_send) == (True, True)
    assert server.wrong_uses == 0


def test_a_challenge_that_ends_the_connection_is_no_refusal(world: World) -> None:
    """NTLM cannot go on elsewhere: the last message, which is the use of it, is not sent."""
    server = world.serve(HOST, schemes=("ntlm",))
    server.ends = frozenset({"challenge"})
    report = verified(world)
    assert codes(report, Chain.RECEIVE)["login"] == "protocol_error"
    assert server.uses == []


def test_a_wrong_password_where_each_request_signs_in_is_used_once(world: World) -> None:
    """The refusal of what carried a sign-in is final."""
    server = world.serve(HOST, schemes=("ntlm",))
    server.keeps_signed_in = False
    report = verified(world, "a typing error")
    assert codes(report, Chain.RECEIVE)["login"] == "sign_in_refused"
    assert (len(server.uses), server.wrong_uses) == (1, 1)


def test_a_connection_that_is_forgotten_and_refused_ends(world: World) -> None:
    """After a right sign-in the next one is refused: one more use, and no circle."""

    class Forgetful(Services):
        def answer(self, request: ET.Element, person: Mailbox) -> ET.Element:
            made = super().answer(request, person)
            world.directory.mailboxes.clear()
            return made

    server = world.serve(HOST, schemes=("ntlm",))
    server.keeps_signed_in = False
    server.services = Forgetful(world.directory)
    report = verified(world)
    found = codes(report, Chain.RECEIVE)
    assert (found["login"], found["identity"], found["select"]) == (True, "sign_in_refused", None)
    # Two handshakes of two messages.
    assert server.authorizations == ["ntlm"] * 4


def test_hanging_up_in_the_middle_is_typed(world: World) -> None:
    """A server that hangs up on the last message has not said no, and is not asked again."""

    def script(conversation: Conversation) -> None:
        for answer in (
            b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM %b\r\n"
            b"Content-Length: 0\r\n\r\n" % CHALLENGE,
            b"",
        ):
            while conversation.read_line():
                pass
            conversation.send(answer)

    server = ScriptedServer(script, world.authority.issue(HOST), implicit=True)
    world.add(server)
    world.place(server.port, HOST)
    report = verified(world)
    assert codes(report, Chain.RECEIVE)["login"] in ("connection_lost", "http_failed")
    assert sum(each.after_tls.count(b"Authorization: NTLM ") for each in server.conversations) == 2
