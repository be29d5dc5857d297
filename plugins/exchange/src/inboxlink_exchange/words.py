"""The texts of this provider that it words itself."""

from inboxlink.prose import Prose

__all__ = ["PROSE"]

PROSE = Prose("inboxlink_exchange")
