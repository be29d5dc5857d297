"""Servers that lie, drip, flood and echo."""

import base64
import json
import logging
import threading
import traceback
from collections.abc import Callable

import pytest

from imap.hostile_set import SECRET, echo_imap, echo_smtp
from imap.scripts import Peer, hang_up, no, taking_literals
from imap.secret_forms import forms_of
from imap.servers import ASCII_SECRET, Servers
from imap.world import HOST, IMAPS, SUBMISSIONS, codes
from inboxlink.types.report import Chain
from inboxlink.types.steps import Abort, Confirm, Done, Form
from inboxlink_imap.imap_session import ImapSession
from peers.certificates import Authority
from peers.scripted import ScriptedServer


def test_scripted_servers_can_be_verified(servers: Servers) -> None:
    """The script that the others bend is a good server, so that they fail for what they say."""
    report = servers.verify(servers.world())
    assert report.can_receive
    assert report.can_send
    assert servers.uses == 2


def test_separate_outgoing_credentials_are_tried_all_the_same(servers: Servers) -> None:
    """A refused password says nothing about another one."""
    # req 100
    world = servers.world(imap=lambda peer: peer.imap(authenticate=no(b"no")))
    done = world.done(
        "wrong", IMAPS, SUBMISSIONS, outgoing_username="ann-out", outgoing_password="other"
    )
    report = world.verify(done)
    assert codes(report, Chain.SEND)["auth"] is True
    plain = base64.b64encode(b"\0ann-out\0other")
    assert b"AUTH PLAIN " + plain in servers.heard[1]


@pytest.mark.parametrize("capabilities", [b"IMAP4rev1 SASL-IR AUTH=PLAIN", b"IMAP4rev1"])
@pytest.mark.parametrize("secret", [SECRET, ASCII_SECRET])
def test_an_echoed_password_goes_nowhere(
    servers: Servers, caplog: pytest.LogCaptureFixture, capabilities: bytes, secret: str
) -> None:
    """A server that repeats the password gets it into no report, exception or log line."""
    caplog.set_level(logging.DEBUG)

    world = servers.world(
        imap=lambda peer: peer.imap(
            capabilities, authenticate=echo_imap, login=taking_literals(echo_imap)
        ),
    )
    receiving = world.verify(world.done(secret, IMAPS, SUBMISSIONS))
    assert codes(receiving, Chain.RECEIVE)["login"] == "invalid_credentials"
    world = servers.world(smtp=lambda peer: peer.smtp(auth=echo_smtp))
    sending = world.verify(world.done(secret, IMAPS, SUBMISSIONS))
    assert codes(sending, Chain.SEND)["auth"] == "invalid_credentials"
    shown = []
    for report in (receiving, sending):
        shown += [report.model_dump_json(), json.dumps(report.model_dump(mode="json"))]
        shown.append(repr(report))
        shown += [
            json.loads(json.dumps(check.problem.remote)) for check in report.checks if check.problem
        ]
    shown.append(caplog.text)
    for text in shown:
        assert not [form for form in forms_of(secret) if form in text]
        assert "\x1b" not in text
        assert "\\u001b" not in text


def test_an_exception_carries_nothing_of_the_library(servers: Servers) -> None:
    """What the adapter raises has a code, and neither server text nor a library's exception."""
    world = servers.world(imap=lambda peer: peer.imap(authenticate=echo_imap))
    context = world.context()
    session = ImapSession(context["wire"].open(IMAPS, context["deadline"]), IMAPS)
    with pytest.raises(Exception) as raised:
        session.sign_in("ann@example.test", ASCII_SECRET)
    assert raised.value.__context__ is None
    assert raised.value.__cause__ is None
    lines = "".join(traceback.format_exception_only(raised.value))
    assert ASCII_SECRET not in lines
    session.close()


def test_capabilities_after_signing_in_count(servers: Servers) -> None:
    """What was offered before the login is forgotten, and asked again."""

    def greeted(peer: Peer) -> None:
        peer.imap(
            b"IMAP4rev1 SASL-IR AUTH=PLAIN UIDPLUS",
            authenticate=lambda peer, tag, _: peer.say(tag + b" OK [CAPABILITY IMAP4rev1] in"),
        )

    world = servers.world(imap=greeted)
    context = world.context()
    session = ImapSession(context["wire"].open(IMAPS, context["deadline"]), IMAPS)
    assert "UIDPLUS" in session.capabilities
    session.sign_in("ann", "secret")
    assert "UIDPLUS" not in session.capabilities
    session.close()


