"""Break lines where the language allows it.

rich breaks at spaces alone. Japanese has few: a line may end between any two of its characters,
but for closing punctuation, which no line begins with, and opening brackets, which none ends with
(JIS X 4051, kinsoku).
"""

import re
import unicodedata

__all__ = ["cells", "hanging", "wrapped"]

_NOT_FIRST = (
    "、。，．・：；？！」』）】〉》〕］｝ーぁぃぅぇぉっゃゅょァィゥェォッャュョ…ー,.:;?!)]}"
)
_NOT_LAST = "「『（【〈《〔［｛([{"

#: A run of what stays together: a word of narrow characters, or one wide character.
_PIECE = re.compile(r"[ \t]+|[!-~\u00a0-\u02ff]+|.", re.DOTALL)


def wrapped(text: str, width: int) -> str:
    """Text whose lines take at most `width` cells; line ends and indents stay.

    A piece that is wider than a line is left whole for the terminal to fold.
    """
    return "\n".join(_line(line, width) for line in text.split("\n"))


def hanging(mark: str, text: str, width: int) -> str:
    """A mark and a text whose further lines begin below its first character."""
    indent = cells(mark)
    return mark + wrapped(text, width - indent).replace("\n", "\n" + " " * indent)


def cells(text: str) -> int:
    """How many cells of a terminal a text takes (UAX 11: wide and fullwidth take two)."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def _line(line: str, width: int) -> str:
    if cells(line) <= width:
        return line
    lines: list[str] = []
    current = ""
    for piece in _pieces(line):
        if current and cells((current + piece).rstrip()) > width:
            lines.append(current.rstrip())
            current = piece.lstrip()
        else:
            current += piece
    return "\n".join([*lines, current])


def _pieces(line: str) -> list[str]:
    pieces: list[str] = []
    for piece in _PIECE.findall(line):
        joins = pieces and (piece[0] in _NOT_FIRST or pieces[-1][-1] in _NOT_LAST)
        if joins:
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces
