"""`inboxlink providers`: what is installed, what may be used, and whether it works.

`list` reads metadata and the record of the last check; it imports no provider, and neither
pydantic, SQLAlchemy nor ssl.
"""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from inboxlink.cli import exits
from inboxlink.cli.app import group
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w
from inboxlink.errors import Kind, SetupError, problem

if TYPE_CHECKING:
    from inboxlink.plugins.policy import Verdict
    from inboxlink.plugins.record import ProviderRecord, RecordFile

__all__ = ["command"]


@group("providers", "cli.providers")
def command() -> None:
    """See `cli.providers` in the strings."""


def _vetted() -> tuple[tuple["Verdict", ...], "ProviderRecord", "RecordFile"]:
    from inboxlink.config import source
    from inboxlink.config.paths import locate
    from inboxlink.plugins.candidates import installed
    from inboxlink.plugins.policy import Policy, vet
    from inboxlink.plugins.record import RecordFile

    paths = locate(os.environ)
    file = RecordFile(paths.data)
    record = file.read()
    policy = Policy.read(os.environ, source.provider_names(source.read(paths.config)))
    return vet(installed(), policy, record), record, file


@command.command("list", help=w("cli.providers.list"))
@pass_session
def list_providers(session: Session) -> None:
    """See `cli.providers.list` in the strings."""
    verdicts, record, _ = _vetted()
    rows = []
    for verdict in verdicts:
        candidate = verdict.candidate
        check = record.checks.get(candidate.distribution)
        is_current = check is not None and check.version == candidate.version
        rows.append(
            {
                "name": candidate.name,
                "distribution": candidate.distribution,
                "version": candidate.version,
                "state": verdict.state.value,
                "reason": (
                    None if verdict.reason is None else session.words(verdict.reason.message)
                ),
                "last_check": check.state if check and is_current else None,
                "last_check_reason": check.reason if check and is_current else None,
            }
        )
    if session.is_json:
        for row, verdict in zip(rows, verdicts, strict=True):
            row["digest"] = verdict.candidate.digest
        session.emit({"providers": rows})
        return
    if not rows:
        session.say("cli.providers.none")
    # Plain text: the library that draws tables would be half of what this command costs.
    for row in rows:
        checked = row["last_check"] or session.words("cli.providers.unchecked")
        line = f"{row['name']:<12} {row['distribution']} {row['version']}"
        click.echo(f"{line:<44} {row['state']}, {checked}")
        for reason in (row["reason"], row["last_check_reason"]):
            if reason:
                click.echo(f"{'':<12} {reason}")


@command.command("enable", help=w("cli.providers.enable"))
@click.argument("distribution")
@click.option("--yes", is_flag=True, help=w("cli.providers.yes"))
@pass_session
def enable(session: Session, distribution: str, yes: bool) -> None:  # noqa: FBT001
    """See `cli.providers.enable` in the strings."""
    from inboxlink.plugins.record import Enabled

    verdicts, _, file = _vetted()
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
        click.confirm(session.words("cli.providers.enable.ask"), abort=True, err=True)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    file.enable(distribution, Enabled(candidate.version, candidate.digest, now))
    _tell(session, "cli.providers.enabled", distribution)


@command.command("disable", help=w("cli.providers.disable"))
@click.argument("distribution")
@pass_session
def disable(session: Session, distribution: str) -> None:
    """See `cli.providers.disable` in the strings."""
    from inboxlink.plugins.policy import FIRST_PARTY

    _, _, file = _vetted()
    if distribution in FIRST_PARTY.values():
        raise SetupError(problem("provider_first_party", distribution=distribution))
    if not file.disable(distribution):
        raise SetupError(problem("provider_not_enabled", distribution=distribution))
    _tell(session, "cli.providers.disabled", distribution)


@command.command("doctor", help=w("cli.providers.doctor"))
@pass_session
def doctor(session: Session) -> int:
    """See `cli.providers.doctor` in the strings."""
    from inboxlink.plugins.doctor import examine

    verdicts, _, file = _vetted()
    with session.busy("cli.busy.doctor"):
        results = examine(verdicts, datetime.now(UTC))
    file.note({name: result for name, result in results.items() if result.state != "skipped"})
    is_healthy = all(result.state in ("loaded", "skipped") for result in results.values())
    if session.is_json:
        session.emit(
            {
                "providers": [
                    {"distribution": name, "state": result.state, "reason": result.reason}
                    for name, result in results.items()
                ]
            }
        )
    else:
        for name, result in results.items():
            mark = {"loaded": "✓", "skipped": "·"}.get(result.state, "✗")
            state = session.words(f"cli.providers.state.{result.state}")
            click.echo(f"{mark} {name} {result.version}: {state}")
            if result.reason:
                click.echo(f"    {result.reason}")
    return exits.OK if is_healthy else exits.STATUS[Kind.PROVIDER]


def _tell(session: Session, key: str, distribution: str) -> None:
    if session.is_json:
        session.emit({"distribution": distribution, "enabled": key.endswith(".enabled")})
    else:
        click.echo(session.words(key, distribution=distribution))
