"""`inboxlink providers new`: the project of a new provider."""

import shlex
from pathlib import Path

import click

from inboxlink.cli.app import command as make_command
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w

__all__ = ["command"]


@make_command("new", "cli.providers.new")
@click.argument("name")
@click.option(
    "--auth",
    type=click.Choice(("password", "oauth")),
    default="password",
    show_default=True,
    help=w("cli.providers.new.auth"),
)
@click.option(
    "--into",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help=w("cli.providers.new.into"),
)
@pass_session
def command(session: Session, name: str, auth: str, into: Path) -> None:
    """See `cli.providers.new` in the strings."""
    from inboxlink.scaffold.project import Auth, Project

    project = Project(name, Auth(auth))
    there = project.write(into)
    following = (
        f"cd {shlex.quote(str(there))}",
        'python -m pip install --editable ".[test]"',
        "python -m pytest",
    )
    if session.is_json:
        session.emit(
            {
                "provider": project.name,
                "distribution": project.distribution,
                "project": str(there),
                "next": list(following),
            }
        )
        return
    click.echo(session.words("cli.providers.new.written", path=str(there)))
    for line in following:
        click.echo(f"  {line}")
