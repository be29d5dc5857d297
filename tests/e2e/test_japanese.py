"""The walk through the demo's world in Japanese, as it stands on a terminal of 80 columns."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

#: Hiragana, katakana or a Han character.
JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff]")

#: What has no language: a command that was typed, an id, an address, a date, a protocol's own name.
NEUTRAL = re.compile(
    r"inboxlink|(?:https?://)?[\w.-]+[.:@][\w.:@/-]*|[A-Z]+-?[A-Z]*\d*|[\w-]{12}|\b(?:imap|ja|en)\b"
)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What `inboxlink --lang ja demo` writes."""
    home = tmp_path_factory.mktemp("home")
    done = subprocess.run(
        [sys.executable, "-c", "from inboxlink.cli import main; main()", "--lang", "ja", "demo"],
        capture_output=True,
        env={**os.environ, "INBOXLINK_HOME": str(home), "COLUMNS": "80"},
        cwd=Path(home),
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


def said(lines: list[str]) -> list[str]:
    """The lines without the commands, which may go over two."""
    found, is_command = [], False
    for line in lines:
        is_command = line.startswith("$ ") or (is_command and not JAPANESE.search(line))
        if not is_command:
            found.append(line)
    return found


def test_every_line_is_japanese(lines: list[str]) -> None:
    """A line that has words has Japanese ones."""
    told = said(lines)
    assert len(told) > 60
    for line in told:
        words = NEUTRAL.sub(" ", line)
        has_words = re.search(r"[A-Za-z]{2,}", words) is not None
        assert JAPANESE.search(line) or not has_words, line


def test_the_report_and_the_servers_have_no_english(lines: list[str]) -> None:
    """What was seen in each stage is told in Japanese too, and so is what each server is for."""
    stages = [line for line in lines if line.startswith("  ✓ ")]
    assert len(stages) >= 14
    for line in stages:
        assert re.search(r"\b(found|removed|marked)\b", line) is None, line
    servers = [line for line in lines if re.search(r"demo\.test:\d+ \w+$", line)]
    assert len(servers) >= 2
    for line in servers:
        assert JAPANESE.search(line), line


def test_columns_are_aligned_at_80(lines: list[str]) -> None:
    """Nothing is wider than the terminal, boxes are closed, and what is timed is one column."""
    told = said(lines)
    assert [line for line in told if cell_len(line.rstrip()) > 80] == []
    boxed = [line for line in told if line.startswith(("╭", "│", "╰"))]
    assert len(boxed) > 20
    assert {cell_len(line) for line in boxed} == {80}
    assert {line[-1] for line in boxed} == {"╮", "│", "╯"}
    timed = [line for line in told if re.match(r"  ✓ .* ms\b", line)]
    assert len(timed) >= 14
    assert len({cell_len(line[: line.index(" ms")]) for line in timed}) == 1
    servers = [line for line in told if re.search(r" (TLS|STARTTLS)$", line)]
    assert len({cell_len(line[: line.index("demo.test") - 5]) for line in servers}) == 1
