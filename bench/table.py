"""The one form in which benchmarks report: ratios, their bounds, the machine and the versions.

Both sides of a ratio are measured in one run, round by round in turn; the ratio is the median of
the rounds' own ratios, so that what slows the machine down for a while slows both sides.
"""

import argparse
import os
import platform
import sqlite3
import ssl
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

__all__ = ["Ratio", "Rounds", "Table", "parser"]

_DISTRIBUTIONS = ("IMAPClient", "pydantic", "SQLAlchemy", "cryptography")


def parser(described: str, rounds: int) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    options = argparse.ArgumentParser(description=described.splitlines()[0])
    options.add_argument("--rounds", type=int, default=rounds, metavar="N")
    options.add_argument(
        "--report", action="store_true", help="exit 0 also where a ratio misses its bound"
    )
    options.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    return options


class Rounds:
    """What each side took in each round, in microseconds or milliseconds as the bench has it."""

    def __init__(self, count: int, sides: Mapping[str, Callable[[], float]]) -> None:
        self._taken: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(count):
            for name, measure in sides.items():
                self._taken[name].append(measure())

    def median(self, side: str) -> float:
        return statistics.median(self._taken[side])

    def ratio(self, side: str, to: str) -> float:
        """The median of the rounds' own ratios."""
        pairs = zip(self._taken[side], self._taken[to], strict=True)
        return statistics.median(one / other for one, other in pairs)


@dataclass(frozen=True)
class Ratio:
    """One line of a table.

    Args:
        what: What was measured, and against what.
        sides: Both medians, with their unit.
        value: The ratio; for a count, the count.
        bound: The most that is allowed; None = the line only informs.
    """

    what: str
    sides: str
    value: float
    bound: float | None

    @property
    def is_met(self) -> bool:
        return self.bound is None or self.value <= self.bound


@dataclass(frozen=True)
class Table:
    """What a benchmark found."""

    title: str
    ratios: Sequence[Ratio]
    notes: Sequence[str]

    def end(self, options: argparse.Namespace) -> None:
        """Print, and exit with 1 where a ratio misses its bound, unless only a report is asked."""
        print(self._markdown() if options.markdown else self._plain())
        sys.exit(0 if options.report or all(each.is_met for each in self.ratios) else 1)

    def _rows(self) -> list[tuple[str, ...]]:
        heading = ("measured", "medians", "ratio", "bound", "")
        return [heading] + [
            (
                each.what,
                each.sides,
                f"{each.value:.2f}",
                "-" if each.bound is None else f"{each.bound:.2f}",
                "" if each.is_met else "MISSED",
            )
            for each in self.ratios
        ]

    def _plain(self) -> str:
        rows = self._rows()
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([self.title, *lines, *self.notes, *_machine()])

    def _markdown(self) -> str:
        heading, *rows = (f"| {' | '.join(row)} |" for row in self._rows())
        rule = "|---" * 5 + "|"
        below = (f"- {each}" for each in (*self.notes, *_machine()))
        return "\n".join([f"## {self.title}", "", heading, rule, *rows, "", *below])


def _machine() -> tuple[str, str]:
    system = f"{platform.system()} {platform.release()}, load {os.getloadavg()[0]:.1f} at the end"
    libraries = ", ".join(f"{name} {version(name)}" for name in _DISTRIBUTIONS)
    python = f"Python {platform.python_version()}, {ssl.OPENSSL_VERSION}"
    return (
        f"Machine: {_processor()}, {os.cpu_count()} cores, {system}.",
        f"Versions: {python}, SQLite {sqlite3.sqlite_version}, {libraries}.",
    )


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
