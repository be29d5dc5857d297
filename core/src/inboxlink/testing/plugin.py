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

__all__ = ["RESULTS", "world"]

#: What came of each rule so far, by class.
_Outcomes = dict[type[ProviderContract], dict[str, Outcome]]
RESULTS = pytest.StashKey[_Outcomes]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `inboxlink providers check`."""
    group = parser.getgroup("inboxlink")
    group.addoption("--inboxlink-result", metavar="FILE", help="write the levels as JSON")
    group.addoption("--inboxlink-provider", metavar="NAME", help="try it without declarations")


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
    tested = getattr(item, "cls", None)
    identifier = getattr(getattr(item, "function", None), ATTRIBUTE, None)
    if identifier is None or tested is None or not issubclass(tested, ProviderContract):
        return report
    outcomes = item.config.stash.setdefault(RESULTS, {}).setdefault(tested, {})
    outcome = _outcome(identifier, report, call)
    if outcome is not None:
        outcomes[identifier] = outcome
    if outcome is not None and outcome.state is State.BROKEN:
        # The rule and what was seen, and not the kit's own code.
        report.longrepr = f"{identifier}: {outcome.said}\n{_change(identifier)}"
    return report


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
        return Outcome(identifier, State.BROKEN, f"{type(error).__name__} in the trial: {error}")
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


def _result(tested: type[ProviderContract], outcomes: dict[str, Outcome]) -> Result:
    from inboxlink.plugins.candidates import UNKNOWN, UNVERIFIABLE, installed

    name = tested.under_test()
    found = next((each for each in installed() if each.name == name), None)
    return Result(
        provider=name,
        distribution="" if found is None else found.distribution,
        version=UNKNOWN if found is None else found.version,
        digest=UNVERIFIABLE if found is None else found.digest,
        outcomes=tuple(
            outcomes.get(rule, Outcome(rule, State.UNTRIED, "it was not run")) for rule in RULES
        ),
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the results, where that was asked."""
    file = session.config.getoption("--inboxlink-result", default=None)
    if file is not None:
        results = [
            _result(*each).document() for each in session.config.stash.get(RESULTS, {}).items()
        ]
        Path(file).write_text(json.dumps({"results": results}), encoding="utf-8")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:  # noqa: ANN401
    """Tell the level of each contract, and what keeps it from the next one."""
    for tested, outcomes in config.stash.get(RESULTS, {}).items():
        result = _result(tested, outcomes)
        terminalreporter.section(f"contract of {result.provider}: {result.level}")
        for outcome in result.outcomes:
            if outcome.state in (State.BROKEN, State.UNTRIED):
                mark = "✗" if outcome.state is State.BROKEN else "?"
                terminalreporter.line(f"{mark} {outcome.rule}: {outcome.said}")
            if outcome.state is State.BROKEN:
                terminalreporter.line(f"  → {_change(outcome.rule)}")
