"""What can be wrong with the operator's registration of the application, whoever the provider is.

A provider looks here first, and then for what its own console gives out.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from inboxlink.errors import Problem, problem
from inboxlink.types.text import Text

__all__ = ["client_problems"]

#: What stands in settings that were copied from an example and never filled in.
_PLACEHOLDERS = ("...", "<", ">", "your-", "your_", "changeme")


def client_problems(
    settings: Mapping[str, str], provider: str, needed: Collection[str] = ("client_id",)
) -> tuple[Problem, ...]:
    """What is wrong with the settings at first sight; none of their values is named.

    Args:
        settings: As a hook is lent them.
        provider: Whose registration it is.
        needed: The settings without which nobody can sign in.
    """
    found = [
        problem("client_missing", provider=provider, setting=name)
        for name in needed
        if not settings.get(name)
    ]
    for name in ("client_id", "client_secret", "tenant"):
        words = _objection(settings.get(name, ""))
        if words is not None:
            trouble = problem("client_invalid", provider=provider, setting=name)
            found.append(replace(trouble, message=Text(words, trouble.message.params)))
    return tuple(found)


def _objection(value: str) -> str | None:
    if any(each in value.lower() for each in _PLACEHOLDERS):
        return "error.client_invalid.placeholder"
    # RFC 6749 appendices A.1 and A.2 allow visible ASCII and spaces; no console gives out spaces.
    if not value.isascii() or not value.isprintable() or " " in value:
        return "error.client_invalid.characters"
    return None
