"""What the tests of this provider share: a context on the real network door, and its answers."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from inboxlink.flows.checks import check_step, wrong_issuer
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.oauth.callback import parse_answer
from inboxlink.types.address import parse_address
from inboxlink.types.context import AuthContext, CallContext, Previous, Purpose, Wire
from inboxlink.types.detection import Basis, Detection, Endpoint, Role, Tls
from inboxlink.types.disclosure import Application, Audience, Capability
from inboxlink.types.report import Chain, VerifyReport
from inboxlink.types.steps import (
    Agreed,
    Callback,
    Choose,
    Confirm,
    Done,
    Event,
    Form,
    Menu,
    Redirect,
    Start,
    Step,
    Submit,
)
from inboxlink.types.text import Text
from inboxlink.types.way import Way
from inboxlink_imap import provider

__all__ = ["HOST", "IMAPS", "SUBMISSION", "World", "codes"]

HOST = "mail.example.test"
IMAPS = Endpoint(Role.IMAP, HOST, 993, Tls.IMPLICIT)
IMAP = Endpoint(Role.IMAP, HOST, 143, Tls.STARTTLS)
SUBMISSIONS = Endpoint(Role.SUBMISSION, HOST, 465, Tls.IMPLICIT)
SUBMISSION = Endpoint(Role.SUBMISSION, HOST, 587, Tls.STARTTLS)

#: What the core makes for each sign-in.
STATE = "state of this sign-in"

UNDETECTED = Detection("imap", Basis.GUESS, Text("detection.chosen_by_hand"))


@dataclass
class World:
    """A person with an address, and servers on loopback behind real names and ports.

    Args:
        connect: `host:port` to the loopback address that stands for it.
        ca_file: The roots that the operator trusts; None = the system's alone.
    """

    connect: Mapping[str, str]
    ca_file: Path | None = None
    address: str = "ann@example.test"
    seconds: float = 10.0
    audience: Audience = Audience.PERSONAL
    send_test_message: bool = False
    detection: Detection = UNDETECTED
    previous: Previous | None = None
    language: str = "en"
    application: str = "Acme"
    wire: Wire | None = None
    ways: frozenset[Way] = frozenset()
    redirect_uri: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    disclosed: tuple[str, ...] = ()
    confirmed: list[Mapping[str, str]] = field(default_factory=list)

    def context(self) -> dict[str, Any]:
        return {
            "settings": self.settings,
            "address": parse_address(self.address, special_domains=("test",)),
            "audience": self.audience,
            "language": self.language,
            "application": Application(self.application),
            "wanted": frozenset(Capability),
            "deadline": time.monotonic() + self.seconds,
            "send_test_message": self.send_test_message,
            "wire": self.wire
            or Network(NetworkSettings(ca_file=self.ca_file, connect=self.connect)),
            "clock": lambda: datetime.now(UTC),
            "random_token": token_urlsafe,
        }

    def step(self, step: str, state: Mapping[str, Any], event: Event) -> Step:
        purpose = Purpose.CONNECT if self.previous is None else Purpose.REAUTH
        context = AuthContext(
            **self.context(),
            purpose=purpose,
            detection=self.detection,
            previous=self.previous,
            ways=self.ways,
            redirect_uri=self.redirect_uri,
            oauth_state=STATE,
        )
        following = check_step(
            provider.authenticate(context, step, state, event),
            provider="imap",
            disclosed=self.disclosed,
            answered=event if isinstance(event, Submit) else None,
            oauth_state=STATE,
            redirect_uri=self.redirect_uri,
        )
        if isinstance(following, Form | Confirm | Menu | Redirect):
            # The state crosses a process border between two calls.
            return type(following).model_validate_json(following.model_dump_json())
        return following

    def begin(self) -> Step:
        return self.step("", {}, Start())

    def submit(self, form: Step, password: str | None = None, **values: str) -> Step:
        """Answer a form as a host does: what stands in it, what was typed, and the secrets."""
        assert isinstance(form, Form), form
        secrets = {} if password is None else {"password": SecretStr(password)}
        if "outgoing_password" in values:
            secrets["outgoing_password"] = SecretStr(values.pop("outgoing_password"))
        names = {each.name for each in form.fields}
        assert values.keys() <= names
        drawn = {
            each.name: each.value or ""
            for each in form.fields
            if not each.name.endswith("password")
        }
        return self.step(form.step, form.state, Submit(values=drawn | values, secrets=secrets))

    def agree(self, step: Step) -> Step:
        """Say yes to every certificate that is shown."""
        while isinstance(step, Confirm):
            self.confirmed.append(step.facts)
            step = self.step(step.step, step.state, Agreed(facts_digest=step.facts_digest))
        return step

    def choose(self, menu: Step, option: str) -> Step:
        assert isinstance(menu, Menu), menu
        assert option in {each.name for each in menu.options}
        return self.step(menu.step, menu.state, Choose(option=option))

    def come_back(self, redirect: Step, address: str) -> Step:
        """The browser was led back to this address; the core compares state and issuer."""
        assert isinstance(redirect, Redirect), redirect
        params = parse_answer(urlsplit(address).query)
        assert params["state"] == STATE
        assert wrong_issuer(redirect, Callback(params=params)) is None
        return self.step(redirect.step, redirect.state, Callback(params=params))

    def verify(self, done: Step) -> VerifyReport:
        assert isinstance(done, Done), done
        return provider.verify(
            CallContext(**self.context()), done.credential, done.settings, done.endpoints
        )

    def granted(self, token: str, *endpoints: Endpoint, username: str = "") -> Done:
        """A sign-in with Google that has come to its end, for tests of what follows."""
        from inboxlink.types.credential import Credential, CredentialKind, SecretName

        secrets = {SecretName.ACCESS_TOKEN: SecretStr(token)}
        secrets[SecretName.REFRESH_TOKEN] = SecretStr("refresh-token")
        return Done(
            credential=Credential(kind=CredentialKind.OAUTH2, account="1234", secrets=secrets),
            settings={"username": username or self.address, "method": "google"},
            endpoints=endpoints,
        )

    def done(self, password: str, *endpoints: Endpoint, username: str = "", **extra: str) -> Done:
        """A sign-in that has come to its end, for tests of what follows."""
        from inboxlink.types.credential import Credential, CredentialKind, SecretName

        secrets = {SecretName.PASSWORD: SecretStr(password)}
        if "outgoing_password" in extra:
            secrets[SecretName.OUTGOING_PASSWORD] = SecretStr(extra.pop("outgoing_password"))
        username = username or self.address
        return Done(
            credential=Credential(kind=CredentialKind.PASSWORD, account=username, secrets=secrets),
            settings={"username": username, **extra},
            endpoints=endpoints,
        )


def codes(report: VerifyReport, chain: Chain) -> dict[str, bool | str | None]:
    """What came of each stage: True, None, or the code of the problem."""
    return {
        check.stage: check.problem.code if check.problem else check.ok
        for check in report.chain(chain)
    }
