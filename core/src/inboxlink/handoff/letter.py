"""A letter to whoever administers the mailbox, with the exact place, address or command.

What is asked stands in the strings, the most precise of them counts: the provider's own for the
error, that for the error where the mailbox is kept, that for the error, and one for all others.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from inboxlink.errors import Blame, Problem
from inboxlink.texts import Words
from inboxlink.types.address import Address
from inboxlink.types.disclosure import Application, Capability
from inboxlink.types.text import Text

__all__ = ["Letter", "Matter", "is_for_admin", "write"]

#: Who keeps the mailboxes behind a server's name; suffixes of whole labels.
_PLACES = {
    "microsoft": ("office365.com", "outlook.com", "office.com", "microsoftonline.com"),
    "google": ("gmail.com", "googlemail.com", "google.com", "googleapis.com"),
}

#: Whatever PowerShell takes for the end of a text in single quotes, doubled to stand for itself
#: ("about_Quoting_Rules" and the language's grammar, learn.microsoft.com, read November 2026).
_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent to an administrator.

    Args:
        language: That it is in.
        subject: One line.
        body: Paragraphs, ready to be pasted into a message. A line that begins with spaces is to
            be copied as it is: a command, or an address.
    """

    language: str
    subject: str
    body: str

    @property
    def text(self) -> str:
        """Both, as one text."""
        return f"{self.subject}\n\n{self.body}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a letter is about.

    Args:
        problem: What only an administrator can mend.
        address: The mailbox.
        provider: The name of the provider.
        title: What people call it.
        application: The operator's.
        client_id: By which the provider knows the application; None = there is no registration.
        scopes: What is asked of the provider; empty for a password.
        wanted: What the application wants to do.
        happened_at: When the sign-in stopped, for whoever looks into a log.
        resume: The command that goes on afterwards; empty = there is none.
        has_ticket: Whether that is by a ticket, which is over after a while.
    """

    problem: Problem
    address: Address
    provider: str
    title: Text
    application: Application
    client_id: str | None
    scopes: tuple[str, ...]
    wanted: frozenset[Capability]
    happened_at: datetime
    resume: str = ""
    has_ticket: bool = False


def is_for_admin(problem: Problem) -> bool:
    """Whether only an administrator can go on."""
    return problem.blame is Blame.ADMIN


def write(matter: Matter, words: Words) -> Letter:
    """The letter, in the language of the words, which know the providers' strings."""
    params = _params(matter, words)
    app = matter.application
    named = [words("handoff.named.app", app=app.name)]
    for key, value in (
        ("handoff.named.client", matter.client_id),
        ("handoff.named.privacy", app.privacy_policy),
        ("handoff.named.support", app.support),
    ):
        if value:
            named.append(words(key, value=value))
    happened = [words("handoff.happened", at=f"{matter.happened_at:%Y-%m-%d %H:%M} UTC")]
    happened.append(words(matter.problem.message))
    if matter.problem.remote:
        happened.append(words("handoff.remote", said=matter.problem.remote))
    paragraphs = [
        words("handoff.greeting", **params),
        "\n".join(happened),
        f"{words('handoff.asked')}\n{words(_asked(matter, words), **params)}",
        "\n".join(named),
        _wanted(matter, words, params),
        words(_closing(matter), **params),
    ]
    subject = words("handoff.subject", **params)
    return Letter(words.language, subject, "\n\n".join(paragraphs))


def _closing(matter: Matter) -> str:
    if not matter.resume:
        return "handoff.thanks"
    return "handoff.closing" if matter.has_ticket else "handoff.closing.again"


def _asked(matter: Matter, words: Words) -> str:
    code = matter.problem.code
    places = _place(matter.problem.message.params.get("host", ""))
    keys = (f"{matter.provider}.handoff.{code}", *(f"handoff.{each}.{code}" for each in places))
    return next((key for key in (*keys, f"handoff.ask.{code}") if words.has(key)), "handoff.ask")


def _place(host: str) -> tuple[str, ...]:
    return tuple(
        name
        for name, suffixes in _PLACES.items()
        if any(f".{host.lower()}".endswith(f".{suffix}") for suffix in suffixes)
    )


def _wanted(matter: Matter, words: Words, params: Mapping[str, str]) -> str:
    lines = [words("handoff.wanted")]
    lines += [
        f"- {words(f'handoff.why.{each.value}', **params)}"
        for each in Capability
        if each in matter.wanted
    ]
    if matter.scopes:
        lines += ["", words("handoff.scopes")]
        lines += [f"- {_scope(each, matter.provider, words)}" for each in matter.scopes]
    else:
        lines.append(f"- {words('handoff.no_scopes', **params)}")
    return "\n".join(lines)


def _scope(scope: str, provider: str, words: Words) -> str:
    name = re.sub("[^a-z0-9]+", "_", scope.rstrip("/").rpartition("/")[2].lower())
    key = f"{provider}.handoff.scope.{name}"
    return f"{scope}: {words(key)}" if words.has(key) else scope


def _params(matter: Matter, words: Words) -> dict[str, str]:
    said = {name: str(value) for name, value in matter.problem.message.params.items()}
    remedy = matter.problem.remedy
    said |= {} if remedy is None else {name: str(value) for name, value in remedy.params.items()}
    address = str(matter.address)
    return said | {
        "address": address,
        "quoted_address": "'" + _QUOTES.sub(r"\1\1", address) + "'",
        "domain": matter.address.domain,
        "app": matter.application.name,
        "client_id": matter.client_id or "-",
        "provider": words(matter.title),
        "code": matter.problem.code,
        "resume": matter.resume,
    }
