"""Ask a person one question at the terminal, again until the answer is one.

click asks so too, but scolds in English.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from inboxlink.cli.session import Session

__all__ = ["choose", "confirm"]


def confirm(session: "Session", question: str, *, default: bool = False) -> bool:
    """A yes or a no; an empty line is the default.

    Raises:
        click.Abort: The person left.
    """
    yes_no = "Y/n" if default else "y/N"
    while True:
        typed = click.prompt(f"{question} [{yes_no}]", default="", show_default=False, err=True)
        match typed.strip().lower():
            case "":
                return default
            case "y" | "yes" | "はい":
                return True
            case "n" | "no" | "いいえ":
                return False
        session.aside.print(f"✗ {session.words('cli.ask.yes_or_no')}", style="bold red")


def choose(
    session: "Session", question: str, titles: Sequence[str], default: int | None = None
) -> int:
    """The place, from 0, of one of several that are listed first.

    Raises:
        click.Abort: The person left.
    """
    for place, title in enumerate(titles, 1):
        session.console.print(f"  {place}  {title}")
    while True:
        typed = click.prompt(
            question,
            default="" if default is None else str(default + 1),
            show_default=default is not None,
            err=True,
        ).strip()
        if typed.isdecimal() and 1 <= int(typed) <= len(titles):
            return int(typed) - 1
        trouble = session.words("cli.ask.number", most=str(len(titles)))
        session.aside.print(f"✗ {trouble}", style="bold red")
