"""`inboxlink providers`: what is installed, what may be used, and whether it works.

`list` reads metadata and the record of the last check; it imports no provider, and neither
pydantic, SQLAlchemy nor ssl.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from inboxlink.cli import exits
from inboxlink.cli.app import group
from inboxlink.cli.asking import confirm
from inboxlink.cli.commands import check
from inboxlink.cli.commands.check import level_of
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.vetted import explain, indent, named, vetted
from inboxlink.cli.wording import w
from inboxlink.errors import Kind, SetupError, problem

if TYPE_CHECKING:
    from inboxlink.plugins.candidates import Candidate
    from inboxlink.plugins.policy import Verdict
    from inboxlink.plugins.record import CheckResult, ProviderRecord

__all__ = ["command"]


@group("providers", "cli.providers")
def command() -> None:
    """See `cli.providers` in the strings."""


command.add_command(check.command)


@command.command("list", help=w("cli.providers.list"))
@pass_session
def list_providers(session: Session) -> None:
    """See `cli.providers.list` in the strings."""
    verdicts, record, _, missing = vetted()
    checks = {}
    for verdict in verdicts:
        check = record.checks.get(verdict.candidate.key)
        # What was found of another version says nothing of this one.
        checks[verdict] = check if check and check.version == verdict.candidate.version else None
    if session.is_json:
        rows = [_row(session, verdict, check, record) for verdict, check in checks.items()]
        session.emit({"providers": rows, "missing": missing})
        return
    if not verdicts:
        session.say("cli.providers.none")
    # Plain text: the library that draws tables would be half of what this command costs.
    for verdict, check in checks.items():
        name, distribution, version = named(verdict.candidate)
        state = session.words(f"cli.providers.state.{verdict.state}")
        checked = f"cli.providers.state.{check.state}" if check else "cli.providers.unchecked"
        click.echo(f"{f'{name:<12} {distribution} {version}':<44} {state}", nl=False)
        level = level_of(verdict.candidate, record)
        told = f", {session.words(f'cli.providers.level.{level}')}" if level else ""
        click.echo(f", {session.words(checked)}{told}")
        explain(session, verdict.reason)
        explain(session, check.problem if check else None)
    _show_missing(session, missing)


def _row(
    session: Session, verdict: "Verdict", check: "CheckResult | None", record: "ProviderRecord"
) -> dict[str, object]:
    candidate, found = verdict.candidate, check.problem if check else None
    reason = None if verdict.reason is None else session.words(verdict.reason.message)
    return {
        "name": candidate.name,
        "distribution": candidate.distribution,
        "version": candidate.version,
        "state": verdict.state.value,
        "reason": reason,
        "last_check": check.state if check else None,
        "last_check_reason": check and (session.words(found.message) if found else ""),
        "digest": candidate.digest,
        "level": level_of(candidate, record),
    }


def _show_missing(session: Session, missing: dict[str, tuple[str, ...]]) -> None:
    for setting, names in missing.items():
        click.echo(f"✗ {setting}")
        indent(session.words("cli.providers.missing", names=", ".join(names)))


@command.command("enable", help=w("cli.providers.enable"))
@click.argument("distribution")
@click.option("--yes", is_flag=True, help=w("cli.providers.yes"))
@pass_session
def enable(session: Session, distribution: str, yes: bool) -> None:  # noqa: FBT001
    """See `cli.providers.enable` in the strings."""
    from inboxlink.plugins.candidates import normalised
    from inboxlink.plugins.record import Enabled

    verdicts, _, file, _ = vetted()
    distribution = normalised(distribution)
    candidate = next(
        (each.candidate for each in verdicts if each.candidate.distribution == distribution), None
    )
    if candidate is None:
        raise SetupError(
            problem(
                "provider_unknown",
                provider=distribution,
                providers=", ".join(each.candidate.distribution for each in verdicts) or "-",
            )
        )
    if not session.is_json:
        click.echo(
            session.words(
                "cli.providers.enable.means",
                distribution=distribution,
                version=candidate.version,
                digest=candidate.digest,
            )
        )
    if not yes:
        if not session.is_interactive:
            raise SetupError(problem("value_missing", field="--yes"))
        if not confirm(session, session.words("cli.providers.enable.ask")):
            raise click.Abort
    now = datetime.now(UTC).isoformat(timespec="seconds")
    names = tuple(
        each.candidate.name for each in verdicts if each.candidate.distribution == distribution
    )
    file.enable(distribution, Enabled(candidate.version, candidate.digest, now, names))
    _tell(session, "cli.providers.enabled", distribution)


@command.command("disable", help=w("cli.providers.disable"))
@click.argument("distribution")
@pass_session
def disable(session: Session, distribution: str) -> None:
    """See `cli.providers.disable` in the strings."""
    from inboxlink.plugins.candidates import normalised
    from inboxlink.plugins.policy import FIRST_PARTY

    distribution = normalised(distribution)
    file = vetted().file
    if distribution in FIRST_PARTY.values():
        raise SetupError(problem("provider_first_party", distribution=distribution))
    if not file.disable(distribution):
        raise SetupError(problem("provider_not_enabled", distribution=distribution))
    _tell(session, "cli.providers.disabled", distribution)


@command.command("doctor", help=w("cli.providers.doctor"))
@pass_session
def doctor(session: Session) -> int:
    """See `cli.providers.doctor` in the strings."""
    from inboxlink.plugins.doctor import bound_s, examine

    verdicts, _, file, missing = vetted()
    with session.busy("cli.busy.doctor", seconds=f"{bound_s(len(verdicts)):g}"):
        results = examine(verdicts, datetime.now(UTC))
    file.note({key: result for key, result in results.items() if result.state != "skipped"})
    is_healthy = all(result.state in ("loaded", "skipped") for result in results.values())
    if session.is_json:
        rows = [
            _examined(session, each.candidate, results[each.candidate.key]) for each in verdicts
        ]
        session.emit({"providers": rows, "missing": missing})
    else:
        for each in verdicts:
            result = results[each.candidate.key]
            mark = {"loaded": "✓", "skipped": "·"}.get(result.state, "✗")
            name, distribution, version = named(each.candidate)
            state = session.words(f"cli.providers.state.{result.state}")
            click.echo(f"{mark} {name} ({distribution} {version}): {state}")
            explain(session, result.problem)
        _show_missing(session, missing)
    return exits.OK if is_healthy else exits.STATUS[Kind.PROVIDER]


def _examined(session: Session, candidate: "Candidate", result: "CheckResult") -> dict[str, object]:
    found = result.problem
    return {
        "name": candidate.name,
        "distribution": candidate.distribution,
        "version": candidate.version,
        "state": result.state,
        "code": result.code or None,
        "reason": session.words(found.message) if found else "",
        "remedy": session.words(found.remedy) if found and found.remedy else None,
    }


def _tell(session: Session, key: str, distribution: str) -> None:
    if session.is_json:
        session.emit({"distribution": distribution, "enabled": key.endswith(".enabled")})
    else:
        click.echo(session.words(key, distribution=distribution))
