"""What a person is told before anything is asked of them (req 86)."""

from inboxlink.types.detection import Detection
from inboxlink.types.disclosure import DiscloseContext, Disclosure
from inboxlink_exchange.words import PROSE

__all__ = ["VERSIONS", "disclose"]

#: The current version of each text.
VERSIONS = {"E": 1}


def disclose(_: Detection, ctx: DiscloseContext) -> tuple[Disclosure, ...]:
    """See `inboxlink.hookspecs.disclose`."""
    return (PROSE.disclosure("exchange.E", VERSIONS["E"], ctx),)
