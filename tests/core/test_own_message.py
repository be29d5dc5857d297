"""The message to oneself: whatever the operator calls the application, its header stays whole."""

import time
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from secrets import token_urlsafe
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from imap.world import World
from inboxlink.config.model import ApplicationSection
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.own_message import awaited, compose
from inboxlink.types.address import parse_address
from inboxlink.types.context import CallContext
from inboxlink.types.disclosure import Application, Audience, Capability
from inboxlink_imap.words import PROSE

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version"),
    *("Content-Type", "Content-Transfer-Encoding"),
}


def context(name: str, language: str = "en", address: str = "ann@example.test") -> CallContext:
    world = World({}, address=address, wire=cast("Any", SimpleNamespace()))
    fields = world.context() | {"application": Application(name), "language": language}
    return CallContext(**fields)


def composed(ctx: CallContext) -> EmailMessage:
    subject, body = (PROSE.string(f"imap.message.{part}", ctx) for part in ("subject", "body"))
    return compose(ctx, subject, body)


@given(
    name=st.text(st.characters(codec="utf-8"), max_size=80), language=st.sampled_from(["en", "ja"])
)
@example(name="Acme\r\nBcc: eve@example.test", language="en")
@example(name="Acme\n\nbody", language="ja")
@example(name="\u2028Acme\x85\x0bInc", language="en")
def test_a_name_that_the_operator_may_give_makes_one_header(name: str, language: str) -> None:
    """A name that the configuration takes gives each header once, and no bare CR or LF."""
    try:
        ApplicationSection(name=name)
    except ValidationError:
        return
    sent = composed(context(name, language)).as_bytes(policy=SMTP)
    assert b"\r" not in sent.replace(b"\r\n", b"")
    assert b"\n" not in sent.replace(b"\r\n", b"")
    read = message_from_bytes(sent, policy=default)
    assert read.keys() == list(dict.fromkeys(read.keys()))
    assert set(read.keys()) == HEADERS
    assert not read.defects


@pytest.mark.parametrize(
    "name", ["Acme\r\nBcc: eve@example.test", "Acme\nInc", "A\x85B", "A\u2028B", "A\0"]
)
def test_a_name_of_two_lines_is_refused_where_it_is_configured(name: str) -> None:
    """An operator hears of it at once, and no person at the first message."""
    with pytest.raises(ValidationError):
        ApplicationSection(name=name)


@given(
    address=st.sampled_from(["ann+x@example.test", "o'neil@example.test", "jürgen@example.test"])
)
def test_the_address_stands_as_it_is(address: str) -> None:
    """From and To name the person's own address and nobody else's."""
    message = composed(context("Acme", address=address))
    assert [str(message[name]) for name in ("From", "To")] == [address, address]


def test_it_is_looked_for_until_it_is_there() -> None:
    """Looking ends with the first find, and gives what was found."""
    looks = iter((0, 0, 3))
    assert awaited(lambda: next(looks), time.monotonic() + 60, pause_s=0.001) == 3
    assert next(looks, None) is None


def test_looking_leaves_time_for_what_follows() -> None:
    """Near the deadline it is looked once, and nothing is waited for."""
    looks: list[float] = []

    def look() -> bool:
        looks.append(time.monotonic())
        return False

    assert awaited(look, time.monotonic() + 5, pause_s=10) is False
    assert len(looks) == 1


def lent(address: str) -> CallContext:
    return CallContext(
        deadline=time.monotonic() + 5,
        wire=Network(NetworkSettings()),
        clock=lambda: NOW,
        random_token=token_urlsafe,
        address=parse_address(address, special_domains=("example.test",)),
        audience=Audience.PERSONAL,
        language="ja",
        application=Application("Acme"),
        wanted=frozenset(Capability),
    )


@pytest.mark.parametrize("address", ["ann@example.test", "o'neil+x@example.test"])
def test_it_goes_from_a_person_to_themselves(address: str) -> None:
    """Both fields hold the mailbox, and nobody answers it (RFC 3834 section 5)."""
    message = compose(lent(address), "Hello", "Body\n")
    assert str(message["From"]) == str(message["To"]) == address
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW


def test_it_survives_a_server_that_takes_seven_bits() -> None:
    """Japanese arrives as it was written, over any server (RFC 6152)."""
    message = compose(lent("ann@example.test"), "接続の確認", "このメッセージは自動です。\n")
    sent = message.as_bytes()
    assert sent.isascii()
    read = message_from_bytes(sent, policy=default)
    assert read["Subject"] == "接続の確認"
    assert read.get_content() == "このメッセージは自動です。\n"


def test_its_id_cannot_be_guessed() -> None:
    """Finding the id proves that this very message came; each has its own, in the domain."""
    ids = {str(compose(lent("ann@example.test"), "a", "b")["Message-ID"]) for _ in range(20)}
    assert len(ids) == 20
    for each in ids:
        assert each.startswith("<")
        assert each.endswith("@example.test>")
        assert len(each) - len("<@example.test>") >= 43  # 32 octets in base64


def test_a_subject_cannot_become_a_further_header() -> None:
    """A line break in it is refused before anything is sent."""
    with pytest.raises(ValueError, match=r"linefeed|CR|LF"):
        compose(lent("ann@example.test"), "a\r\nBcc: eve@example.test", "b")
