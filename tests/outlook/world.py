"""What the tests of this provider share: a person, the core's own network, and its checks."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from inboxlink.flows.checks import check_answer, check_step
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.oauth.callback import parse_pasted
from inboxlink.types.address import parse_address
from inboxlink.types.context import AuthContext, CallContext, HookContext, Previous, Purpose, Wire
from inboxlink.types.credential import Credential
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.disclosure import Application, Audience, Capability, DiscloseContext
from inboxlink.types.report import Chain, VerifyReport
from inboxlink.types.steps import Abort, Callback, Done, Event, Poll, Redirect, Start, Step, Tick
from inboxlink.types.text import Text
from inboxlink.types.way import Way
from inboxlink_outlook import provider
from peers.oauth.authorization import Account
from peers.oauth.microsoft import PUBLIC
from peers.oauth.person import Person
from peers.oauth.worlds import ALICE, MicrosoftWorld

__all__ = ["HAND", "REDIRECT", "Clock", "Visit", "codes"]

REDIRECT = "http://localhost:28123/oauth/outlook"
HAND = Detection("outlook", Basis.GUESS, Text("detection.chosen_by_hand"))


@dataclass
class Clock:
    """The time, which a test can let pass."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def passes(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@dataclass
class Visit:
    """Somebody who connects a mailbox by this provider, as the core does it.

    Args:
        world: Microsoft; None = nothing is there.
    """

    world: MicrosoftWorld | None = None
    address: str = ALICE.login
    account: Account = ALICE
    ways: frozenset[Way] = frozenset({Way.LOOPBACK})
    redirect_uri: str | None = REDIRECT
    settings: dict[str, str] = field(default_factory=lambda: {"client_id": PUBLIC.client_id})
    wanted: frozenset[Capability] = frozenset(Capability)
    audience: Audience = Audience.PERSONAL
    detection: Detection = HAND
    previous: Previous | None = None
    send_test_message: bool = False
    language: str = "en"
    seconds: float = 20.0
    clock: Clock = field(default_factory=Clock)
    oauth_state: str = field(default_factory=token_urlsafe)
    wire: Wire | None = None
    steps: list[Step] = field(default_factory=list)

    def hook(self) -> HookContext:
        return HookContext(**self._hook())

    def call(self) -> CallContext:
        return CallContext(**self._call())

    def step(self, step: str, state: Mapping[str, Any], event: Event) -> Step:
        context = AuthContext(
            **self._call(),
            purpose=Purpose.CONNECT if self.previous is None else Purpose.REAUTH,
            detection=self.detection,
            ways=self.ways,
            previous=self.previous,
            redirect_uri=self.redirect_uri,
            oauth_state=self.oauth_state,
        )
        disclosures = provider.disclose(
            self.detection,
            DiscloseContext(Application("Acme"), self.language, self.audience, self.wanted),
        )
        following = check_step(
            provider.authenticate(context, step, state, event),
            provider="outlook",
            disclosed=[scope for each in disclosures for scope in each.scopes],
            oauth_state=self.oauth_state,
            redirect_uri=self.redirect_uri,
        )
        if isinstance(following, Redirect | Poll):
            # The state crosses a process border between two calls.
            following = type(following).model_validate_json(following.model_dump_json())
        self.steps.append(following)
        return following

    def begin(self) -> Step:
        return self.step("", {}, Start())

    def person(self, **habits: Any) -> Person:
        assert self.world is not None
        return self.world.person(self.account, **habits)

    def sign_in(self, **habits: Any) -> Step:
        """Begin, let the person go through Microsoft's pages, and bring the answer back."""
        return self.returns(self.begin(), **habits)

    def returns(self, redirect: Step, **habits: Any) -> Step:
        assert isinstance(redirect, Redirect), redirect
        assert self.redirect_uri is not None
        there = self.person(**habits).sign_in(redirect.url, visits_redirect=False)
        return self.answer(redirect, parse_pasted(there.address, self.redirect_uri))

    def answer(self, redirect: Redirect, params: Mapping[str, str]) -> Step:
        event = Callback(params=params)
        check_answer(redirect, event, self.oauth_state)
        return self.step(redirect.step, redirect.state, event)

    def tick(self, poll: Step) -> Step:
        assert isinstance(poll, Poll), poll
        return self.step(poll.step, poll.state, Tick())

    def done(self, **habits: Any) -> Done:
        found = self.sign_in(**habits)
        assert isinstance(found, Done), found
        return found

    def refused(self, **habits: Any) -> str:
        """The code with which the sign-in ends."""
        found = self.sign_in(**habits)
        assert isinstance(found, Abort), found
        return found.error.code

    def verify(self, credential: Credential) -> VerifyReport:
        return provider.verify(self.call(), credential, {}, ())

    def refresh(self, credential: Credential) -> Credential:
        return provider.refresh(self.call(), credential)

    def _hook(self) -> dict[str, Any]:
        network = NetworkSettings()
        if self.world is not None:
            network = NetworkSettings(ca_file=self.world.ca_file, connect=self.world.connect)
        return {
            "settings": self.settings,
            "deadline": time.monotonic() + self.seconds,
            "wire": self.wire or Network(network),
            "clock": self.clock,
            "random_token": token_urlsafe,
        }

    def _call(self) -> dict[str, Any]:
        return {
            **self._hook(),
            "address": parse_address(self.address, special_domains=("test",)),
            "audience": self.audience,
            "language": self.language,
            "application": Application("Acme"),
            "wanted": self.wanted,
            "send_test_message": self.send_test_message,
        }


def codes(report: VerifyReport, chain: Chain) -> dict[str, bool | str | None]:
    """What came of each stage: True, None, or the code of the problem."""
    return {
        check.stage: check.problem.code if check.problem else check.ok
        for check in report.chain(chain)
    }
