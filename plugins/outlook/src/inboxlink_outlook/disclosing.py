"""What a person is told before anything is asked of them."""

from inboxlink.types.detection import Detection
from inboxlink.types.disclosure import DiscloseContext, Disclosure
from inboxlink_outlook.scopes import wanted_scopes
from inboxlink_outlook.words import PROSE

__all__ = ["VERSION", "disclose"]

#: The current version of the text.
VERSION = 1


def disclose(detection: Detection, ctx: DiscloseContext) -> tuple[Disclosure, ...]:  # noqa: ARG001
    """See `inboxlink.hookspecs.disclose`: one text, whoever keeps the mailbox (req 55)."""
    scopes = wanted_scopes(ctx.wanted)
    return (PROSE.disclosure("outlook.O", VERSION, ctx, scopes=scopes),)
