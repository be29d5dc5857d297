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
    session: "Session",
    question: str,
    listed: Sequence[tuple[str, str]],
    default: int | None = None,
) -> int:
    """The place, from 0, of one of several that are listed first.

    Args:
        session: Where it is asked.
        question: What stands before the answer.
        listed: The title of each, and a line about it; "" = none.
        default: The place that an empty line means; None = it means nothing.

    Raises:
        click.Abort: The person left.
    """
    for place, (title, about) in enumerate(listed, 1):
        session.console.print(f"  {place}  {title}")
        if about:
            session.write(about, mark="     ", style="dim")
    while True:
        typed = click.prompt(
            question,
            default="" if default is None else str(default + 1),
            show_default=default is not None,
            err=True,
        ).strip()
        if typed.isdecimal() and 1 <= int(typed) <= len(listed):
            return int(typed) - 1
        trouble = session.words("cli.ask.number", most=str(len(listed)))
        session.aside.print(f"✗ {trouble}", style="bold red")
