"""What the tests of this provider share: a company with an Exchange server, seen from outside."""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import SecretStr

from inboxlink.flows.checks import check_step
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.testing.peers.nameserver import NameServer
from inboxlink.testing.peers.ports import CLOSED_PORT
from inboxlink.types.address import parse_address
from inboxlink.types.context import AuthContext, CallContext, Previous, Purpose
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.disclosure import Application, Audience, Capability
from inboxlink.types.report import Chain, VerifyReport
from inboxlink.types.steps import Agreed, Confirm, Done, Event, Form, Start, Step, Submit
from inboxlink.types.text import Text
from inboxlink_exchange import provider
from peers.certificates import Authority, Certificate
from peers.exchange import Directory, ExchangeServer, Mailbox
from peers.exchange.autodiscover import Advice

__all__ = ["EWS", "HOST", "World", "codes"]

DOMAIN = "corp.example"
HOST = "mail.corp.example"
AUTODISCOVER = "autodiscover.corp.example"
FOREIGN = "exchange.hoster.example"
EWS = f"https://{HOST}/EWS/Exchange.asmx"
PASSWORD = "s3cret of Ann"

UNDETECTED = Detection("exchange", Basis.GUESS, Text("detection.chosen_by_hand"))


@dataclass
class Answered:
    """A step as the person sees it, and what they can do about it."""

    world: "World"
    step: Step

    def submit(self, password: str | None = None, **values: str) -> "Answered":
        form = self.step
        assert isinstance(form, Form), form
        drawn = {each.name: each.value or "" for each in form.fields if each.name != "password"}
        secrets = {} if password is None else {"password": SecretStr(password)}
        event = Submit(values={**drawn, **values}, secrets=secrets)
        return self.world.advance(form.step, form.state, event)

    def agree(self) -> "Answered":
        assert isinstance(self.step, Confirm), self.step
        event = Agreed(facts_digest=self.step.facts_digest)
        return self.world.advance(self.step.step, self.step.state, event)


class World:
    """Names on loopback, each on the ports that it is given; unlisted ones do not exist."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self._stack = ExitStack()
        self.ann = Mailbox(f"ann@{DOMAIN}", "ann", PASSWORD, aliases=(f"info@{DOMAIN}",))
        self.bob = Mailbox(f"bob@{DOMAIN}", "bob", "of Bob")
        self.directory = Directory(self.ann, self.bob)
        self.directory_path = Path(self._stack.enter_context(TemporaryDirectory()))
        self.names = NameServer({})
        self.hosts: dict[str, str] = {}
        self.address = f"ann@{DOMAIN}"
        self.audience = Audience.PERSONAL
        self.detection = UNDETECTED
        self.previous: Previous | None = None
        self.send_test_message = False
        self.wanted = frozenset(Capability)
        self.seconds = 10.0

    def __enter__(self) -> "World":
        self._stack.enter_context(self.names)
        return self

    def __exit__(self, *raised: Any) -> None:
        self._stack.close()

    def add(self, server: AbstractContextManager[Any]) -> None:
        """A server that ends with this world."""
        self._stack.enter_context(server)

    def serve(
        self, *hosts: str, certificate: Certificate | None = None, **more: Any
    ) -> ExchangeServer:
        """An Exchange server under these names."""
        certificate = certificate or self.authority.issue(*hosts)
        server = ExchangeServer(self.directory, certificate, **more)
        self._stack.enter_context(server)
        self.place(server.port, *hosts)
        return server

    def place(self, port: int, *hosts: str, scheme_port: int = 443) -> None:
        """Let names lead to a port of this machine."""
        for host in hosts:
            self.names.set(host, f"{host}. 60 IN A 192.0.2.1")
            self.hosts[f"{host}:{scheme_port}"] = f"127.0.0.1:{port}"

    def usual(self, **more: Any) -> ExchangeServer:
        """The usual set-up: Autodiscover under its own name, EWS under that of webmail."""
        certificate = more.pop("certificate", None)
        server = self.serve(AUTODISCOVER, HOST, certificate=certificate, **more)
        server.advice[AUTODISCOVER] = Advice(external=EWS)
        return server

    def unreachable(self, *hosts: str) -> None:
        """Names behind which nobody listens."""
        self.place(CLOSED_PORT, *hosts)

    def context(self) -> dict[str, Any]:
        settings = NetworkSettings(
            ca_file=self.authority.ca_file,
            connect=self.hosts,
            nameservers=(f"127.0.0.1:{self.names.port}",),
        )
        return {
            "address": parse_address(self.address),
            "audience": self.audience,
            "language": "en",
            "application": Application("Acme"),
            "wanted": self.wanted,
            "deadline": time.monotonic() + self.seconds,
            "send_test_message": self.send_test_message,
            "wire": Network(settings),
            "clock": lambda: datetime.now(UTC),
            "random_token": token_urlsafe,
        }

    def advance(self, step: str, state: Mapping[str, Any], event: Event) -> Answered:
        purpose = Purpose.CONNECT if self.previous is None else Purpose.REAUTH
        context = AuthContext(
            **self.context(), purpose=purpose, detection=self.detection, previous=self.previous
        )
        following = check_step(
            provider.authenticate(context, step, state, event),
            provider="exchange",
            disclosed=(),
            answered=event if isinstance(event, Submit) else None,
        )
        if isinstance(following, Form | Confirm):
            # The state crosses a process border between two calls.
            following = type(following).model_validate_json(following.model_dump_json())
        return Answered(self, following)

    def begin(self) -> Answered:
        return self.advance("", {}, Start())

    def verify(self, answered: Answered) -> VerifyReport:
        done = answered.step
        assert isinstance(done, Done), done
        return provider.verify(
            CallContext(**self.context()), done.credential, done.settings, done.endpoints
        )


def codes(report: VerifyReport, chain: Chain) -> dict[str, bool | str | None]:
    """What came of each stage: True, None, or the code of the problem."""
    return {
        check.stage: check.problem.code if check.problem else check.ok
        for check in report.chain(chain)
    }
