"""The message to oneself: whatever the operator calls the application, its header stays whole."""

import time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from imap.world import World
from inboxlink.config.model import ApplicationSection
from inboxlink.own_message import awaited, compose
from inboxlink.types.context import CallContext
from inboxlink.types.disclosure import Application
from inboxlink_imap.words import PROSE

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
