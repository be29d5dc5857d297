"""The message that a person sends to themselves to see both directions work at once."""

import time
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import default
from threading import Event

from inboxlink.types.context import CallContext
from inboxlink_imap.imap_session import ImapSession
from inboxlink_imap.words import string

__all__ = ["await_message", "compose"]

#: Most servers deliver to themselves within a second; a mailbox that greylists or scans for
#: longer than this is not told from one that lost the message.
_PATIENCE_S = 30.0

#: Kept free before the deadline, so that what was found is also removed.
_RESERVE_S = 5.0

_PAUSE_S = 0.5

#: RFC 6152 section 3: eight bits go only to a server that says 8BITMIME, and one that says so may
#: hand them to another that does not. Seven always arrive.
_SEVEN_BITS = default.clone(cte_type="7bit")


def compose(ctx: CallContext) -> EmailMessage:
    """Word the message; its Message-ID is not to be guessed, so that finding it proves it."""
    message = EmailMessage(policy=_SEVEN_BITS)
    address = HeaderAddress(username=ctx.address.local, domain=ctx.address.domain)
    message["From"] = address
    message["To"] = address
    message["Subject"] = _worded("imap.message.subject", ctx)
    message["Date"] = ctx.now()
    message["Message-ID"] = f"<{ctx.token_urlsafe()}@{ctx.address.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5: nobody answers it
    message.set_content(_worded("imap.message.body", ctx))
    return message


def await_message(session: ImapSession, message_id: str, deadline: float) -> tuple[int, ...]:
    """Look into INBOX until the message is there.

    Args:
        session: With INBOX open.
        message_id: Of the message.
        deadline: Seconds on the monotonic clock.

    Returns:
        Its UIDs; empty = it did not come in time.
    """
    until = min(deadline - _RESERVE_S, time.monotonic() + _PATIENCE_S)
    pause = Event()
    while True:
        found = session.find(message_id)
        if found or time.monotonic() + _PAUSE_S >= until:
            return found
        pause.wait(_PAUSE_S)


def _worded(key: str, ctx: CallContext) -> str:
    return string(key, ctx.language).replace("{app}", ctx.application.name)
