"""What stands in a text: its words with their places, its response codes, its names of servers.

A text is what a server said, or what a person copied from a log, a mail program or a traceback.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

__all__ = ["MAX_CHARACTERS", "Text", "Word", "is_reply", "words_of"]

#: A long traceback; what stands behind it is not looked at.
MAX_CHARACTERS = 32 * 1024

#: An enhanced status code or an address, a number, or a name.
_WORD = re.compile(r"[0-9]+(?:\.[0-9]+)+|[A-Za-z0-9_]+")
#: `HTTP/1.1 401` is what others write as `HTTP 401`; Python writes octets as b'…'.
_LEFT_OUT = re.compile(r"(?<=HTTP)/[0-9](?:\.[0-9])?|\bb(?=['\"])")
_RESPONSE_CODE = re.compile(r"\[([A-Za-z][A-Za-z0-9-]*)(?=[\] ])")
_HOST = re.compile(r"(?<![\w@.-])(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]+", re.IGNORECASE)

_REPLY = re.compile(r"[2-5][0-9][0-9]")
_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
#: How far before a number is looked.
_NEAR = 64
#: What stands before a number that is a reply: where an SMTP server's begins, or one of these.
_BEFORE_A_REPLY = frozenset("('\"<>:-[{=")
_SAID_OF_A_REPLY = frozenset({"smtp", "error", "code", "reply", "response", "said", "answered"})


class Word(NamedTuple):
    """A word, and where it begins."""

    said: str
    place: int


class Text:
    """One text, read once."""

    def __init__(self, text: str) -> None:
        self.text = _LEFT_OUT.sub("", text[:MAX_CHARACTERS])
        self.words = tuple(words_of(self.text))

    @cached_property
    def lower(self) -> str:
        """The text in which the literals of patterns are looked for."""
        return self.text.lower()

    @cached_property
    def response_codes(self) -> dict[str, int]:
        """The codes in brackets, in upper case, each with its first place (RFC 9051 section 7.1).

        Where the text is one word and nothing else, that is taken for one too.
        """
        found: dict[str, int] = {}
        for each in _RESPONSE_CODE.finditer(self.text):
            found.setdefault(each[1].upper(), each.start())
        if len(self.words) == 1:
            found.setdefault(self.words[0].said.upper(), self.words[0].place)
        return found

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The names of servers in it, in lower case."""
        return tuple(each[0].lower() for each in _HOST.finditer(self.text))

    def is_code_at(self, index: int, size: int) -> bool:
        """Whether the words from there, which are a code of so many words, are meant as one.

        A number alone is a reply of SMTP only where one would stand. Of a reply and an enhanced
        code of another class neither is believed (RFC 2034 section 4).
        """
        if size > 1:
            return True
        word = self.words[index]
        after = self.words[index + 1].said if index + 1 < len(self.words) else ""
        before = self.words[index - 1].said if index else ""
        if _REPLY.fullmatch(word.said):
            contradicts = _ENHANCED.fullmatch(after) and after[0] != word.said[0]
            return not contradicts and self._begins_a_reply(word.place, before)
        if _ENHANCED.fullmatch(word.said):
            return not (_REPLY.fullmatch(before) and before[0] != word.said[0])
        return True

    def _begins_a_reply(self, place: int, before: str) -> bool:
        start = self.text[max(0, place - _NEAR) : place].rstrip(" \t")
        return (
            not start
            or start[-1] == "\n"
            or start[-1] in _BEFORE_A_REPLY
            or before.lower() in _SAID_OF_A_REPLY
        )


def words_of(text: str) -> Iterator[Word]:
    """The words of a text, or of a code."""
    for each in _WORD.finditer(text):
        yield Word(each[0], each.start())


def is_reply(code: str) -> bool:
    """Whether a code is a reply of SMTP alone, without an enhanced code."""
    return _REPLY.fullmatch(code) is not None
