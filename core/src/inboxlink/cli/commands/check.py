"""`inboxlink providers check`: how far a provider keeps the contract, tried in a child process."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inboxlink.cli import exits
from inboxlink.cli.app import command as make_command
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.vetted import vetted
from inboxlink.cli.wording import w
from inboxlink.errors import InboxlinkError, Kind, SetupError, problem
from inboxlink.texts import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inboxlink.plugins.candidates import Candidate
    from inboxlink.plugins.policy import Verdict
    from inboxlink.plugins.record import ProviderRecord, RecordFile

__all__ = ["command", "level_of"]

#: Where an author keeps the contract, seen from where they stand.
_USUAL = (Path("test_contract.py"), Path("tests/test_contract.py"))

_MARKS = {"kept": ("✓", ""), "broken": ("✗", "red"), "exempt": ("·", "dim"), "untried": ("?", "")}

#: From the lowest one.
_LEVELS = ("none", "bronze", "silver", "gold")

#: Seconds that the trial has, if nobody says otherwise.
_DEADLINE_S = 600


def level_of(candidate: "Candidate", record: "ProviderRecord") -> str | None:
    """The level of exactly this version and content; None = it was not tried.

    The digest is read only where there is a level, because reading it costs more than the list.
    """
    kept = record.levels.get(candidate.key)
    if kept is None or kept.version != candidate.version or kept.digest != candidate.digest:
        return None
    return kept.level if kept.level in _LEVELS else None


@make_command("check", "cli.providers.check")
@click.argument("distribution")
@click.option("--tests", type=click.Path(path_type=Path), help=w("cli.providers.check.tests"))
@click.option(
    "--deadline",
    type=click.IntRange(1),
    default=_DEADLINE_S,
    metavar="SECONDS",
    help=w("cli.providers.check.deadline"),
)
@pass_session
def command(session: Session, distribution: str, tests: Path | None, deadline: int) -> int:
    """See `cli.providers.check` in the strings."""
    verdicts, _, file, _ = vetted()
    candidates = _trusted(verdicts, distribution)
    path = tests or next((each for each in _USUAL if each.is_file()), None)
    if path is not None and not path.exists():
        raise SetupError(problem("value_invalid", field="--tests"))
    _need_the_kit()
    with session.busy("cli.busy.check", seconds=f"{deadline}"):
        contracts = _tried(candidates, path, deadline)
    level = min((each["level"] for each in contracts), key=_LEVELS.index)
    is_noted = _note(file, candidates, contracts)
    if session.is_json:
        rows = [_row(session, each) for each in contracts]
        tried = None if path is None else str(path)
        session.emit(
            {
                "distribution": candidates[0].distribution,
                "version": candidates[0].version,
                "tests": tried,
                "level": level,
                "recorded": is_noted,
                "contracts": rows,
            }
        )
    else:
        for each in contracts:
            _show(session, each)
        if path is None:
            session.say("cli.providers.check.undeclared")
        if not is_noted:
            session.say("cli.providers.check.unrecorded")
    return exits.STATUS[Kind.PROVIDER] if level == "none" else exits.OK


def _trusted(verdicts: "Sequence[Verdict]", distribution: str) -> "list[Candidate]":
    """The distribution's providers, all of which may be imported."""
    from inboxlink.plugins.candidates import normalised

    distribution = normalised(distribution)
    asked = [each for each in verdicts if each.candidate.distribution == distribution]
    if not asked:
        known = sorted({each.candidate.distribution for each in verdicts})
        raise SetupError(
            problem("provider_unknown", provider=distribution, providers=", ".join(known) or "-")
        )
    for each in asked:
        if each.reason is not None:
            raise InboxlinkError.of(each.reason)
    return [each.candidate for each in asked]


def _need_the_kit() -> None:
    from importlib.util import find_spec

    if find_spec("pytest") is None:
        raise SetupError(problem("extra_missing", extra="inboxlink[testing]"))


