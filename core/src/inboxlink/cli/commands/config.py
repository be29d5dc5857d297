"""`inboxlink config`: what the operator's file says, and whether it can be used."""

import click

from inboxlink.cli.app import group
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w

__all__ = ["command"]


@group("config", "cli.config")
def command() -> None:
    """See `cli.config` in the strings."""


@command.command("show", help=w("cli.config.show"))
@pass_session
def show(session: Session) -> None:
    """See `cli.config.show` in the strings."""
    import tomlkit

    host = session.host()
    # A database URL can hold a password.
    document = host.config.model_dump(mode="json", exclude_none=True)
    if "url" in document["store"]:
        document["store"]["url"] = "***"
    paths = {"config": str(host.paths.config), "data": str(host.paths.data)}
    if session.is_json:
        session.emit({"paths": paths, "config": document})
        return
    click.echo(f"# {paths['config']}")
    click.echo(f"# {paths['data']}")
    click.echo(tomlkit.dumps(document), nl=False)


@command.command("check", help=w("cli.config.check"))
@pass_session
def check(session: Session) -> None:
    """See `cli.config.check` in the strings."""
    host = session.host()
    is_there = host.paths.config.exists()
    _ = host.config
    if session.is_json:
        session.emit({"ok": True, "path": str(host.paths.config), "exists": is_there})
        return
    key = "cli.config.good" if is_there else "cli.config.absent"
    session.say(key, style="green", path=str(host.paths.config))
