"""The ledger over random rows and random edits: it says whole exactly where nothing was touched."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.custody import custody, sql, without_keyring  # noqa: F401 - a fixture
from inboxlink.consent.ledger import EntryKind, LedgerVerdict

pytestmark = pytest.mark.usefixtures("without_keyring")

WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(list(EntryKind)),
            "owner": WORDS,
            "mailbox": WORDS,
            "provider": WORDS,
            "details": st.dictionaries(WORDS, st.none() | st.booleans() | st.integers() | WORDS),
        }
    ),
    min_size=1,
    max_size=6,
)

ENTRY_COLUMNS = ("owner", "mailbox", "content", "previous", "hash")
HEAD_COLUMNS = ("hash", "key_id", "mac")


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """One statement of somebody with a shell. It may happen to change nothing."""
    row, other = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    column, head = draw(st.sampled_from(ENTRY_COLUMNS)), draw(st.sampled_from(HEAD_COLUMNS))
    at, with_, text = draw(st.integers(1, 80)), draw(st.sampled_from("0aZ~")), draw(WORDS)
    cut = f"substr({column}, 1, :at - 1) || :with_ || substr({column}, :at + 1)"
    cut_head = f"substr({head}, 1, :at - 1) || :with_ || substr({head}, :at + 1)"
    statement = draw(
        st.sampled_from(
            [
                f"UPDATE ledger_entry SET {column} = {cut} WHERE n = :row",
                f"UPDATE ledger_entry SET {column} = :text WHERE n = :row",
                f"UPDATE ledger_entry SET {column} = "
                f"(SELECT {column} FROM ledger_entry WHERE n = :other) "
                "WHERE n = :row AND EXISTS (SELECT 1 FROM ledger_entry WHERE n = :other)",
                "UPDATE OR IGNORE ledger_entry SET n = :other WHERE n = :row",
                "DELETE FROM ledger_entry WHERE n = :row",
                "DELETE FROM ledger_entry WHERE n >= :row",
                "DELETE FROM ledger_entry",
                "DELETE FROM ledger_head",
                f"UPDATE ledger_head SET {head} = {cut_head}",
                f"UPDATE ledger_head SET {head} = :text",
                "UPDATE ledger_head SET n = :row",
                "UPDATE ledger_head SET n = :row, hash = "
                "(SELECT hash FROM ledger_entry WHERE n = :row) "
                "WHERE EXISTS (SELECT 1 FROM ledger_entry WHERE n = :row)",
                "INSERT OR IGNORE INTO ledger_entry (n, owner, mailbox, content, previous, hash) "
                "SELECT :row, owner, mailbox, content, previous, hash "
                "FROM ledger_entry WHERE n = :other",
            ]
        )
    )
    values = {"row": row, "other": other, "at": at, "with_": with_, "text": text}
    return statement, values


def everything(directory: Path) -> list[list[tuple[Any, ...]]]:
    """All rows, and the head."""
    tables = ("ledger_entry", "ledger_head")
    return [sql(directory, f"SELECT * FROM {table} ORDER BY 1") for table in tables]


def emptied(directory: Path) -> None:
    sql(directory, "DELETE FROM ledger_entry", "DELETE FROM ledger_head")


def test_whole_means_untouched(tmp_path: Path) -> None:
    """After any edits the ledger is whole exactly if every row and the head are as written.

    Without any row, any head and any connection it is one that was never written.
    """
    directory = tmp_path / "data"
    with custody(directory) as (_, _, _, ledger):

        @settings(max_examples=100, deadline=None)
        @given(rows=ROWS, done=st.lists(edits(), max_size=3))
        def check(rows: list[dict[str, Any]], done: list[tuple[str, dict[str, Any]]]) -> None:
            emptied(directory)
            for row in rows:
                ledger.append(**row)
            written = everything(directory)
            assert ledger.verify() == LedgerVerdict(ok=True, count=len(rows))
            for statement, values in done:
                sql(directory, statement, **values)
            found = everything(directory)
            verdict = ledger.verify()
            assert verdict.ok == (found in (written, [[], []]))
            assert (verdict.broken_at is None, verdict.reason is None) == (verdict.ok, verdict.ok)
            assert verdict.count == len(found[0])

        check()


def test_the_first_row_that_was_touched_is_named(tmp_path: Path) -> None:
    """Whichever column of whichever row is changed, that row is the one that is named."""
    directory = tmp_path / "data"
    with custody(directory) as (_, _, _, ledger):

        @settings(max_examples=30, deadline=None)
        @given(rows=ROWS, data=st.data())
        def check(rows: list[dict[str, Any]], data: st.DataObject) -> None:
            emptied(directory)
            for row in rows:
                ledger.append(**row)
            touched = data.draw(st.integers(1, len(rows)))
            column = data.draw(st.sampled_from(ENTRY_COLUMNS))
            change = f"UPDATE ledger_entry SET {column} = {column} || 'x' WHERE n = :row"
            sql(directory, change, row=touched)
            verdict = ledger.verify()
            assert (verdict.ok, verdict.broken_at, verdict.count) == (False, touched, len(rows))

        check()


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Any rows come back in order with all they said, whatever letters stood in them."""
    directory = tmp_path / "data"
    with custody(directory) as (_, _, _, ledger):

        @settings(max_examples=30, deadline=None)
        @given(rows=ROWS)
        def check(rows: list[dict[str, Any]]) -> None:
            emptied(directory)
            written = [ledger.append(**row) for row in rows]
            assert ledger.entries() == written
            for number, (row, entry) in enumerate(zip(rows, written, strict=True), 1):
                assert entry.n == number
                assert {name: getattr(entry, name) for name in row} == row
                said = {**row, "kind": row["kind"].value, "n": number, "hash": entry.hash}
                said |= {"at": "2026-03-04T05:06:07.000089+00:00", "host": "host.test"}
                assert json.loads(json.dumps(entry.document())) == said
            owner = rows[0]["owner"]
            own = [entry for entry in written if entry.owner == owner]
            assert ledger.entries(owner=owner) == own

        check()
