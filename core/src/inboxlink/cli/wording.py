"""The words of this run, settled before the first command is defined.

Help texts are worded when a command's module is imported, so the language must be known by then:
`--lang` anywhere in the arguments, else the environment.
"""

import os
from collections.abc import Sequence

from inboxlink.texts import LANGUAGES, Words, language_of

__all__ = ["settle", "w"]

_words = Words("en")


def settle(arguments: Sequence[str]) -> Words:
    """Choose the language from the arguments and the environment."""
    global _words  # noqa: PLW0603 - one run, one language
    language = language_of(os.environ)
    for place, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            language = argument.partition("=")[2]
        elif argument == "--lang" and place + 1 < len(arguments):
            language = arguments[place + 1]
    _words = Words(language if language in LANGUAGES else "en")
    return _words


def w(key: str, **params: str) -> str:
    """Word a key of the core's own strings."""
    return _words(key, **params)