@pytest.mark.parametrize(
    ("capabilities", "code"),
    [
        (b"IMAP4rev1 LOGINDISABLED", "login_disabled"),
        (b"IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2", "mechanism_unsupported"),
    ],
)
def test_no_password_where_none_is_taken(servers: Servers, capabilities: bytes, code: str) -> None:
    """A server that takes no password is found out before one is asked for."""
    world = servers.world(imap=lambda peer: peer.imap(capabilities))
    form = world.submit(world.begin(), imap_host=HOST, smtp_host=HOST)
    assert isinstance(form, Form)
    assert form.step == "servers"
    assert form.errors["imap_port"].code == code
    assert servers.uses == 0
    assert codes(servers.verify(world), Chain.RECEIVE)["login"] == code
    assert sum(b"LOGIN" in line for line in servers.heard[0]) == 0


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (lambda peer: peer.imap(greeting=b"* OK Courier-IMAP ready."), "courier_unsupported"),
        (
            lambda peer: peer.imap(
                b"IMAP4rev1 ID AUTH=PLAIN",
                id=lambda peer, tag, _: peer.say(
                    b'* ID ("name" "Courier-IMAP Server")', tag + b" OK done"
                ),
            ),
            "courier_unsupported",
        ),
        (lambda peer: peer.imap(greeting=b"+OK POP3 ready"), "pop3_unsupported"),
    ],
)
def test_refused_software(servers: Servers, script: Callable[[Peer], None], code: str) -> None:
    """Courier-IMAP and POP3 are refused by what they say, before a password is asked for."""
    world = servers.world(imap=script)
    form = world.submit(world.begin(), imap_host=HOST, smtp_host=HOST)
    assert isinstance(form, Form)
    assert form.errors["imap_port"].code == code
    assert codes(servers.verify(world), Chain.RECEIVE)["capability"] == code
    good = servers.world()
    world.connect = good.connect
    assert isinstance(world.submit(world.submit(form), ASCII_SECRET), Done)


def test_a_team_is_refused(servers: Servers) -> None:
    """An address that a team shares is not connected by IMAP, and nothing is asked."""
    # req 11, 12, 89
    from inboxlink.types.disclosure import Audience

    world = servers.world()
    world.audience = Audience.TEAM
    step = world.begin()
    assert isinstance(step, Abort)
    assert step.error.code == "team_unsupported"
    assert servers.heard == [[], []]


@pytest.mark.parametrize(
    ("capabilities", "password", "sent"),
    [
        (
            b"IMAP4rev1 SASL-IR AUTH=PLAIN",
            "p\u00e4ss",
            [b"AUTHENTICATE PLAIN " + base64.b64encode("\0ann\0p\u00e4ss".encode())],
        ),
        (
            b"IMAP4rev1 AUTH=PLAIN",
            "secret",
            [b"AUTHENTICATE PLAIN", base64.b64encode(b"\0ann\0secret")],
        ),
        (b"IMAP4rev1", 'a"b\\c {5}', [b'LOGIN "ann" "a\\"b\\\\c {5}"']),
        (b"IMAP4rev1", "p\u00e4ss", [b"LOGIN {3}", b"ann {5}", "p\u00e4ss".encode()]),
    ],
)
def test_the_password_on_the_wire(
    servers: Servers, capabilities: bytes, password: str, sent: list[bytes]
) -> None:
    """Exactly one mechanism is used, and its bytes are those of the standard."""
    # LK3, TL7

    def continued(peer: Peer, tag: bytes, line: bytes) -> None:
        if line.endswith(b"PLAIN"):
            peer.say(b"+ ")
            peer.hear()
        peer.say(tag + b" OK in")

    good = taking_literals(lambda peer, tag, _: peer.say(tag + b" OK in"))
    world = servers.world(
        imap=lambda peer: peer.imap(capabilities, authenticate=continued, login=good)
    )
    report = world.verify(world.done(password, IMAPS, SUBMISSIONS, username="ann"))
    assert report.can_receive
    lines = [line.split(b" ", 1)[1] if i == 0 else line for i, line in enumerate(_login(servers))]
    assert lines == sent


def _login(servers: Servers) -> list[bytes]:
    """The lines from the login up to the command after it."""
    heard = servers.heard[0]
    first = next(i for i, line in enumerate(heard) if b" LOGIN" in line or b" AUTHENTICATE" in line)
    tag = heard[0].split()[0][:4]
    rest = [i for i, line in enumerate(heard) if i > first and line.startswith(tag)]
    return heard[first : rest[0]]


@pytest.mark.parametrize("password", ["a\r\nb", "a\0b", "\udcff"])
def test_a_password_that_would_split_a_command_never_leaves(
    servers: Servers, password: str
) -> None:
    """CR, LF, NUL and what is no text are refused in the form, and again at the wire."""
    # A10
    world = servers.world()
    form = world.submit(world.begin(), imap_host=HOST, smtp_host=HOST)
    again = world.submit(form, password)
    assert isinstance(again, Form)
    assert again.errors["password"].code == "secret_unsupported"
    report = servers.verify(world, password)
    assert codes(report, Chain.RECEIVE)["login"] == "secret_unsupported"
    assert codes(report, Chain.SEND)["auth"] is None
    assert servers.uses == 0
    assert isinstance(world.submit(again, ASCII_SECRET), Done)


