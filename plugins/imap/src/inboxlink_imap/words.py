"""The texts of this provider that it words itself: disclosures, and the message to oneself.

Everything else is a `Text`, worded by the host.
"""

from inboxlink.prose import Prose

__all__ = ["PROSE"]

PROSE = Prose("inboxlink_imap")
