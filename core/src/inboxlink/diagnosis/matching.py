"""Find the rules that a text answers, the most precise one first.

Codes are looked up by their first word. Patterns are tried only where a literal of theirs stands in
the text, so that most are never compiled.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from inboxlink.diagnosis.reading import Text, is_reply, words_of
from inboxlink.diagnosis.rule import RESPONSE_CODES, Rule

__all__ = ["Match", "Question", "Rules", "Weight", "literal_of"]

#: Protocols that many servers speak: what a vendor's rule says of them holds for whoever asks.
_SHARED = frozenset({"imap", "smtp", "tcp", "tls", "dns", "oauth", "http", "flow"})

#: Providers of ours that speak to an API alone: a number that they report is a status of HTTP.
_API_PROVIDERS = frozenset({"exchange", "gmail", "outlook"})
_MAIL = frozenset({"imap", "smtp"})

#: What is not there for sure in what a pattern matches: the escape of a class, a set, a group, a
#: character that may be missing; and, to be kept, a character that is escaped (the group).
_UNSURE = re.compile(
    r"\\[A-Za-z0-9]|\\(.)(?![?*{])|\\.|\[[^\]]*\][?*+]?|\((?:[^()]|\([^()]*\))*\)[?*+]?"
    r"|.[?*]|.\{[^}]*\}|[.+^$]"
)


class Question(NamedTuple):
    """What is known of a failure.

    Args:
        text: What was said.
        host: The server's name; None = it may stand in the text.
        protocol: What was spoken; None = unknown.
        stage: Where in a verification; None = unknown.
        provider: Who spoke; None = unknown.
    """

    text: Text
    host: str | None = None
    protocol: str | None = None
    stage: str | None = None
    provider: str | None = None


class Weight(NamedTuple):
    """How precisely a rule answers; the first that differs decides, and more is better.

    Args:
        is_host: It is limited to this server.
        signs: 3 = code and pattern, 2 = code, 1 = pattern.
        stage: 1 = it is limited to this stage, -1 = to some, and the stage is unknown.
        owner: 2 = of the provider that asks, 1 = of another one, 0 = the core's.
        code: How precise the code is.
        pattern: How much of the text the pattern matches.
        place: Earlier is better.
    """

    is_host: bool
    signs: int
    stage: int
    owner: int
    code: int
    pattern: int
    place: int


class Match(NamedTuple):
    """A rule that answers.

    Args:
        rule: The rule.
        weight: How precisely.
        code: The code by which it was found; None = by a pattern.
    """

    rule: Rule
    weight: Weight
    code: str | None


class _Code(NamedTuple):
    rule: Rule
    code: str
    words: tuple[str, ...]

    @property
    def precision(self) -> int:
        # An enhanced code says more than a reply, and both together more than either.
        return 2 * len(self.words) - is_reply(self.code)


class Rules:
    """All rules that count here."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.all = tuple(rules)

    def matches(self, question: Question) -> list[Match]:
        """Every rule that answers, the most precise first."""
        found: dict[str, Match] = {}
        for match in chain(
            self._by_code(question), self._by_error(question), self._by_pattern(question)
        ):
            known = found.get(match.rule.id)
            if known is None or match.weight > known.weight:
                found[match.rule.id] = match
        return sorted(found.values(), key=lambda each: (each.weight, each.rule.id), reverse=True)

    def for_error(self, question: Question, error: str) -> list[Match]:
        """The rules for an error whose words tell no more, the most precise first.

        Those of the server itself, the one of the error, or the only one that there is.
        """
        told = [each for each in self.all if each.error == error and _applies(each, question)]
        named = [each for each in told if each.hosts or each.is_of_error]
        chosen = named or (told if len(told) == 1 else [])
        found = [Match(each, _weight(each, question), None) for each in chosen]
        return sorted(found, key=lambda each: (each.weight, each.rule.id), reverse=True)

    def _by_code(self, question: Question) -> Iterator[Match]:
        for entry, place in self._codes_in(question.text):
            rule = entry.rule
            if not _applies(rule, question):
                continue
            size = _matched(rule, question.text) if rule.patterns else 0
            if size or not rule.patterns:
                weight = _weight(rule, question, code=entry.precision, pattern=size, place=place)
                yield Match(rule, weight, entry.code)

    def _codes_in(self, text: Text) -> Iterator[tuple[_Code, int]]:
        """Each code that stands in the text, with the first place where it is meant as one."""
        for name, place in text.response_codes.items():
            for entry in self._response_codes.get(name, ()):
                yield entry, place
        found: set[int] = set()
        for index, word in enumerate(text.words):
            for entry in self._codes.get(word.said, ()):
                size = len(entry.words)
                said = tuple(each.said for each in text.words[index : index + size])
                if said != entry.words or id(entry) in found:
                    continue
                if text.is_code_at(index, size):
                    found.add(id(entry))
                    yield entry, word.place

    def _by_error(self, question: Question) -> Iterator[Match]:
        """By what a connection shows, which people copy too."""
        for word in question.text.words:
            for rule in self._of_errors.get(word.said, ()):
                if _applies(rule, question):
                    yield Match(rule, _weight(rule, question, code=2, place=word.place), None)

    def _by_pattern(self, question: Question) -> Iterator[Match]:
        for rule in self.all:
            if rule.patterns and not rule.codes and _applies(rule, question):
                size = _matched(rule, question.text)
                if size:
                    yield Match(rule, _weight(rule, question, pattern=size), None)

    @cached_property
    def _codes(self) -> dict[str, list[_Code]]:
        """By their first word."""
        index: dict[str, list[_Code]] = {}
        for rule in self.all:
            if rule.protocol != RESPONSE_CODES:
                for code in rule.codes:
                    words = tuple(each.said for each in words_of(code))
                    if words:  # a provider may write anything
                        index.setdefault(words[0], []).append(_Code(rule, code, words))
        return index

    @cached_property
    def _response_codes(self) -> dict[str, list[_Code]]:
        index: dict[str, list[_Code]] = {}
        for rule in self.all:
            if rule.protocol == RESPONSE_CODES:
                for code in rule.codes:
                    index.setdefault(code, []).append(_Code(rule, code, (code,)))
        return index

    @cached_property
    def _of_errors(self) -> dict[str, list[Rule]]:
        index: dict[str, list[Rule]] = {}
        for rule in self.all:
            if rule.is_of_error:
                index.setdefault(rule.error, []).append(rule)
        return index


