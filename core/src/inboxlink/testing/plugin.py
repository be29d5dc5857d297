"""The pytest plugin: the fixture `world`, what came of each rule, and the level.

Registered by `pytest_plugins = ["inboxlink.testing.plugin"]` in the module of the contract, or by
`-p inboxlink.testing.plugin`, which adds the option `--inboxlink-result FILE`.
"""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from inboxlink.testing.contract.provider_contract import ProviderContract
from inboxlink.testing.contract.rules import RULES
from inboxlink.testing.contract.ruling import ATTRIBUTE, Broken, Exempt, Untried
from inboxlink.testing.declarations import World
from inboxlink.testing.levels import Outcome, Result, State

__all__ = ["RESULTS", "named_providers", "world"]

_named: list[str] = []


class _Tried:
    """What came of each rule of one class so far, and of what was installed then."""

    def __init__(self, tested: type[ProviderContract]) -> None:
        from inboxlink.plugins.candidates import UNKNOWN, UNVERIFIABLE, installed

        self.name = tested.under_test()
        self.contract = tested.__name__
        self.outcomes: dict[str, Outcome] = {}
        found = next((each for each in installed() if each.name == self.name), None)
        self.distribution = "" if found is None else found.distribution
        self.version = UNKNOWN if found is None else found.version
        self.digest = UNVERIFIABLE if found is None else found.digest

    def note(self, outcome: Outcome) -> None:
        """Note what came of a rule; what its end spoils is spoilt, what is broken stays so."""
        before = self.outcomes.get(outcome.rule)
        if before is None or before.state is not State.BROKEN:
            self.outcomes[outcome.rule] = outcome

    @property
    def result(self) -> Result:
        """As it is told."""
        untried = {rule: Outcome(rule, State.UNTRIED, "it was not run") for rule in RULES}
        return Result(
            provider=self.name,
            contract=self.contract,
            distribution=self.distribution,
            version=self.version,
            digest=self.digest,
            outcomes=tuple(self.outcomes.get(rule, untried[rule]) for rule in RULES),
        )


#: By class.
RESULTS = pytest.StashKey[dict[type[ProviderContract], _Tried]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `inboxlink providers check`."""
    group = parser.getgroup("inboxlink")
    group.addoption("--inboxlink-result", metavar="FILE", help="write the levels as JSON")
    group.addoption(
        "--inboxlink-provider",
        metavar="NAME",
        action="append",
        default=[],
        help="try it without declarations",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Keep the names for the module that nobody declared anything in."""
    _named.extend(config.getoption("--inboxlink-provider", default=[]))


def named_providers() -> tuple[str, ...]:
    """The providers that are tried without declarations."""
    return tuple(_named)


@pytest.fixture
def world() -> World:
    """No servers at all; an author's fixture of this name has some."""
    return World()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what came of a rule."""
    report = yield
    tested, function = getattr(item, "cls", None), getattr(item, "function", None)
    if tested is None or not issubclass(tested, ProviderContract) or not _is_ours(function):
        return report
    identifier = getattr(function, ATTRIBUTE)
    outcome = _outcome(identifier, report, call)
    if outcome is not None:
        tried = item.config.stash.setdefault(RESULTS, {})
        if tested not in tried:
            tried[tested] = _Tried(tested)
        tried[tested].note(outcome)
    if outcome is not None and call.excinfo is not None and call.excinfo.errisinstance(Broken):
        # The rule and what was seen, and not the kit's own code.
        report.longrepr = f"{identifier}: {outcome.said}\n{_change(identifier)}"
    return report


def _is_ours(function: object) -> bool:
    """Whether a test is the contract's own; a mark can be put on any function."""
    name = getattr(function, "__name__", "")
    return hasattr(function, ATTRIBUTE) and getattr(ProviderContract, name, None) is function


def _outcome(
    identifier: str, report: pytest.TestReport, call: pytest.CallInfo[None]
) -> Outcome | None:
    error = None if call.excinfo is None else call.excinfo.value
    if report.skipped and error is not None:
        error = error.__context__ or error  # what the rule said before it was skipped
    if isinstance(error, Exempt):
        return Outcome(identifier, State.EXEMPT, error.said)
    if isinstance(error, Untried):
        return Outcome(identifier, State.UNTRIED, error.said)
    if isinstance(error, Broken):
        return Outcome(identifier, State.BROKEN, error.said)
    if error is not None and call.when == "call" and not report.skipped:
        return Outcome(identifier, State.BROKEN, f"{type(error).__name__} in the trial")
    if error is not None:
        return Outcome(identifier, State.UNTRIED, f"{call.when}: {error}")
    if call.when != "call":
        return None
    if hasattr(report, "wasxfail"):
        return Outcome(identifier, State.UNTRIED, "it is marked as expected to fail")
    return Outcome(identifier, State.KEPT)


def _change(identifier: str) -> str:
    from inboxlink.texts import Words

    return Words("en")(RULES[identifier].change)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the results, where that was asked."""
    file = session.config.getoption("--inboxlink-result", default=None)
    if file is not None:
        tried = session.config.stash.get(RESULTS, {})
        results = [each.result.document() for each in tried.values()]
        Path(file).write_text(json.dumps({"results": results}), encoding="utf-8")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:  # noqa: ANN401
    """Tell the level of each contract, and what keeps it from the next one."""
    for tried in config.stash.get(RESULTS, {}).values():
        result = tried.result
        terminalreporter.section(f"contract of {result.provider}: {result.level}")
        left_out = len(RULES) - len(tried.outcomes)
        if left_out:
            terminalreporter.line(f"? {left_out} of {len(RULES)} rules were not run")
        for outcome in tried.outcomes.values():
            if outcome.state in (State.BROKEN, State.UNTRIED):
                mark = "✗" if outcome.state is State.BROKEN else "?"
                terminalreporter.line(f"{mark} {outcome.rule}: {outcome.said}")
            if outcome.state is State.BROKEN:
                terminalreporter.line(f"  → {_change(outcome.rule)}")
