"""What the author of the exemplary provider declares, and the place that it is installed in."""

import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

from inboxlink import prose, texts
from inboxlink.testing import Claim, Fill, Mistake, Script, Visit, World
from inboxlink.types.detection import Basis, Evidence
from inboxlink.types.way import Way
from peers.certificates import Authority
from testing.service import ANN, BOB, Service

__all__ = ["GOOD", "PACKAGE", "PASSWORD", "WRONG", "Declarations", "forget"]

GOOD = Path(__file__).parent.parent / "fixtures" / "exemplary"
PACKAGE = "inboxlink_exemplary"

PASSWORD, WRONG = "correct horse battery", "a typing error of hers"

_BY_BROWSER: dict[str, Any] = {
    "address": ANN,
    "evidence": Evidence("exemplary.test"),
    "ways": frozenset({Way.LOOPBACK}),
    "redirect_uri": "http://127.0.0.1:50505/oauth/exemplary",
}


def _as(address: str | None) -> Visit:
    return Visit(lambda world, step: world.servers.visited(step.url, address))


class Declarations:
    """By a password and by a browser.

    Attributes:
        place: Where the provider is installed.
    """

    place: ClassVar[Path] = GOOD
    provider = "exemplary"
    claims = (Claim(Evidence("exemplary.test"), Basis.OWNED_DOMAIN),)
    declines = (Evidence("elsewhere.test"),)
    scripts: ClassVar[tuple[Script, ...]] = (
        Script(
            name="password",
            address=ANN,
            evidence=Evidence("exemplary.test"),
            answers=(Fill(secrets={"password": PASSWORD}),),
            mistakes=(
                Mistake(
                    at="sign_in",
                    answer=Fill({"login": "ann"}, {"password": PASSWORD}),
                    error="value_invalid",
                    field="login",
                    then=(Fill({"login": ANN}, {"password": PASSWORD}),),
                ),
            ),
        ),
        Script(
            name="wrong password",
            address=ANN,
            answers=(Fill(secrets={"password": WRONG}),),
            ends="invalid_credentials",
        ),
        Script(
            name="mistyped login",
            address=ANN,
            answers=(Fill({"login": "ann"}, {"password": PASSWORD}),),
            ends="value_invalid",
        ),
        Script(name="browser", answers=(_as(ANN),), **_BY_BROWSER),
        Script(name="a no", answers=(_as(None),), ends="consent_declined", **_BY_BROWSER),
        Script(name="somebody else", answers=(_as(BOB),), ends="wrong_account", **_BY_BROWSER),
    )

    @pytest.fixture
    def world(self, service: Service, authority: Authority) -> World:
        return World(connect=service.connect, ca_file=authority.ca_file, servers=service)


def forget() -> None:
    """Drop the provider's modules, and its words from every cache."""
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    prose._document.cache_clear()
    texts._strings.cache_clear()
