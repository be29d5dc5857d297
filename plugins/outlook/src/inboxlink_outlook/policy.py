"""What this provider refuses, as data.

Each refusal says why and what to do instead. They are policy, not ability: a later version can
lift one by leaving out its line here (requirements 52 to 54).
"""

from inboxlink.errors import Blame, Kind, Problem
from inboxlink.types.detection import HostingFact, Refusal
from inboxlink.types.text import Text

__all__ = ["CLOUDS", "SHARED_PURPOSES", "national_cloud", "refused", "shared_mailbox"]

#: `HostingFact.cloud`; GCC is a part of the worldwide cloud and is connected like it.
CLOUDS = {"gcc_high": "GCC High", "dod": "DoD", "china": "21Vianet"}

#: `mailboxSettings.userPurpose` of mailboxes that no person owns (learn.microsoft.com,
#: "mailboxSettings resource type", read November 2026); `user`, `linked`, `others` are people's.
SHARED_PURPOSES = frozenset({"shared", "room", "equipment"})


def national_cloud(fact: HostingFact) -> Refusal:
    """Why a mailbox in one of Microsoft's national clouds is refused (req 53, 54)."""
    params = {"cloud": CLOUDS.get(fact.cloud or "", fact.cloud or "")}
    return Refusal(
        "national_cloud_unsupported",
        Text("outlook.refused.national_cloud", params),
        Text("outlook.refused.national_cloud.instead", params),
    )


def shared_mailbox(purpose: str) -> Problem:
    """Why a mailbox that several people share is refused (req 52)."""
    params = {"purpose": purpose}
    return Problem(
        "shared_mailbox_unsupported",
        Kind.SETUP,
        Blame.PERSON,
        Text("outlook.refused.shared_mailbox", params),
        Text("outlook.refused.shared_mailbox.instead", params),
    )


def refused(refusal: Refusal) -> Problem:
    """A refusal as a problem."""
    return Problem(refusal.code, Kind.SETUP, Blame.PERSON, refusal.because, refusal.instead)