@pytest.mark.parametrize("username", ["ann\r\nX DELETE INBOX", "ann\0", "a\tb"])
def test_a_user_name_that_would_split_a_command_never_leaves(
    servers: Servers, username: str
) -> None:
    """The same for the user name; the other values stay in the form."""
    # A10
    world = servers.world()
    form = world.submit(world.begin(), imap_host=HOST, smtp_host=HOST)
    again = world.submit(form, ASCII_SECRET, username=username)
    assert isinstance(again, Form)
    assert again.step == "sign_in"
    assert again.errors["username"].code == "value_invalid"
    assert {each.name: each.value for each in again.fields}["imap_host"] == HOST
    assert servers.uses == 0
    assert isinstance(world.submit(again, ASCII_SECRET, username="ann"), Done)


def test_both_directions_run_side_by_side(servers: Servers) -> None:
    """SMTP comes as far as EHLO while IMAP waits, and its AUTH comes after IMAP's answer."""
    # G7: an IMAP server that greets nobody before SMTP's EHLO would wait in vain otherwise.
    ehlo_heard, signed_in = threading.Event(), threading.Event()
    early: list[bytes] = []

    def imap(peer: Peer) -> None:
        if ehlo_heard.wait(5):
            peer.imap(authenticate=accept)

    def accept(peer: Peer, tag: bytes, _: bytes) -> None:
        signed_in.set()
        peer.say(tag + b" OK done")

    def ehlo(peer: Peer, _: bytes) -> None:
        ehlo_heard.set()
        peer.say(b"250-scripted", b"250 AUTH PLAIN")

    def auth(peer: Peer, line: bytes) -> None:
        if not signed_in.is_set():
            early.append(line)
        peer.say(b"235 2.7.0 welcome")

    report = servers.verify(
        servers.world(imap=imap, smtp=lambda peer: peer.smtp(ehlo=ehlo, auth=auth))
    )
    assert report.can_receive
    assert report.can_send
    assert early == []


def test_nothing_of_a_login_stays_in_memory_of_the_libraries(servers: Servers) -> None:
    """Imaplib's list of the last commands, which would hold the password, stays empty."""
    world = servers.world()
    context = world.context()
    session = ImapSession(context["wire"].open(IMAPS, context["deadline"]), IMAPS)
    session.sign_in("ann", ASCII_SECRET)
    protocol = session._client._imap
    kept = repr([vars(session._client), vars(protocol)])
    assert not [form for form in forms_of(ASCII_SECRET) if form in kept]
    assert protocol._cmd_log == {}
    session.close()


@pytest.mark.parametrize(
    ("said", "evidence"),
    [
        (b'* LIST (\\Sent) "/" {4}\r\nPost\r\n', "Post"),
        (b'* LIST (\\Sent) "/" {400}\r\nPost', "- (connection_lost)"),
    ],
)
def test_literals(servers: Servers, said: bytes, evidence: str) -> None:
    """A literal is read to its end, and one that is cut off ends the connection."""

    def listing(peer: Peer, tag: bytes, _: bytes) -> None:
        peer.raw(said)
        if b"{400}" in said:
            hang_up()
        peer.say(tag + b" OK done")

    report = servers.verify(servers.world(imap=lambda peer: peer.imap(list=listing)))
    assert report.can_receive
    assert {check.stage: check.evidence for check in report.checks}["sent_folder"] == evidence


def test_a_certificate_of_the_future_cannot_be_agreed_to(
    authority: Authority, servers: Servers
) -> None:
    """Like one that has expired it is refused with the reason, unknown authority or not."""
    # req 102
    world = servers.world()
    world.ca_file = None
    form = world.submit(world.begin(), imap_host=HOST, smtp_host=HOST)
    assert isinstance(form, Confirm)
    future = authority.issue(HOST, days_left=30, starts_in_days=2)
    with ScriptedServer(lambda conversation: None, future, implicit=True) as server:
        world.connect = {**world.connect, f"{HOST}:993": f"127.0.0.1:{server.port}"}
        form = world.submit(world.begin(), imap_host=HOST, smtp_host=HOST)
    assert isinstance(form, Form)
    assert {name: each.code for name, each in form.errors.items()} == {
        "imap_host": "certificate_not_yet_valid"
    }


def test_smtp_login_stops_at_the_first_no(servers: Servers) -> None:
    """Where LOGIN is refused before the password's turn, the password is not sent."""

    def refuse(peer: Peer, _: bytes) -> None:
        peer.say(b"334 VXNlcm5hbWU6")
        peer.hear()
        peer.say(b"535 5.7.8 no such user")

    script = (b"AUTH LOGIN",)
    world = servers.world(smtp=lambda peer: peer.smtp(script, auth=refuse))
    assert codes(servers.verify(world), Chain.SEND)["auth"] == "invalid_credentials"
    assert base64.b64encode(ASCII_SECRET.encode()) not in servers.heard[1]


def test_mail_for_oneself_that_is_forwarded(servers: Servers) -> None:
    """A recipient that the server accepts for somewhere else is accepted."""
    world = servers.world(
        smtp=lambda peer: peer.smtp(rcpt=lambda peer, _: peer.say(b"251 2.1.5 will forward"))
    )
    assert servers.verify(world).can_send
