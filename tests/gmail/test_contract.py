"""The contract of providers, kept by this one: at Google's accounts and the Gmail API."""

from typing import Any, ClassVar

import pytest

from gmail.world import REDIRECT_URI, REGISTERED
from inboxlink.testing import Claim, Pick, ProviderContract, Script, Visit, World
from inboxlink.types.detection import Basis, Evidence, HostingFact, MailExchange, Strength
from inboxlink.types.disclosure import Capability
from inboxlink.types.steps import Redirect
from inboxlink.types.way import Way
from peers.oauth.authorization import Account
from peers.oauth.worlds import ALICE, BOB, GoogleWorld

pytest_plugins = ["inboxlink.testing.plugin"]

OWNED = Evidence("gmail.com", hosting=(HostingFact("gmail", "gmail.com", is_owned=True),))
HOSTED = Evidence("example.test", hosting=(HostingFact("google", "10 smtp.google.com"),))
SCRIPT: dict[str, Any] = {
    "address": ALICE.login,
    "evidence": HOSTED,
    "ways": frozenset({Way.LOOPBACK}),
    "redirect_uri": REDIRECT_URI,
}


def by_google(account: Account = ALICE, **how: Any) -> tuple[Pick, Visit]:
    """Somebody who is not in the Advanced Protection Program signs in at Google's pages."""

    def person(world: World, step: Redirect) -> str:
        someone = world.servers.person(account, **how)
        return str(someone.sign_in(step.url, visits_redirect=False).address)

    return Pick("no"), Visit(person)


class TestGmail(ProviderContract):
    """What a person can do at Google, and what Google can say."""

    provider = "gmail"
    claims = (
        Claim(OWNED, Basis.OWNED_DOMAIN),
        Claim(HOSTED, Basis.HOSTED_MX),
        Claim(
            Evidence(
                "example.test", hosting=(HostingFact("google", "x", strength=Strength.LIKELY),)
            ),
            Basis.BEHIND_GATEWAY,
        ),
    )
    declines = (
        Evidence("example.test"),
        Evidence("example.test", mx=(MailExchange(10, "mx.example.test"),), published=()),
        Evidence("example.test", hosting=(HostingFact("microsoft_365", "x"),)),
        Evidence("example.test", hosting=(HostingFact("google", "x", strength=Strength.HINT),)),
    )
    scripts: ClassVar[tuple[Script, ...]] = (
        Script(name="Google", answers=by_google(), **SCRIPT),
        Script(
            name="only to send",
            answers=by_google(),
            wanted=frozenset({Capability.SEND}),
            **SCRIPT,
        ),
        Script(
            name="receiving is left out",
            answers=by_google(withheld=("gmail.readonly",)),
            is_partial=True,
            **SCRIPT,
        ),
        Script(name="a message to oneself", answers=by_google(), send_test_message=True, **SCRIPT),
        Script(
            name="both are left out",
            answers=by_google(withheld=("gmail.readonly", "gmail.send")),
            ends="scope_not_granted",
            **SCRIPT,
        ),
        Script(
            name="a no at Google",
            answers=by_google(declines="consent"),
            ends="consent_declined",
            **SCRIPT,
        ),
        Script(
            name="Advanced Protection",
            answers=(Pick("yes"),),
            ends="advanced_protection_unsupported",
            **SCRIPT,
        ),
        Script(name="another account", answers=by_google(BOB), ends="wrong_account", **SCRIPT),
    )

    @pytest.fixture
    def world(self, google_world: GoogleWorld) -> World:
        """Google, for the application that is registered there."""
        return World(
            connect=google_world.connect,
            ca_file=google_world.ca_file,
            settings=REGISTERED,
            servers=google_world,
        )
