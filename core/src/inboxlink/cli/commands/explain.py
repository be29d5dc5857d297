"""`inboxlink explain`: what an error means that somebody copied from anywhere.

No account, no network and no provider's code is needed: the rules are data. Neither pydantic nor
rich is loaded for an error that a rule knows.
"""

import os
import shutil
import sys
from typing import TYPE_CHECKING

import click

from inboxlink.cli import exits
from inboxlink.cli.app import command as make_command
from inboxlink.cli.session import Session, pass_session
from inboxlink.cli.wording import w
from inboxlink.errors import Kind, SetupError, problem

if TYPE_CHECKING:
    from inboxlink.diagnosis import Diagnosis

__all__ = ["command"]

#: Of standard input; more than this is no error message.
_MAX_BYTES = 256 * 1024


@make_command("explain", "cli.explain")
@click.argument("text", nargs=-1, required=True)
@click.option("--host", metavar="NAME", help=w("cli.explain.host"))
@pass_session
def command(session: Session, text: tuple[str, ...], host: str | None) -> int:
    """See `cli.explain` in the strings."""
    from inboxlink.cli.diagnoses import as_document, rules_here
    from inboxlink.diagnosis import explain

    said = _standard_input() if text == ("-",) else " ".join(text)
    if not said.strip():
        raise SetupError(problem("value_missing", field="TEXT"))
    found = explain(said, language=session.words.language, rules=rules_here(), host=host)
    if found.rule is None:
        return _unexplained(session, found, said)
    if session.is_json:
        session.emit({"diagnosis": as_document(found)})
    else:
        _show(session, found)
    return exits.OK


def _standard_input() -> str:
    return sys.stdin.buffer.read(_MAX_BYTES).decode("utf-8", "replace")


def _show(session: Session, found: "Diagnosis") -> None:
    """Plain text: the library that draws tables would be half of what this command costs."""
    from inboxlink.cli.diagnoses import worded_who
    from inboxlink.cli.wrapping import hanging

    assert found.cause is not None
    width = shutil.get_terminal_size().columns
    _write(hanging("", found.cause, width), bold=True)
    if found.who is not None:
        _write(hanging("  ", worded_who(session.words, found.who), width))
    for step in found.steps:
        _write(hanging("  → ", step, width))
    if found.link is not None:
        _write(f"  {found.link}")
    source = session.words("cli.diagnosis.source", source=f"{found.source}", read=f"{found.read}")
    _write(hanging("  ", source, width), dim=True)
    _write(f"  [{found.rule}]", dim=True)


def _write(line: str, *, bold: bool = False, dim: bool = False) -> None:
    # https://no-color.org: set and not empty.
    color = False if os.environ.get("NO_COLOR") else None
    click.echo(click.style(line, bold=bold or None, dim=dim or None), color=color)


def _unexplained(session: Session, found: "Diagnosis", said: str) -> int:
    from inboxlink.cli.diagnoses import as_document
    from inboxlink.diagnosis.masking import masked
    from inboxlink.diagnosis.reading import MAX_CHARACTERS
    from inboxlink.remote_text import RemoteText

    trouble = problem(
        "unexplained",
        remote=RemoteText().clean(masked(said[:MAX_CHARACTERS])),
        fingerprint=found.fingerprint or "-",
    )
    session.fail(trouble, {"diagnosis": as_document(found)})
    return exits.STATUS[Kind.MAILBOX]
