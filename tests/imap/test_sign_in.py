"""The corners of the sign-in and of the verification, against scripted servers."""

import base64
import ssl
from collections.abc import Callable
from dataclasses import replace

import pytest

from imap.scripts import Peer, hang_up, no
from imap.servers import ASCII_SECRET, Servers
from imap.world import HOST, IMAPS, SUBMISSIONS, codes
from inboxlink import own_message
from inboxlink.errors import UnreachableError, problem
from inboxlink.types.context import CertificateFacts, Channel, HttpAnswer, Previous, Wire
from inboxlink.types.detection import Basis, CertificatePin, Detection, Endpoint, Role
from inboxlink.types.disclosure import Audience
from inboxlink.types.report import Chain, Proof
from inboxlink.types.steps import Abort, Confirm, Done, Form, Start
from inboxlink.types.text import Text
from inboxlink_imap import policy
from inboxlink_imap.provider import describe
from peers.certificates import Authority

KNOWN = Detection("imap", Basis.PUBLISHED, Text("x"), (IMAPS, SUBMISSIONS))


def test_it_is_for_one_person() -> None:
    """The provider offers itself for personal mailboxes only."""
    # req 89
    assert describe().audiences == {Audience.PERSONAL}


def test_an_unsupported_detection_ends_the_sign_in(servers: Servers) -> None:
    """A mailbox that is known and refused is refused here too, with what to do instead."""
    # req 90, 92
    world = servers.world()
    world.detection = Detection("imap", Basis.HOSTED_MX, Text("x"), unsupported=policy.AMAZON_SES)
    step = world.begin()
    assert isinstance(step, Abort)
    assert step.error.code == "amazon_ses_unsupported"
    assert step.error.remedy == Text("imap.refused.amazon_ses.instead")


def test_half_a_detection_is_filled_in(servers: Servers) -> None:
    """Where one server alone is known, the form asks for the other one."""
    world = servers.world()
    world.detection = replace(KNOWN, endpoints=(IMAPS,))
    form = world.begin()
    assert isinstance(form, Form)
    values = {each.name: each.value for each in form.fields}
    assert (values["imap_host"], values["smtp_host"]) == (HOST, None)
    assert isinstance(world.submit(world.submit(form, smtp_host=HOST), ASCII_SECRET), Done)


def test_an_answer_that_fits_no_step_is_refused(servers: Servers) -> None:
    """A step that this version does not know ends the sign-in."""
    step = servers.world().step("elsewhere", {}, Start())
    assert isinstance(step, Abort)
    assert step.error.code == "answer_mismatch"


def test_a_missing_password_is_asked_for(servers: Servers) -> None:
    """An empty password never reaches a server, nor does an empty one for outgoing mail."""
    world = servers.world()
    world.detection = KNOWN
    form = world.begin()
    again = world.submit(form, "", same_outgoing="false", outgoing_username="out")
    assert isinstance(again, Form)
    assert {name: each.code for name, each in again.errors.items()} == {
        "password": "value_missing",
        "outgoing_password": "value_missing",
    }
    values = {each.name: each.value for each in again.fields}
    assert values["same_outgoing"] == "false"
    assert values["outgoing_username"] == "out"
    assert servers.uses == 0
    assert isinstance(world.submit(again, ASCII_SECRET, outgoing_password="other"), Done)


def test_a_blocked_address_is_said_beside_the_host(servers: Servers) -> None:
    """What the operator's network policy forbids is an error of the form, and no fault."""
    world = servers.world()
    good = world.connect
    world.connect = {}
    form = world.submit(world.begin(), imap_host="10.0.0.1", smtp_host="127.0.0.1")
    assert isinstance(form, Form)
    assert {name: each.code for name, each in form.errors.items()} == {
        "imap_host": "address_blocked",
        "smtp_host": "address_blocked",
    }
    blocked = world.verify(
        world.done(
            ASCII_SECRET,
            replace(IMAPS, host="10.0.0.1"),
            replace(SUBMISSIONS, host="127.0.0.1"),
        )
    )
    assert codes(blocked, Chain.RECEIVE)["dns"] == "address_blocked"
    world.connect = good
    form = world.submit(form, imap_host=HOST, smtp_host=HOST)
    assert isinstance(world.submit(form, ASCII_SECRET), Done)


