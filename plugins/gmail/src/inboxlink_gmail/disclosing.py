"""What a person is told before anything is asked of them: two texts, each acknowledged by itself.

The texts are data: `disclosures/<language>/<name>.v<version>.json`. A changed meaning is a new
file with the next version, and the older one stays for whoever acknowledged it.
"""

from collections.abc import Mapping

from inboxlink.types.disclosure import Application, DiscloseContext, Disclosure
from inboxlink_gmail import permissions
from inboxlink_gmail.words import document, spoken

__all__ = ["VERSIONS", "disclose"]

#: The current version of each text, in the order in which they are shown (req 50).
VERSIONS = {"G-A": 1, "G-B": 1}

#: Shown once more when the mailbox is connected (req 50).
_REPEATED = frozenset({"G-B"})


def disclose(ctx: DiscloseContext) -> tuple[Disclosure, ...]:
    """See `inboxlink.hookspecs.disclose`."""
    return tuple(_worded(name, version, ctx) for name, version in VERSIONS.items())


def _worded(name: str, version: int, ctx: DiscloseContext) -> Disclosure:
    language = spoken(ctx.language)
    text = document(f"disclosures/{language}/{name}.v{version}.json")
    values = _values(ctx.application)
    return Disclosure(
        id=f"gmail.{name}",
        version=version,
        language=language,
        title=_filled(text["title"], values),
        body="\n\n".join(
            _filled(paragraph, values) for paragraph in text["body"] if _has_all(paragraph, values)
        ),
        data=tuple(_filled(line, values) for line in text["data"]),
        scopes=permissions.for_wanted(ctx.wanted),
        remove_here=_filled(text["remove_here"], values),
        revoke_there=_filled(text["revoke_there"], values),
        is_repeated=name in _REPEATED,
    )


def _values(application: Application) -> dict[str, str | None]:
    return {
        "{app}": application.name,
        "{privacy_policy}": application.privacy_policy,
        "{support}": application.support,
    }


def _has_all(paragraph: str, values: Mapping[str, str | None]) -> bool:
    # A paragraph about something that the operator did not give is left out.
    return all(value for name, value in values.items() if name in paragraph)


def _filled(template: str, values: Mapping[str, str | None]) -> str:
    for name, value in values.items():
        template = template.replace(name, value or "")
    return template
