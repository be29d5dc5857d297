"""What a person is told before anything is asked of them.

The texts are data: `disclosures/<language>/<name>.v<version>.json`. A changed meaning is a new
file with the next version, and the older one stays for whoever acknowledged it.
"""

from collections.abc import Mapping

from inboxlink.types.detection import Detection
from inboxlink.types.disclosure import Application, DiscloseContext, Disclosure
from inboxlink_outlook.scopes import wanted_scopes
from inboxlink_outlook.words import document, spoken

__all__ = ["VERSION", "disclose"]

#: The current version of the text.
VERSION = 1


def disclose(detection: Detection, ctx: DiscloseContext) -> tuple[Disclosure, ...]:  # noqa: ARG001
    """See `inboxlink.hookspecs.disclose`: one text, whoever keeps the mailbox (req 55)."""
    language = spoken(ctx.language)
    text = document(f"disclosures/{language}/O.v{VERSION}.json")
    values = _values(ctx.application)
    return (
        Disclosure(
            id="outlook.O",
            version=VERSION,
            language=language,
            title=_filled(text["title"], values),
            body="\n\n".join(
                _filled(paragraph, values)
                for paragraph in text["body"]
                if _has_all(paragraph, values)
            ),
            data=tuple(_filled(line, values) for line in text["data"]),
            scopes=wanted_scopes(ctx.wanted),
            remove_here=_filled(text["remove_here"], values),
            revoke_there=_filled(text["revoke_there"], values),
        ),
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
