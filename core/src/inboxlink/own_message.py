"""The message that a person sends to themselves, to see both directions work: for providers."""

import time
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from threading import Event
from typing import TypeVar

from inboxlink.types.context import CallContext

__all__ = ["awaited", "compose", "new_message_id"]

#: Most servers deliver to themselves within a second; a mailbox that greylists or scans for
#: longer than this is not told from one that lost the message.
_PATIENCE_S = 30.0

#: Kept free before the deadline, so that what was found is also removed and reported.
_RESERVE_S = 5.0

#: RFC 6152 section 3: eight bits go only to a server that says 8BITMIME, and one that says so may
#: hand them to another that does not. Seven always arrive.
_SEVEN_BITS = default.clone(cte_type="7bit")

_Found = TypeVar("_Found")


def new_message_id(ctx: CallContext) -> str:
    """A Message-ID that is not to be guessed, so that finding it proves that it came."""
    return f"<{ctx.token_urlsafe()}@{ctx.address.domain}>"


def compose(ctx: CallContext, subject: str, body: str) -> EmailMessage:
    """Write the message.

    Args:
        ctx: Whose mailbox it is.
        subject: In the person's language.
        body: Likewise.
    """
    message = EmailMessage(policy=_SEVEN_BITS)
    address = Address(username=ctx.address.local, domain=ctx.address.domain)
    message["From"] = address
    message["To"] = address
    message["Subject"] = subject
    message["Date"] = ctx.now()
    message["Message-ID"] = new_message_id(ctx)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5: nobody answers it
    message.set_content(body)
    return message


def awaited(look: Callable[[], _Found], deadline: float, pause_s: float = 0.5) -> _Found:
    """Look for the message until it is there, or the time for it is over.

    Args:
        look: Looks once; what it gives is true where the message is there.
        deadline: Seconds on the monotonic clock.
        pause_s: Seconds between two looks.

    Returns:
        What the last look gave.
    """
    until = min(deadline - _RESERVE_S, time.monotonic() + _PATIENCE_S)
    pause = Event()
    while True:
        found = look()
        if found or time.monotonic() + pause_s >= until:
            return found
        pause.wait(pause_s)
