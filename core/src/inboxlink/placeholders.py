"""Put values into texts, as people write."""

import unicodedata
from collections.abc import Mapping

__all__ = ["closed_up", "filled"]


def filled(template: str, values: Mapping[str, str]) -> str:
    """A text with its values; `{name}` alone is replaced, all else stays as it is."""
    template = closed_up(template, values)
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template


def closed_up(template: str, values: Mapping[str, str]) -> str:
    """A text without the spaces that set off a value which is Japanese like what is around it.

    A template has them for values in Latin characters.
    """
    for name, value in values.items():
        hole = f"{{{name}}}"
        if value.isascii() or hole not in template:
            continue
        parts = template.split(hole)
        for place in range(len(parts) - 1):
            before, after = parts[place], parts[place + 1]
            if before[-1:] == " " and _is_wide(before[-2:-1]) and _is_wide(value[:1]):
                parts[place] = before[:-1]
            if after[:1] == " " and _is_wide(after[1:2]) and _is_wide(value[-1:]):
                parts[place + 1] = after[1:]
        template = hole.join(parts)
    return template


def _is_wide(character: str) -> bool:
    return character != "" and unicodedata.east_asian_width(character) in "WF"
