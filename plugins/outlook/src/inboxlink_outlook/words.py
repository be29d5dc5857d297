"""The texts of this provider that it words itself: disclosures, and the message to oneself.

Everything else is a `Text`, worded by the host.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["LANGUAGES", "document", "spoken", "string"]

#: The first one stands in for a language that is not here.
LANGUAGES = ("en", "ja")


@cache
def document(path: str) -> Any:  # noqa: ANN401 - JSON
    """A JSON file of this package."""
    return json.loads(files("inboxlink_outlook").joinpath(path).read_text(encoding="utf-8"))


def spoken(language: str) -> str:
    """The language to word a text in."""
    return language if language in LANGUAGES else LANGUAGES[0]


def string(key: str, language: str) -> str:
    """One of this provider's strings, its placeholders still empty."""
    return str(document(f"strings/{spoken(language)}.json")[key])
