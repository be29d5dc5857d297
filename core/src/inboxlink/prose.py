"""The texts that a provider words itself: disclosures, and messages that it writes. For providers.

Disclosures are data: `disclosures/<language>/<name>.v<version>.json` in the provider's package,
with `title`, `body` (paragraphs), `data`, `remove_here` and `revoke_there`. A changed meaning is a
new file with the next version, and the older one stays for whoever acknowledged it. A paragraph
with a placeholder that the operator gave no value for is left out. Everything else that a provider
says is a `Text`, worded by the host.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from inboxlink.placeholders import filled
from inboxlink.types.disclosure import DiscloseContext, Disclosure

if TYPE_CHECKING:
    from inboxlink.types.context import CallContext

__all__ = ["LANGUAGES", "Prose"]

#: Those of the providers that come with the core; the first one stands in for any other.
LANGUAGES = ("en", "ja")


class Prose:
    """The worded texts of one provider.

    Args:
        package: The import package that they stand in.
        languages: In which they are; the first one stands in for any other.
    """

    def __init__(self, package: str, languages: tuple[str, ...] = LANGUAGES) -> None:
        self._package = package
        self.languages = languages

    def spoken(self, language: str) -> str:
        """The language to word a text in."""
        return language if language in self.languages else self.languages[0]

    def string(self, key: str, ctx: "CallContext") -> str:
        """One of the provider's strings in the person's language, the application filled in."""
        strings = _document(self._package, f"strings/{self.spoken(ctx.language)}.json")
        return filled(str(strings[key]), {"app": ctx.application.name})

    def disclosure(
        self,
        identifier: str,
        version: int,
        ctx: DiscloseContext,
        *,
        scopes: tuple[str, ...] | None = None,
        is_repeated: bool = False,
    ) -> Disclosure:
        """A disclosure in the person's language, the application's name filled in.

        Args:
            identifier: The provider's name and that of the text, such as `imap.I`.
            version: Of the text.
            ctx: Who is told.
            scopes: See `Disclosure`; None = those that stand in the file, mostly none.
            is_repeated: See `Disclosure`.
        """
        name = identifier.partition(".")[2]
        language = self.spoken(ctx.language)
        text = _document(self._package, f"disclosures/{language}/{name}.v{version}.json")
        values = {
            "app": ctx.application.name,
            "privacy_policy": ctx.application.privacy_policy or "",
            "support": ctx.application.support or "",
        }
        paragraphs = (each for each in text["body"] if _has_all(each, values))
        return Disclosure(
            id=identifier,
            version=version,
            language=language,
            title=filled(text["title"], values),
            body="\n\n".join(filled(each, values) for each in paragraphs),
            data=tuple(filled(line, values) for line in text["data"]),
            scopes=tuple(text.get("scopes", ())) if scopes is None else scopes,
            remove_here=filled(text["remove_here"], values),
            revoke_there=filled(text["revoke_there"], values),
            is_repeated=is_repeated,
        )


@cache
def _document(package: str, path: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(files(package).joinpath(path).read_text(encoding="utf-8"))


def _has_all(paragraph: str, values: Mapping[str, str]) -> bool:
    return all(value for name, value in values.items() if f"{{{name}}}" in paragraph)
