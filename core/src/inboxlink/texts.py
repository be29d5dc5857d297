"""Word a `Text` in the person's language, and make remote text safe to show."""

import json
import os
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from inboxlink.placeholders import closed_up

if TYPE_CHECKING:
    from inboxlink.types.text import Text

__all__ = ["LANGUAGES", "Words", "folders_of", "language_of", "safe_text"]

LANGUAGES = ("en", "ja")


class Words:
    """The strings of the core and of the providers in one language.

    Args:
        language: One of `LANGUAGES`; another one falls back to English.
        providers: Provider names, each with the package whose `strings/` it brings. A provider's
            keys count only under its own name, so that none can reword the core or another.
        common: Values for placeholders that every text may use, such as `app`.
    """

    def __init__(
        self,
        language: str,
        providers: Mapping[str, str] | None = None,
        common: Mapping[str, str] | None = None,
    ) -> None:
        self.language = language if language in LANGUAGES else "en"
        self.common = dict(common or {})
        self._providers = dict(providers or {})
        self._tongues = tuple(dict.fromkeys((self.language, "en")))

    def __call__(self, text: "Text | str", **params: str) -> str:
        """Word a text, or a key with its values; what is put in is cleaned."""
        key, given, default = (
            (text, params, "") if isinstance(text, str) else (text.key, text.params, text.default)
        )
        template = self._template(key)
        if template is None:
            template = safe_text(default or key)
        values = self._values({**self.common, **given})
        template = closed_up(template, values)
        try:
            return template.format_map(_Given(values))
        except (ValueError, LookupError, AttributeError):
            return template  # a provider's slip; better its own words than none

    def has(self, key: str) -> bool:
        """Whether any language knows the key."""
        return self._template(key) is not None

    def _values(self, given: Mapping[str, str]) -> dict[str, str]:
        """What is put in, as it reads in this language."""
        return {
            name: safe_text(given.get(f"{name}.{self.language}", value))
            for name, value in given.items()
        }

    def _template(self, key: str) -> str | None:
        # A provider's file is opened when one of its keys is asked for; most commands ask for few.
        package = self._providers.get(key.partition(".")[0])
        for tongue in self._tongues:
            found = _strings("inboxlink", tongue).get(key)
            if found is None and package is not None:
                found = _provided(package, tongue, key)
            if found is not None:
                return found
        return None


class _Given(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


def language_of(environ: Mapping[str, str]) -> str:
    """The language that the environment asks for (POSIX: LC_ALL, LC_MESSAGES, LANG in turn)."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(variable):
            language = environ[variable].partition("_")[0].partition(".")[0]
            return language if language in LANGUAGES else "en"
    return "en"


def folders_of(package: str) -> tuple[str, ...]:
    """Where the data of a top-level package stands, found without importing it.

    Raises:
        ImportError: What stands there is no package that Python could import.
        ValueError: It is no name of one.
    """
    spec = find_spec(package)
    return tuple((spec and spec.submodule_search_locations) or ())


def safe_text(text: str, limit: int = 2000) -> str:
    """Text that cannot steer a terminal or reorder what stands around it.

    Control characters (C0, C1, DEL), invisible and bidirectional format characters and lone
    surrogates become visible escapes; new lines and tabs stay.
    """
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    if cut.isprintable():  # as nearly all of it is; to look at each character takes its time
        return cut
    return "".join(_shown(character) for character in cut)


def _shown(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs"):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _provided(package: str, language: str, key: str) -> str | None:
    # A provider's file may be anything; without it, its keys are shown.
    try:
        strings: object = _strings(package, language)
    except (OSError, ValueError, ImportError):
        return None
    words = strings.get(key) if isinstance(strings, dict) else None
    return safe_text(words, 20_000) if isinstance(words, str) else None


# Not pathlib, whose import is a tenth of what `--help` may cost.
@cache
def _strings(package: str, language: str) -> Mapping[str, str]:
    for folder in folders_of(package):
        try:
            with open(os.path.join(folder, "strings", f"{language}.json"), "rb") as file:  # noqa: PTH118, PTH123
                strings: dict[str, str] = json.load(file)
        except FileNotFoundError:
            continue
        return strings
    return {}
