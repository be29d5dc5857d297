"""`inboxlink detect --from FILE`: recommendations for many addresses, as JSON Lines."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from inboxlink.connect import bulk
from inboxlink.errors import SetupError, problem

if TYPE_CHECKING:
    from inboxlink.cli.session import Session
    from inboxlink.connect.host import Host
    from inboxlink.detection import Recommendation
    from inboxlink.evidence.lookup import LookupSettings

__all__ = ["detect_many"]


def detect_many(
    session: "Session",
    host: "Host",
    settings: "LookupSettings",
    *,
    source: str,
    to: Path | None,
    queries_per_s: int,
) -> None:
    """Read addresses, look their domains up, write a line for each.

    Args:
        session: The run of the program.
        host: The installation.
        settings: How far each look-up goes.
        source: A file, or `-` for standard input.
        to: The file that the lines go to, and that an earlier run may have begun; None = standard
            output.
        queries_per_s: Questions to DNS in a second; 0 = no limit.

    Raises:
        SetupError: `output_unusable`.
    """
    done = set() if to is None else bulk.read_done(to)
    with _opened(source) as lines:
        order = bulk.sort_by_domain(host, lines, done)
    wording = bulk.Wording(
        document=lambda recommendation: _document(session, recommendation),
        fault=lambda trouble: {"error": session.describe(trouble)},
    )
    with ExitStack() as stack:
        output = sys.stdout.buffer if to is None else stack.enter_context(_appended(to))
        progress = stack.enter_context(_progress(session, order.count))
        bulk.run(
            *(host, order, settings, wording, output),
            queries_per_s=queries_per_s,
            progress=progress,
        )


@contextmanager
def _opened(source: str) -> Iterator[Iterator[str]]:
    try:
        # Whatever is no text becomes an address that is none, rather than the end of the run.
        with click.open_file(source, encoding="utf-8", errors="replace") as file:
            yield iter(file)
    except OSError as error:
        raise click.FileError(source, hint=error.strerror) from None


def _appended(path: Path) -> BinaryIO:
    try:
        return path.open("ab")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SetupError(problem("output_unusable", path=str(path), reason=reason)) from None


@contextmanager
def _progress(session: "Session", count: int) -> Iterator[Callable[[int], None]]:
    """A bar for whoever is looking."""
    if session.is_json or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        TimeRemainingColumn(),
        console=session.aside,
    ) as bar:
        task = bar.add_task(session.words("cli.busy.bulk"), total=count)
        yield lambda addresses: bar.advance(task, addresses)


def _document(session: "Session", recommendation: "Recommendation") -> dict[str, Any]:
    """What is said of a domain: the recommendation, and what keeps it from being sure."""
    from inboxlink.cli.recommendations import candidate_document

    best = recommendation.best
    first = best or next(iter(recommendation.candidates), None)
    return {
        "domain": recommendation.evidence.domain,
        "provider": None if best is None else best.provider,
        "detection": None if first is None else candidate_document(session, recommendation, first),
        "not_installed": [each.distribution for each in recommendation.not_installed],
        "facts": {each.name: each.strength.value for each in recommendation.evidence.hosting},
        "warnings": [each.key for each in recommendation.evidence.warnings],
    }
