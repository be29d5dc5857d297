"""The whole provider against a real server."""

import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from imap.world import HOST, IMAP, IMAPS, SUBMISSION, SUBMISSIONS, World, codes
from inboxlink.testing.peers.ports import CLOSED_PORT
from inboxlink.types.context import Previous
from inboxlink.types.detection import Basis, CertificatePin, Detection
from inboxlink.types.report import Chain, Proof
from inboxlink.types.steps import Confirm, Done, Form
from inboxlink.types.text import Text
from peers.certificates import Authority, Certificate, self_signed
from peers.dovecot import PROGRAM, Dovecot, LoginAttempt
from peers.need import need
from peers.other_source import OtherSource
from peers.relay import Relay

KNOWN = Detection("imap", Basis.PUBLISHED, Text("x"), (IMAPS, SUBMISSION))

ANN = "ann@example.test"
PASSWORDS = {
    ANN: "correct horse",
    "utf8@example.test": "pässwörd-密码",
    "spaces@example.test": " two  spaces ",
    "quotes@example.test": 'a"b\\c',
    "literal@example.test": "{5}abcde",
    "percent@example.test": "%s%d{}*(",
    "long@example.test": "x" * 400,
    "bob": "local part",
}


@contextmanager
def running(certificate: Certificate, extra: str = "") -> Iterator[Dovecot]:
    need(PROGRAM, "dovecot-imapd, dovecot-submissiond")
    with Relay() as relay, Dovecot(PASSWORDS, certificate, relay.port, extra) as server:
        relay.deliver = server.deliver
        yield server


@pytest.fixture(scope="module")
def everybodys(certificate: Certificate) -> Iterator[Dovecot]:
    """A server with all these users."""
    with running(certificate) as server:
        yield server


@pytest.fixture
def dovecot(everybodys: Dovecot) -> Dovecot:
    everybodys.forget()
    return everybodys


def world_of(dovecot: Dovecot, ca_file: Path | None, address: str = ANN) -> World:
    return World(
        {
            f"{HOST}:993": f"127.0.0.1:{dovecot.imaps}",
            f"{HOST}:143": f"127.0.0.1:{dovecot.imap}",
            f"{HOST}:465": f"127.0.0.1:{dovecot.submissions}",
            f"{HOST}:587": f"127.0.0.1:{dovecot.submission}",
        },
        ca_file,
        address=address,
        detection=KNOWN,
    )


@pytest.fixture
def world(dovecot: Dovecot, authority: Authority) -> World:
    return world_of(dovecot, authority.ca_file)


def test_from_detection_to_a_proven_connection(world: World) -> None:
    """With the servers known, one form with one password leads to both directions working."""
    # req 95, 96, 104
    form = world.begin()
    assert isinstance(form, Form)
    assert form.step == "sign_in"
    assert [each.name for each in form.fields if not each.advanced] == ["password"]
    assert {each.name: each.value for each in form.fields if each.name == "same_outgoing"} == {
        "same_outgoing": "true"
    }
    done = world.submit(form, PASSWORDS[ANN])
    assert isinstance(done, Done)
    assert done.credential.account == ANN
    assert done.settings == {"username": ANN}
    report = world.verify(done)
    assert codes(report, Chain.RECEIVE) == dict.fromkeys(
        ("dns", "tcp", "tls", "capability", "login", "identity", "select", "sent_folder"), True
    )
    assert codes(report, Chain.SEND) == dict.fromkeys(
        ("dns", "tcp", "tls", "ehlo", "auth", "sender"), True
    )
    assert [check.evidence for check in report.checks if check.stage == "sent_folder"] == ["Sent"]
    assert [(each.address, each.proof) for each in report.identities] == [(ANN, Proof.DECLARED)]
    assert all(check.took_ms is not None for check in report.checks)


