"""How often the facts about hosting are right, on DNS snapshots of real domains.

The snapshots (mxmap.it, 40,081 mail domains of public bodies, MIT and CC BY-SA 4.0) are no part of
the project: their place is an argument. Labels whose reason is a token in TXT or the mere existence
of a tenant rest on no record of the file and on none that shows where the mail is; they are
counted, and held to no bound. A hash of the name parts the domains into halves: tune rules on the
first alone, so that the second says what they are worth.

How far any rules could come over every label is computed beside it: domains whose records show the
same signs cannot be told apart, so that the best rules take whole groups of them, those with the
largest share of the label first, until precision falls to its bound.
"""

import gzip
import hashlib
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from table import Ratio, Rounds, Table, parser

from inboxlink.evidence import exchanges, signs
from inboxlink.evidence.exchanges import Kind
from inboxlink.evidence.hosting import facts
from inboxlink.evidence.records import Records
from inboxlink.network.answers import Answer, Outcome, Service
from inboxlink.types.detection import HostingFact, MailExchange, Strength

_DATA = Path(__file__).parents[2] / "shared" / "data" / "dns_world.jsonl.gz"

#: The labels that are measured, and the facts that they stand for.
LABELS = {"microsoft": "microsoft_365", "google": "google"}
_UNGROUNDED = re.compile("TXT verification|tenant detected")

#: At most this share of the label's domains is missed, and of the fact's domains wrong.
MISSED, WRONG = 0.05, 0.02
_SPEED_US = 50.0


@dataclass(frozen=True)
class Row:
    """One snapshot: its records, its label (None = it has none), and what it rests on."""

    records: Records
    label: str | None
    is_grounded: bool = True

    @property
    def is_tuning(self) -> bool:
        """Whether the rules may be tuned on it."""
        return hashlib.sha256(self.records.domain.encode()).digest()[0] % 2 == 0


@dataclass(frozen=True)
class Score:
    """How a fact compares with a label over some domains."""

    right: int
    wrong: int
    missed: int

    @property
    def recall(self) -> float:
        return _share(self.right, self.right + self.missed)

    @property
    def precision(self) -> float:
        return _share(self.right, self.right + self.wrong)


def _share(part: int, whole: int) -> float:
    # Nothing found of nothing there is no success: a measure that measured nothing must fail.
    return part / whole if whole else 0.0


def row_of(snapshot: Mapping[str, Any]) -> Row:
    """Read one line of the file.

    Its exchangers are in alphabetical order, so that preference is not known: all get the same.
    Where an exchanger is an alias (RFC 2181 section 10.3 forbids it) nobody asks for the other
    name: that costs a round trip, and of these domains none would become right by it. What the
    file does not have was not there: each domain was asked for all of it.
    """
    return Row(
        Records(
            domain=snapshot["d"],
            mx=_answer([MailExchange(10, host) for host in snapshot["mx"]]),
            txt=_answer(_some(snapshot.get("spf"))),
            autodiscover=_answer((), _some(snapshot.get("ad_cname"))),
            services={
                "autodiscover": _answer(
                    [Service(0, 0, 443, host) for host in _some(snapshot.get("ad_srv"))]
                )
            },
            dkim={
                selector: _answer((), [name])
                for selector, name in (snapshot.get("dkim") or {}).items()
            },
        ),
        snapshot.get("label"),
        not _UNGROUNDED.search(snapshot.get("reason") or ""),
    )


def _some(value: str | None) -> list[str]:
    return [] if value is None else [value]


def _answer(values: Sequence[Any], aliases: Sequence[str] = ()) -> Answer[Any]:
    outcome = Outcome.FOUND if values or aliases else Outcome.NOTHING
    return Answer(outcome, tuple(values), tuple(aliases))


def concluded(found: Iterable[HostingFact]) -> frozenset[str]:
    """The names that are more than hints."""
    return frozenset(fact.name for fact in found if fact.strength is not Strength.HINT)


def score(pairs: Iterable[tuple[Row, frozenset[str]]], label: str) -> Score:
    """Compare rows that have a label with what was concluded about them."""
    counts = Counter(
        (row.label == label, LABELS[label] in names)
        for row, names in pairs
        if row.label is not None
    )
    return Score(counts[True, True], counts[False, True], counts[True, False])


def confusion(pairs: Iterable[tuple[Row, frozenset[str]]]) -> Iterator[str]:
    """One line for every label: what was concluded about its domains, and how often."""
    counts: dict[str, Counter[str]] = {}
    for row, names in pairs:
        label = (row.label or "none") + ("" if row.is_grounded else ", ungrounded")
        told = sorted(names & set(LABELS.values())) or (
            ["gateway alone"] if names == {"gateway"} else ["another"] if names else ["nothing"]
        )
        counts.setdefault(label, Counter())[" and ".join(told)] += 1
    for label, found in sorted(counts.items(), key=lambda each: -each[1].total()):
        cells = ", ".join(f"{name} {count}" for name, count in found.most_common())
        yield f"label {label} ({found.total()}): {cells}"


