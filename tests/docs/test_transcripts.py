"""What the documents show of a terminal is what a terminal shows."""

import difflib
import re
from pathlib import Path

import pytest

from docs.terminal import COLUMNS, HOME, StandIns
from docs.transcripts import PAGES, ROOT, blocks, rewritten
from peers.dovecot import PROGRAM
from peers.need import need

#: The demo's last line is what CI waits for, and the program does not break it.
_DEMO_ENDS = "alice@demo.test connected, verified (receive: yes, send: yes) and disconnected again"


def documents() -> list[Path]:
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("name", PAGES)
def test_the_transcripts_of_a_page_are_true(name: str) -> None:
    """Each command of the page, typed in its order, shows what the page shows."""
    if name == "docs/how-to/trust-one-certificate.md":
        need(PROGRAM, "dovecot-imapd, dovecot-submissiond")
    page = ROOT / name
    before, after = page.read_text(encoding="utf-8"), rewritten(page)
    difference = difflib.unified_diff(before.splitlines(), after.splitlines(), "shown", "seen")
    assert before == after, "run make reference\n" + "\n".join(difference)


def test_every_page_with_a_transcript_is_run() -> None:
    """No document shows a terminal that nobody looked at."""
    with_transcripts = {
        str(path.relative_to(ROOT))
        for path in documents()
        if any(block["language"] == "console" for block in blocks(path.read_text(encoding="utf-8")))
    }
    assert with_transcripts == set(PAGES)


def test_transcripts_fit_a_terminal() -> None:
    """Nothing that is typed or shown is wider than 80 columns."""
    for path in documents():
        for block in blocks(path.read_text(encoding="utf-8")):
            for line in block["text"].splitlines():
                assert len(line) <= COLUMNS or line == _DEMO_ENDS, (path.name, line)


def test_a_value_has_one_stand_in() -> None:
    """One value has one stand-in, another value another one, and typing it gives the value back."""
    home = Path("/tmp/abcdef")
    assert len(str(home)) == len(HOME)
    seen = StandIns(home)
    first, second = "a" * 64, "b" * 64
    shown = seen.put(f"{home}/x: {first} {second} {first} in 3 s,  217 ms, 2031-01-02 03:04")
    stands_for = re.findall(r"[0-9a-f]{64}", shown)
    assert stands_for[0] == stands_for[2] != stands_for[1]
    assert shown.startswith(f"{HOME}/x: ")
    assert "   12 ms" in shown
    assert "19:42" in shown
    assert seen.resolve(f"{HOME} {stands_for[1]}") == f"{home} {second}"
