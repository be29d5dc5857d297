"""What a person is told before anything is asked of them.

The texts are data: `disclosures/<language>/<name>.v<version>.json`. A changed meaning is a new
file with the next version, and the older one stays for whoever acknowledged it.
"""

from collections.abc import Mapping

from inboxlink.types.detection import Detection
from inboxlink.types.disclosure import Application, DiscloseContext, Disclosure
from inboxlink_imap.detection import variant
from inboxlink_imap.words import document, spoken

__all__ = ["VERSIONS", "disclose"]

#: The current version of each text. G-C 2 discloses what a sign-in with Google asks for. The way
#: of signing in is chosen after the texts were read, so that one text covers both, and whoever
#: acknowledged G-C 1 is asked again: no acknowledgement is stretched to what it did not name.
VERSIONS = {"I": 1, "G-C": 2, "I-O": 1}

#: By kind of server (req 51, 105, 106); None = any other.
_TEXTS = {"gmail": "G-C", "outlook": "I-O", None: "I"}


def disclose(detection: Detection, ctx: DiscloseContext) -> tuple[Disclosure, ...]:
    """See `inboxlink.hookspecs.disclose`."""
    name = _TEXTS[variant(detection)]
    version = VERSIONS[name]
    language = spoken(ctx.language)
    text = document(f"disclosures/{language}/{name}.v{version}.json")
    values = _values(ctx.application)
    return (
        Disclosure(
            id=f"imap.{name}",
            version=version,
            language=language,
            title=_filled(text["title"], values),
            body="\n\n".join(
                _filled(paragraph, values)
                for paragraph in text["body"]
                if _has_all(paragraph, values)
            ),
            data=tuple(_filled(line, values) for line in text["data"]),
            scopes=tuple(text.get("scopes", ())),
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