def test_servers_are_asked_where_nothing_is_known(world: World) -> None:
    """Without a detection the servers are asked first, then the password, by the same names."""
    # req 99, 101
    world.detection = Detection("imap", Basis.GUESS, Text("x"))
    form = world.begin()
    assert isinstance(form, Form)
    assert form.step == "servers"
    unfolded = [each.name for each in form.fields if not each.advanced]
    assert unfolded == ["imap_host", "imap_port", "smtp_host", "smtp_port"]
    form = world.submit(form, imap_host=HOST, smtp_host=HOST, imap_port="143", smtp_port="587")
    done = world.submit(form, PASSWORDS[ANN])
    report = world.verify(done)
    assert report.can_receive
    assert report.can_send
    assert isinstance(done, Done)
    assert done.endpoints[0] == IMAP


def test_a_wrong_password_is_used_once(world: World, dovecot: Dovecot) -> None:
    """The server itself counts one bad attempt over IMAP and SMTP together; the right one heals."""
    # LK1, LK2
    report = world.verify(world.submit(world.begin(), "wrong"))
    assert settled(dovecot, 1) == [LoginAttempt("imap", ANN, ok=False)]
    assert codes(report, Chain.RECEIVE)["login"] == "invalid_credentials"
    assert codes(report, Chain.RECEIVE)["select"] is None
    assert codes(report, Chain.SEND)["ehlo"] is True
    assert codes(report, Chain.SEND)["auth"] is None
    assert not report.can_receive
    assert not report.can_send
    healed = world.verify(world.submit(world.begin(), PASSWORDS[ANN]))
    assert healed.can_receive
    assert healed.can_send
    assert sorted(each.ok for each in settled(dovecot, 3)) == [False, True, True]


def settled(dovecot: Dovecot, count: int) -> list[LoginAttempt]:
    """The attempts, once the server has written at least so many, and whatever comes soon after."""
    until = time.monotonic() + 5
    while len(dovecot.attempts()) < count and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.2)
    return dovecot.attempts()


@pytest.mark.parametrize("address", [each for each in PASSWORDS if "@" in each])
def test_odd_passwords(dovecot: Dovecot, authority: Authority, address: str) -> None:
    """A password goes over both protocols as it was typed, whatever characters it has."""
    world = world_of(dovecot, authority.ca_file, address)
    report = world.verify(world.submit(world.begin(), PASSWORDS[address]))
    assert report.can_receive
    assert report.can_send


@pytest.fixture(scope="module")
def login_only(certificate: Certificate) -> Iterator[Dovecot]:
    with running(certificate, "auth_mechanisms = login") as server:
        yield server


@pytest.mark.parametrize("address", [each for each in PASSWORDS if "@" in each])
def test_odd_passwords_over_login(
    dovecot: Dovecot, login_only: Dovecot, authority: Authority, address: str
) -> None:
    """The same over SMTP where LOGIN alone is offered."""
    world = world_of(dovecot, authority.ca_file, address)
    world.connect = {**world.connect, f"{HOST}:587": f"127.0.0.1:{login_only.submission}"}
    report = world.verify(world.submit(world.begin(), PASSWORDS[address]))
    assert report.can_receive
    assert report.can_send
    assert {check.stage: check.evidence for check in report.checks}["auth"] == "LOGIN"


def test_separate_outgoing_credentials(world: World) -> None:
    """Unticked, both the user name and the password for outgoing mail are asked and used."""
    # req 100
    form = world.begin()
    done = world.submit(
        form,
        PASSWORDS[ANN],
        same_outgoing="false",
        outgoing_username="bob",
        outgoing_password=PASSWORDS["bob"],
    )
    assert isinstance(done, Done)
    assert done.settings == {"username": ANN, "outgoing_username": "bob"}
    report = world.verify(done)
    assert report.can_receive
    assert report.can_send


