"""`inboxlink vault`: the key that seals every secret."""

from inboxlink.cli.app import group
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w

__all__ = ["command"]


@group("vault", "cli.vault")
def command() -> None:
    """See `cli.vault` in the strings."""


@command.command("rotate", help=w("cli.vault.rotate"))
@pass_session
def rotate(session: Session) -> None:
    """See `cli.vault.rotate` in the strings."""
    from inboxlink.store.rotation import rotate as rotate_key

    host = session.host()
    with session.busy("cli.busy.rotate"):
        result = rotate_key(host.store, host.vault)
    if session.is_json:
        session.emit({"key_id": result.key_id, "resealed": result.resealed})
        return
    session.say(
        "cli.vault.rotated", style="green", key_id=result.key_id, count=str(result.resealed)
    )