def test_a_yes_is_not_asked_twice_for_one_certificate(
    servers: Servers, authority: Authority
) -> None:
    """A certificate that is pinned and refused all the same is an error, not another question."""
    world = servers.world()
    world.detection = KNOWN
    context = world.context()
    shown = context["wire"].certificate(IMAPS, context["deadline"])
    # As a damaged store would hold it: the fingerprint of this certificate with another's bytes.
    pem = authority.issue(HOST).cert.read_text().partition("-----END")[0]
    other = base64.b64encode(ssl.PEM_cert_to_DER_cert(pem + "-----END CERTIFICATE-----\n")).decode()
    damaged = replace(IMAPS, pin=CertificatePin(shown.sha256, other))
    world.previous = Previous("ann", {}, (damaged, SUBMISSIONS))
    form = world.begin()
    assert isinstance(form, Form)
    assert {name: each.code for name, each in form.errors.items()} == {
        "imap_host": "certificate_invalid"
    }
    world.previous = None
    assert isinstance(world.submit(world.begin(), ASCII_SECRET), Done)


def test_a_wider_yes_to_the_same_certificate_is_asked(
    servers: Servers, authority: Authority
) -> None:
    """A certificate that was pinned for its name is shown again before another name is forgiven."""
    world = servers.world()
    stranger = replace(IMAPS, host="stranger.test")
    world.connect = {**world.connect, "stranger.test:993": world.connect[f"{HOST}:993"]}
    context = world.context()
    shown = context["wire"].certificate(stranger, context["deadline"])
    pin = CertificatePin(shown.sha256, shown.der, any_name=False)
    world.previous = Previous("ann", {}, (replace(stranger, pin=pin), SUBMISSIONS))
    step = world.begin()
    assert isinstance(step, Confirm)
    assert step.facts["problem"] == "certificate_wrong_name"
    done = world.submit(world.agree(step), ASCII_SECRET)
    assert isinstance(done, Done)
    assert done.endpoints[0].pin is not None
    assert done.endpoints[0].pin.any_name


def test_a_user_name_is_checked_again_at_the_wire(servers: Servers) -> None:
    """A stored user name with a line break reaches neither server."""
    # A10
    world = servers.world()
    report = world.verify(
        world.done(ASCII_SECRET, IMAPS, SUBMISSIONS, username="a\r\nX DELETE INBOX")
    )
    assert codes(report, Chain.RECEIVE)["login"] == "value_invalid"
    assert servers.uses == 0


def found(uids: bytes, deleted: bytes = b"5") -> Callable[[Peer, bytes, bytes], None]:
    def uid(peer: Peer, tag: bytes, line: bytes) -> None:
        if b"SEARCH" in line:
            hits = deleted if b"DELETED" in line else uids
            peer.say(b"* SEARCH " + hits)
        peer.say(tag + b" OK done")

    return uid


def data(reply: bytes) -> Callable[[Peer, bytes], None]:
    def answer(peer: Peer, _: bytes) -> None:
        peer.say(b"354 go on")
        peer.content()
        peer.say(reply)

    return answer


@pytest.mark.parametrize(("deleted", "is_expunged"), [(b"5", False), (b"", True)])
def test_without_uidplus_no_other_message_is_expunged(
    servers: Servers, deleted: bytes, is_expunged: bool
) -> None:
    """Where another message is marked as deleted, ours is only marked too."""
    world = servers.world(
        imap=lambda peer: peer.imap(b"IMAP4rev1 SASL-IR AUTH=PLAIN", uid=found(b"7", deleted)),
        smtp=lambda peer: peer.smtp(data=data(b"250 taken")),
    )
    world.send_test_message = True
    report = servers.verify(world)
    assert codes(report, Chain.RECEIVE)["message"] is True
    assert [each.proof for each in report.identities] == [Proof.PROVEN]
    assert any(b"UID STORE 7" in line for line in servers.heard[0])
    assert any(b"EXPUNGE" in line for line in servers.heard[0]) is is_expunged


