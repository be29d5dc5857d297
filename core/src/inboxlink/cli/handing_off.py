"""Show what an administrator is asked, and what the person keeps until they have done it."""

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inboxlink.cli.session import Session
from inboxlink.errors import SetupError, problem

if TYPE_CHECKING:
    from inboxlink.connect.handing_off import HandOff
    from inboxlink.handoff.ticket import Ticket

__all__ = [
    "hand_off_document",
    "list_tickets",
    "require_writable",
    "show_hand_off",
    "write_letter",
]


def require_writable(file: Path | None) -> None:
    """Refuse a file that cannot take a letter, before anything else is done.

    Raises:
        SetupError: `letter_unwritable`.
    """
    if file is None:
        return
    if os.path.lexists(file):
        raise _unwritable(file, os.strerror(errno.EEXIST))
    if not os.access(file.parent, os.W_OK):
        raise _unwritable(file, os.strerror(errno.ENOENT))


def show_hand_off(session: Session, handed: "HandOff | None", file: Path | None) -> None:
    """To a person: the letter, where it was not written to a file, and the ticket."""
    if handed is None or session.is_json:
        return
    from inboxlink.cli.output import worded_time
    from inboxlink.cli.wrapping import wrapped
    from inboxlink.texts import safe_text

    letter = handed.letter(session.words.language)
    session.gap()
    if file is None:
        session.say("cli.connect.letter.intro", style="bold")
        session.gap()
        for line in letter.text.splitlines():
            said = safe_text(line, 20_000)
            if line.startswith(" "):  # to be copied as it is
                session.console.print(said, soft_wrap=True)
            else:
                session.console.print(wrapped(said, session.console.width))
    else:
        session.say("cli.connect.letter.written", path=str(file))
    if handed.ticket is not None:
        session.gap()
        until = worded_time(handed.ticket.expires_at)
        session.say("cli.connect.resume.kept", ticket=handed.ticket.id, until=until)


def write_letter(session: Session, handed: "HandOff | None", file: Path | None) -> None:
    """Write the letter, if there is one, to a file that is not there yet, if one was named.

    Raises:
        SetupError: `letter_unwritable`.
    """
    if handed is None or file is None:
        return
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(handed.letter(session.words.language).text)
    except OSError as error:
        raise _unwritable(file, error.strerror or type(error).__name__) from None


def hand_off_document(handed: "HandOff | None") -> dict[str, Any] | None:
    """What an administrator is asked, in every language, and the ticket, as JSON."""
    if handed is None:
        return None
    return {
        "ticket": None if handed.ticket is None else _ticket(handed.ticket),
        "letters": [
            {"language": each.language, "subject": each.subject, "body": each.body}
            for each in handed.letters
        ],
    }


def list_tickets(session: Session, tickets: "tuple[Ticket, ...]") -> None:
    """What waits for an administrator."""
    from inboxlink.cli.output import show_table, worded_time

    if session.is_json:
        session.emit({"tickets": [_ticket(each) for each in tickets]})
        return
    if not tickets:
        session.say("cli.connect.resume.none")
        return
    names = ("address", "provider", "problem", "until", "id")
    show_table(
        session,
        [session.words(f"cli.ticket.{name}") for name in names],
        [
            (
                each.address,
                each.detection.provider,
                each.problem_code,
                worded_time(each.expires_at),
                each.id,
            )
            for each in tickets
        ],
    )


def _unwritable(file: Path, reason: str) -> SetupError:
    return SetupError(problem("letter_unwritable", path=str(file), reason=reason))


def _ticket(ticket: "Ticket") -> dict[str, Any]:
    return {
        "id": ticket.id,
        "address": ticket.address,
        "provider": ticket.detection.provider,
        "problem": ticket.problem_code,
        "created_at": ticket.created_at.isoformat(),
        "expires_at": ticket.expires_at.isoformat(),
    }
