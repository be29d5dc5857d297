"""The contract of providers, kept by this one: at an Exchange server written to the standard."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from exchange.world import EWS, HOST, PASSWORD
from exchange.world import World as Company
from inboxlink.testing import Claim, Fill, Mistake, ProviderContract, Script, World
from inboxlink.types.detection import (
    Basis,
    Evidence,
    HostingFact,
    MailExchange,
    PublishedServer,
    Strength,
    Tls,
)
from inboxlink.types.disclosure import Audience
from peers.certificates import Authority

pytest_plugins = ["inboxlink.testing.plugin"]

ANN = "ann@corp.example"
SERVER = PublishedServer("ews", HOST, 443, Tls.IMPLICIT)
LIKELY = Evidence(
    "corp.example",
    hosting=(
        HostingFact(
            "exchange_onprem", "Exchange 15.2", strength=Strength.LIKELY, servers=(SERVER,)
        ),
    ),
)
HERE: dict[str, Any] = {"address": ANN, "evidence": LIKELY}
TYPED = Fill(secrets={"password": PASSWORD})


def _lets_bob_in(world: World) -> None:
    """Bob may open Ann's mailbox, which makes it no mailbox of his."""
    world.servers.bob.opens = (ANN,)


class TestExchange(ProviderContract):
    """An address and a password, and what a server of somebody's own can say."""

    provider = "exchange"
    claims = (
        Claim(LIKELY, Basis.FINGERPRINT),
        Claim(
            Evidence("corp.example", hosting=(HostingFact("exchange_onprem", "Exchange 15.2"),)),
            Basis.BEHIND_GATEWAY,
        ),
    )
    declines = (
        Evidence("corp.example"),
        Evidence("corp.example", mx=(MailExchange(10, "mx.corp.example"),), published=()),
        Evidence(
            "corp.example",
            hosting=(HostingFact("exchange_onprem", "x"), HostingFact("microsoft_365", "x")),
        ),
    )
    scripts: ClassVar[tuple[Script, ...]] = (
        Script(
            name="password",
            answers=(TYPED,),
            mistakes=(
                Mistake(at="sign_in", answer=Fill(), error="value_missing", field="password"),
                Mistake(
                    at="sign_in",
                    answer=Fill(secrets={"password": "not Ann's own"}),
                    error="sign_in_refused",
                    field="password",
                ),
            ),
            **HERE,
        ),
        Script(name="chosen by hand", address=ANN, answers=(TYPED,)),
        Script(name="a message to oneself", answers=(TYPED,), send_test_message=True, **HERE),
        Script(
            name="wrong password",
            answers=(
                Fill({"ews_url": EWS}, {"password": "not Ann's own"}),
                Fill(secrets={"password": "not Ann's own"}),
            ),
            ends="sign_in_refused",
            **HERE,
        ),
        Script(
            name="another account",
            answers=(Fill({"username": "bob"}, {"password": "of Bob"}),),
            ends="wrong_account",
            before=_lets_bob_in,
            **HERE,
        ),
        Script(name="a team", answers=(), ends="team_unsupported", audience=Audience.TEAM, **HERE),
    )

    @pytest.fixture
    def world(self, authority: Authority) -> Iterator[World]:
        """A company with its Exchange server, set up as usual."""
        with Company(authority) as company:
            company.usual()
            yield World(
                connect=company.hosts,
                ca_file=authority.ca_file,
                nameservers=(f"127.0.0.1:{company.names.port}",),
                servers=company,
            )