def ratios(pairs: Sequence[tuple[Row, frozenset[str]]]) -> Iterator[Ratio]:
    """What was missed and what was wrong, of each fact in each half."""
    for label, fact in LABELS.items():
        for half in (True, False):
            of_half = [(row, names) for row, names in pairs if row.is_tuning is half]
            of = f"{fact}, {'tuning' if half else 'validation'} half"
            grounded = score([pair for pair in of_half if pair[0].is_grounded], label)
            yield from _lines(of, grounded, MISSED, WRONG)
        yield from _lines(f"{fact}, every label", score(pairs, label), None, None)


def _lines(of: str, found: Score, missed: float | None, wrong: float | None) -> Iterator[Ratio]:
    sides = f"{found.right} right, {found.missed} missed, {found.wrong} wrong"
    recall, precision = f"recall {found.recall:.4f}", f"precision {found.precision:.4f}"
    yield Ratio(f"{of}: {recall}, missed", sides, 1 - found.recall, missed)
    yield Ratio(f"{of}: {precision}, wrong", sides, 1 - found.precision, wrong)


def signs_of(row: Row) -> Hashable:
    """All that is read of a domain's records before a rule weighs it, without its names."""
    seen = signs.read(row.records)
    mx = row.records.mx
    kinds = {
        (exchange.kind, exchange.name if exchange.kind is Kind.HOSTER else "")
        for each in (mx.values if mx else ())
        if each.host.rstrip(".")
        for exchange in (exchanges.of_host(each.host, row.records.domain),)
    }
    return frozenset(kinds), *(bool(getattr(seen, each.name)) for each in fields(seen))


def ceiling(rows: Iterable[Row], label: str) -> Score:
    """The most that rules over these signs could get right of a label, at the bound of precision.

    They are fitted to the very rows that they are measured on, so that nothing real comes as far.
    """
    groups = _groups(rows, label)
    taken, part = _taken(groups)
    right = sum(groups[each][True] for each in taken)
    wrong = sum(groups[each][False] for each in taken)
    if part is not None:
        # Of the group that would be too much, as many as the bound leaves room for.
        share = _share(groups[part][True], groups[part].total())
        room = (WRONG * (right + wrong) - wrong) / (1 - share - WRONG)
        right, wrong = right + int(room * share), wrong + int(room * (1 - share))
    return Score(right, wrong, sum(each[True] for each in groups.values()) - right)


def held_out(rows: Sequence[Row], label: str) -> Score:
    """What rules that know the tuning half by heart are worth on the other."""
    taken, _ = _taken(_groups((row for row in rows if row.is_tuning), label))
    names = frozenset({LABELS[label]})
    told = (
        (row, names if signs_of(row) in taken else frozenset()) for row in rows if not row.is_tuning
    )
    return score(told, label)


def _groups(rows: Iterable[Row], label: str) -> dict[Hashable, Counter[bool]]:
    groups: dict[Hashable, Counter[bool]] = {}
    for row in rows:
        if row.label is not None:
            groups.setdefault(signs_of(row), Counter())[row.label == label] += 1
    return groups


def _taken(
    groups: Mapping[Hashable, Counter[bool]],
) -> tuple[frozenset[Hashable], Hashable | None]:
    """The groups that the best rules take as a whole, and the one that they would take in part."""
    counts: Counter[bool] = Counter()
    taken: list[Hashable] = []
    ranked = sorted(groups, key=lambda each: -_share(groups[each][True], groups[each].total()))
    for each in ranked:
        more = counts + groups[each]
        if _share(more[False], more.total()) > WRONG:
            return frozenset(taken), each
        counts = more
        taken.append(each)
    return frozenset(taken), None


def ceilings(rows: Sequence[Row]) -> Iterator[str]:
    """For every fact, how far any rules could come over every label."""
    for label, fact in LABELS.items():
        best, other = ceiling(rows, label), held_out(rows, label)
        ungrounded = sum(row.label == label and not row.is_grounded for row in rows)
        yield (
            f"{fact}, every label: rules over these signs that are fitted to all domains reach a"
            f" recall of {best.recall:.4f} at a precision of {1 - WRONG:.2f}, and no more; fitted"
            f" to the tuning half, {other.recall:.4f} at {other.precision:.4f} on the other."
            f" {ungrounded} labels rest on what the file does not hold."
        )


def _read(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [row_of(json.loads(line)) for line in lines]


def main() -> None:
    options = parser(__doc__ or "", 3)
    options.add_argument("data", nargs="?", type=Path, default=_DATA)
    chosen = options.parse_args()
    if not chosen.data.exists():
        sys.exit(f"There are no snapshots in {chosen.data}; name their place as an argument.")
    rows = _read(chosen.data)

    def every() -> float:
        started = time.process_time()
        for row in rows:
            facts(row.records)
        return (time.process_time() - started) * 1e6 / len(rows)

    taken = Rounds(chosen.rounds, {"facts": every}).median("facts")
    pairs = [(row, concluded(facts(row.records))) for row in rows]
    speed = Ratio("us of CPU for a domain", f"{1e6 / taken:,.0f} domains/s", taken, _SPEED_US)
    notes = (
        *confusion(pairs),
        *ceilings(rows),
        f"{len(rows)} domains, none of which made it raise.",
    )
    Table("Facts about hosting", (*ratios(pairs), speed), notes).end(chosen)


if __name__ == "__main__":
    main()
