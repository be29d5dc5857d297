"""One rule: by what a cause is told, and what a person is told about it.

A rule needs one kind of each sign that it names: where it has codes, one of them stands in the
text; where it has patterns, one of them matches; where it has hosts, the server is one of them. So
a rule with a code and a pattern tells one cause among several that share a code.

A rule whose id ends in the code of its error, such as `tls.certificate_expired`, is the one for
that error, where the other side said nothing: it needs no sign of its own.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from inboxlink.errors import Blame
from inboxlink.texts import LANGUAGES, safe_text

__all__ = ["PROTOCOLS", "RESPONSE_CODES", "Rule", "Words", "read_rule"]

#: Whose words a rule is about; `flow` is what inboxlink itself says of a sign-in.
PROTOCOLS = frozenset(
    {
        *("imap", "smtp", "tcp", "tls", "dns", "oauth", "http", "flow"),
        *("graph", "gmail", "ews", "autodiscover"),
    }
)

#: The protocol whose codes stand in brackets and in any case (RFC 9051 section 7.1).
RESPONSE_CODES = "imap"

_LINES = ("id", "protocol", "error", "source", "read")
_LISTS = ("stages", "codes", "patterns", "hosts")


class Words(NamedTuple):
    """What a person is told, in one language.

    Args:
        cause: What happened.
        steps: What to do, in order; `{app}` stands for the application.
    """

    cause: str
    steps: tuple[str, ...]


class Rule(NamedTuple):
    """One cause.

    Args:
        id: Dotted; its first part is the topic.
        protocol: One of `PROTOCOLS`.
        stages: The stages of a report that it can appear at; empty = any.
        codes: The other side's own codes, as they stand in its answer.
        patterns: Regular expressions for what has no code; case does not count.
        hosts: Names of servers, or the domains above them, that it is limited to; empty = any.
        error: The code of the error that a connection shows for it.
        who: Who can mend it; None = that is not known.
        link: A page that helps; None = there is none.
        source: The standard's section or the vendor's page that says so.
        read: The month in which that was read.
        words: By language, English among them.
        owner: The provider whose rule it is; None = the core's.
    """

    id: str
    protocol: str
    stages: tuple[str, ...]
    codes: tuple[str, ...]
    patterns: tuple[str, ...]
    hosts: tuple[str, ...]
    error: str
    who: Blame | None
    link: str | None
    source: str
    read: str
    words: Mapping[str, Words]
    owner: str | None

    @property
    def is_of_error(self) -> bool:
        """Whether it is the rule for its error, where the other side said nothing."""
        return self.id.rpartition(".")[2] == self.error


def read_rule(raw: Any, owner: str | None) -> Rule:  # noqa: ANN401 - whatever a file holds
    """A rule as it stands in a file; what will be shown is cleaned.

    Raises:
        ValueError: It is none.
    """
    try:
        # Checked as it is read: the file of a provider may be anything.
        lines = [_line(raw[name]) for name in _LINES]
        lists = [tuple(map(_line, raw[name])) for name in _LISTS]
        who = None if raw["who"] is None else Blame(raw["who"])
        link = None if raw["link"] is None else _line(raw["link"])
        words = {
            language: Words(
                safe_text(_line(raw[language]["cause"])),
                tuple(safe_text(_line(each)) for each in raw[language]["steps"]),
            )
            for language in LANGUAGES
            if language in raw
        }
    except (LookupError, TypeError) as error:
        raise ValueError(type(error).__name__) from None
    name, protocol, told, source, read = lines
    stages, codes, patterns, hosts = lists
    rule = Rule(
        *(name, protocol, stages, codes, patterns, hosts, told, who, link),
        *(safe_text(source), safe_text(read), words, owner),
    )
    has_sign = codes or patterns or rule.is_of_error
    if protocol not in PROTOCOLS or "en" not in words or not has_sign:
        raise ValueError(name)
    if link is not None and not link.startswith("https://"):
        raise ValueError(link)
    return rule


def _line(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value
