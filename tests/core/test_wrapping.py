"""Lines, broken where the language allows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from inboxlink.cli.wrapping import hanging, wrapped

JAPANESE = (
    "続ける前に、技術的な要件を IT 担当者に確認してください。IMAP と SMTP での接続が許可されて"
    "いるか、両方のサーバーの名前とポート、そしてユーザー名です。"
)


@pytest.mark.parametrize("width", [20, 38, 39, 40, 74])
def test_japanese_fills_its_lines(width: int) -> None:
    """A line ends between two characters, is nearly full, and begins with no closing mark."""
    lines = wrapped(JAPANESE, width).split("\n")
    assert "".join(lines).replace(" ", "") == JAPANESE.replace(" ", "")
    for line in lines:
        assert cell_len(line) <= width
        assert line[0] not in "、。」）ー"
    assert all(cell_len(line) >= width - 8 for line in lines[:-1])


def test_words_stay_whole() -> None:
    """English breaks at spaces, and a word that is wider than the line is left alone."""
    assert wrapped("one two three", 7) == "one two\nthree"
    assert (
        wrapped("a-very-long-name.example.org is it", 10) == "a-very-long-name.example.org\nis it"
    )


def test_lines_and_indents_stay() -> None:
    """What was broken before stays broken, and an indent is kept."""
    assert wrapped("a\n\n  b", 10) == "a\n\n  b"


def test_what_has_a_mark_hangs_from_it() -> None:
    """Further lines begin below the first character of the text, and all fit."""
    assert hanging("  → ", "one two three", 11) == "  → one two\n    three"
    assert hanging("! ", "one", 11) == "! one"


@given(st.text(max_size=120), st.integers(min_value=4, max_value=60))
def test_no_character_is_lost(text: str, width: int) -> None:
    """Breaking lines takes nothing but white space away, and adds nothing but line ends."""
    assert "".join(wrapped(text, width).split()) == "".join(text.split())
