"""Show what a failure means: the rules that count here, in a person's words and as JSON."""

from typing import TYPE_CHECKING, Any

from inboxlink.cli.vetting import usable_packages
from inboxlink.errors import Blame, InboxlinkError, Kind
from inboxlink.texts import safe_text

if TYPE_CHECKING:
    from inboxlink.diagnosis import Diagnosis, Rules
    from inboxlink.errors import Problem
    from inboxlink.texts import Words

__all__ = [
    "as_document",
    "is_of_a_connection",
    "restates",
    "rules_here",
    "told",
    "worded_who",
]

_WHO = {
    Blame.PERSON: "cli.who.person",
    Blame.ADMIN: "cli.who.admin",
    Blame.OPERATOR: "cli.who.operator",
    Blame.MAILBOX: "cli.who.mailbox",
    Blame.PLUGIN: "cli.who.plugin",
    Blame.HOST: "cli.who.host",
}

#: The branches of the tree that the other side, or the way to it, has a part in.
_OF_A_CONNECTION = frozenset({Kind.SIGN_IN, Kind.MAILBOX, Kind.SETUP})

#: Says that nothing is known; where a rule knows, its cause stands in place of that.
_NOTHING_KNOWN = "remote_error"

#: What these advise is general: the steps of a rule that knows what the server meant take its
#: place. What others advise names a command or a setting of ours, which no rule knows.
_GENERAL = frozenset(
    {
        *("invalid_credentials", "app_password_required", "sign_in_refused", "login_disabled"),
        *("mechanism_unsupported", "server_unavailable", "too_many_connections", "sender_refused"),
        *("message_refused", "protocol_error", "inbox_missing", _NOTHING_KNOWN),
    }
)


def is_of_a_connection(trouble: "Problem") -> bool:
    """Whether rules can say more of a problem; what `explain` itself says is none."""
    return trouble.kind in _OF_A_CONNECTION and trouble.code != "unexplained"


def rules_here() -> "Rules":
    """The core's rules, and those of the providers that may be used here."""
    from inboxlink.diagnosis import load_rules

    try:
        packages = usable_packages()
    except InboxlinkError:  # the configuration, which says who may be used; the core's hold anyway
        packages = {}
    return load_rules(packages)


def worded_who(words: "Words", who: Blame) -> str:
    """Who can mend something."""
    return words("cli.diagnosis.who", who=words(_WHO[who]))


def told(
    words: "Words", trouble: "Problem", found: "Diagnosis | None"
) -> tuple[str, list[tuple[str, str]]]:
    """What a person is told of a problem: its title, and the lines below, each with its mark.

    Args:
        words: In the person's language.
        trouble: What went wrong.
        found: What the rules say of it; None = nothing.
    """
    who = None if found is None else found.who
    if found is not None and restates(found):
        found = None
    cause = None if found is None else found.cause
    is_known_better = trouble.code == _NOTHING_KNOWN and cause is not None
    title = cause if is_known_better and cause is not None else words(trouble.message)
    lines: list[tuple[str, str]] = []
    if trouble.remote:
        lines.append(("  ", f"{words('cli.remote')} {safe_text(trouble.remote, 512)}"))
    if cause is not None and not is_known_better:
        lines.append(("  ", cause))
    if found is not None and found.rule is None:
        lines.append(("  ", words("cli.diagnosis.unknown", fingerprint=f"{found.fingerprint}")))
    if who is not None:
        lines.append(("  ", worded_who(words, who)))
    is_advised = trouble.code in _GENERAL and found is not None and _knows_the_server(found)
    if trouble.remedy is not None and not is_advised:
        lines.append(("  → ", words(trouble.remedy)))
    lines += [("  → ", step) for step in (() if found is None else found.steps)]
    return title, lines


def restates(found: "Diagnosis") -> bool:
    """Whether a rule only says again what a problem of ours says by itself."""
    return found.rule is not None and found.rule.startswith("flow.")


def as_document(found: "Diagnosis") -> dict[str, Any]:
    """A diagnosis as JSON, worded."""
    return {
        "rule": found.rule,
        "protocol": found.protocol,
        "error": found.error,
        "cause": found.cause,
        "who": None if found.who is None else found.who.value,
        "steps": list(found.steps),
        "link": found.link,
        "source": found.source,
        "read": found.read,
        "code": found.code,
        "fingerprint": found.fingerprint,
    }


def _knows_the_server(found: "Diagnosis") -> bool:
    """Whether a rule knows what the server meant, and not only what the error means."""
    return found.rule is not None and found.rule.rpartition(".")[2] != found.error
