"""The question whether exactly one certificate is trusted, asked of a real server's."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_urlsafe

import pytest

from inboxlink.errors import InboxlinkError, Problem
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.testing.peers.ports import CLOSED_PORT
from inboxlink.trusting import CONFIRMABLE, certificate_question, pin_of
from inboxlink.types.context import HookContext
from inboxlink.types.detection import CertificatePin, Endpoint, Role, Tls
from inboxlink.types.steps import Confirm, ConfirmKind
from peers.certificates import Authority, Certificate, self_signed
from peers.scripted import ScriptedServer

HOST = "mail.corp.example"
ENDPOINT = Endpoint(Role.EWS, HOST, 443, Tls.IMPLICIT)

#: Gives what a hook is lent, where the server shows this certificate.
Lend = Callable[[Certificate], HookContext]


def lent(authority: Authority, port: int) -> HookContext:
    connect = {f"{HOST}:443": f"127.0.0.1:{port}"}
    return HookContext(
        deadline=time.monotonic() + 5,
        wire=Network(NetworkSettings(ca_file=authority.ca_file, connect=connect)),
        clock=lambda: datetime.now(UTC),
        random_token=token_urlsafe,
    )


@pytest.fixture
def lend(authority: Authority) -> Iterator[Lend]:
    """Servers that end with the test."""
    servers: list[ScriptedServer] = []

    def begin(certificate: Certificate) -> HookContext:
        server = ScriptedServer(lambda it: it.hear_out(), certificate, implicit=True)
        servers.append(server)
        server.__enter__()
        return lent(authority, server.port)

    yield begin
    for each in servers:
        each.__exit__(None, None, None)


def asked(ctx: HookContext, code: str = "certificate_untrusted") -> Confirm:
    question = certificate_question(ctx, ENDPOINT, code, {"draft": 1})
    assert isinstance(question, Confirm), question
    return question


def test_the_certificate_is_shown_and_a_yes_trusts_exactly_it(lend: Lend, tmp_path: Path) -> None:
    """The facts are those of the server, and the pin that a yes makes opens the connection."""
    ctx = lend(self_signed(tmp_path, HOST))
    question = asked(ctx)
    assert (question.step, question.kind) == ("certificate", ConfirmKind.CERTIFICATE)
    assert question.facts["endpoint"] == f"{HOST}:443"
    assert question.facts["names"] == HOST
    assert question.facts["problem"] == "certificate_untrusted"
    assert "previous_sha256" not in question.facts
    assert question.state["draft"] == 1
    pin = pin_of(question.state)
    assert (pin.sha256, pin.any_name) == (question.facts["sha256"], False)
    with pytest.raises(InboxlinkError, match="certificate_untrusted"):
        ctx.http(HOST)
    ctx.http(HOST, pin).close()


def test_a_certificate_of_another_name_is_trusted_for_any(lend: Lend, tmp_path: Path) -> None:
    """Whatever code it was refused with, a yes covers the name as well."""
    ctx = lend(self_signed(tmp_path, "other.example"))
    for code in ("certificate_untrusted", "certificate_wrong_name"):
        pin = pin_of(asked(ctx, code).state)
        assert pin.any_name
        ctx.http(HOST, pin).close()


def test_a_changed_certificate_shows_both(lend: Lend, tmp_path: Path) -> None:
    """The one that was trusted stands beside the one that came."""
    ctx = lend(self_signed(tmp_path, HOST))
    before = replace(ENDPOINT, pin=CertificatePin("ab" * 32, "AAAA", any_name=False))
    question = certificate_question(ctx, before, "certificate_changed", {})
    assert isinstance(question, Confirm)
    assert question.facts["previous_sha256"] == "ab" * 32
    assert question.facts["sha256"] != "ab" * 32


def test_what_is_trusted_already_is_not_asked_about_again(lend: Lend, tmp_path: Path) -> None:
    """Another yes would change nothing."""
    ctx = lend(self_signed(tmp_path, HOST))
    pinned = replace(ENDPOINT, pin=pin_of(asked(ctx).state))
    refused = certificate_question(ctx, pinned, "certificate_untrusted", {})
    assert isinstance(refused, Problem)
    assert refused.code == "certificate_invalid"


@pytest.mark.parametrize(
    ("days", "code"),
    [(400, "certificate_expired"), (-400, "certificate_not_yet_valid")],
)
def test_a_certificate_out_of_its_time_proves_nothing(
    lend: Lend, tmp_path: Path, days: int, code: str
) -> None:
    """It is refused with the reason, even to who knows the server."""
    ctx = lend(self_signed(tmp_path, HOST))
    ctx = replace(ctx, clock=lambda: datetime.now(UTC) + timedelta(days=days))
    refused = certificate_question(ctx, ENDPOINT, "certificate_untrusted", {})
    assert isinstance(refused, Problem)
    assert refused.code == code


def test_a_server_that_went_away_is_said(authority: Authority) -> None:
    """Between the refusal and the question the server can be gone."""
    refused = certificate_question(
        lent(authority, CLOSED_PORT), ENDPOINT, "certificate_untrusted", {}
    )
    assert isinstance(refused, Problem)
    assert refused.code == "connection_refused"
    assert refused.code not in CONFIRMABLE
