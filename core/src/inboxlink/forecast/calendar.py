"""The dated facts of `calendar.json`, read once."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from inboxlink.errors import Blame

__all__ = ["Announced", "Calendar", "Unused", "calendar"]


@dataclass(frozen=True, slots=True)
class Announced:
    """Something that a provider said it would end.

    Args:
        what: Names its words, `forecast.<what>`.
        ends_at: The beginning of the day that was announced, in UTC.
        notice: How long before it is worth saying.
        roles: What is spoken at the server; empty = anything.
        kinds: How the person signs in there; empty = any way.
        hosts: The servers.
        who: Can do something about it.
        source: Where it was read.
        read: Year and month in which it was.
    """

    what: str
    ends_at: datetime
    notice: timedelta
    roles: frozenset[str]
    kinds: frozenset[str]
    hosts: frozenset[str]
    who: Blame
    source: str
    read: str


@dataclass(frozen=True, slots=True)
class Unused:
    """How long a provider keeps a grant that nobody uses.

    Args:
        lasts: From the last use to the end.
        providers: Whose grants these are.
        hosts: Servers at which other providers' are used.
        source: Where it was read.
        read: Year and month in which it was.
    """

    lasts: timedelta
    providers: frozenset[str]
    hosts: frozenset[str]
    source: str
    read: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """Every dated fact.

    Args:
        announced: What ends for all.
        unused: What ends where it lies idle.
        notice: How long before an end it is worth saying, by what ends.
    """

    announced: tuple[Announced, ...]
    unused: tuple[Unused, ...]
    notice: Mapping[str, timedelta]

    @property
    def read_at(self) -> datetime:
        """The first day of the month in which the newest fact was read."""
        months = [*(each.read for each in self.announced), *(each.read for each in self.unused)]
        return _day(f"{max(months)}-01")


@cache
def calendar() -> Calendar:
    """What this version knows."""
    found = json.loads(Path(__file__).with_name("calendar.json").read_text(encoding="utf-8"))
    return Calendar(
        tuple(_announced(found["announced"])),
        tuple(
            Unused(
                timedelta(days=each["days"]),
                frozenset(each["providers"]),
                frozenset(each["hosts"]),
                each["source"],
                each["read"],
            )
            for each in found["unused"]
        ),
        {name: timedelta(days=days) for name, days in found["notice_days"].items()},
    )


def _announced(entries: list[dict[str, Any]]) -> Iterator[Announced]:
    for each in entries:
        yield Announced(
            each["what"],
            _day(each["on"]),
            timedelta(days=each["notice_days"]),
            frozenset(each["roles"]),
            frozenset(each["kinds"]),
            frozenset(each["hosts"]),
            Blame(each["who"]),
            each["source"],
            each["read"],
        )


def _day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time(), UTC)
