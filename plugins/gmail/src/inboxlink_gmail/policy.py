"""What this provider refuses, as data.

It is policy, not ability: a later version can lift a refusal by leaving out its line here.
"""

from inboxlink.errors import Blame, Kind, Problem
from inboxlink.types.detection import Refusal
from inboxlink.types.text import Text

__all__ = ["ADVANCED_PROTECTION", "refused"]

#: The Advanced Protection Program lets no application of others at a mailbox (req 31). Google
#: shows "Error 400: policy_enforced" on its own page, and may never lead back
#: (support.google.com/accounts/answer/9764949, read November 2026).
ADVANCED_PROTECTION = Refusal(
    "advanced_protection_unsupported",
    Text("gmail.refused.advanced_protection"),
    Text("gmail.refused.advanced_protection.instead"),
)


def refused(refusal: Refusal) -> Problem:
    """A refusal as a problem."""
    return Problem(refusal.code, Kind.SETUP, Blame.PERSON, refusal.because, refusal.instead)
