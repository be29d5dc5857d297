"""Hold what a provider gives back to the types that the contract declares.

The contract's dataclasses check nothing when they are made; pydantic would, and offline detection
must not pay for it.
"""

from collections.abc import Callable, Iterable, Mapping
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
_Check = Callable[[object], _Misfit | None]


def misfit(value: object, expected: Any) -> str | None:  # noqa: ANN401 - any annotation
    """Where a value is not what an annotation says, or is beyond all measure.

    Args:
        value: What a provider gave.
        expected: A class, or a union, tuple, frozenset or mapping of such.

    Returns:
        The place, what was found and what is wanted, such as `endpoints.0.port: str, not int`;
        None = it fits.
    """
    found = _check(expected)(value)
    if found is None:
        return None
    place, wrong = found
    return f"{'.'.join(place)}: {wrong}" if place else wrong


@cache
def _check(expected: Any) -> _Check:  # noqa: ANN401
    """What holds values to an annotation; it is read once, and values come by the thousand."""
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, UnionType):
        return _union(arguments)
    if origin is Literal:
        said = f"one of {arguments}"
        return lambda value: None if value in arguments else _wrong(value, said)
    if origin in (tuple, frozenset):
        return _items(origin, _check(arguments[0]))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(*map(_check, arguments))
    if expected is NoneType:
        return lambda value: None if value is None else _wrong(value, "None")
    is_flat = not is_dataclass(expected)
    return _plain(expected) if is_flat else _dataclass(expected)


def _union(arguments: tuple[Any, ...]) -> _Check:
    checks = [_check(each) for each in arguments]

    def check(value: object) -> _Misfit | None:
        wrong = []
        for each in checks:
            found = each(value)
            if found is None:
                return None
            wrong.append(found)
        # The branch that got furthest says most; None is rarely what was meant.
        return max(wrong, key=lambda each: len(each[0]))

    return check


def _items(kind: type, item: _Check) -> _Check:
    def check(value: object) -> _Misfit | None:
        if not isinstance(value, kind):
            return _wrong(value, kind.__name__)
        items: Any = value
        return _too_much(items) or _first((str(n), item(each)) for n, each in enumerate(items))

    return check


def _mapping(key: _Check, item: _Check) -> _Check:
    def check(value: object) -> _Misfit | None:
        if not isinstance(value, Mapping):
            return _wrong(value, "mapping")
        return (
            _too_much(value)
            or _first(("key", key(each)) for each in value)
            or _first((each, item(of)) for each, of in value.items())
        )

    return check


def _plain(expected: type) -> _Check:
    def check(value: object) -> _Misfit | None:
        if not isinstance(value, expected) or (isinstance(value, bool) and expected is int):
            return _wrong(value, expected.__name__)
        if isinstance(value, str) and len(value) > MAX_CHARACTERS:
            return (), f"{len(value)} characters, at most {MAX_CHARACTERS}"
        return None

    return check


def _dataclass(expected: type) -> _Check:
    hints = get_type_hints(expected)
    parts = [(each.name, _check(hints[each.name])) for each in fields(expected)]

    def check(value: object) -> _Misfit | None:
        if not isinstance(value, expected):
            return _wrong(value, expected.__name__)
        for name, part in parts:
            found = part(getattr(value, name, None))
            if found is not None:
                return (name, *found[0]), found[1]
        return None

    return check


def _wrong(value: object, wanted: str) -> _Misfit:
    return (), f"{type(value).__name__}, not {wanted}"


def _too_much(value: Any) -> _Misfit | None:  # noqa: ANN401 - anything with a length
    return ((), f"{len(value)} items, at most {MAX_ITEMS}") if len(value) > MAX_ITEMS else None


def _first(parts: Iterable[tuple[str, _Misfit | None]]) -> _Misfit | None:
    for name, found in parts:
        if found is not None:
            return (name, *found[0]), found[1]
    return None
