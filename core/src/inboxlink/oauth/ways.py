"""How the answer of an authorization server comes back to this host."""

from inboxlink.errors import SetupError, problem
from inboxlink.types.context import AuthContext
from inboxlink.types.way import Way

__all__ = ["chosen_way"]

#: The best first: one that needs nothing of the person, and one that is most often blocked last.
_ORDER = (Way.LOOPBACK, Way.REDIRECT, Way.PASTE, Way.DEVICE)


def chosen_way(ctx: AuthContext, provider: str, supported: frozenset[Way]) -> Way:
    """The best way that both this host and the provider can go.

    Raises:
        SetupError: `way_unavailable`: there is none.
    """
    for way in _ORDER:
        if way in ctx.ways and way in supported and (way is Way.DEVICE or ctx.redirect_uri):
            return way
    raise SetupError(
        problem(
            "way_unavailable",
            provider=provider,
            way=", ".join(sorted(ctx.ways)) or "-",
            ways=", ".join(sorted(supported)),
        )
    )