def test_a_username_template_is_filled_in(world: World) -> None:
    """A published user name is filled in, and the one that is typed wins."""
    world.detection = Detection(
        "imap",
        Basis.PUBLISHED,
        Text("x"),
        tuple(replace(each, username="{local}") for each in (IMAPS, SUBMISSION)),
    )
    form = world.begin()
    assert isinstance(form, Form)
    assert {each.name: each.value for each in form.fields}["username"] == "ann"
    done = world.submit(form, PASSWORDS["bob"], username="bob")
    assert isinstance(done, Done)
    assert done.credential.account == "bob"
    report = world.verify(done)
    assert report.can_receive
    assert report.can_send


def test_an_unknown_authority_is_shown_and_pinned(dovecot: Dovecot, authority: Authority) -> None:
    """Exactly the certificate that was shown and agreed to is trusted, server by server."""
    # req 102
    world = world_of(dovecot, None)
    step = world.begin()
    assert isinstance(step, Confirm)
    assert step.facts["problem"] == "certificate_untrusted"
    assert {"endpoint", "subject", "names", "issuer", "not_before", "not_after", "sha256"} <= (
        step.facts.keys()
    )
    done = world.submit(world.agree(step), PASSWORDS[ANN])
    assert [facts["endpoint"] for facts in world.confirmed] == [f"{HOST}:993", f"{HOST}:587"]
    assert isinstance(done, Done)
    assert all(each.pin and not each.pin.any_name for each in done.endpoints)
    report = world.verify(done)
    assert report.can_receive
    assert report.can_send


def test_a_wrong_name_is_shown_and_pinned(authority: Authority) -> None:
    """A certificate for another name can be trusted, once the mismatch was shown."""
    with running(authority.issue("other.example.test")) as server:
        world = world_of(server, authority.ca_file)
        step = world.begin()
        assert isinstance(step, Confirm)
        assert step.facts["problem"] == "certificate_wrong_name"
        assert step.facts["names"] == "other.example.test"
        report = world.verify(world.submit(world.agree(step), PASSWORDS[ANN]))
        assert report.can_receive
        assert report.can_send


def test_an_expired_certificate_cannot_be_agreed_to(
    authority: Authority, tmp_path: Path, dovecot: Dovecot
) -> None:
    """It is refused with the reason, trusted authority or not, and another server can be named."""
    # req 102
    for expired, ca_file in (
        (authority.issue(HOST, days_left=-1), authority.ca_file),
        (self_signed(tmp_path, HOST, days_left=-1), None),
    ):
        with running(expired) as server:
            form = world_of(server, ca_file).begin()
        assert isinstance(form, Form)
        assert form.step == "servers"
        assert form.errors["imap_host"].code == "certificate_expired"
        assert form.errors["smtp_host"].code == "certificate_expired"
    good = world_of(dovecot, authority.ca_file)
    assert isinstance(good.submit(good.submit(form), PASSWORDS[ANN]), Done)


def test_a_changed_certificate_stops_the_connection(world: World, dovecot: Dovecot) -> None:
    """Against a pin another certificate stops before the login; signing in again shows both."""
    good = world.submit(world.begin(), PASSWORDS[ANN])
    assert isinstance(good, Done)
    context = world.context()
    shown = context["wire"].certificate(IMAPS, context["deadline"])
    old = CertificatePin("0" * 64, shown.der)
    pinned = tuple(replace(each, pin=old) for each in good.endpoints)
    report = world.verify(good.model_copy(update={"endpoints": pinned}))
    assert codes(report, Chain.RECEIVE)["tls"] == "certificate_changed"
    assert codes(report, Chain.SEND)["tls"] == "certificate_changed"
    assert dovecot.attempts() == []
    world.previous = Previous(ANN, {"username": ANN}, pinned)
    step = world.begin()
    assert isinstance(step, Confirm)
    assert step.facts["problem"] == "certificate_changed"
    assert step.facts["previous_sha256"] == "0" * 64
    assert world.verify(world.submit(world.agree(step), PASSWORDS[ANN])).can_receive


