"""What a person is told first: two texts, each acknowledged by itself (req 50)."""

from inboxlink.types.disclosure import DiscloseContext, Disclosure
from inboxlink_gmail import permissions
from inboxlink_gmail.words import PROSE

__all__ = ["VERSIONS", "disclose"]

#: The current version of each text, in the order in which they are shown (req 50).
VERSIONS = {"G-A": 1, "G-B": 1}

#: Shown once more when the mailbox is connected (req 50).
_REPEATED = frozenset({"G-B"})


def disclose(ctx: DiscloseContext) -> tuple[Disclosure, ...]:
    """See `inboxlink.hookspecs.disclose`."""
    return tuple(
        PROSE.disclosure(
            f"gmail.{name}",
            version,
            ctx,
            scopes=permissions.for_wanted(ctx.wanted),
            is_repeated=name in _REPEATED,
        )
        for name, version in VERSIONS.items()
    )
