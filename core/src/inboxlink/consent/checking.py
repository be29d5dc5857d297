"""Find where a ledger is not what was written: by itself, and against an export kept elsewhere.

By itself a ledger shows every change by somebody without the key. What it cannot show is that all
of it is gone, or that an older state of it was put back: each is as it once was. An export that
was kept elsewhere shows that too.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from inboxlink.consent.chain import GENESIS, row_hash
from inboxlink.errors import SetupError, problem

__all__ = ["Flaw", "LedgerVerdict", "broken_row", "check_end", "compare", "read_export"]


class Flaw(StrEnum):
    """In which way a ledger is not what was written."""

    MISSING = "missing"
    MOVED = "moved"
    EDITED = "edited"
    COLUMNS_EDITED = "columns_edited"
    HEAD_MISSING = "head_missing"
    HEAD_EDITED = "head_edited"
    CUT = "cut"
    ADDED = "added"
    REWRITTEN = "rewritten"
    EMPTIED = "emptied"
    OLDER = "older"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class LedgerVerdict:
    """Whether the ledger is what was written.

    Args:
        ok: Whether it is.
        count: How many rows were read.
        broken_at: The number of the first row that is not as it was, as far as that can be told;
            None where all are.
        reason: In which way; None where all is well.
    """

    ok: bool
    count: int
    broken_at: int | None = None
    reason: Flaw | None = None


def broken_row(rows: Sequence[Any]) -> tuple[int, Flaw] | None:
    """The first row that is not bound to the ones before it; None = all are."""
    previous = GENESIS
    for place, row in enumerate(rows, 1):
        flaw = None
        if row.n != place:
            flaw = Flaw.MISSING
        elif row.previous != previous:
            flaw = Flaw.MOVED
        elif not isinstance(row.content, str) or row_hash(previous, row.content) != row.hash:
            flaw = Flaw.EDITED
        elif not _columns_agree(row):
            flaw = Flaw.COLUMNS_EDITED
        if flaw is not None:
            return place, flaw
        previous = row.hash
    return None


def check_end(
    rows: Sequence[Any],
    head: Any | None,  # noqa: ANN401 - a row of the table
    *,
    is_authentic: bool,
) -> tuple[int, Flaw] | None:
    """Where unbroken rows do not end as the head says; None = they do.

    Args:
        rows: All rows.
        head: What vouches for the last one; None = there is none.
        is_authentic: Whether the head was written with the key.
    """
    count = len(rows)
    if head is None:
        return (count, Flaw.HEAD_MISSING) if rows else None
    if not is_authentic:
        return max(count, 1), Flaw.HEAD_EDITED
    if head.n > count:
        return count + 1, Flaw.CUT
    if head.n >= 1 and rows[head.n - 1].hash == head.hash:
        return (head.n + 1, Flaw.ADDED) if head.n < count else None
    return max(count, 1), Flaw.REWRITTEN


def compare(rows: Sequence[Any], exported: Sequence[str]) -> tuple[int, Flaw] | None:
    """The first row that an export has and the ledger has not; None = it has them all.

    Args:
        rows: The ledger's, unbroken.
        exported: The hashes of an export, each of which binds all rows before it.
    """
    for place, digest in enumerate(exported, 1):
        if place > len(rows):
            return place, Flaw.OLDER
        if rows[place - 1].hash != digest:
            return place, Flaw.DIFFERENT
    return None


def read_export(path: Path) -> tuple[str, ...]:
    """The hashes of an export, once it follows the rules of `chain` to its head.

    Raises:
        SetupError: `export_invalid`.
    """
    try:
        with path.open(encoding="utf-8") as file:
            hashes = _hashes(json.loads(line) for line in file)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        hashes = None
    if hashes is None:
        raise SetupError(problem("export_invalid", path=str(path)))
    return hashes


def _hashes(lines: Iterable[Any]) -> tuple[str, ...] | None:
    hashes: list[str] = []
    head = None
    for line in lines:
        if head is not None:  # something stands behind the end
            return None
        if "head" in line:
            head = (line["head"]["n"], line["head"]["hash"])
            continue
        previous = hashes[-1] if hashes else GENESIS
        bound = (len(hashes) + 1, previous, row_hash(previous, line["content"]))
        if (line["n"], line["previous"], line["hash"]) != bound:
            return None
        hashes.append(line["hash"])
    # An export without its head may have lost its end, and would vouch for too little.
    return tuple(hashes) if hashes and head == (len(hashes), hashes[-1]) else None


def _columns_agree(row: Any) -> bool:  # noqa: ANN401 - a row of the table
    try:
        said = json.loads(row.content)
        return bool((row.owner, row.mailbox) == (said["owner"], said["mailbox"]))
    except (ValueError, KeyError, TypeError):  # hashed anew, but nothing that was ever said
        return False
