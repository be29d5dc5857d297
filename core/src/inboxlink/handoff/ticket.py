"""What is kept of a try that waits for an administrator: enough to begin afresh, and no secret.

There is no flow in it: a sign-in lives for minutes, an administrator takes days.
"""

from datetime import datetime, timedelta

from inboxlink.types.detection import Detection
from inboxlink.types.disclosure import Audience, Capability
from inboxlink.types.model import Model

__all__ = ["LASTS", "Acknowledgement", "Ticket"]

#: For how long one can be gone on with.
LASTS = timedelta(days=14)


class Acknowledgement(Model):
    """A disclosure that was acknowledged, in exactly these words.

    Args:
        id: Of the disclosure.
        version: Of it.
        digest: SHA-256 of what was shown, hexadecimal.
    """

    id: str
    version: int
    digest: str


class Ticket(Model):
    """A try that waits.

    Args:
        id: Unguessable.
        owner: The person in the host's terms; nobody else goes on with it.
        address: The mailbox.
        detection: What the person chose.
        audience: One person's mailbox or a team's.
        wanted: What the application wants to do.
        inbox_automation: The person's word on it.
        problem_code: What stopped the try.
        acknowledgements: What they had acknowledged.
        created_at: Aware, in UTC.
        expires_at: Aware, in UTC.
    """

    id: str
    owner: str
    address: str
    detection: Detection
    audience: Audience
    wanted: frozenset[Capability]
    inbox_automation: bool
    problem_code: str
    acknowledgements: tuple[Acknowledgement, ...]
    created_at: datetime
    expires_at: datetime