def _tried(
    candidates: "Sequence[Candidate]", path: Path | None, deadline_s: int
) -> list[dict[str, Any]]:
    """What came of each contract of the distribution, in a pytest of its own.

    Raises:
        ProviderFault: `check_failed`: the child has no result.
    """
    import json
    import tempfile

    with tempfile.TemporaryDirectory(prefix="inboxlink-check-") as folder:
        result = Path(folder) / "result.json"
        options = ["-p", "inboxlink.testing.plugin", "-p", "no:cacheprovider", "-q"]
        options += ["--inboxlink-result", str(result)]
        if path is None:
            options += ["-c", os.devnull, "--rootdir", folder, str(_undeclared())]
            for each in candidates:
                options += ["--inboxlink-provider", each.name]
        else:
            options.append(str(path))
        ended = _pytest(options, deadline_s)
        try:
            found = json.loads(result.read_bytes())["results"]
        except (OSError, ValueError, LookupError):
            raise _failed(candidates[0], ended) from None
    wanted = candidates[0].distribution
    contracts = [each for each in found if each.get("distribution") == wanted]
    if not contracts:
        raise _failed(candidates[0], f"no contract of {wanted} in {path}")
    return contracts


def _pytest(options: "Sequence[str]", deadline_s: int) -> str:
    """Run pytest in a process group of its own; gives how it ended."""
    import signal
    import subprocess
    from contextlib import suppress

    # -P: a file in the directory where somebody stands is no module of the program.
    with subprocess.Popen(
        (sys.executable, "-P", "-m", "pytest", *options),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    ) as child:
        try:
            return f"status {child.wait(deadline_s)}"
        except BaseException as error:
            with suppress(ProcessLookupError):  # what the tests started as well
                os.killpg(child.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                return f"not done after {deadline_s} s"
            raise


def _failed(candidate: "Candidate", reason: str) -> InboxlinkError:
    return InboxlinkError.of(
        problem("check_failed", distribution=candidate.distribution, reason=reason)
    )


def _undeclared() -> Path:
    """The contract without any declaration; found and not imported, because that is the child's."""
    import inboxlink

    return Path(inboxlink.__file__).parent / "testing" / "undeclared.py"


def _note(
    file: "RecordFile", candidates: "Sequence[Candidate]", contracts: "Sequence[dict[str, Any]]"
) -> bool:
    """Keep the levels for `providers list`; False where nobody could tell what they belong to."""
    from inboxlink.plugins.candidates import UNVERIFIABLE
    from inboxlink.plugins.record import KeptLevel

    at = datetime.now(UTC).isoformat(timespec="seconds")
    levels = {}
    for each in candidates:
        seen = [row for row in contracts if row["provider"] == each.name]
        # A path of the author's tests may lead to another copy than the one that is installed.
        is_this = all(
            (row["version"], row["digest"]) == (each.version, each.digest) for row in seen
        )
        tried = [row["level"] for row in seen]
        if tried and is_this and each.digest != UNVERIFIABLE:
            level = min(tried, key=_LEVELS.index)
            levels[each.key] = KeptLevel(level, each.version, each.digest, at)
    if levels:
        file.note_levels(levels)
    return bool(levels)


def _show(session: Session, contract: "Mapping[str, Any]") -> None:
    session.gap()
    shown = safe_text(f"{contract['distribution']} {contract['version']}", 80)
    session.write(f"{shown}: {safe_text(contract['contract'], 80)}", style="bold")
    below = ""
    for outcome in contract["outcomes"]:
        if outcome["level"] != below:
            below = outcome["level"]
            session.say(f"cli.providers.level.{below}")
        mark, style = _MARKS[outcome["state"]]
        rule = safe_text(outcome["rule"], 40)
        session.write(f"{session.words(f'contract.{rule}')} [{rule}]", style, mark=f"  {mark} ")
        if outcome["said"] and outcome["state"] != "kept":
            session.write(safe_text(outcome["said"], 500), mark="    ")
        if outcome["state"] == "broken":
            session.write(session.words(f"contract.{rule}.change"), mark="    → ")
    level = session.words(f"cli.providers.level.{contract['level']}")
    session.write(f"{safe_text(contract['provider'], 60)}: {level}", style="bold")


def _row(session: Session, contract: "Mapping[str, Any]") -> dict[str, Any]:
    rules = [
        {
            **outcome,
            "title": session.words(f"contract.{outcome['rule']}"),
            "change": session.words(f"contract.{outcome['rule']}.change"),
        }
        for outcome in contract["outcomes"]
    ]
    return {
        "provider": contract["provider"],
        "contract": contract["contract"],
        "level": contract["level"],
        "rules": rules,
    }
