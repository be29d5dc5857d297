"""The message that a person sends to themselves."""

import time
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from secrets import token_urlsafe

import pytest

from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.own_message import compose
from inboxlink.types.address import parse_address
from inboxlink.types.context import CallContext
from inboxlink.types.disclosure import Application, Audience, Capability

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


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
