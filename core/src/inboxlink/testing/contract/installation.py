"""The provider in an installation of its own: a real host, its engine, its ledger and its store.

Only what a host decides by itself is decided here: the clock, the tokens, and that flows are kept
in memory. Everything else is the way that every sign-in goes.
"""

import base64
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from inboxlink.connect.host import Host
from inboxlink.flows.engine import Engine
from inboxlink.flows.memory import MemoryFlows
from inboxlink.plugins.calling import DEADLINES_S, NETWORK_MARGIN_S, Caller
from inboxlink.plugins.candidates import Candidate
from inboxlink.plugins.loading import Registry
from inboxlink.testing.contract.disclosing import APPLICATION
from inboxlink.testing.contract.overhearing import CountedAttempts, Overheard, Sent
from inboxlink.testing.declarations import World
from inboxlink.types.address import SPECIAL_USE_DOMAINS
from inboxlink.types.context import CallContext

__all__ = ["BINDING", "Call", "Clock", "Installation", "forgotten", "no_network"]

#: The token of the one browser session that there is.
BINDING = "the browser session of the contract kit"


class Clock:
    """The time, which the kit can put on."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """Aware, in UTC."""
        return datetime.now(UTC) + self._ahead

    def put_on(self, span: timedelta) -> None:
        """Put the clock on; nobody waits."""
        self._ahead += span


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a hook.

    Args:
        hook: Its name.
        arguments: What it was given.
        result: What it gave; None where it raised.
        error: What it raised, before the core made anything of it; None = nothing.
    """

    hook: str
    arguments: Mapping[str, Any]
    result: Any
    error: BaseException | None


class _Recorder(Caller):
    """The core's own way to call a provider, with a note of each call."""

    def __init__(self, registry: Registry, into: "Installation", network_s: float | None) -> None:
        deadlines = None
        if network_s is not None:
            deadlines = {
                hook: min(each, network_s + NETWORK_MARGIN_S) for hook, each in DEADLINES_S.items()
            }
        super().__init__(registry, deadlines)
        self._into = into
        self._network_s = network_s

    def call(self, provider: str, hook: str, /, **arguments: object) -> Any:  # noqa: ANN401
        """See `Caller.call`."""
        ctx = arguments.get("ctx")
        if isinstance(ctx, CallContext):
            attempts = CountedAttempts(ctx.attempts, self._into.uses, self._into.held)
            ctx = replace(ctx, attempts=attempts)
            if self._network_s is not None:
                ctx = replace(ctx, deadline=time.monotonic() + self._network_s)
            arguments["ctx"] = ctx
        return super().call(provider, hook, **arguments)

    def _run(self, outcome: Any, provider: str, hook: str, arguments: dict[str, object]) -> None:  # noqa: ANN401
        super()._run(outcome, provider, hook, arguments)
        self._into.calls.append(Call(hook, arguments, outcome.result, outcome.error))


class Installation:
    """One installation, in which the provider under test is the only one.

    Args:
        candidate: The provider.
        world: The servers that its configuration leads to.
        home: A directory of its own.
        network_s: Seconds after which the network gives up; None = as the core has it.

    Attributes:
        calls: Of the provider's hooks, in order.
        tokens: Random ones that were handed out.
        uses: Of secrets, within `ctx.attempt`.
        held: Those among them that are under way.
        sent: What left by the network, and what was held then.
    """

    def __init__(
        self, candidate: Candidate, world: World, home: Path, network_s: float | None = None
    ) -> None:
        self.candidate = candidate
        self.world = world
        self.clock = Clock()
        self.calls: list[Call] = []
        self.tokens: list[str] = []
        self.uses: list[str] = []
        self.held: list[str] = []
        self.sent: list[Sent] = []
        self._network_s = network_s
        self._environ = _environ(candidate, world, home)
        _configure(home, world)
        self._flows = MemoryFlows()
        _lay_store(home, self._environ)
        self.host = self._opened()

    @property
    def provider(self) -> str:
        """Its name."""
        return self.candidate.name

    def has(self, hook: str) -> bool:
        """Whether the provider implements a hook."""
        return self.host.caller.has(self.provider, hook)

    def reopen(self) -> None:
        """Go on as another process would: nothing of the provider is left but what was kept."""
        self.host.close()
        _forget(self.candidate.package)
        self.host = self._opened()

    def close(self) -> None:
        """Close the store."""
        self.host.close()

    def _opened(self) -> Host:
        host = Host(self._environ, clock=self.clock, random_token=self._token)
        host.caller = _Recorder(host.registry, self, self._network_s)
        host.engine = Engine(self._flows, host.vault, self.clock, self._token)
        settings = host.config.network_settings(allow_private=False)
        host.network = Overheard(settings, self.sent, self.held)
        return host

    def _token(self, octets: int) -> str:
        token = secrets.token_urlsafe(octets)
        self.tokens.append(token)
        return token


def _environ(candidate: Candidate, world: World, home: Path) -> dict[str, str]:
    key = base64.b64encode(os.urandom(32)).decode()
    name = candidate.name.upper().replace("-", "_")
    return {
        "INBOXLINK_HOME": str(home),
        "INBOXLINK_KEY": key,
        "INBOXLINK_PROVIDERS": candidate.distribution,
        **{
            f"INBOXLINK_OAUTH_{name}_{each.upper()}": value
            for each, value in world.settings.items()
        },
    }


def _configure(home: Path, world: World) -> None:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [
        "[application]",
        f"name = {json.dumps(APPLICATION)}",
        "[network]",
        f"special_domains = {json.dumps(sorted(SPECIAL_USE_DOMAINS))}",
        f"nameservers = {json.dumps(list(world.nameservers))}",
    ]
    if world.ca_file is not None:
        lines.append(f"ca_file = {json.dumps(str(world.ca_file))}")
    lines.append("[network.connect]")
    lines += [f"{json.dumps(name)} = {json.dumps(to)}" for name, to in world.connect.items()]
    (home / "inboxlink.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


#: An empty store, its schema made once for the process.
_STORE: dict[str, bytes] = {}


def _lay_store(home: Path, environ: Mapping[str, str]) -> None:
    """Put an empty store where the host will look for it, as an installation before had it."""
    data = home / "data"
    if not _STORE:
        with Host(environ) as host, host.store.read():
            pass
        _STORE.update({each.name: each.read_bytes() for each in data.glob("*.db")})
        return
    data.mkdir(mode=0o700)
    for name, content in _STORE.items():
        (data / name).touch(0o600)
        (data / name).write_bytes(content)


def _forget(package: str) -> dict[str, Any]:
    names = [each for each in sys.modules if each == package or each.startswith(f"{package}.")]
    return {name: sys.modules.pop(name) for name in names}


@contextmanager
def forgotten(package: str) -> Iterator[None]:
    """Forget a package's modules, and bring them back at the end for whoever imported them."""
    before = _forget(package)
    try:
        yield
    finally:
        _forget(package)
        sys.modules.update(before)


class _Closed:
    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        raise RuntimeError(f"{name} was called, and there is no network")


def no_network() -> Any:  # noqa: ANN401 - a `Wire`
    """Doors that are shut: whoever tries one is noticed."""
    return _Closed()
