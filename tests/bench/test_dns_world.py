"""The measure of facts about hosting, on invented snapshots."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"

MICROSOFT = {"mx": ["a.mail.protection.outlook.com"], "reason": "MX record matches Microsoft"}
GOOGLE = {"mx": ["aspmx.l.google.com"], "reason": "MX record matches Google"}
OWN = {"mx": ["mail.a.org"], "reason": "MX is self-hosted"}
FILTER = {"mx": ["mx1.pphosted.com"], "reason": "MX is gateway; TXT verification proves"}


def snapshot(what: dict[str, Any], label: str | None, domain: str = "a.org") -> dict[str, Any]:
    return {"d": domain, **what} | ({"label": label} if label else {})


#: Right twice, missed once, wrong once; one label that rests on nothing, one row without.
SNAPSHOTS = [
    snapshot(MICROSOFT, "microsoft"),
    snapshot(MICROSOFT, "microsoft"),
    snapshot(OWN, "microsoft"),
    snapshot(MICROSOFT, "independent"),
    snapshot(FILTER, "microsoft"),
    snapshot(GOOGLE, "google"),
    snapshot(GOOGLE, None),
]


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmark and the modules that it shares with others."""
    monkeypatch.syspath_prepend(str(BENCH))


def test_right_wrong_and_missed_are_counted() -> None:
    """Rows without a label count nowhere; nothing found of nothing there is no success."""
    from dns_world import Score, concluded, row_of, score

    from inboxlink.evidence.hosting import facts

    rows = [row_of(each) for each in SNAPSHOTS]
    pairs = [(row, concluded(facts(row.records))) for row in rows]
    found = score(pairs, "microsoft")
    assert found == Score(right=2, wrong=1, missed=2)
    assert (found.recall, round(found.precision, 3)) == (0.5, 0.667)
    assert score([pair for pair in pairs if pair[0].is_grounded], "microsoft").missed == 1
    assert score(pairs, "google") == Score(right=1, wrong=0, missed=0)
    assert (Score(0, 0, 0).recall, Score(0, 0, 0).precision) == (0.0, 0.0)


def test_what_cannot_be_told_apart_bounds_what_rules_can_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Domains with the same signs are taken together, and no group costs more than the bound."""
    import dns_world
    from dns_world import Score, ceiling, ceilings, held_out, row_of

    told = [snapshot(MICROSOFT, "microsoft", f"m{n}.org") for n in range(90)]
    alike = [snapshot(OWN, "microsoft", f"o{n}.org") for n in range(10)]
    others = [snapshot(OWN, "independent", f"i{n}.org") for n in range(30)]
    rows = [row_of(each) for each in (*told, *alike, *others, snapshot(GOOGLE, None))]
    # The mixed group would be wrong in three of four; 0.02 leaves room for two of it.
    assert ceiling(rows, "microsoft") == Score(right=90, wrong=1, missed=10)
    monkeypatch.setattr(dns_world, "WRONG", 0.3)
    assert ceiling(rows, "microsoft") == Score(right=100, wrong=30, missed=0)
    monkeypatch.setattr(dns_world, "WRONG", 0.02)
    found = held_out(rows, "microsoft")
    halves = [row for row in rows if not row.is_tuning and row.label == "microsoft"]
    assert 0 < found.missed < found.right + found.missed == len(halves) < 100
    assert found.wrong == 0
    microsoft, google = ceilings(rows)
    assert microsoft.startswith("microsoft_365, every label: ")
    assert "0.9000 at a precision of 0.98" in microsoft
    assert google.startswith("google, every label: ")


def test_the_confusion_says_what_was_told_of_each_label() -> None:
    """Every row is in one cell, ungrounded labels in a line of their own."""
    from dns_world import concluded, confusion, row_of

    from inboxlink.evidence.hosting import facts

    rows = [row_of(each) for each in SNAPSHOTS]
    assert list(confusion((row, concluded(facts(row.records))) for row in rows)) == [
        "label microsoft (3): microsoft_365 2, nothing 1",
        "label independent (1): microsoft_365 1",
        "label microsoft, ungrounded (1): gateway alone 1",
        "label google (1): google 1",
        "label none (1): google 1",
    ]


def test_a_snapshot_becomes_records() -> None:
    """Exchangers share one preference and have no aliases; what a snapshot lacks was not there."""
    from dns_world import row_of

    from inboxlink.network.answers import Outcome

    row = row_of(
        snapshot(OWN, None)
        | {
            "mx_cnames": {"mail.a.org": "mx.b.org"},
            "spf": "v=spf1 -all",
            "ad_cname": "autodiscover.outlook.com",
            "ad_srv": "mail.a.org",
            "dkim": {"selector1": "x.onmicrosoft.com"},
        }
    )
    assert row.records.mx is not None
    assert [(each.preference, each.host) for each in row.records.mx.values] == [(10, "mail.a.org")]
    assert row.records.txt is not None
    assert row.records.txt.values == ("v=spf1 -all",)
    assert row.records.autodiscover is not None
    assert row.records.autodiscover.aliases == ("autodiscover.outlook.com",)
    assert row.records.services["autodiscover"].values[0].host == "mail.a.org"
    assert row.records.dkim["selector1"].aliases == ("x.onmicrosoft.com",)
    bare = row_of(snapshot(OWN, None)).records
    assert bare.txt is not None
    assert bare.autodiscover is not None
    assert (bare.txt.outcome, bare.autodiscover.outcome) == (Outcome.NOTHING, Outcome.NOTHING)


#: One domain of each half; which is which does not matter.
HALVES = ("a.org", "c.org")


def world(what: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        each
        for domain in HALVES
        for each in (snapshot(what, "microsoft", domain), snapshot(GOOGLE, "google", domain))
    ]


@pytest.mark.parametrize(("what", "missed"), [(MICROSOFT, 0), (OWN, 4), (FILTER, 4)])
def test_bounds_are_held_in_each_half(what: dict[str, Any], missed: int) -> None:
    """Recall and precision each have a bound in both halves; labels without ground have none."""
    from dns_world import concluded, ratios, row_of

    from inboxlink.evidence.hosting import facts

    rows = [row_of(each) for each in world(what)]
    assert {row.is_tuning for row in rows} == {True, False}
    found = list(ratios([(row, concluded(facts(row.records))) for row in rows]))
    assert len([each for each in found if each.bound is not None]) == 8
    assert len([each for each in found if not each.is_met]) == missed


def test_a_missed_bound_fails_the_program(tmp_path: Path) -> None:
    """It reads the file that it is given, prints what it found, and exits with 1."""
    data = tmp_path / "world.jsonl.gz"
    with gzip.open(data, "wt") as lines:
        lines.writelines(json.dumps(each) + "\n" for each in world(OWN))
    command = [sys.executable, str(BENCH / "dns_world.py"), str(data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "google, tuning half: recall 1.0000, missed" in done.stdout
    assert done.stdout.count("MISSED") >= 4
    assert "4 domains, none of which made it raise." in done.stdout


def test_without_snapshots_it_says_so(tmp_path: Path) -> None:
    """The data is no part of the project; where it is missing nothing is measured."""
    command = [sys.executable, str(BENCH / "dns_world.py"), str(tmp_path / "none.gz")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("There are no snapshots in ")
