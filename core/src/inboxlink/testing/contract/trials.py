"""What the rules are tried with: the provider, its author's declarations, runs of the scripts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NoReturn, cast

from inboxlink.errors import ProviderFault
from inboxlink.plugins.candidates import Candidate, installed
from inboxlink.testing.contract.apart import seen_apart
from inboxlink.testing.contract.faults import reason_of, rule_of
from inboxlink.testing.contract.playing import Player
from inboxlink.testing.contract.ruling import Broken, Untried
from inboxlink.testing.contract.runs import Run
from inboxlink.testing.declarations import Script, World
from inboxlink.types.detection import Detection
from inboxlink.types.provider import ProviderInfo

if TYPE_CHECKING:
    import pytest

    from inboxlink.connect.request import Connected, Request
    from inboxlink.plugins.calling import Caller
    from inboxlink.plugins.loading import Registry
    from inboxlink.testing.contract import provider_contract
    from inboxlink.testing.contract.installation import Installation

__all__ = ["Memory", "Trials"]


@dataclass
class Memory:
    """What is found out once for all tests of a class.

    Attributes:
        runs: By the name of their script.
        apart: See `Trials.apart`; None = nobody asked yet.
        candidate: See `Trials.candidate`; likewise.
    """

    runs: dict[str, Run] = field(default_factory=dict)
    apart: Mapping[str, Any] | None = None
    candidate: Candidate | None = None


class Trials(Player):
    """What one test is given.

    Args:
        request: Of pytest, for the author's fixture `world`.
        rule: That is tried.
    """

    def __init__(self, request: "pytest.FixtureRequest", rule: str) -> None:
        self._request = request
        self._rule = rule
        declared = cast("type[provider_contract.ProviderContract]", request.cls)
        self._memory = declared._memory  # noqa: SLF001 - the contract's own
        self.aims_at = declared.aims_at
        self.claims = declared.claims
        self.declines = declared.declines
        self._scripts = declared.scripts
        self.provider = declared.under_test()

    @property
    def candidate(self) -> Candidate:
        """The provider as it is installed.

        Raises:
            Untried: It is not installed, which is for the rule `loads` to say.
        """
        if self._memory.candidate is None:
            found = [each for each in installed() if each.name == self.provider]
            if not found:
                self.blame("loads", f"no distribution brings a provider {self.provider}")
            self._memory.candidate = found[0]
        return self._memory.candidate

    def registry(self) -> "Registry":
        """The provider, imported and registered.

        Raises:
            Untried: It does not load, which is for the rule `loads` to say.
        """
        from inboxlink.plugins.loading import load

        registry = load((self.candidate,))
        fault = registry.faults.get(self.provider)
        if fault is not None:
            self.blame("loads", reason_of(fault))
        return registry

    def apart(self) -> Mapping[str, Any]:
        """What a process of its own sees of the provider; made once for all tests of a class.

        Raises:
            ValueError: It saw nothing; the message says why.
        """
        if self._memory.apart is None:
            self._memory.apart = seen_apart(self.candidate)
        return self._memory.apart

    def caller(self) -> "Caller":
        """The core's way to call it."""
        from inboxlink.plugins.calling import Caller

        return Caller(self.registry())

    def info(self, caller: "Caller") -> ProviderInfo:
        """What it says of itself."""
        from inboxlink.plugins.description import described

        with self.judging():
            return described(caller, self.provider)
        raise AssertionError

    @property
    def world(self) -> World:
        """The author's fixture `world`."""
        world: World = self._request.getfixturevalue("world")
        return world

    @property
    def scripts(self) -> tuple[Script, ...]:
        """The author's scripts.

        Raises:
            Untried: There are none.
        """
        if not self._scripts:
            raise Untried("declare `scripts`, at least one that ends with a connected mailbox")
        return self._scripts

    def blame(self, rule: str, said: str) -> NoReturn:
        """Say what is wrong, to the rule that it belongs to.

        Raises:
            Broken: It is this rule.
            Untried: It is another, which says so itself.
        """
        if rule == self._rule:
            raise Broken(said)
        raise Untried(f"see {rule}: {said}")

    @contextmanager
    def judging(self) -> Iterator[None]:
        """What the core has against the provider within the block breaks the rule of that hook."""
        try:
            yield
        except ProviderFault as fault:
            self.blame(rule_of(fault), reason_of(fault))

    @contextmanager
    def installation(
        self, world: World | None = None, network_s: float | None = None
    ) -> "Iterator[Installation]":
        """An installation of its own, gone when the block ends."""
        from inboxlink.testing.contract.installation import Installation

        self.registry()  # or a provider that does not load would be looked for in vain
        # A hook that overran may still write there.
        with TemporaryDirectory(prefix="inboxlink-contract-", ignore_cleanup_errors=True) as home:
            kept = Installation(self.candidate, world or self.world, Path(home), network_s)
            try:
                yield kept
            finally:
                kept.close()

    def detection(self, installation: "Installation", script: Script) -> Detection:
        """What a script starts from."""
        from inboxlink.detection import chosen_by_hand

        if script.evidence is None:
            return chosen_by_hand(self.provider, script.variant)
        found = installation.host.judge(script.evidence).of(self.provider)
        if found is None:
            self.blame("signs-in", f"{script.name}: `detect` declines the script's evidence")
        return found

    def request(self, installation: "Installation", script: Script, number: int = 0) -> "Request":
        """What the person of a script set out to do; each number is another person."""
        from inboxlink.connect.request import Request

        return Request(
            owner=f"person {number}",
            address=installation.host.address(script.address),
            detection=self.detection(installation, script),
            language="en",
            audience=script.audience,
            wanted=script.wanted,
            send_test_message=script.send_test_message,
            ways=script.ways,
            redirect_uri=script.redirect_uri,
        )

    def runs(self) -> tuple[Run, ...]:
        """One run of each script, in one process; made once for all tests of a class."""
        return tuple(self.one_run(each) for each in self.scripts)

    def one_run(self, script: Script) -> Run:
        """The run of one script; made once for all tests of a class."""
        runs = self._memory.runs
        if script.name not in runs:
            with self.installation() as installation:
                runs[script.name] = self.run(installation, script)
        return runs[script.name]

    def good(self) -> tuple[Script, ...]:
        """The scripts that must end with a connected mailbox.

        Raises:
            Untried: There are none.
        """
        found = tuple(each for each in self.scripts if each.ends is None)
        if not found:
            raise Untried("declare a script that ends with a connected mailbox")
        return found

    def must_connect(self, run: Run) -> "Connected":
        """The connection of a run that must end with one.

        Raises:
            Broken, Untried: It did not; the rule says so that it belongs to.
        """
        name = run.script.name
        if run.fault is not None:
            self.blame(rule_of(run.fault), f"{name}: {reason_of(run.fault)}")
        if run.mismatch is not None:
            self.blame("signs-in", f"{name}: {run.mismatch}")
        if run.connected is None:
            ended = run.ended
            code = "nothing" if ended is None else ended.code
            is_verified = getattr(run.outcome, "report", None) is not None
            rule = "both-directions" if is_verified else "signs-in"
            self.blame(rule, f"{name}: it ended with {code}")
        assert run.connected is not None
        return run.connected
