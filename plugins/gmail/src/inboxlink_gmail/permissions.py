"""The least that Google is asked for, by what the application wants.

Reading is one of Google's restricted scopes, which need a yearly assessment by a third party;
sending alone is only sensitive (support.google.com/cloud/answer/13464325, read November 2026). So
who only sends never asks to read, and nobody asks for the whole mailbox.
"""

from collections.abc import Collection

from inboxlink.oauth.scopes import withheld
from inboxlink.types.disclosure import Capability

__all__ = ["IDENTITY", "READ", "SEND", "for_wanted", "is_granted"]

#: Messages, labels, the profile and the senders, without changing any of them.
READ = "https://www.googleapis.com/auth/gmail.readonly"
#: `messages.send`, and nothing else of the API.
SEND = "https://www.googleapis.com/auth/gmail.send"
#: Who signed in.
IDENTITY = ("openid", "email")

_NEEDED = {Capability.RECEIVE: READ, Capability.SEND: SEND}


def for_wanted(wanted: Collection[Capability]) -> tuple[str, ...]:
    """The scopes of Gmail's that what is wanted needs."""
    return tuple(scope for capability, scope in _NEEDED.items() if capability in wanted)


def is_granted(scope: str, granted: Collection[str]) -> bool:
    """Whether a scope is among those that Google granted."""
    return not withheld((scope,), granted)
