"""Prose as data: a key, and the values that fill its placeholders."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Text"]


@dataclass(frozen=True, slots=True)
class Text:
    """Something a person will read, named and not yet worded.

    Args:
        key: The entry in `strings/<language>.json` of the distribution that owns it. Keys of a
            provider start with the provider's name and a dot.
        params: Values for the `{placeholders}` of that entry. A value that reads otherwise in some
            language has a second entry with that language's code, `title.ja` beside `title`.
        default: Shown where no language has the key; the key itself is shown if this is empty.
    """

    key: str
    params: Mapping[str, str] = field(default_factory=dict, hash=False)
    default: str = ""
