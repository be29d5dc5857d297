"""Hold what was granted to what was asked."""

from collections.abc import Iterable, Mapping

__all__ = ["same_scope", "withheld"]

#: Asked for the protocol's own sake; authorization servers report them or do not, as they like.
_PROTOCOL = frozenset({"openid", "email", "profile", "offline_access"})


def withheld(
    requested: Iterable[str], granted: Iterable[str], same: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """The scopes that were asked for and not granted, in the order in which they were asked for.

    More than was asked for is no fault: a provider reports what was granted earlier too. The
    scopes of OpenID Connect are left out, because many servers do not report them.

    Args:
        requested: As they were asked for.
        granted: As the token answer reports them.
        same: Other spellings, each with the one that is compared.
    """
    names = same or {}
    has = {same_scope(each, names) for each in granted}
    return tuple(
        each
        for each in requested
        if each.lower() not in _PROTOCOL and same_scope(each, names) not in has
    )


def same_scope(scope: str, same: Mapping[str, str]) -> str:
    """The one spelling of a scope that is compared."""
    scope = scope.lower()
    return same.get(scope, scope).lower()
