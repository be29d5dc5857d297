"""What a person is told before anything is asked of them."""

from inboxlink.types.detection import Detection
from inboxlink.types.disclosure import DiscloseContext, Disclosure
from inboxlink_imap.detection import variant
from inboxlink_imap.words import PROSE

__all__ = ["VERSIONS", "disclose"]

#: The current version of each text. G-C 2 discloses what a sign-in with Google asks for. The way
#: of signing in is chosen after the texts were read, so that one text covers both, and whoever
#: acknowledged G-C 1 is asked again: no acknowledgement is stretched to what it did not name.
VERSIONS = {"I": 1, "G-C": 2, "I-O": 1}

#: By kind of server (req 51, 105, 106); None = any other.
_TEXTS = {"gmail": "G-C", "outlook": "I-O", None: "I"}


def disclose(detection: Detection, ctx: DiscloseContext) -> tuple[Disclosure, ...]:
    """See `inboxlink.hookspecs.disclose`."""
    name = _TEXTS[variant(detection)]
    return (PROSE.disclosure(f"imap.{name}", VERSIONS[name], ctx),)
