"""What the rules are tried with: the provider, its author's declarations, runs of the scripts."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

from inboxlink.errors import InboxlinkError, Problem, ProviderFault
from inboxlink.plugins.candidates import Candidate, installed
from inboxlink.testing.contract.apart import seen_apart
from inboxlink.testing.contract.listening import Heard, listening
from inboxlink.testing.contract.ruling import Broken, Untried
from inboxlink.testing.declarations import Answer, Mismatch, Script, Wait, World
from inboxlink.types.detection import Detection
from inboxlink.types.provider import ProviderInfo

if TYPE_CHECKING:
    import pytest

    from inboxlink.connect.request import Connected, Failed, Request
    from inboxlink.flows.engine import Pending
    from inboxlink.plugins.calling import Caller
    from inboxlink.plugins.loading import Registry
    from inboxlink.testing.contract import provider_contract
    from inboxlink.testing.contract.installation import Call, Installation
    from inboxlink.types.credential import Credential
    from inboxlink.types.steps import Done, Event, PendingStep

__all__ = ["Memory", "Run", "Trials"]

#: Which rule a fault of the core's belongs to, by the hook; the first that fits its reason.
_RULE_OF: tuple[tuple[str, str, str], ...] = (
    ("authenticate", "scopes that were not disclosed", "scopes-disclosed"),
    ("authenticate", "a step that holds the secret", "state-without-secrets"),
    ("authenticate", "", "signs-in"),
    ("describe", "", "describes-itself"),
    ("detect", "", "junk-declined"),
    ("detect_probes", "", "probes-within-limits"),
    ("disclose", "", "disclosures-whole"),
    ("verify", "", "both-directions"),
    ("refresh", "", "renews"),
    ("revoke", "", "revokes"),
    ("aliases", "", "aliases-read"),
    ("check_client", "", "client-checked"),
)


@dataclass
class Run:
    """One run of a script, from the disclosures to its end.

    Attributes:
        script: That was run.
        steps: Each step that was pending, in order.
        outcome: How it ended; None = it did not come to an end.
        problem: That an error of the contract carried to the host; None = there was none.
        fault: What the core had against the provider; None = nothing.
        mismatch: Where script and provider part; None = nowhere.
        calls: Of the hooks.
        heard: What was logged and printed.
        uses: Of secrets within `ctx.attempt`, and what was sent.
    """

    script: Script
    steps: "list[PendingStep]" = field(default_factory=list)
    outcome: "Connected | Failed | None" = None
    problem: Problem | None = None
    fault: ProviderFault | None = None
    mismatch: str | None = None
    calls: "list[Call]" = field(default_factory=list)
    heard: Heard | None = None
    tokens: list[str] = field(default_factory=list)
    uses: list[str] = field(default_factory=list)
    sent: list[Any] = field(default_factory=list)

    @property
    def connected(self) -> "Connected | None":
        """The connection; None = there is none."""
        from inboxlink.connect.request import Connected

        return self.outcome if isinstance(self.outcome, Connected) else None

    @property
    def ended(self) -> Problem | None:
        """The problem that it ended with; None = with none."""
        return self.problem or getattr(self.outcome, "problem", None)

    @property
    def done(self) -> "Done | None":
        """What the sign-in came to before it was verified; None = it did not."""
        from inboxlink.types.steps import Done

        results = (each.result for each in self.calls if each.hook == "authenticate")
        return next((each for each in results if isinstance(each, Done)), None)

    @property
    def credentials(self) -> "tuple[Credential, ...]":
        """Every credential that the provider made."""
        from inboxlink.types.credential import Credential

        made = [self.done.credential] if self.done is not None else []
        made += [each.result for each in self.calls if isinstance(each.result, Credential)]
        return tuple(made)

    @property
    def kind(self) -> str:
        """How the credential is used: `password`, `oauth2`, or empty where there is none."""
        return self.done.credential.kind.value if self.done is not None else ""


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


class Trials:
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
                self.object_("loads", f"no distribution brings a provider {self.provider}")
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
            self.object_("loads", _reason(fault))
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

    def object_(self, rule: str, said: str) -> None:
        """Say what is wrong, to the rule that it belongs to.

        Raises:
            Broken: It is this rule.
            Untried: It is another, which says so itself.
        """
        if rule == self._rule:
            raise Broken(said)
        raise Untried(f"see {rule}")

    @contextmanager
    def judging(self) -> Iterator[None]:
        """What the core has against the provider within the block breaks the rule of that hook."""
        try:
            yield
        except ProviderFault as fault:
            self.object_(_rule_of(fault), _reason(fault))

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
        with self.judging():
            found = installation.host.judge(script.evidence).of(self.provider)
            if found is not None:
                return found
        self.object_("signs-in", f"{script.name}: `detect` declines the script's evidence")
        raise AssertionError

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

    def begin(
        self, installation: "Installation", script: Script, number: int = 0
    ) -> "Pending | Connected | Failed":
        """The disclosures, their acknowledgement, and the first step."""
        from inboxlink.connect.consenting import acknowledge, disclosures
        from inboxlink.connect.signing_in import begin
        from inboxlink.testing.contract.installation import BINDING

        if script.before is not None:
            script.before(installation.world)
        request = self.request(installation, script, number)
        acknowledge(installation.host, request, disclosures(installation.host, request))
        return begin(installation.host, request, BINDING)

    def answer(
        self,
        installation: "Installation",
        script: Script,
        pending: "Pending",
        answer: Answer,
        between: Callable[[], None] = lambda: None,
    ) -> "Pending | Connected | Failed":
        """Give one answer of a script; a code typed elsewhere is asked after until it is taken.

        Args:
            installation: Where.
            script: Whose answer it is.
            pending: The step.
            answer: The answer.
            between: Called before each call of the provider.

        Raises:
            Mismatch: The step is of another kind.
        """
        event = answer.event(pending.step, installation.world)
        ticks = answer.ticks if isinstance(answer, Wait) else 1
        for _ in range(ticks):
            if isinstance(answer, Wait):
                installation.clock.put_on(timedelta(seconds=_every_s(pending)))
            between()
            outcome = self.give(installation, script, pending, event)
            if not isinstance(answer, Wait) or not _is_poll(outcome):
                return outcome
            pending = cast("Pending", outcome)
        return outcome

    @staticmethod
    def give(
        installation: "Installation", script: Script, pending: "Pending", event: "Event"
    ) -> "Pending | Connected | Failed":
        """Give an event to the engine, as a host does."""
        from inboxlink.connect.signing_in import answer
        from inboxlink.testing.contract.installation import BINDING

        return answer(installation.host, pending, BINDING, event, lambda _: script.is_partial)

    def run(
        self,
        installation: "Installation",
        script: Script,
        answers: tuple[Answer, ...] | None = None,
        *,
        number: int = 0,
        between: Callable[[], None] = lambda: None,
    ) -> Run:
        """Run a script to its end; whatever comes of it is noted, and nothing judged."""
        run = Run(script)
        calls, sent, uses = len(installation.calls), len(installation.sent), len(installation.uses)
        with listening() as heard:
            try:
                self._walk(installation, run, answers or script.answers, number, between)
            except ProviderFault as fault:
                run.fault = fault
            except InboxlinkError as error:
                run.problem = error.problem
            except Mismatch as error:
                run.mismatch = str(error)
        run.heard = heard
        run.calls = installation.calls[calls:]
        run.sent = installation.sent[sent:]
        run.uses = installation.uses[uses:]
        run.tokens = list(installation.tokens)
        return run

    def _walk(
        self,
        installation: "Installation",
        run: Run,
        answers: tuple[Answer, ...],
        number: int,
        between: Callable[[], None],
    ) -> None:
        outcome = self.begin(installation, run.script, number)
        for answer in answers:
            if not _is_pending(outcome):
                break
            pending = cast("Pending", outcome)
            run.steps.append(pending.step)
            outcome = self.answer(installation, run.script, pending, answer, between)
        if _is_pending(outcome):
            step = cast("Pending", outcome).step
            run.steps.append(step)
            errors = ", ".join(each.code for each in getattr(step, "errors", {}).values())
            run.mismatch = (
                f"the script has no answer to {type(step).__name__} {step.step!r}"
                f"{f' with {errors}' if errors else ''}"
            )
        else:
            run.outcome = cast("Connected | Failed", outcome)

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
            self.object_(_rule_of(run.fault), f"{name}: {_reason(run.fault)}")
        if run.mismatch is not None:
            self.object_("signs-in", f"{name}: {run.mismatch}")
        if run.connected is None:
            ended = run.ended
            code = "nothing" if ended is None else ended.code
            is_verified = getattr(run.outcome, "report", None) is not None
            rule = "both-directions" if is_verified else "signs-in"
            self.object_(rule, f"{name}: it ended with {code}")
        assert run.connected is not None
        return run.connected


def _rule_of(fault: ProviderFault) -> str:
    params = fault.problem.message.params
    hook, reason = params.get("hook", ""), params.get("reason", "")
    for of_hook, beginning, rule in _RULE_OF:
        if hook == of_hook and reason.startswith(beginning):
            return rule
    return "loads"


def _reason(fault: ProviderFault) -> str:
    params: Mapping[str, str] = fault.problem.message.params
    said = params.get("reason") or params.get("seconds", "")
    return f"{params.get('hook', 'import')}: {fault.code}{f', {said}' if said else ''}"


def _is_pending(outcome: object) -> bool:
    from inboxlink.flows.engine import Pending

    return isinstance(outcome, Pending)


def _is_poll(outcome: object) -> bool:
    from inboxlink.flows.engine import Pending
    from inboxlink.types.steps import Poll

    return isinstance(outcome, Pending) and isinstance(outcome.step, Poll)


def _every_s(pending: "Pending") -> float:
    return float(getattr(pending.step, "every_s", 0.0))