def literal_of(pattern: str) -> str:
    """The longest part that stands in everything that a pattern matches, in lower case.

    Empty where there is none, so that the pattern is tried on each text.
    """
    sure = _UNSURE.sub(lambda unsure: unsure[1] or "\0", pattern)
    return "" if "|" in sure else max(sure.split("\0"), key=len).lower()


def _matched(rule: Rule, text: Text) -> int:
    """How many characters the best pattern matches; 0 = none does."""
    best = 0
    for pattern in rule.patterns:
        if literal_of(pattern) in text.lower:
            try:
                found = re.search(pattern, text.text, re.IGNORECASE)
            except re.error:  # a slip of a provider's
                continue
            best = max(best, len(found[0]) if found else 0)
    return best


def _applies(rule: Rule, question: Question) -> bool:
    if question.stage is not None and rule.stages and question.stage not in rule.stages:
        return False
    if question.protocol is not None and not _is_about(rule, question.protocol):
        return False
    asked = question.provider
    if asked in _API_PROVIDERS and rule.protocol in _MAIL:
        return False
    if asked is not None and rule.owner not in (None, asked) and rule.protocol not in _SHARED:
        return False
    return not rule.hosts or any(_is_of(rule, name) for name in _hosts(question))


def _is_about(rule: Rule, protocol: str) -> bool:
    # Each of them stands on the same ground, and a mail server speaks nothing but its own above it.
    return rule.protocol == protocol or rule.protocol in _SHARED - _MAIL


def _hosts(question: Question) -> tuple[str, ...]:
    return question.text.hosts if question.host is None else (question.host.lower(),)


def _is_of(rule: Rule, name: str) -> bool:
    return any(name == host or name.endswith(f".{host}") for host in rule.hosts)


def _weight(
    rule: Rule, question: Question, *, code: int = 0, pattern: int = 0, place: int = 0
) -> Weight:
    stage = 0 if not rule.stages else -1 if question.stage is None else 1
    owner = 0 if rule.owner is None else 1 + (rule.owner == question.provider)
    signs = 2 * bool(code) + bool(pattern)
    return Weight(bool(rule.hosts), signs, stage, owner, code, pattern, -place)
