"""The contract of providers, kept by this one: at Microsoft's identity platform and Graph."""

from typing import Any, ClassVar

import pytest

from inboxlink.testing import Claim, ProviderContract, Script, Visit, Wait, World
from inboxlink.types.detection import Basis, Evidence, HostingFact, MailExchange, Strength
from inboxlink.types.disclosure import Capability
from inboxlink.types.steps import Poll, Redirect
from inboxlink.types.way import Way
from outlook.world import REDIRECT
from peers.oauth.authorization import Account
from peers.oauth.microsoft import PUBLIC
from peers.oauth.worlds import ALICE, BOB, MicrosoftWorld

pytest_plugins = ["inboxlink.testing.plugin"]

HOSTED = Evidence(
    "example.test", hosting=(HostingFact("microsoft_365", "0 example-test.mail.protection"),)
)
SCRIPT: dict[str, Any] = {
    "address": ALICE.login,
    "evidence": HOSTED,
    "ways": frozenset({Way.LOOPBACK}),
    "redirect_uri": REDIRECT,
}


def by_browser(account: Account = ALICE, **how: Any) -> tuple[Visit]:
    """Somebody signs in at Microsoft's pages, and is led back."""

    def person(world: World, step: Redirect) -> str:
        someone = world.servers.person(account, **how)
        return str(someone.sign_in(step.url, visits_redirect=False).address)

    return (Visit(person),)


def by_code(account: Account = ALICE, **how: Any) -> tuple[Wait]:
    """Somebody types the code on another device."""

    def person(world: World, step: Poll) -> None:
        world.servers.person(account, **how).enter_code(step.verification_uri, step.user_code)

    return (Wait(person),)


class TestOutlook(ProviderContract):
    """What a person can do at Microsoft, and what Microsoft can say."""

    provider = "outlook"
    claims = (
        Claim(HOSTED, Basis.HOSTED_MX),
        Claim(
            Evidence(
                "outlook.com", hosting=(HostingFact("outlook_com", "outlook.com", is_owned=True),)
            ),
            Basis.OWNED_DOMAIN,
        ),
        Claim(
            Evidence(
                "example.test",
                hosting=(HostingFact("microsoft_365", "x", strength=Strength.LIKELY),),
            ),
            Basis.BEHIND_GATEWAY,
        ),
        Claim(
            Evidence(
                "example.test", hosting=(HostingFact("microsoft_365", "x", cloud="gcc_high"),)
            ),
            refused="national_cloud_unsupported",
        ),
    )
    declines = (
        Evidence("example.test"),
        Evidence("example.test", mx=(MailExchange(10, "mx.example.test"),), published=()),
        Evidence("example.test", hosting=(HostingFact("google", "x"),)),
    )
    scripts: ClassVar[tuple[Script, ...]] = (
        Script(name="Microsoft", answers=by_browser(), **SCRIPT),
        Script(
            name="a code on another device",
            answers=by_code(),
            **{**SCRIPT, "ways": frozenset({Way.DEVICE}), "redirect_uri": None},
        ),
        Script(
            name="only to receive",
            answers=by_browser(),
            wanted=frozenset({Capability.RECEIVE}),
            **SCRIPT,
        ),
        Script(name="a message to oneself", answers=by_browser(), send_test_message=True, **SCRIPT),
        Script(
            name="a no at Microsoft",
            answers=by_browser(declines="consent"),
            ends="consent_declined",
            **SCRIPT,
        ),
        Script(name="another account", answers=by_browser(BOB), ends="wrong_account", **SCRIPT),
    )

    @pytest.fixture
    def world(self, microsoft_world: MicrosoftWorld) -> World:
        """Microsoft, for the application that is registered there."""
        return World(
            connect=microsoft_world.connect,
            ca_file=microsoft_world.ca_file,
            settings={"client_id": PUBLIC.client_id},
            servers=microsoft_world,
        )
