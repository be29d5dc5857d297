"""How Google's answer to a sign-in can come back."""

from inboxlink.types.way import Way

__all__ = ["WAYS"]

#: Google's device flow takes no scope of Gmail's (developers.google.com/identity/protocols/oauth2/
#: limited-input-device, read November 2026).
WAYS = frozenset({Way.LOOPBACK, Way.REDIRECT, Way.PASTE})
