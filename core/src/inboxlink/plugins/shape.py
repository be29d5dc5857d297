"""Hold what a provider gives back to the types that the contract declares.

The contract's dataclasses check nothing when they are made; pydantic would, and offline detection
must not pay for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

__all__ = ["MAX_CHARACTERS", "MAX_ITEMS", "misfit"]

#: What is shown of the longest text there is, a disclosure's body; the rest would go unread.
MAX_CHARACTERS = 20_000

#: Far more than any list of the contract has: endpoints, scopes, kinds of data.
MAX_ITEMS = 1000

#: The way to a value that does not fit, and what is wrong with it.
_Misfit = tuple[tuple[str, ...], str]


def misfit(value: object, expected: Any) -> str | None:  # noqa: ANN401 - any annotation
    """Where a value is not what an annotation says, or is beyond all measure.

    Args:
        value: What a provider gave.
        expected: A class, or a union, tuple, frozenset or mapping of such.

    Returns:
        The place, what was found and what is wanted, such as `endpoints.0.port: str, not int`;
        None = it fits.
    """
    found = _misfit(value, expected)
    if found is None:
        return None
    place, wrong = found
    return f"{'.'.join(place)}: {wrong}" if place else wrong


def _misfit(value: object, expected: Any) -> _Misfit | None:  # noqa: ANN401
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, UnionType):
        found = [_misfit(value, each) for each in arguments]
        # The branch that got furthest says most; None is rarely what was meant.
        wrong = [each for each in found if each is not None]
        return None if None in found else max(wrong, key=lambda each: len(each[0]))
    if origin is Literal:
        return None if value in arguments else _wrong(value, f"one of {arguments}")
    if origin in (tuple, frozenset):
        if not isinstance(value, origin):
            return _wrong(value, origin.__name__)
        return _too_much(value) or _first(
            (str(n), _misfit(each, arguments[0])) for n, each in enumerate(value)
        )
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            return _wrong(value, "mapping")
        return (
            _too_much(value)
            or _first(("key", _misfit(key, arguments[0])) for key in value)
            or _first((key, _misfit(each, arguments[1])) for key, each in value.items())
        )
    if expected is NoneType:
        return None if value is None else _wrong(value, "None")
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is int):
        return _wrong(value, expected.__name__)
    if isinstance(value, str) and len(value) > MAX_CHARACTERS:
        return (), f"{len(value)} characters, at most {MAX_CHARACTERS}"
    if not is_dataclass(expected):
        return None
    assert isinstance(expected, type)
    hints = _hints(expected)
    return _first(
        (each.name, _misfit(getattr(value, each.name, None), hints[each.name]))
        for each in fields(expected)
    )


def _wrong(value: object, wanted: str) -> _Misfit:
    return (), f"{type(value).__name__}, not {wanted}"


def _too_much(value: Any) -> _Misfit | None:  # noqa: ANN401 - anything with a length
    return ((), f"{len(value)} items, at most {MAX_ITEMS}") if len(value) > MAX_ITEMS else None


def _first(parts: Iterable[tuple[str, _Misfit | None]]) -> _Misfit | None:
    for name, found in parts:
        if found is not None:
            return (name, *found[0]), found[1]
    return None


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
