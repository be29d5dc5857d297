"""What the tests of this provider share: a person, contexts on the real network, and Google."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from inboxlink.flows.checks import check_answer, check_step, wrong_issuer
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.oauth.callback import parse_answer
from inboxlink.types.address import parse_address
from inboxlink.types.context import AuthContext, CallContext, HookContext, Previous, Purpose
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.disclosure import Application, Audience, Capability, DiscloseContext
from inboxlink.types.report import Chain, VerifyReport
from inboxlink.types.steps import Abort, Callback, Choose, Done, Event, Menu, Redirect, Start, Step
from inboxlink.types.text import Text
from inboxlink.types.way import Way
from inboxlink_gmail import provider
from peers.oauth.authorization import Account
from peers.oauth.google import DESKTOP, GMAIL
from peers.oauth.worlds import ALICE, GoogleWorld

__all__ = ["READ", "REDIRECT_URI", "REGISTERED", "SEND", "Host", "codes", "problem_of"]

READ, SEND = GMAIL + "readonly", GMAIL + "send"

#: Nobody listens there: the person copies the address.
REDIRECT_URI = "http://127.0.0.1:50505/oauth/gmail"

REGISTERED = {"client_id": DESKTOP.client_id, "client_secret": DESKTOP.secret or ""}


@dataclass
class Host:
    """A host of the provider's, and what a person told it.

    Args:
        google: Where everything is asked.
        address: What the person typed.
        later: How far this host's clock is ahead.
        unreachable: Names at which nobody listens.
    """

    google: GoogleWorld
    address: str = ALICE.login
    settings: Mapping[str, str] = field(default_factory=lambda: dict(REGISTERED))
    wanted: Collection[Capability] = tuple(Capability)
    ways: frozenset[Way] = frozenset({Way.LOOPBACK})
    redirect_uri: str | None = REDIRECT_URI
    audience: Audience = Audience.PERSONAL
    purpose: Purpose = Purpose.CONNECT
    previous: Previous | None = None
    send_test_message: bool = False
    language: str = "en"
    seconds: float = 20.0
    later: timedelta = timedelta()
    unreachable: Collection[str] = ()
    states: list[str] = field(default_factory=list)

    def but(self, **changes: Any) -> "Host":
        """The same with something else."""
        return replace(self, **changes)

    def hook_context(self) -> HookContext:
        return HookContext(**self._lent())

    def call_context(self) -> CallContext:
        return CallContext(**self._lent(), **self._told())

    def _lent(self) -> dict[str, Any]:
        connect = self.google.connect | {f"{each}:443": "127.0.0.1:1" for each in self.unreachable}
        settings = NetworkSettings(ca_file=self.google.ca_file, connect=connect)
        return {
            "settings": self.settings,
            "deadline": time.monotonic() + self.seconds,
            "wire": Network(settings),
            "clock": lambda: datetime.now(UTC) + self.later,
            "random_token": token_urlsafe,
        }

    def _told(self) -> dict[str, Any]:
        return {
            "address": parse_address(self.address, special_domains=("test",)),
            "audience": self.audience,
            "language": self.language,
            "application": Application("Acme"),
            "wanted": frozenset(self.wanted),
            "send_test_message": self.send_test_message,
        }

    def step(self, pending: Menu | Redirect | None, event: Event) -> Step:
        """One call of `authenticate`, held to the core's own rules on either side of it."""
        oauth_state = self.states[-1] if pending else token_urlsafe()
        self.states.append(oauth_state)
        if pending is not None:
            check_answer(pending, event, oauth_state)
        context = AuthContext(
            **self._lent(),
            **self._told(),
            purpose=self.purpose,
            detection=Detection("gmail", Basis.HOSTED_MX, Text("x")),
            ways=self.ways,
            previous=self.previous,
            redirect_uri=self.redirect_uri,
            oauth_state=oauth_state,
        )
        following = check_step(
            provider.authenticate(
                context, pending.step if pending else "", pending.state if pending else {}, event
            ),
            provider="gmail",
            disclosed={scope for each in self.disclosed() for scope in each.scopes},
            oauth_state=oauth_state,
            redirect_uri=self.redirect_uri,
        )
        if isinstance(following, Menu | Redirect):
            # The state crosses a process border between two calls.
            return type(following).model_validate_json(following.model_dump_json())
        return following

    def disclosed(self) -> tuple[Any, ...]:
        context = DiscloseContext(
            Application("Acme"), self.language, self.audience, frozenset(self.wanted)
        )
        return provider.disclose(Detection("gmail", Basis.GUESS, Text("x")), context)

    def redirect(self) -> Redirect:
        """Up to the address that the browser is sent to."""
        menu = self.step(None, Start())
        assert isinstance(menu, Menu), menu
        following = self.step(menu, Choose(option="no"))
        assert isinstance(following, Redirect), following
        return following

    def answered(self, redirect: Redirect, address: str) -> Step:
        """The answer that stands in the address that the browser was led to."""
        assert address.startswith(f"{self.redirect_uri}?"), address
        callback = Callback(params=parse_answer(urlsplit(address).query))
        stopped = wrong_issuer(redirect, callback)
        return Abort(error=stopped) if stopped else self.step(redirect, callback)

    def sign_in(self, account: Account = ALICE, **person: Any) -> Step:
        """The whole way, by a person at Google's pages."""
        redirect = self.redirect()
        outcome = self.google.person(account, **person).sign_in(redirect.url, visits_redirect=False)
        return self.answered(redirect, outcome.address)

    def done(self, account: Account = ALICE, **person: Any) -> Done:
        """`sign_in` where nothing can go wrong."""
        ended = self.sign_in(account, **person)
        assert isinstance(ended, Done), ended
        return ended

    def verify(self, done: Done) -> VerifyReport:
        return provider.verify(self.call_context(), done.credential, done.settings, done.endpoints)

    def refresh(self, credential: Credential) -> Credential:
        return provider.refresh(self.call_context(), credential)


def query(url: str) -> dict[str, str]:
    """The parameters of an address, each of which stands there once."""
    found = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in found.values()), found
    return {name: value for name, (value,) in found.items()}


def credential(scopes: Collection[str] = (READ, SEND), **secrets: str) -> Credential:
    """One that nobody granted."""
    values = {"access_token": "not-granted", "refresh_token": "not-granted", **secrets}
    return Credential(
        kind=CredentialKind.OAUTH2,
        account=ALICE.sub,
        secrets={SecretName(name): SecretStr(value) for name, value in values.items()},
        scopes=tuple(scopes),
    )


def problem_of(step: Step) -> Any:
    """What a sign-in ended with."""
    assert isinstance(step, Abort), step
    return step.error


def codes(report: VerifyReport, chain: Chain) -> dict[str, bool | str | None]:
    """What came of each stage: True, None, `not granted`, or the code of the problem."""
    return {
        check.stage: check.problem.code
        if check.problem
        else check.ok
        if check.is_granted
        else "not granted"
        for check in report.chain(chain)
    }


def raised(call: Callable[[], object]) -> Any:
    """The problem of what a call raises."""
    from inboxlink.errors import InboxlinkError

    try:
        call()
    except InboxlinkError as error:
        return error.problem
    raise AssertionError("nothing was raised")