def test_a_message_that_does_not_come_is_said_so(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the patience is over the report says so, and the address stays unproven."""
    monkeypatch.setattr(own_message, "_PATIENCE_S", 0.1)
    world = servers.world(
        imap=lambda peer: peer.imap(uid=found(b"")),
        smtp=lambda peer: peer.smtp(data=data(b"250 taken")),
    )
    world.send_test_message = True
    report = servers.verify(world)
    assert codes(report, Chain.RECEIVE)["message"] == "message_not_found"
    assert codes(report, Chain.SEND)["message"] is True
    assert [each.proof for each in report.identities] == [Proof.DECLARED]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (data(b"554 5.6.0 no"), "message_refused"),
        (data(b"452 4.2.2 full"), "server_unavailable"),
        (lambda peer, _: peer.say(b"554 no"), "message_refused"),
        (lambda *_: hang_up(), "connection_lost"),
    ],
)
def test_a_refused_message_is_not_waited_for(
    servers: Servers, answer: Callable[[Peer, bytes], None], code: str
) -> None:
    """What did not go out is not looked for, and not sent again."""
    world = servers.world(smtp=lambda peer: peer.smtp(data=answer))
    world.send_test_message = True
    report = servers.verify(world)
    assert codes(report, Chain.SEND)["message"] == code
    assert codes(report, Chain.RECEIVE)["message"] is None
    assert sum(line == b"DATA" for line in servers.heard[1]) == 1


def taken_then(end: Callable[[Peer], None]) -> Callable[[Peer, bytes], None]:
    def answer(peer: Peer, _: bytes) -> None:
        peer.say(b"354 go on")
        peer.content()
        end(peer)

    return answer


@pytest.mark.parametrize(("uids", "receives"), [(b"7", True), (b"", "message_not_found")])
@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda peer: hang_up(), "connection_lost"),
        (lambda peer: peer.raw(b"25"), "connection_lost"),
        (lambda peer: peer.say(b"what"), "protocol_error"),
    ],
)
def test_a_message_of_unknown_fate_is_looked_for_and_not_sent_again(
    servers: Servers,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[Peer], None],
    code: str,
    uids: bytes,
    receives: bool | str,
) -> None:
    """Where the server is gone before it says that it has the message, it may be in INBOX."""
    # F30
    monkeypatch.setattr(own_message, "_PATIENCE_S", 0.1)

    def once(peer: Peer, line: bytes) -> None:
        taken_then(end)(peer, line)
        hang_up()

    world = servers.world(
        imap=lambda peer: peer.imap(uid=found(uids)), smtp=lambda peer: peer.smtp(data=once)
    )
    world.send_test_message = True
    report = servers.verify(world)
    assert codes(report, Chain.SEND)["message"] == code
    assert codes(report, Chain.RECEIVE)["message"] == receives
    assert [each.proof for each in report.identities] == [Proof.DECLARED]
    assert sum(line == b"DATA" for line in servers.heard[1]) == 1
    assert any(b"UID STORE 7" in line for line in servers.heard[0]) is (receives is True)


@pytest.mark.parametrize("offered", [(), (b"8BITMIME",), (b"SIZE 1", b"8BITMIME")])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_message_has_seven_bits_whatever_the_server_says_of_itself(
    servers: Servers, offered: tuple[bytes, ...], language: str
) -> None:
    """No promise of 8BITMIME or SIZE is relied on, whatever the language and the application."""
    # F31
    taken: list[bytes] = []

    def keep(peer: Peer, _: bytes) -> None:
        peer.say(b"354 go on")
        taken.extend(peer.content())
        peer.say(b"250 2.0.0 taken")

    world = servers.world(
        imap=lambda peer: peer.imap(uid=found(b"7")),
        smtp=lambda peer: peer.smtp((b"AUTH PLAIN", *offered), data=keep),
    )
    world.send_test_message = True
    world.language = language
    world.application = "株式会社メール"
    report = servers.verify(world)
    assert codes(report, Chain.SEND)["message"] is True
    assert taken
    assert b"".join(taken).isascii()
    assert max(len(line) for line in taken) <= 998  # RFC 5322 section 2.1.1
    mail = next(line for line in servers.heard[1] if line.startswith(b"MAIL"))
    assert mail == b"MAIL FROM:<ann@example.test>"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"555 5.6.7 SMTPUTF8 unsupported", "protocol_error"),
        (b"550 5.6.7 non-ASCII addresses not permitted", "sender_refused"),
        (b"553 5.6.7 \xff", "sender_refused"),
    ],
)
def test_a_server_that_lies_about_smtputf8(servers: Servers, said: bytes, code: str) -> None:
    """SMTPUTF8 that is offered and refused ends as a value."""
    # F31
    world = servers.world(
        smtp=lambda peer: peer.smtp(
            (b"AUTH PLAIN", b"SMTPUTF8"), mail=lambda peer, _: peer.say(said)
        )
    )
    world.address = "änn@example.test"
    assert codes(servers.verify(world), Chain.SEND)["sender"] == code


def test_no_message_goes_out_unasked_or_in_vain(servers: Servers) -> None:
    """Without the person's yes, and where one direction fails, nothing is sent."""
    servers.verify(servers.world())
    world = servers.world(imap=lambda peer: peer.imap(examine=no(b"no")))
    world.send_test_message = True
    report = servers.verify(world)
    assert "message" not in codes(report, Chain.SEND)
    assert not any(line == b"DATA" for lines in servers.heard for line in lines)


def test_an_international_address_needs_smtputf8(servers: Servers) -> None:
    """Its sender check is announced as RFC 6531 wants it, or refused before it is garbled."""
    plain = servers.world()
    plain.address = "änn@example.test"
    assert codes(servers.verify(plain), Chain.SEND)["sender"] == "sender_refused"
    able = servers.world(smtp=lambda peer: peer.smtp((b"AUTH PLAIN", b"SMTPUTF8")))
    able.address = "änn@example.test"
    assert codes(servers.verify(able), Chain.SEND)["sender"] is True
    assert "MAIL FROM:<änn@example.test> SMTPUTF8".encode() in servers.heard[3]


@pytest.mark.parametrize(
    ("lines", "evidence"),
    [
        ([b'* LIST (\\HasNoChildren \\Sent) "/" "Versendet"'], "Versendet"),
        ([b'* LIST () "/" INBOX', b'* LIST () "." "INBOX.Sent Items"'], "INBOX.Sent Items"),
        ([b'* LIST () "/" "&kAFP4W4IMH8-"'], "送信済み"),
        ([b'* LIST () NIL "Sent"', b'* LIST (\\Sent) "/" "Real"'], "Real"),
        ([b'* LIST () "/" INBOX'], "-"),
    ],
)
def test_the_folder_of_sent_mail(servers: Servers, lines: list[bytes], evidence: str) -> None:
    """It is found by its mark or by its name, and a mailbox without one is as good."""
    world = servers.world(
        imap=lambda peer: peer.imap(list=lambda peer, tag, _: peer.say(*lines, tag + b" OK done"))
    )
    report = servers.verify(world)
    assert report.can_receive
    shown = {check.stage: check.evidence for check in report.checks}
    assert shown["sent_folder"] == evidence


def test_a_mailbox_whose_folders_cannot_be_listed_is_as_good(servers: Servers) -> None:
    """Whatever becomes of the list of folders, receiving stands."""
    report = servers.verify(servers.world(imap=lambda peer: peer.imap(list=no(b"no"))))
    assert report.can_receive


def test_a_server_may_refuse_to_say_what_it_is(servers: Servers) -> None:
    """ID is asked where it is offered, and a refusal of it is no obstacle."""
    world = servers.world(
        imap=lambda peer: peer.imap(b"IMAP4rev1 ID SASL-IR AUTH=PLAIN", id=no(b"private"))
    )
    world.detection = KNOWN
    assert servers.verify(world).can_receive
    assert isinstance(world.submit(world.begin(), ASCII_SECRET), Done)


def shy(peer: Peer, tag: bytes, _: bytes) -> None:
    """EXAMINE at NetEase, which opens no folder for a program that told it no name."""
    if any(b"ID (" in line for line in peer.heard):
        peer.say(b"* 3 EXISTS", tag + b" OK [READ-ONLY] done")
    else:
        peer.say(tag + b" NO EXAMINE Unsafe Login. Please contact kefu@188.com for help")


def test_a_server_that_wants_a_name_is_told_the_programs(servers: Servers) -> None:
    """And no other server is told anything, nor this one anything of the person."""
    able = b"IMAP4rev1 ID SASL-IR AUTH=PLAIN"
    report = servers.verify(servers.world(imap=lambda peer: peer.imap(able, examine=shy)))
    assert report.can_receive
    assert {check.stage: check.evidence for check in report.checks}["select"] == "INBOX 3"
    assert servers.verify(servers.world(imap=lambda peer: peer.imap(able))).can_receive
    told = [[line for line in heard if b" ID (" in line] for heard in servers.heard]
    assert [len(each) for each in told] == [1, 0, 0, 0]
    assert told[0][0].endswith(b' ID ("name" "inboxlink")')
    assert servers.uses == 4


@pytest.mark.parametrize("able", [b"IMAP4rev1 SASL-IR AUTH=PLAIN", b"IMAP4rev1 ID AUTH=PLAIN"])
def test_a_name_that_does_not_help_is_told_once(servers: Servers, able: bytes) -> None:
    """Nor is it told where it cannot be."""
    refused = no(b"EXAMINE Unsafe Login")
    world = servers.world(imap=lambda peer: peer.imap(able, examine=refused))
    assert codes(servers.verify(world), Chain.RECEIVE)["select"] == "inbox_missing"
    assert sum(b" ID (" in line for line in servers.heard[0]) == (b" ID " in able)


class Broken:
    """A door to the network with one defect.

    Args:
        network: A good one.
        defect: Raised instead of opening an SMTP server, or instead of showing a certificate.
    """

    def __init__(self, network: Wire, defect: Exception, *, at_certificate: bool = False) -> None:
        self._network = network
        self._defect = defect
        self._at_certificate = at_certificate

    def open(self, endpoint: Endpoint, deadline: float) -> Channel:
        if endpoint.role is Role.SUBMISSION and not self._at_certificate:
            raise self._defect
        return self._network.open(endpoint, deadline)

    def certificate(self, endpoint: Endpoint, deadline: float) -> CertificateFacts:
        raise self._defect

    def get(self, url: str, deadline: float) -> HttpAnswer:
        raise NotImplementedError


def test_a_bug_in_the_second_thread_is_not_lost(servers: Servers) -> None:
    """What is no expected failure comes out of the hook, for the core to contain."""
    world = servers.world()
    world.detection = KNOWN
    world.wire = Broken(world.context()["wire"], RuntimeError("bug"))
    with pytest.raises(RuntimeError, match="bug"):
        world.begin()
    with pytest.raises(RuntimeError, match="bug"):
        servers.verify(world)


def test_a_certificate_that_cannot_be_read_is_no_question(servers: Servers) -> None:
    """Where the server does not show its certificate again, the form says why."""
    world = servers.world()
    world.ca_file = None
    world.detection = KNOWN
    lost = UnreachableError(problem("timed_out"), "tls")
    world.wire = Broken(world.context()["wire"], lost, at_certificate=True)
    form = world.begin()
    assert isinstance(form, Form)
    assert {name: each.code for name, each in form.errors.items()} == {
        "imap_port": "timed_out",
        "smtp_port": "timed_out",
    }


def test_mistyped_servers_come_back_with_everything_else(servers: Servers) -> None:
    """The form of the servers shows what is wrong and keeps what was typed."""
    world = servers.world()
    form = world.submit(world.begin(), imap_host=HOST, smtp_host="two words", smtp_port="x")
    assert isinstance(form, Form)
    assert list(form.errors) == ["smtp_host", "smtp_port"]
    values = {each.name: each.value for each in form.fields}
    assert (values["imap_host"], values["smtp_host"]) == (HOST, "two words")
    assert isinstance(world.submit(world.submit(form, smtp_host=HOST, smtp_port="465"), "x"), Done)
