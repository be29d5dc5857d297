"""The message that a person sends to themselves to see both directions work at once."""

import time
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from threading import Event

from inboxlink.types.context import CallContext
from inboxlink_gmail.mailbox import Mailbox
from inboxlink_gmail.words import string

__all__ = ["await_message", "compose"]

#: A message to oneself is there within a second; one that takes longer is not told from a lost one.
_PATIENCE_S = 30.0

#: Kept free before the deadline, so that the report still comes.
_RESERVE_S = 3.0

_PAUSE_S = 0.5


def compose(ctx: CallContext) -> EmailMessage:
    """Word the message; its Message-ID is not to be guessed, so that finding it proves it."""
    message = EmailMessage(policy=SMTP)
    address = HeaderAddress(username=ctx.address.local, domain=ctx.address.domain)
    message["From"] = address
    message["To"] = address
    message["Subject"] = _worded("gmail.message.subject", ctx)
    message["Date"] = ctx.now()
    message["Message-ID"] = f"<{ctx.token_urlsafe()}@{ctx.address.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5: nobody answers it
    message.set_content(_worded("gmail.message.body", ctx))
    return message


def await_message(mailbox: Mailbox, message_id: str, deadline: float) -> bool:
    """Look into the inbox until the message is there; False = it did not come in time.

    Args:
        mailbox: Whose inbox.
        message_id: Of the message.
        deadline: Seconds on the monotonic clock.
    """
    until = min(deadline - _RESERVE_S, time.monotonic() + _PATIENCE_S)
    pause = Event()
    while not mailbox.is_in_inbox(message_id):
        if time.monotonic() + _PAUSE_S >= until:
            return False
        pause.wait(_PAUSE_S)
    return True


def _worded(key: str, ctx: CallContext) -> str:
    return string(key, ctx.language).replace("{app}", ctx.application.name)
