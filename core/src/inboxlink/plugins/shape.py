"""Hold what a provider gives back to the types that the contract declares.

The contract's dataclasses check nothing when they are made; pydantic would, and offline detection
must not pay for it.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

__all__ = ["misfit"]


def misfit(value: object, expected: Any) -> str | None:  # noqa: ANN401 - any annotation
    """Where a value is not what an annotation says.

    Args:
        value: What a provider gave.
        expected: A class, or a union, tuple, frozenset or mapping of such.

    Returns:
        The place and the type found there, such as `endpoints.0.port is a str`; None = it fits.
    """
    place = _misfit(value, expected)
    return None if place is None else f"{place or 'it'} is a {_type_at(value, place)}"


def _misfit(value: object, expected: Any) -> str | None:  # noqa: ANN401
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, UnionType):
        places = [_misfit(value, each) for each in arguments]
        # The branch that got furthest says most; a value for None never does.
        return None if None in places else max((each or "" for each in places), key=len)
    if origin is Literal:
        return None if value in arguments else ""
    if origin in (tuple, frozenset):
        if not isinstance(value, origin):
            return ""
        return _first((str(n), _misfit(each, arguments[0])) for n, each in enumerate(value))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            return ""
        pairs = [(key, _misfit(key, arguments[0])) for key in value]
        pairs += [(key, _misfit(each, arguments[1])) for key, each in value.items()]
        return _first((str(key), place) for key, place in pairs)
    if expected is NoneType:
        return None if value is None else ""
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is int):
        return ""
    if not is_dataclass(expected):
        return None
    assert isinstance(expected, type)
    hints = _hints(expected)
    return _first(
        (each.name, _misfit(getattr(value, each.name, None), hints[each.name]))
        for each in fields(expected)
    )


def _first(places: Any) -> str | None:  # noqa: ANN401 - pairs of a name and a place or None
    for name, place in places:
        if place is not None:
            return f"{name}.{place}" if place else name
    return None


def _type_at(value: object, place: str | None) -> str:
    for name in (place or "").split(".") if place else ():
        if isinstance(value, Mapping):
            value = next((each for key, each in value.items() if str(key) == name), None)
        elif name.isdecimal() and isinstance(value, tuple | frozenset):
            value = tuple(value)[int(name)]
        else:
            value = getattr(value, name, None)
    return type(value).__name__


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
