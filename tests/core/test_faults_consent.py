"""What the program says of a ledger that was changed, emptied or put back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.custody import custody, sql, without_keyring  # noqa: F401 - a fixture
from inboxlink.cli.app import run
from inboxlink.consent.ledger import EntryKind

pytestmark = pytest.mark.usefixtures("without_keyring")

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def data(home: Path) -> Path:
    """An installation with five rows in its ledger."""
    with custody(home / "data") as (_, _, _, ledger):
        for number in range(5):
            ledger.append(
                EntryKind.AUTOMATION,
                owner="alice",
                mailbox="me@example.com",
                provider="imap",
                details={"number": number},
            )
    return home / "data"


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    def run_it(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        status = run(arguments)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return status, " ".join((captured.out + captured.err).split())

    return run_it


@pytest.fixture
def exported(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The export of the five rows, kept elsewhere."""
    assert run(["consent", "export"]) == 0
    file = tmp_path / "export.jsonl"
    file.write_text(capsys.readouterr().out)
    return file


def verified(say: Say, *arguments: str) -> tuple[int, Any]:
    status, out = say("--json", "consent", "verify", *arguments)
    return status, json.loads(out)


def test_a_whole_ledger_fits_its_export(say: Say, exported: Path) -> None:
    """Nothing is wrong, and both numbers of rows are told."""
    assert verified(say, "--against", str(exported)) == (
        0,
        {"ok": True, "count": 5, "exported": 5, "broken_at": None, "reason": None},
    )


def test_an_emptied_ledger_is_found_by_its_export_alone(
    say: Say, data: Path, exported: Path
) -> None:
    """Where all is gone, and nobody is connected, only what was kept elsewhere tells."""
    sql(data, "DELETE FROM ledger_entry", "DELETE FROM ledger_head")
    assert verified(say)[0] == 0
    status, found = verified(say, "--against", str(exported))
    assert (status, found["broken_at"], found["reason"]) == (14, 1, "older")


def test_a_changed_row_is_named(say: Say, data: Path) -> None:
    """The number of the row and what happened to it are told, in words and as data."""
    sql(data, "UPDATE ledger_entry SET content = replace(content, 'imap', 'pop3') WHERE n = 3")
    status, out = say("consent", "verify")
    assert status == 14
    assert "First broken row: 3 (the row was changed)" in out
    assert verified(say) == (
        14,
        {"ok": False, "count": 5, "exported": None, "broken_at": 3, "reason": "edited"},
    )


def test_a_file_that_is_no_export_is_refused(say: Say, data: Path, exported: Path) -> None:
    """A cut export is no proof of anything: `export_invalid`, and status 12."""
    exported.write_text(exported.read_text()[:-10])
    status, found = verified(say, "--against", str(exported))
    assert (status, found["error"]["code"]) == (12, "export_invalid")
    assert str(exported) in found["error"]["message"]