def test_the_message_to_oneself_is_found_and_removed(world: World, dovecot: Dovecot) -> None:
    """With the person's yes a message goes out, comes in, proves the address, and is gone."""
    world.send_test_message = True
    before = len(dovecot.messages(ANN))
    report = world.verify(world.submit(world.begin(), PASSWORDS[ANN]))
    assert codes(report, Chain.SEND)["message"] is True
    assert codes(report, Chain.RECEIVE)["message"] is True
    assert [each.proof for each in report.identities] == [Proof.PROVEN]
    assert len(dovecot.messages(ANN)) == before


def test_a_second_context_is_never_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verification makes no TLS context of its own."""
    # G6
    done = world.submit(world.begin(), PASSWORDS[ANN])
    made = []
    original = ssl.SSLContext.__new__
    monkeypatch.setattr(
        ssl.SSLContext, "__new__", lambda *args, **kw: (made.append(1), original(*args, **kw))[1]
    )
    assert world.verify(done).can_receive
    assert made == []


def test_a_session_says_goodbye(world: World, dovecot: Dovecot) -> None:
    """Both servers are told that it is over, before the connection goes."""
    log = dovecot.log()
    world.verify(world.submit(world.begin(), PASSWORDS[ANN]))
    until = time.monotonic() + 5
    while time.monotonic() < until:
        new = dovecot.log()[len(log) :]
        # Dovecot's submission hands a QUIT on, and may see us gone before its relay has answered.
        if re.search(r" imap\(.*Logged out", new) and re.search(
            r" submission\(.*(Logged out|unfinished QUIT)", new
        ):
            return
        time.sleep(0.02)
    pytest.fail(dovecot.log()[len(log) :])


def test_a_server_that_wants_tls_gets_no_login_without(
    dovecot: Dovecot, authority: Authority
) -> None:
    """From elsewhere the server says LOGINDISABLED before TLS; over STARTTLS it is signed in to."""
    # TL1
    with OtherSource(dovecot.imap) as elsewhere:
        world = world_of(dovecot, authority.ca_file)
        world.detection = Detection("imap", Basis.PUBLISHED, Text("x"), (IMAP, SUBMISSIONS))
        world.connect = {**world.connect, f"{HOST}:143": f"127.0.0.1:{elsewhere.port}"}
        report = world.verify(world.submit(world.begin(), PASSWORDS[ANN]))
    assert report.can_receive
    assert report.can_send


def test_a_changed_server_is_looked_at_before_the_password_is_used(world: World) -> None:
    """A wrong host typed beside the password is reported, and the password is asked again."""
    world.connect = {**world.connect, f"{HOST}:994": f"127.0.0.1:{CLOSED_PORT}"}
    form = world.begin()
    again = world.submit(form, PASSWORDS[ANN], imap_port="994", imap_tls="implicit")
    assert isinstance(again, Form)
    assert again.step == "servers"
    assert list(again.errors) == ["imap_port"]
    values = {each.name: each.value for each in again.fields}
    assert (values["imap_port"], values["smtp_port"]) == ("994", "587")
    form = world.submit(again, imap_port="993", imap_tls="")
    assert isinstance(form, Form)
    assert form.step == "sign_in"
    assert all(each.value is None for each in form.fields if each.name.endswith("password"))
    assert isinstance(world.submit(form, PASSWORDS[ANN]), Done)


def test_a_reconnection_starts_from_what_was(world: World) -> None:
    """Signing in again asks for the password alone, with the user names of before."""
    world.previous = Previous(
        "bob", {"username": "bob", "outgoing_username": ANN}, (IMAP, SUBMISSION)
    )
    form = world.begin()
    assert isinstance(form, Form)
    values = {each.name: each.value for each in form.fields}
    assert values["username"] == "bob"
    assert values["same_outgoing"] == "false"
    assert values["outgoing_username"] == ANN
    assert values["imap_port"] == "143"
    done = world.submit(form, PASSWORDS["bob"], outgoing_password=PASSWORDS[ANN])
    report = world.verify(done)
    assert report.can_receive
    assert report.can_send
